//! Runs that were never run, for the tests of what is said about them.

use crate::measure::Measure;
use crate::model::{Case, Environment, FORMAT, Part, Run, Sample, Subject};
use crate::scenario::Scenario;

/// A run with one part. Its subjects are the backends of the cases.
pub(crate) fn run(scenario: Scenario, cases: Vec<Case>) -> Run {
    let mut subjects: Vec<Subject> = Vec::new();
    for case in &cases {
        if subjects.iter().all(|subject| subject.name != case.backend) {
            subjects.push(Subject { name: case.backend.clone(), about: String::new(), differs: None });
        }
    }
    Run {
        format: FORMAT,
        started: "2026-11-29T12:00:00Z".into(),
        command: "compare --quick".into(),
        quick: true,
        method: "--rounds 5".into(),
        seconds: 88.0,
        environment: Environment::default(),
        subjects,
        parts: vec![Part { scenario, cases }],
        notes: Vec::new(),
    }
}

/// A case with one measure, and 1,000 right answers in each sample.
pub(crate) fn case(backend: &str, x: f64, measure: Measure, values: &[f64]) -> Case {
    let sample = |(round, &value): (usize, &f64)| Sample {
        round: round as u32,
        measures: [(measure, value)].into(),
        answered: 1000,
        ..Sample::default()
    };
    let samples = values.iter().enumerate().map(sample).collect();
    Case { backend: backend.into(), variant: String::new(), x, samples, failure: None }
}
