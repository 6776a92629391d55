//! S9: requests that sleep on the server's timer; and the two structures by themselves.

use super::load::{load, watch};
use super::{Bench, Trial};
use crate::measure::Measure;
use crate::model::{STRUCTURE, Sample};
use crate::scenario::Scenario;
use crate::service::Service;
use std::hint::black_box;
use std::time::Instant;
use switchboard::{Heap, Timer, Wheel};

/// How many timers the structures hold.
const SIZES: [f64; 3] = [100.0, 10_000.0, 100_000.0];

pub(super) fn structures() -> Vec<Trial> {
    let trial = |variant, x| Trial { scenario: Scenario::Timers, backend: STRUCTURE.into(), variant, x };
    SIZES.into_iter().flat_map(|x| [trial("wheel", x), trial("heap", x)]).collect()
}

pub(super) fn measure(bench: &Bench, trial: &Trial) -> Result<Sample, String> {
    let mut service = Service::start(&bench.setup(trial))?;
    let load = load(bench, trial, service.addr);
    let watched = watch(bench, &mut service, &load)?;
    let late = service.lateness()?;
    let mut sample = watched.sample();
    let wakeups = watched.after.wakeups.saturating_sub(watched.before.wakeups);
    sample.measures.extend([
        (Measure::Wakeups, wakeups as f64 / watched.outcome.seconds),
        (Measure::LateP50, late.p50 as f64),
        (Measure::LateP99, late.p99 as f64),
        (Measure::LateMax, late.max as f64),
    ]);
    sample.curve = late.curve;
    Ok(sample)
}

/// What it takes to move a timer.
pub(super) fn structure(bench: &Bench, trial: &Trial) -> Sample {
    let nanos = match trial.variant {
        "heap" => moved(bench, Heap::new(), trial),
        _ => moved(bench, Wheel::new(), trial),
    };
    Sample { measures: [(Measure::Modify, nanos)].into(), ..Sample::default() }
}

/// Moves each timer a little later, in turn, as requests do with the deadline of their connection; nanoseconds for one.
fn moved(bench: &Bench, mut timer: impl Timer<u32>, trial: &Trial) -> f64 {
    let count = trial.x as u32;
    let deadline = |nth: u32, turn: u64| 5000 + u64::from(nth.wrapping_mul(2_654_435_761) % 1000) + turn;
    let keys: Vec<_> = (0..count).map(|nth| timer.insert(deadline(nth, 0), nth)).collect();
    let (begin, mut turns) = (Instant::now(), 0);
    while begin.elapsed() < bench.span(trial) / 4 {
        turns += 1;
        for (&key, nth) in keys.iter().zip(0..) {
            black_box(timer.reset(key, deadline(nth, turns)));
        }
    }
    begin.elapsed().as_nanos() as f64 / (turns * u64::from(count)) as f64
}
