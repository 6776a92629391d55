//! How each scenario is measured: one file per kind, one function per sample.
//!
//! A [`Trial`] is a case to be measured; every call of [`Bench::measure`] starts a server process of its own, puts the
//! load on it, and returns one [`Sample`]. Warm-up is not counted. The server's clock is read at the borders of the
//! measured time, and only answers that complete in between count.

mod idle;
mod load;
mod slow;
mod stop;
mod syscalls;
mod timers;

use crate::fixtures::Fixtures;
use crate::measure::Measure;
use crate::model::{STRUCTURE, Sample};
use crate::plan::Measurer;
use crate::scenario::Scenario;
use crate::service::{Service, Setup, backend};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// What is the same for all trials.
pub(crate) struct Bench {
    pub(crate) fixtures: Fixtures,
    /// See [`crate::workload`].
    pub(crate) turns: u64,
    pub(crate) server_cores: Vec<usize>,
    pub(crate) generator_threads: usize,
    /// How long each sample is measured, if not as long as usual.
    pub(crate) span: Option<Duration>,
    pub(crate) quick: bool,
    /// What the slowest backend answered in a second: see [`Scenario::OpenLoop`].
    pub(crate) slowest: f64,
    /// The body of the listing, which no constant has.
    pub(crate) listing: Arc<[u8]>,
    /// Whether to end early.
    pub(crate) stop: Arc<AtomicBool>,
}

/// A case to be measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trial {
    pub(crate) scenario: Scenario,
    pub(crate) backend: String,
    pub(crate) variant: &'static str,
    pub(crate) x: f64,
}

