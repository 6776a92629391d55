//! In which order everything is measured, and for how long.
//!
//! Round by round, and in each round every case once, in an order of its own: whatever else happens on the machine
//! meanwhile meets all backends alike. So if measuring ends early, every case has about as many samples as any other.

use crate::measure::Measure;
use crate::model::{Case, Part, Sample};
use crate::scenario::Scenario;
use crate::trials::Trial;
use crate::words;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Who measures.
pub(crate) trait Measurer {
    /// One sample. `Err`: there is none, because of this.
    fn measure(&self, trial: &Trial) -> Result<Sample, String>;

    /// System calls for each answer; `Err` says why they cannot be counted.
    fn count_system_calls(&self, trial: &Trial) -> Result<f64, String>;

    /// About how long a sample takes.
    fn expected(&self, trial: &Trial) -> Duration;

    /// Whether somebody wants it to end.
    fn is_stopped(&self) -> bool;
}

/// Everything that is to be measured.
pub(crate) struct Plan {
    pub(crate) trials: Vec<Trial>,
    pub(crate) rounds: u32,
    /// When measuring ends, finished or not.
    pub(crate) end: Option<Instant>,
    /// Whether system calls are counted as well.
    pub(crate) counts_system_calls: bool,
}

/// A case that fails so often is given up.
const MOST_FAILURES: usize = 2;

/// What came of a plan.
pub(crate) struct Measured {
    pub(crate) parts: Vec<Part>,
    /// Once for each failure.
    failed: Vec<Trial>,
    /// What is missing, in words.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// About how long it takes.
    pub(crate) fn expected(&self, bench: &dyn Measurer) -> Duration {
        self.trials.iter().map(|trial| bench.expected(trial)).sum::<Duration>() * self.rounds
    }

    /// Measures. After each round, `show` is called with what there is.
    pub(crate) fn run(&self, bench: &dyn Measurer, mut show: impl FnMut(&ProgressBar, u32, &[Part])) -> Measured {
        let progress = progress(self.expected(bench));
        let mut measured = Measured { parts: self.empty_parts(), failed: Vec::new(), notes: Vec::new() };
        'measuring: for round in 0..self.rounds {
            for trial in shuffled(&self.trials) {
                if self.is_over(bench, trial) {
                    break 'measuring;
                }
                progress.set_message(format!("{} {} {}", trial.scenario, trial.backend, trial.variant));
                measured.sample(bench, trial, round);
                progress.inc(millis(bench.expected(trial)));
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
    fn is_over(&self, bench: &dyn Measurer, trial: &Trial) -> bool {
        let late = self.end.is_some_and(|end| Instant::now() + bench.expected(trial) > end);
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

    /// A case that has failed twice is not tried again: it would fail again, and take long to.
    fn sample(&mut self, bench: &dyn Measurer, trial: &Trial, round: u32) {
        if self.failed.iter().filter(|failed| *failed == trial).count() >= MOST_FAILURES {
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
            Err(reason) => {
                case.failure = Some(reason);
                self.failed.push(trial.clone());
            }
        }
    }

    /// In S2 at its verdict point, once, if there is time: each sample of the case is given the figure.
    fn count_system_calls(&mut self, bench: &dyn Measurer, plan: &Plan, progress: &ProgressBar) {
        if !plan.counts_system_calls {
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
                    let place = words::place(part.scenario, &case.variant, case.x);
                    self.notes.push(format!("{} {place}: {} failed: {reason}.", part.scenario, case.backend));
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Notes what is asked of it; fails for the backend `broken`, and wants to stop after so many samples.
    struct Fake {
        asked: RefCell<Vec<String>>,
        most: usize,
    }

    impl Measurer for Fake {
        fn measure(&self, trial: &Trial) -> Result<Sample, String> {
            self.asked.borrow_mut().push(trial.backend.clone());
            if trial.backend == "broken" || self.is_stopped() { Err("it broke".into()) } else { Ok(Sample::default()) }
        }

        fn count_system_calls(&self, _: &Trial) -> Result<f64, String> {
            Ok(2.0)
        }

        fn expected(&self, _: &Trial) -> Duration {
            Duration::from_secs(1)
        }

        fn is_stopped(&self) -> bool {
            self.asked.borrow().len() >= self.most
        }
    }

    fn run(backends: &[&str], most: usize, end: Option<Instant>) -> (Measured, Vec<String>) {
        let trial = |backend: &&str| Trial {
            scenario: Scenario::KeepAlive,
            backend: backend.to_string(),
            variant: "",
            x: 64.0,
        };
        let trials = backends.iter().map(trial).collect();
        let fake = Fake { asked: RefCell::default(), most };
        let plan = Plan { trials, rounds: 3, end, counts_system_calls: true };
        (plan.run(&fake, |_, _, _| {}), fake.asked.into_inner())
    }

    fn samples(measured: &Measured) -> Vec<usize> {
        measured.parts[0].cases.iter().map(|case| case.samples.len()).collect()
    }

    #[test]
    fn each_round_has_every_case_once() {
        let (measured, asked) = run(&["a", "b", "c"], 100, None);
        for round in asked.chunks(3) {
            let mut round = round.to_vec();
            round.sort();
            assert_eq!(round, ["a", "b", "c"]);
        }
        assert_eq!((samples(&measured), measured.notes.len()), (vec![3, 3, 3], 0));
        let last = &measured.parts[0].cases[2].samples[2];
        assert_eq!((last.round, last.measures.get(&Measure::Syscalls)), (2, Some(&2.0)));
    }

    #[test]
    fn a_case_that_fails_is_given_up_and_the_others_go_on() {
        let (measured, asked) = run(&["a", "broken"], 100, None);
        assert_eq!((samples(&measured), asked.len()), (vec![3, 0], 5), "it has a second chance, and no third");
        assert_eq!(measured.notes, ["S2 with 64 connections: broken failed: it broke."]);
    }

    #[test]
    fn a_stop_ends_it_and_is_nobodys_fault() {
        let (measured, asked) = run(&["a", "b"], 3, None);
        assert_eq!((samples(&measured).iter().sum::<usize>(), asked.len()), (2, 3), "the third was cut short");
        assert_eq!(measured.notes, ["Measuring was ended early: 4 of 6 samples are missing (S2: 4)."]);
    }

    #[test]
    fn what_would_not_be_ready_by_the_end_is_not_begun() {
        let (measured, asked) = run(&["a"], 100, Some(Instant::now()));
        assert_eq!((samples(&measured), asked.len()), (vec![0], 0));
        assert_eq!(measured.notes, ["Measuring was ended early: 3 of 3 samples are missing (S2: 3)."]);
    }
}
