//! S4: connections that ask once and then for nothing, and one that goes on asking.

use super::load::{JUDGED, get, watch};
use super::{Bench, Trial};
use crate::generator::{Idle, Load, Pace, Span};
use crate::measure::Measure;
use crate::model::Sample;
use crate::service::Service;
use crate::workload::HELLO;
use std::io;
use std::thread;
use std::time::Duration;

/// How long the server is watched doing nothing.
const NOTHING: Duration = Duration::from_millis(250);

/// All of them are there within this time, or some are not at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests in a second of the one that asks.
const RATE: f64 = 500.0;

pub(super) fn measure(bench: &Bench, trial: &Trial) -> Result<Sample, String> {
    let count = trial.x as usize;
    let mut service = Service::start(&bench.setup(trial))?;
    let ask = get("/", HELLO.into(), JUDGED);
    let probe = Load {
        addr: service.addr,
        connections: 1,
        threads: 1,
        mix: vec![ask.clone()],
        pace: Pace::Open { rate: RATE },
        reconnect: false,
        span: Span::Time { warm_up: bench.warm_up(trial), measured: bench.span(trial) },
        timeout: Duration::from_secs(5),
    };
    // What the first request brings about once is no connection's.
    let generator = |error: io::Error| format!("the load generator: {error}");
    drop(Idle::open(service.addr, 1, &ask.request, PATIENCE).map_err(generator)?);
    let empty = service.usage()?;
    let idle = Idle::open(service.addr, count, &ask.request, PATIENCE);
    let idle = idle.map_err(generator)?;
    all_there(&idle, count)?;
    let (quiet, began) = (service.usage()?, service.cpu());
    thread::sleep(NOTHING);
    let (ended, still) = (service.cpu(), service.usage()?);
    let watched = watch(bench, &mut service, &probe)?;
    let kept = idle.alive();
    drop(service); // all at once, which takes less time than one after the other

    let mut sample = watched.sample();
    let seconds = NOTHING.as_secs_f64();
    sample.measures.insert(Measure::IdleCpu, (ended - began) / seconds);
    sample.measures.insert(Measure::Wakeups, still.wakeups.saturating_sub(quiet.wakeups) as f64 / seconds);
    sample.measures.remove(&Measure::Generator); // it waits for the time to come
    if count > 0 {
        sample.measures.insert(Measure::Kept, 100.0 * kept as f64 / count as f64);
    }
    if kept > 0 {
        let grown = still.memory.saturating_sub(empty.memory);
        sample.measures.insert(Measure::MemoryEach, grown as f64 / kept as f64);
    }
    Ok(sample)
}

/// Whom the time was too short for has not been let go: who is that slow says nothing of who is kept.
pub(super) fn all_there(idle: &Idle, count: usize) -> Result<(), String> {
    if idle.late() * 200 <= count {
        return Ok(()); // one that hangs now and then is shown by its errors elsewhere
    }
    let late = idle.late();
    Err(format!("of {count} connections that were to be idle, {late} had no answer to their first request in time"))
}
