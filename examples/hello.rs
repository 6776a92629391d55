//! Answers `Hello, World!` on `/`: `cargo run --release --example hello`.

mod options;

use clap::Parser;
use options::Options;
use std::process::ExitCode;
use switchboard::{Request, Status};

/// Answers "Hello, World!" on /
#[derive(Parser)]
#[command(name = "hello", version)]
struct Hello {
    #[command(flatten)]
    options: Options,
}

fn hello(request: &mut Request) -> Result<&'static str, Status> {
    match request.path() {
        "/" => Ok("Hello, World!"),
        _ => Err(Status::NOT_FOUND),
    }
}

fn main() -> ExitCode {
    Hello::parse().options.run(|options, backend, timer| options.serve(backend, timer, hello, ()))
}
