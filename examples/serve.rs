//! Serves a directory: `cargo run --release --example serve -- DIR`.
//!
//! The last line says on what: put a backend or a timer of your own in the place of `backend` or `timer`, and it runs
//! on that.

mod options;

use clap::Parser;
use options::Options;
use std::path::PathBuf;
use std::process::ExitCode;
use switchboard::fileserve::Directory;

/// Serves the files of a directory
///
/// Everything beneath it can be read by whoever reaches the address, and directories without an index.html are listed.
/// Not served: names that begin with a dot (but .well-known is), symbolic links that lead out or are absolute, and
/// whatever is neither a file nor a directory.
#[derive(Parser)]
#[command(version)]
struct Serve {
    /// The directory to serve
    #[arg(value_name = "DIR", required_unless_present = "list")]
    root: Option<PathBuf>,

    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Serve { root, options } = Serve::parse();
    let root = root.unwrap_or_default(); // there is one, unless it only lists
    options.run(|options, backend, timer| options.serve(backend, timer, Directory::new(root)?))
}
