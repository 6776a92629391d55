//! In which order everything is measured, and for how long.
//!
//! Round by round, and in each round every case once, in an order of its own: whatever else happens on the machine
//! meanwhile meets all backends alike. So if measuring ends early, every case has about as many samples as any other.

use crate::measure::Measure;
use crate::model::{Case, Part};
use crate::scenario::Scenario;
use crate::trials::{Bench, Trial};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Everything that is to be measured.
pub(crate) struct Plan {
    pub(crate) trials: Vec<Trial>,
    pub(crate) rounds: u32,
    /// When measuring ends, finished or not.
    pub(crate) end: Option<Instant>,
}

/// What came of a plan.
pub(crate) struct Measured {
    pub(crate) parts: Vec<Part>,
    /// What is missing, in words.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// About how long it takes.
    pub(crate) fn expected(&self, bench: &Bench) -> Duration {
        self.trials.iter().map(|trial| trial.expected(bench)).sum::<Duration>() * self.rounds
    }

    /// Measures. After each round, `show` is called with what there is.
    pub(crate) fn run(&self, bench: &Bench, mut show: impl FnMut(&ProgressBar, u32, &[Part])) -> Measured {
        let progress = progress(self.expected(bench));
        let mut measured = Measured { parts: self.empty_parts(), notes: Vec::new() };
        'measuring: for round in 0..self.rounds {
            for trial in shuffled(&self.trials) {
                if self.is_over(bench, trial) {
                    break 'measuring;
                }
                progress.set_message(format!("{} {} {}", trial.scenario, trial.backend, trial.variant));
                measured.sample(bench, trial, round);
                progress.inc(millis(trial.expected(bench)));
            }
            show(&progress, round, &measured.parts);
        }
        measured.count_system_calls(bench, self, &progress);
        progress.finish_and_clear();
        measured.note_what_is_missing(self);
        measured
    }

    fn empty_parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for trial in &self.trials {
            let case = Case {
                backend: trial.backend.clone(),
                variant: trial.variant.into(),
                x: trial.x,
                samples: Vec::new(),
                failure: None,
            };
            match parts.iter_mut().find(|part| part.scenario == trial.scenario) {
                Some(part) => part.cases.push(case),
                None => parts.push(Part { scenario: trial.scenario, cases: vec![case] }),
            }
        }
        parts
    }

    /// Whether there is no time left for this one.
    fn is_over(&self, bench: &Bench, trial: &Trial) -> bool {
        let late = self.end.is_some_and(|end| Instant::now() + trial.expected(bench) > end);
        late || bench.is_stopped()
    }
}

impl Measured {
    fn case(&mut self, trial: &Trial) -> &mut Case {
        let part = self.parts.iter_mut().find(|part| part.scenario == trial.scenario);
        let mut cases = part.into_iter().flat_map(|part| &mut part.cases);
        let case =
            cases.find(|case| case.backend == trial.backend && case.variant == trial.variant && case.x == trial.x);
        case.expect("every trial of the plan has its case")
    }

    /// A case that has failed is not tried again: it would fail again, and take long to.
    fn sample(&mut self, bench: &Bench, trial: &Trial, round: u32) {
        if self.case(trial).failure.is_some() {
            return;
        }
        let result = bench.measure(trial);
        let case = self.case(trial);
        match result {
            Ok(mut sample) => {
                sample.round = round;
                case.samples.push(sample);
            }
            Err(_) if bench.is_stopped() => {} // it is not to blame
            Err(reason) => case.failure = Some(reason),
        }
    }

    /// In S2 at its verdict point, once, if there is time: each sample of the case is given the figure.
    fn count_system_calls(&mut self, bench: &Bench, plan: &Plan, progress: &ProgressBar) {
        if bench.quick {
            return;
        }
        let point = Scenario::KeepAlive.about().verdict.1;
        let trials = plan.trials.iter().filter(|trial| trial.scenario == Scenario::KeepAlive && trial.x == point);
        for trial in trials {
            if plan.is_over(bench, trial) || self.case(trial).failure.is_some() {
                continue;
            }
            progress.set_message(format!("system calls of {}", trial.backend));
            match bench.count_system_calls(trial) {
                Ok(calls) => {
                    for sample in &mut self.case(trial).samples {
                        sample.measures.insert(Measure::Syscalls, calls);
                    }
                }
                Err(reason) => {
                    self.notes.push(format!("System calls were not counted: {reason}."));
                    return;
                }
            }
        }
    }

    fn note_what_is_missing(&mut self, plan: &Plan) {
        let mut missing: BTreeMap<Scenario, u32> = BTreeMap::new();
        for part in &self.parts {
            let sound = part.cases.iter().filter(|case| case.failure.is_none());
            let few: u32 = sound.map(|case| plan.rounds - case.samples.len() as u32).sum();
            if few > 0 {
                missing.insert(part.scenario, few);
            }
        }
        if !missing.is_empty() {
            let all = plan.trials.len() as u32 * plan.rounds;
            let each: Vec<String> = missing.iter().map(|(scenario, few)| format!("{scenario}: {few}")).collect();
            let total: u32 = missing.values().sum();
            let text =
                format!("Measuring was ended early: {total} of {all} samples are missing ({}).", each.join(", "));
            self.notes.push(text);
        }
        for part in &self.parts {
            for case in &part.cases {
                if let Some(reason) = &case.failure {
                    let what = format!("{} {} {} at {}", part.scenario, case.backend, case.variant, case.x);
                    self.notes.push(format!("{what} was given up: {reason}."));
                }
            }
        }
    }
}

fn shuffled(trials: &[Trial]) -> Vec<&Trial> {
    let mut order: Vec<&Trial> = trials.iter().collect();
    fastrand::shuffle(&mut order);
    order
}

/// Counts milliseconds that are expected, so that what is left is a time. Not drawn if nobody looks.
fn progress(expected: Duration) -> ProgressBar {
    let template = "{bar:30} {percent:>3} %, {eta} left: {msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(millis(expected)).with_style(style)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
