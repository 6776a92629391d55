//! Serves a directory: `cargo run --release --example serve -- DIR`.

mod options;

use clap::Parser;
use options::Options;
use std::path::PathBuf;
use std::process::ExitCode;
use switchboard::fileserve::Directory;

/// Serves the files of a directory
#[derive(Parser)]
struct Serve {
    /// The directory to serve
    #[arg(value_name = "DIR")]
    root: PathBuf,

    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Serve { root, options } = Serve::parse();
    options.run(Directory::new(root))
}
