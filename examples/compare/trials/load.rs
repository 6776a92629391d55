//! Requests, as fast as they are answered or as they are due: S1, S2, S3, S6, S7 and S8.

use super::{Bench, Trial};
use crate::curve::SHARES;
use crate::fixtures::{LARGE, LISTING, SMALL};
use crate::generator::{Ask, Latency, Load, Moment, Outcome, Pace, Span};
use crate::measure::Measure;
use crate::model::Sample;
use crate::plan::Measurer;
use crate::scenario::Scenario;
use crate::service::Service;
use crate::system::{self, Usage};
use crate::workload::{DONE, HELLO};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// An answer that takes longer is none.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Which of the latencies counts; the others only keep the server busy.
pub(super) const JUDGED: usize = 0;
const ONLY_LOAD: usize = 1;

pub(super) fn measure(bench: &Bench, trial: &Trial) -> Result<Sample, String> {
    let mut service = Service::start(&bench.setup(trial))?;
    let load = load(bench, trial, service.addr);
    let watched = watch(bench, &mut service, &load)?;
    let mut sample = watched.sample();
    if load.reconnect {
        sample.measures.insert(Measure::Overflows, watched.overflows as f64);
    }
    if trial.scenario == Scenario::Files {
        sample.measures.insert(Measure::Throughput, watched.outcome.bytes as f64 / watched.outcome.seconds);
    }
    Ok(sample)
}

/// The load of a trial.
pub(super) fn load(bench: &Bench, trial: &Trial, addr: SocketAddr) -> Load {
    let connections = match trial.scenario {
        Scenario::SeedReplay | Scenario::KeepAlive | Scenario::Timers => trial.x as usize,
        Scenario::Blocking => 6, // where they wait for each other, it is 0.6 s until all have had their turn
        Scenario::Computing => 16,
        Scenario::Files if trial.variant == "1 MiB" => 16,
        Scenario::Files if trial.variant == "listing" => 8, // so many at once are sorted, and then all are the same
        _ => 64,
    };
    let pace = match trial.scenario {
        Scenario::OpenLoop => Pace::Open { rate: bench.slowest * trial.x / 100.0 },
        _ => Pace::Closed,
    };
    Load {
        addr,
        connections,
        threads: bench.generator_threads.min(connections),
        mix: mix(bench, trial),
        pace,
        reconnect: trial.scenario == Scenario::SeedReplay,
        span: Span::Time { warm_up: bench.warm_up(trial), measured: bench.span(trial) },
        timeout: TIMEOUT,
    }
}

/// What is asked, in turn.
fn mix(bench: &Bench, trial: &Trial) -> Vec<Ask> {
    let hello = get("/", HELLO.into(), JUDGED);
    let file = |path: &str, name: &str| {
        get(path, std::fs::read(bench.fixtures.path().join(name)).unwrap_or_default().into(), JUDGED)
    };
    match (trial.scenario, trial.variant) {
        (Scenario::SeedReplay, _) => {
            vec![Ask { request: b"GET / HTTP/1.0\r\n\r\n".to_vec(), expected: Some(HELLO.into()), class: JUDGED }]
        }
        (Scenario::Blocking, "unblock") => one_in_ten(hello, get("/unblock", DONE.into(), ONLY_LOAD)),
        (Scenario::Blocking, _) if trial.x > 0.0 => one_in_ten(hello, get("/block", DONE.into(), ONLY_LOAD)),
        (Scenario::Computing, _) if trial.x > 0.0 => one_in_ten(hello, get("/compute", DONE.into(), ONLY_LOAD)),
        (Scenario::Files, "1 KiB") => vec![file(SMALL, "small.bin")],
        (Scenario::Files, "1 MiB") => vec![file(LARGE, "large.bin")],
        (Scenario::Files, _) => vec![get(LISTING, bench.listing.clone(), JUDGED)],
        (Scenario::Timers, _) => vec![get("/doze", DONE.into(), JUDGED)],
        _ => vec![hello],
    }
}

/// A request for `path`, to which `expected` is the answer.
pub(super) fn get(path: &str, expected: Arc<[u8]>, class: usize) -> Ask {
    let request = format!("GET {path} HTTP/1.1\r\nHost: compare\r\n\r\n").into_bytes();
    Ask { request, expected: Some(expected), class }
}

fn one_in_ten(usual: Ask, tenth: Ask) -> Vec<Ask> {
    let mut mix = vec![usual; 9];
    mix.push(tenth);
    mix
}

