//! Which concurrency model for which load: `cargo run --release --example compare -- --quick`.
//!
//! The same handler is run on every backend, in a process of its own, under the loads of [`scenario`], and what came
//! out is written down as a report that explains it.
//!
//! ```text
//!   plan ─── trials ─── service      a server process for each sample
//!    │         └─────── generator    the load
//!   model                            what was measured
//!    │
//!   standing ── verdict, findings, guide ── report, markdown, csv, terminal
//! ```
//!
//! Before anything is timed, [`agreement`] sees to it that all backends give the same answers.

// They name each other from the root of the crate. Where they are tested, that is another file, which has to see them.
pub(crate) mod against;
pub(crate) mod agreement;
pub(crate) mod csv;
pub(crate) mod curve;
pub(crate) mod findings;
pub(crate) mod fixtures;
#[path = "../generator/mod.rs"]
#[cfg_attr(not(test), expect(dead_code, reason = "of a number of requests and slow readers only `load` makes use"))]
pub(crate) mod generator;
pub(crate) mod glossary;
pub(crate) mod guide;
pub(crate) mod markdown;
pub(crate) mod measure;
pub(crate) mod model;
pub(crate) mod mutant;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod point;
pub(crate) mod preface;
pub(crate) mod report;
pub(crate) mod reports;
pub(crate) mod run;
#[cfg(test)]
pub(crate) mod sample_run;
#[cfg(test)]
pub(crate) mod sample_whole;
pub(crate) mod scenario;
pub(crate) mod service;
pub(crate) mod standing;
pub(crate) mod step;
pub(crate) mod system;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod trials;
pub(crate) mod verdict;
pub(crate) mod warnings;
pub(crate) mod words;
pub(crate) mod workload;

use clap::Parser;
use options::{Compare, Order};
use std::process::ExitCode;

fn main() -> ExitCode {
    let compare = Compare::parse();
    let done = match &compare.order {
        Some(Order::Service(setup)) => service::run(setup),
        Some(Order::Render(render)) => render.run(),
        None => run::run(&compare),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}
