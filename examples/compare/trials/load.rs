//! Requests, as fast as they are answered or as they are due: S1, S2, S3, S6, S7 and S8.

use super::{Bench, Trial};
use crate::curve::SHARES;
use crate::fixtures::{LARGE, LISTING, SMALL};
use crate::generator::{Ask, Latency, Load, Moment, Outcome, Pace, Span};
use crate::measure::Measure;
use crate::model::Sample;
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
        span: Span::Time { warm_up: bench.warm_up(), measured: bench.span(trial) },
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
    /// The most threads that were seen.
    threads: u64,
    overflows: u64,
}

/// Puts a load on a server.
pub(super) fn watch(bench: &Bench, service: &mut Service, load: &Load) -> Result<Watched, String> {
    let (over, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let process = service.id();
    let overflows = system::listen_overflows();
    let mut usages = Vec::new();
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                most.fetch_max(system::threads_of(process), Relaxed);
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let outcome = load.run(&bench.stop, &mut |_: Moment| usages.push(service.usage()));
        over.store(true, Relaxed);
        outcome
    });
    let outcome = outcome.map_err(|error| format!("the load generator: {error}"))?;
    if bench.is_stopped() {
        return Err("it was cut short".into());
    }
    let usages: Vec<Usage> = usages.into_iter().collect::<Result<_, _>>()?;
    let [before, after] = usages[..] else { return Err("the load was not measured".into()) };
    let overflows = system::listen_overflows().saturating_sub(overflows);
    Ok(Watched { outcome, before, after, threads: most.into_inner().max(after.threads), overflows })
}

impl Watched {
    /// The usual measures.
    pub(super) fn sample(&self) -> Sample {
        let Self { outcome, before, after, .. } = self;
        let answered = outcome.answered as f64;
        let mut measures = BTreeMap::from([
            (Measure::Rate, answered / outcome.seconds),
            (Measure::Threads, self.threads as f64),
            (Measure::Memory, after.peak_memory as f64),
            (Measure::Generator, 100.0 * outcome.busy),
        ]);
        if answered > 0.0 {
            measures.insert(Measure::Cpu, (after.cpu - before.cpu) / answered);
            measures.insert(Measure::Voluntary, (after.voluntary - before.voluntary) as f64 / answered);
            measures.insert(Measure::Involuntary, (after.involuntary - before.involuntary) as f64 / answered);
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
    for (measure, share) in shares {
        sample.measures.insert(measure, latency.corrected.value_at_quantile(share) as f64);
    }
    sample.measures.insert(Measure::Max, latency.corrected.max() as f64);
    sample.curve = curve(&latency.corrected);
    let uncorrected = curve(&latency.uncorrected);
    if uncorrected != sample.curve {
        sample.uncorrected = uncorrected;
    }
}

/// Only as far as there are requests to tell: of a thousand, one in a thousand is the last.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let told = |share: &&f64| **share == 1.0 || (1.0 - **share) * histogram.len() as f64 >= 1.0;
    SHARES.iter().filter(told).map(|&share| (share, histogram.value_at_quantile(share) as f64)).collect()
}