/// What a load did, and what the server used meanwhile.
pub(super) struct Watched {
    pub(super) outcome: Outcome,
    pub(super) before: Usage,
    pub(super) after: Usage,
    /// The server's CPU time, in microseconds.
    cpu: f64,
    /// The most threads that were seen.
    threads: u64,
    overflows: u64,
}

/// What is read at each border of the measured time.
struct Border {
    usage: Usage,
    cpu: f64,
    overflows: u64,
}

/// Tells the thread that looks at the server that there is nothing more to see; also when something panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Puts a load on a server.
pub(super) fn watch(bench: &Bench, service: &mut Service, load: &Load) -> Result<Watched, String> {
    let (over, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let process = service.id();
    let mut borders = Vec::new();
    let outcome = thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            while !over.load(Relaxed) {
                most.fetch_max(system::threads_of(process), Relaxed);
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        load.run(&bench.stop, &mut |moment| borders.push(border(service, moment)))
    });
    let outcome = outcome.map_err(|error| format!("the load generator: {error}"))?;
    if bench.is_stopped() {
        return Err("it was cut short".into());
    }
    if outcome.strangers > 0 {
        let connected = load.connections - outcome.strangers;
        return Err(format!("of {} connections only {connected} could be made", load.connections));
    }
    let borders = borders.into_iter().collect::<Result<Vec<Border>, String>>()?;
    let [before, after] = &borders[..] else { return Err("the load was not measured".into()) };
    Ok(Watched {
        outcome,
        before: before.usage,
        after: after.usage,
        cpu: after.cpu - before.cpu,
        threads: most.into_inner().max(after.usage.threads),
        overflows: after.overflows.saturating_sub(before.overflows),
    })
}

/// The CPU time is what is nearest to the measured time: asking for the rest costs the server some.
fn border(service: &mut Service, moment: Moment) -> Result<Border, String> {
    let overflows = system::listen_overflows();
    match moment {
        Moment::Begin => {
            service.lateness()?; // that of the warm-up is forgotten
            Ok(Border { usage: service.usage()?, cpu: service.cpu(), overflows })
        }
        Moment::End => {
            let cpu = service.cpu();
            Ok(Border { usage: service.usage()?, cpu, overflows })
        }
    }
}

impl Watched {
    /// The usual measures.
    pub(super) fn sample(&self) -> Sample {
        let Self { outcome, before, after, .. } = self;
        let answered = outcome.answered as f64;
        let mut measures =
            BTreeMap::from([(Measure::Rate, answered / outcome.seconds), (Measure::Generator, 100.0 * outcome.busy)]);
        if answered > 0.0 {
            measures.insert(Measure::Cpu, self.cpu / answered);
            measures.insert(Measure::Voluntary, after.voluntary.saturating_sub(before.voluntary) as f64 / answered);
            measures
                .insert(Measure::Involuntary, after.involuntary.saturating_sub(before.involuntary) as f64 / answered);
        }
        measures.insert(Measure::Threads, self.threads as f64);
        measures.insert(Measure::Memory, after.peak_memory as f64);
        if after.threads == 0 {
            // A system that does not tell of threads tells of nothing else either.
            measures.retain(|measure, _| matches!(measure, Measure::Rate | Measure::Generator));
        }
        let errors = outcome.errors.iter().filter(|(_, count)| *count > 0);
        let mut sample = Sample {
            answered: outcome.answered,
            errors: errors.map(|(class, count)| (class.to_string(), count)).collect(),
            series: outcome.series.clone(),
            measures,
            ..Sample::default()
        };
        if let Some(latency) = outcome.latency.get(JUDGED).filter(|latency| !latency.corrected.is_empty()) {
            add_latency(&mut sample, latency);
        }
        sample
    }
}

fn add_latency(sample: &mut Sample, latency: &Latency) {
    let shares = [(Measure::P50, 0.5), (Measure::P90, 0.9), (Measure::P99, 0.99), (Measure::P999, 0.999)];
    for (measure, share) in shares.into_iter().filter(|(_, share)| is_told(*share, &latency.corrected)) {
        sample.measures.insert(measure, latency.corrected.value_at_quantile(share) as f64);
    }
    sample.measures.insert(Measure::Max, latency.corrected.max() as f64);
    sample.curve = curve(&latency.corrected);
    let uncorrected = curve(&latency.uncorrected);
    if uncorrected != sample.curve {
        sample.uncorrected = uncorrected;
    }
}

fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let told = SHARES.iter().filter(|share| **share == 1.0 || is_told(**share, histogram));
    told.map(|&share| (share, histogram.value_at_quantile(share) as f64)).collect()
}

