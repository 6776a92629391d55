//! What else is checked of exercise 6, timers in a wheel.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex06_wheel.rs"]
mod ex06_wheel;

use course::check::{self, Check};
use course::timers::{self, Watched};
use ex06_wheel::Wheel;
use std::process::ExitCode;
use switchboard::timer::{Tick, Timer};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "levels_wrap",
            points: 1,
            does: "starts each timer again when it has fired, for 100,000 ticks, and has others due at the last tick",
            read: "Pitfalls",
            run: levels_wrap,
        },
        Check {
            name: "a_drained_bucket_changes",
            points: 1,
            does: "stops, moves and starts timers where a budget has ended in the middle of a bucket",
            read: "Pitfalls",
            run: a_drained_bucket_changes,
        },
        Check {
            name: "keeps_every_promise",
            points: 1,
            does: "runs the framework's whole suite for timers",
            read: "Step 6: every promise",
            run: || timers::suite(new, &[]),
        },
    ])
}

fn new() -> Box<dyn Timer<u64>> {
    Box::new(Wheel::new())
}

/// At both sides of where a level of 64 buckets of 8ⁿ ticks ends.
const PERIODS: [Tick; 12] = [1, 62, 63, 64, 65, 503, 504, 505, 512, 4_031, 4_032, 4_096];

fn levels_wrap() {
    let mut watched = Watched::new(new, PERIODS);
    let mut stops = 0;
    while let Some(now) = watched.timer.next_deadline().filter(|&next| next < 100_000) {
        stops += 1;
        assert!(stops < 1_000_000, "next_deadline() turns in place at {now}");
        let before: Vec<u64> = watched.deadlines.keys().copied().collect();
        watched.expire(now);
        for id in before.into_iter().filter(|id| !watched.deadlines.contains_key(id)).collect::<Vec<_>>() {
            watched.again(id, now + PERIODS[id as usize]);
        }
    }
    assert_eq!(watched.deadlines.len(), PERIODS.len(), "timers that are live, of those that start again");
    let mut watched = Watched::new(new, [Tick::MAX, Tick::MAX - 1, Tick::MAX]);
    [0, 1, 1 << 63, Tick::MAX - 2, Tick::MAX - 1, Tick::MAX].into_iter().for_each(|now| watched.expire(now));
}

/// 12 timers are due at once, and looked at 3 ticks late; 5 fire, and then the others change.
fn a_drained_bucket_changes() {
    const DUE: Tick = 50;
    const NOW: Tick = DUE + 3;
    let mut watched = Watched::new(new, [DUE; 12]);
    let mut fired = Vec::new();
    while fired.len() < 5 {
        let more = watched.timer.expire(NOW, 1, &mut fired);
        assert!(more, "there is no more, it says, when {} of 12 timers have fired", fired.len());
    }
    watched.fired(NOW, fired);
    let left: Vec<u64> = watched.deadlines.keys().copied().collect();
    watched.cancel(left[0]);
    watched.cancel(left[6]);
    watched.reset(left[1], NOW + 1);
    watched.reset(left[5], NOW + 55);
    watched.reset(left[2], 3);
    watched.insert(DUE);
    watched.insert(NOW + 1);
    watched.step(NOW..=NOW + 55);
}
