//! Puts a load on a server and says what came of it: `cargo run --release --example load -- URL`.
//!
//! Beside its rate stand its errors, always, and how busy this program itself was: the generator is in
//! [`generator`](../generator/mod.rs), and what the figures mean is there.
//!
//! Whether anybody listens is looked at once before the load.
//!
//! The status is 0 if anything was answered as it should be, 1 if nothing was, 2 for a wrong command line.

mod beside;
#[path = "../generator/mod.rs"]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "of expected bodies, cores and the series only the comparison makes use")
)]
mod generator;
mod options;
mod report;
mod url;
mod words;

use clap::Parser;
use generator::Moment;
use options::Options;
use report::Report;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether anything was answered.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let addr = match url::first_open(&options.addresses()?, options.timeout) {
        Ok(addr) => addr,
        Err(reason) => {
            eprintln!("error: {reason}");
            return Ok(false);
        }
    };
    let load = options.load(addr)?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    ctrlc::set_handler(move || {
        if stopped.swap(true, Relaxed) {
            std::process::exit(130); // the second time
        }
    })?;
    if !options.json {
        say(&options.words(&load));
    }
    let beside = options.beside(load.addr)?;
    let mut moment = |_: Moment| {};
    let outcome = load.run(&stop, &mut moment)?;
    let report = Report::new(options.url.to_string(), &load, &outcome, beside.finish()?);
    say(&if options.json { serde_json::to_string_pretty(&report)? } else { report.to_string() });
    Ok(outcome.answered > 0)
}

/// A line on stdout, or none: whoever has stopped to read it, as `head` does, has seen enough.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
