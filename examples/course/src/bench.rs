//! A benchmark, and the `main` of a program of them.
//!
//! A program measures each of its series [`RUNS`] times, in turns, so that a slow moment of the machine is
//! everybody's, and tells them as a line of JSON each. No figure is graded: who is faster than whom is for the
//! student to explain.

use serde::{Deserialize, Serialize};

/// How often each series is measured.
pub const RUNS: usize = 5;

/// What was measured of one thing, several times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Of what, and under which load: "pool of 4, 64 connections". Series of the same unit whose names go on alike
    /// behind the first comma are comparable.
    pub name: String,
    /// In what: "ns", "requests/s".
    pub unit: String,
    /// One figure for each run.
    pub runs: Vec<f64>,
    /// How many requests or operations there were in all.
    pub operations: u64,
    /// How many of them failed. Figures mean nothing without it.
    pub errors: u64,
}

/// Something to measure.
pub struct Bench {
    /// As [`Series::name`].
    pub name: String,
    /// As [`Series::unit`].
    pub unit: &'static str,
    /// Measures once.
    pub run: Box<dyn FnMut() -> Measured>,
}

/// One run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The figure, in the unit.
    pub figure: f64,
    /// As [`Series::operations`], of this run.
    pub operations: u64,
    /// As [`Series::errors`], of this run.
    pub errors: u64,
}

/// The `main` of a program of benchmarks.
pub fn main(mut benches: Vec<Bench>) {
    let series = |bench: &Bench| Series {
        name: bench.name.clone(),
        unit: bench.unit.into(),
        runs: Vec::new(),
        operations: 0,
        errors: 0,
    };
    let mut all: Vec<Series> = benches.iter().map(series).collect();
    for _ in 0..RUNS {
        for (bench, series) in benches.iter_mut().zip(&mut all) {
            let Measured { figure, operations, errors } = (bench.run)();
            series.runs.push(figure);
            series.operations += operations;
            series.errors += errors;
        }
    }
    for series in all {
        println!("{}", serde_json::to_string(&series).expect("words and numbers"));
    }
}