/// The cases of a scenario.
pub(crate) fn trials(scenario: Scenario, backends: &[String], quick: bool, most_idle: usize) -> Vec<Trial> {
    let points = points(scenario, quick, most_idle);
    let all = |backend: &String| {
        let trial = |&(variant, x): &(&'static str, f64)| Trial { scenario, backend: backend.clone(), variant, x };
        points.iter().map(trial).filter(|trial| trial.is_of_use()).collect::<Vec<_>>()
    };
    let mut trials: Vec<Trial> = backends.iter().flat_map(all).collect();
    if scenario == Scenario::Timers {
        trials.extend(timers::structures());
    }
    trials
}

/// Variants and points.
fn points(scenario: Scenario, quick: bool, most_idle: usize) -> Vec<(&'static str, f64)> {
    let most = most_idle as f64;
    let plain = |points: &[f64]| points.iter().filter(|x| **x <= most).map(|&x| ("", x)).collect();
    match scenario {
        Scenario::SeedReplay => plain(&[4.0]),
        Scenario::KeepAlive if quick => plain(&[64.0]),
        Scenario::KeepAlive => plain(&[1.0, 4.0, 16.0, 64.0, 256.0, 1024.0_f64.min(most)]),
        Scenario::OpenLoop => plain(&[50.0, 70.0, 90.0]),
        Scenario::Idle if quick => plain(&[most]),
        Scenario::Idle => plain(&[0.0, 100.0, 1000.0, most]),
        Scenario::Slow => plain(&[32.0, 300.0]),
        Scenario::Blocking => vec![("", 0.0), ("", 10.0), ("unblock", 10.0)],
        Scenario::Computing => plain(&[0.0, 10.0]),
        Scenario::Files => vec![("1 KiB", 0.0), ("1 MiB", 0.0), ("listing", 0.0)],
        Scenario::Timers => vec![("wheel", 1000.0), ("heap", 1000.0)],
        Scenario::Stop => plain(&[0.0, 100.0, 1000.0_f64.min(most)]),
    }
}

impl Trial {
    /// `unblock` is the same as nothing where a handler may block.
    fn is_of_use(&self) -> bool {
        self.variant != "unblock" || backend(&self.backend).is_ok_and(|backend| backend.offload().is_some())
    }
}

impl Measurer for Bench {
    fn measure(&self, trial: &Trial) -> Result<Sample, String> {
        match trial.scenario {
            Scenario::Idle => idle::measure(self, trial),
            Scenario::Slow => slow::measure(self, trial),
            Scenario::Timers if trial.backend == STRUCTURE => Ok(timers::structure(self, trial)),
            Scenario::Timers => timers::measure(self, trial),
            Scenario::Stop => stop::measure(self, trial),
            _ => load::measure(self, trial),
        }
    }

    fn count_system_calls(&self, trial: &Trial) -> Result<f64, String> {
        syscalls::count(self, trial)
    }

    /// With the start and the end of the server.
    fn expected(&self, trial: &Trial) -> Duration {
        let more = match trial.scenario {
            Scenario::Idle => 400 + trial.x as u64 / 10,
            Scenario::Slow => 200,
            Scenario::Timers if trial.backend == STRUCTURE => 0,
            Scenario::Stop => 600,
            _ => 60,
        };
        self.warm_up(trial) + self.span(trial) + Duration::from_millis(more)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }
}

impl Bench {
    /// What a backend answers in a second, at most; `Err`: why that cannot be told.
    pub(crate) fn best_rate(&self, backend: &str) -> Result<f64, String> {
        let trial = Trial { scenario: Scenario::KeepAlive, backend: backend.into(), variant: "", x: 64.0 };
        let sample = load::measure(self, &trial)?;
        match sample.measures.get(&Measure::Rate) {
            Some(&rate) if rate > 0.0 && sample.errors.is_empty() => Ok(rate),
            _ => Err("it does not answer all it is asked".into()),
        }
    }

    fn setup(&self, trial: &Trial) -> Setup {
        Setup {
            backend: trial.backend.clone(),
            timer: if trial.scenario == Scenario::Timers { trial.variant } else { "wheel" }.into(),
            files: PathBuf::from(self.fixtures.path()),
            turns: self.turns,
            cores: self.server_cores.clone(),
            idle: (trial.scenario == Scenario::Idle).then_some(60_000),
            head: (trial.scenario == Scenario::Slow).then_some(1_000),
        }
    }

    pub(crate) fn serve(&self, backend: &str) -> Result<Service, String> {
        let trial = Trial { scenario: Scenario::KeepAlive, backend: backend.into(), variant: "", x: 0.0 };
        Service::start(&self.setup(&trial))
    }

    /// Where requests block, it takes a while until all that wait for each other do.
    fn warm_up(&self, trial: &Trial) -> Duration {
        Duration::from_millis(match (trial.scenario, self.quick) {
            (Scenario::Blocking, _) if trial.x > 0.0 => 300,
            (_, true) => 100,
            (_, false) => 200,
        })
    }

    /// How long to measure.
    fn span(&self, trial: &Trial) -> Duration {
        let millis = match (trial.scenario, self.quick) {
            (Scenario::Slow, _) => 4000,
            (Scenario::Blocking, false) if trial.x > 0.0 => 2000,
            (Scenario::Blocking, true) if trial.x > 0.0 => 800,
            (_, false) => 1000,
            (Scenario::Blocking, true) => 300,
            (_, true) => 500,
        };
        self.span.unwrap_or(Duration::from_millis(millis))
    }
}

#[cfg(test)]
impl Bench {
    /// On which nothing is measured.
    fn for_tests() -> Self {
        Self {
            fixtures: Fixtures::new().expect("a folder for temporary files"),
            turns: 1,
            server_cores: Vec::new(),
            generator_threads: 1,
            span: None,
            quick: false,
            slowest: 1000.0,
            listing: Arc::from([]),
            stop: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_set_up_as_their_scenarios_say() {
        let bench = Bench::for_tests();
        let setup = |scenario, variant| {
            let Setup { timer, idle, head, .. } =
                bench.setup(&Trial { scenario, backend: "threads".into(), variant, x: 1.0 });
            (timer, idle, head)
        };
        assert_eq!(setup(Scenario::Timers, "heap"), ("heap".into(), None, None));
        assert_eq!(setup(Scenario::Timers, "wheel"), ("wheel".into(), None, None));
        assert_eq!(setup(Scenario::Idle, ""), ("wheel".into(), Some(60_000), None));
        assert_eq!(setup(Scenario::Slow, ""), ("wheel".into(), None, Some(1_000)));
    }

    #[test]
    fn quick_runs_have_what_was_promised() {
        let backends = ["threads".to_string(), "smol".to_string()];
        let trials = |scenario| trials(scenario, &backends, true, 5000);
        assert_eq!(trials(Scenario::KeepAlive).iter().map(|trial| trial.x).collect::<Vec<_>>(), [64.0, 64.0]);
        assert!(trials(Scenario::Idle).iter().all(|trial| trial.x == 5000.0));
        let unblocked: Vec<String> = trials(Scenario::Blocking)
            .into_iter()
            .filter(|trial| trial.variant == "unblock")
            .map(|trial| trial.backend)
            .collect();
        assert_eq!(unblocked, ["smol"], "a thread of its own may block as it is");
    }
}