/// Whether there are requests enough to tell: of fifty, the slowest is that of which 98 per cent are faster.
fn is_told(share: f64, histogram: &Histogram<u64>) -> bool {
    (1.0 - share) * histogram.len() as f64 >= 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Errors;

    fn latency(micros: impl IntoIterator<Item = u64>) -> Latency {
        let mut corrected = Histogram::new(3).unwrap();
        micros.into_iter().for_each(|value| corrected.record(value).unwrap());
        Latency { uncorrected: corrected.clone(), corrected }
    }

    fn watched(latency: Latency) -> Watched {
        let outcome = Outcome {
            seconds: 2.0,
            answered: 1000,
            bytes: 0,
            reconnects: 0,
            errors: Errors::default(),
            owed: 0,
            strangers: 0,
            latency: vec![latency],
            busy: 0.25,
            series: Vec::new(),
        };
        let before = Usage { voluntary: 500, involuntary: 50, threads: 9, ..Usage::default() };
        let after = Usage { voluntary: 2500, involuntary: 150, threads: 7, peak_memory: 4096, ..Usage::default() };
        Watched { outcome, before, after, cpu: 6000.0, threads: 70, overflows: 0 }
    }

    fn loaded(scenario: Scenario, variant: &'static str, x: f64) -> Load {
        let bench = Bench::for_tests();
        let trial = Trial { scenario, backend: "threads".into(), variant, x };
        load(&bench, &trial, SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    #[test]
    fn loads_are_what_their_scenarios_say() {
        let mix = |scenario, variant, x| {
            let paths = loaded(scenario, variant, x).mix.into_iter().map(|ask| {
                let path = String::from_utf8(ask.request).unwrap().split(' ').nth(1).unwrap().to_string();
                (path, ask.class)
            });
            let mut counts: BTreeMap<(String, usize), usize> = BTreeMap::new();
            paths.for_each(|path| *counts.entry(path).or_default() += 1);
            counts.into_iter().map(|((path, class), count)| (path, class, count)).collect::<Vec<_>>()
        };
        let tenth = |path: &str| vec![("/".to_string(), JUDGED, 9), (path.to_string(), ONLY_LOAD, 1)];
        assert_eq!(mix(Scenario::Blocking, "", 10.0), tenth("/block"));
        assert_eq!(mix(Scenario::Blocking, "unblock", 10.0), tenth("/unblock"));
        assert_eq!(mix(Scenario::Computing, "", 10.0), tenth("/compute"));
        for quiet in [(Scenario::Blocking, 0.0), (Scenario::Computing, 0.0), (Scenario::KeepAlive, 16.0)] {
            assert_eq!(mix(quiet.0, "", quiet.1), [("/".to_string(), JUDGED, 1)]);
        }
        assert_eq!(mix(Scenario::Timers, "heap", 1000.0), [("/doze".to_string(), JUDGED, 1)]);

        let replay = loaded(Scenario::SeedReplay, "", 4.0);
        assert!(replay.reconnect && replay.connections == 4 && replay.mix[0].request.ends_with(b"HTTP/1.0\r\n\r\n"));
        assert_eq!(loaded(Scenario::OpenLoop, "", 70.0).pace, Pace::Open { rate: 700.0 });
        assert_eq!(loaded(Scenario::KeepAlive, "", 256.0).connections, 256);
        let file = loaded(Scenario::Files, "1 MiB", 0.0).mix.remove(0);
        assert_eq!(file.expected.map(|body| body.len()), Some(1 << 20));
    }

    #[test]
    fn a_sample_is_what_was_used_between_its_borders_for_each_answer() {
        let sample = watched(latency(1..=1000)).sample();
        let expected = [
            (Measure::Rate, 500.0),
            (Measure::Cpu, 6.0),
            (Measure::P50, 500.0),
            (Measure::P90, 900.0),
            (Measure::P99, 990.0),
            (Measure::P999, 999.0),
            (Measure::Max, 1000.0),
            (Measure::Voluntary, 2.0),
            (Measure::Involuntary, 0.1),
            (Measure::Threads, 70.0),
            (Measure::Memory, 4096.0),
            (Measure::Generator, 25.0),
        ];
        assert_eq!(sample.measures, BTreeMap::from(expected));
        assert_eq!((sample.answered, sample.errors), (1000, BTreeMap::new()));
    }

    #[test]
    fn few_answers_say_little_of_the_slowest() {
        let sample = watched(latency(1..=60)).sample();
        let has = |measure| sample.measures.contains_key(&measure);
        assert!(has(Measure::P90) && has(Measure::P99) && !has(Measure::P999));
        assert!(!watched(latency(1..=40)).sample().measures.contains_key(&Measure::P99));
        assert_eq!(sample.curve.last(), Some(&(1.0, 60.0)));
    }
}
