//! What a comparison has measured: the data behind every table and chart, and what `report.json` holds.
//!
//! ```text
//! Run ── environment, notes
//!  ├── Subject    a backend, and whether it gives the same answers as the others
//!  └── Part       a scenario
//!       └── Case      a backend in it, at one point of the axis, in one variant
//!            └── Sample    one short measurement, with a server process of its own
//! ```
//!
//! A sample holds numbers by [`Measure`]; what was not measured, or the system does not tell, is not there. Everything
//! said about a run (medians, ranks, sentences) is computed from this, so that a file can be read again later.

use crate::measure::Measure;
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Goes up when a file of before cannot be read any more.
pub(crate) const FORMAT: u32 = 1;

/// In the place of a backend: a timer by itself, without a server.
pub(crate) const STRUCTURE: &str = "structure";

/// One comparison.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) format: u32,
    /// When it began, as in RFC 3339.
    pub(crate) started: String,
    /// The command line that was given.
    pub(crate) command: String,
    pub(crate) quick: bool,
    /// The options that decide how often and for how long each case was measured, to do the same again.
    pub(crate) method: String,
    /// How long it took.
    pub(crate) seconds: f64,
    pub(crate) environment: Environment,
    /// The backends, in the order they were asked for.
    pub(crate) subjects: Vec<Subject>,
    pub(crate) parts: Vec<Part>,
    /// What a reader has to know: what was cut, and why; what could not be measured.
    pub(crate) notes: Vec<String>,
}

/// Where it ran. What the system does not tell is empty, or 0.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Environment {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    /// The cores the server is kept on; empty: on any.
    pub(crate) server_cores: Vec<usize>,
    /// The cores the load comes from; empty: from any.
    pub(crate) generator_cores: Vec<usize>,
    /// In bytes.
    pub(crate) memory: u64,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    pub(crate) version: String,
    /// The commit, with a `+` if there are changes on top.
    pub(crate) revision: String,
    /// The backends this build has.
    pub(crate) features: Vec<String>,
    pub(crate) optimized: bool,
    /// How many files each process may have open.
    pub(crate) open_files: u64,
    /// `net.core.somaxconn`.
    pub(crate) somaxconn: u64,
    /// The load average when it began.
    pub(crate) load_average: f64,
}

/// A backend.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Subject {
    /// As it was asked for, say `pool:8`.
    pub(crate) name: String,
    /// One line about it.
    pub(crate) about: String,
    /// Why its answers cannot be compared: which one differed, and how. `None`: all were equal to the byte.
    pub(crate) differs: Option<String>,
}

/// What was measured of a scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) scenario: Scenario,
    pub(crate) cases: Vec<Case>,
}

/// A backend at one point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) backend: String,
    /// What else was different, say `unblock`, `wheel` or `1 KiB`; often empty.
    pub(crate) variant: String,
    /// Where on the axis of the scenario: connections, per cent...
    pub(crate) x: f64,
    pub(crate) samples: Vec<Sample>,
    /// Why there are none, or fewer.
    pub(crate) failure: Option<String>,
}

/// One measurement.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// The round it belongs to, from 0; every case has one sample in each.
    pub(crate) round: u32,
    pub(crate) measures: BTreeMap<Measure, f64>,
    /// Right answers.
    pub(crate) answered: u64,
    /// What went wrong, by class, and how often: refused, reset, closed, short, timeout, 4xx, 5xx, wrong...
    pub(crate) errors: BTreeMap<String, u64>,
    /// Latency: the share of requests, from 0 to 1, and the microseconds within which they were answered, counted from
    /// when each was due.
    pub(crate) curve: Vec<(f64, f64)>,
    /// The same counted from when each was really sent, if that makes a difference.
    pub(crate) uncorrected: Vec<(f64, f64)>,
    /// Milliseconds since the start, and the longest latency in microseconds around that time.
    pub(crate) series: Vec<(f64, f64)>,
}

impl Environment {
    /// Whether a core may have run both the server and the load.
    pub(crate) fn shares_cores(&self) -> bool {
        let Self { server_cores: server, generator_cores: generator, .. } = self;
        server.is_empty() || generator.is_empty() || server.iter().any(|core| generator.contains(core))
    }
}

impl Run {
    pub(crate) fn part(&self, scenario: Scenario) -> Option<&Part> {
        self.parts.iter().find(|part| part.scenario == scenario)
    }

    pub(crate) fn subject(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.name == name)
    }
}

impl Part {
    /// The points of the axis, in order, each once.
    pub(crate) fn points(&self) -> Vec<f64> {
        let mut points: Vec<f64> = self.cases.iter().map(|case| case.x).collect();
        points.sort_by(f64::total_cmp);
        points.dedup();
        points
    }

    /// The variants, in the order of the cases, each once.
    pub(crate) fn variants(&self) -> Vec<&str> {
        let mut variants = Vec::new();
        for case in &self.cases {
            if !variants.contains(&case.variant.as_str()) {
                variants.push(&case.variant);
            }
        }
        variants
    }

    /// All backends at one point.
    pub(crate) fn at(&self, variant: &str, x: f64) -> Vec<&Case> {
        self.cases.iter().filter(|case| case.variant == variant && case.x == x).collect()
    }
}

impl Case {
    /// What the samples have of a measure, in the order of the rounds.
    pub(crate) fn values(&self, measure: Measure) -> Vec<f64> {
        self.samples.iter().filter_map(|sample| sample.measures.get(&measure).copied()).collect()
    }

    pub(crate) fn answered(&self) -> u64 {
        self.samples.iter().map(|sample| sample.answered).sum()
    }

    /// What went wrong, over all samples, by class.
    pub(crate) fn errors(&self) -> BTreeMap<&str, u64> {
        let mut errors = BTreeMap::new();
        for (class, count) in self.samples.iter().flat_map(|sample| &sample.errors) {
            *errors.entry(class.as_str()).or_default() += count;
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_shared_unless_both_are_kept_apart() {
        let with = |server: &[usize], generator: &[usize]| {
            let (server_cores, generator_cores) = (server.into(), generator.into());
            Environment { server_cores, generator_cores, ..Environment::default() }.shares_cores()
        };
        assert!(!with(&[0, 1], &[2, 3]));
        assert!(with(&[0, 1], &[1, 2]) && with(&[], &[1]) && with(&[0], &[]));
    }
}
