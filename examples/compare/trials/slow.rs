//! S5: clients that send their head a byte at a time, and honest ones beside them.

use super::load::{JUDGED, get, watch};
use super::{Bench, Trial};
use crate::generator::{Load, Manner, Pace, Slow, SlowClients, Span};
use crate::measure::Measure;
use crate::model::Sample;
use crate::service::Service;
use crate::standing::Spread;
use crate::workload::HELLO;
use std::io;
use std::time::Duration;

/// Between two bytes.
const EVERY: Duration = Duration::from_millis(100);
/// Twice what a head may take: a sender that is older should have been ended.
const OVERDUE: Duration = Duration::from_secs(2);
/// Requests in a second of the honest ones, all together.
const RATE: f64 = 400.0;

pub(super) fn measure(bench: &Bench, trial: &Trial) -> Result<Sample, String> {
    let mut service = Service::start(&bench.setup(trial))?;
    let probe = Load {
        addr: service.addr,
        connections: 4,
        threads: 1,
        mix: vec![get("/", HELLO.into(), JUDGED)],
        pace: Pace::Open { rate: RATE },
        reconnect: false,
        span: Span::Time { warm_up: bench.warm_up(trial), measured: bench.span(trial) },
        timeout: Duration::from_secs(5),
    };
    let senders = SlowClients {
        addr: service.addr,
        count: trial.x as usize,
        request: b"GET / HTTP/1.1\r\nHost: compare\r\nX-Slow: ".to_vec(),
        every: EVERY,
        manner: Manner::Sends,
        reopen: true,
    };
    let generator = |error: io::Error| format!("the load generator: {error}");
    let senders = Slow::start(senders).map_err(generator)?;
    let watched = watch(bench, &mut service, &probe)?;
    let slow = senders.finish().map_err(generator)?;

    let mut sample = watched.sample();
    sample.measures.remove(&Measure::Generator); // it waits for the time to come
    for (class, failed) in slow.errors.iter().filter(|(_, failed)| *failed > 0) {
        *sample.errors.entry(format!("slow sender {class}")).or_default() += failed;
    }
    let after: Vec<f64> = slow.ended.iter().map(|ended| ended.after.as_secs_f64() * 1e3).collect();
    if let Some(after) = Spread::of(&after) {
        let overdue = slow.open.iter().filter(|age| **age > OVERDUE).count();
        sample.measures.insert(Measure::CutAfter, after.median);
        sample.measures.insert(Measure::Cut, 100.0 * after.count as f64 / (after.count + overdue) as f64);
    }
    Ok(sample)
}
