//! A load for benchmarks of timers: a server's, in virtual time. Only what it measures is by the clock.

use crate::bench::{Bench, Measured};
use std::time::Instant;
use switchboard::timer::{Fired, Key, Tick, Timer};

/// Operations of one run.
const OPERATIONS: u64 = 500_000;

/// How far ahead a timer is pushed, in ticks.
const TIMEOUT: Tick = 5_000;

/// Both loads on timers of a kind: two benchmarks, each with `count` timers.
pub fn benches<Q: Timer<u64> + 'static>(kind: &str, count: u64, new: fn() -> Q) -> [Bench; 2] {
    let bench = |what: &str, run: fn(&mut Load<Q>) -> Measured| {
        let mut load = None; // built when it is its turn, and kept
        let run = move || run(load.get_or_insert_with(|| Load::new(new(), count)));
        Bench { name: format!("{kind}, {count} timers, {what}"), unit: "ns", run: Box::new(run) }
    };
    [bench("reset", |load| load.reset(OPERATIONS)), bench("mix", |load| load.mix(OPERATIONS))]
}

/// So many connections, each with a timer that its requests push 5,000 ticks ahead: what a server does most. A tick
/// is 100 requests, or as many as a thousandth of the connections if that is more.
pub struct Load<Q> {
    timer: Q,
    keys: Vec<Key>,
    now: Tick,
    random: u64,
    fired: Vec<Fired<u64>>,
}

impl<Q: Timer<u64>> Load<Q> {
    /// With so many timers in it.
    pub fn new(mut timer: Q, count: u64) -> Self {
        let keys = (0..count).map(|id| timer.insert(TIMEOUT, id)).collect();
        Self { timer, keys, now: 0, random: 0x9E37_79B9_7F4A_7C15, fired: Vec::new() }
    }

    /// The timer.
    pub fn timer(&self) -> &Q {
        &self.timer
    }

    /// ns per operation: each pushes a timer ahead.
    pub fn reset(&mut self, operations: u64) -> Measured {
        self.measure(operations, |load, id| {
            let is_live = load.timer.reset(load.keys[id], load.now + TIMEOUT);
            is_live.then_some(()).ok_or(())
        })
    }

    /// ns per operation: 18 of 19 push a timer ahead, the other stops one and starts another for it.
    pub fn mix(&mut self, operations: u64) -> Measured {
        self.measure(operations, |load, id| {
            if !load.random.is_multiple_of(19) {
                let is_live = load.timer.reset(load.keys[id], load.now + TIMEOUT);
                return is_live.then_some(()).ok_or(());
            }
            let value = load.timer.cancel(load.keys[id]).ok_or(())?;
            load.keys[id] = load.timer.insert(load.now + TIMEOUT, value);
            Ok(())
        })
    }

    fn measure(&mut self, operations: u64, mut act: impl FnMut(&mut Self, usize) -> Result<(), ()>) -> Measured {
        let a_tick = (self.keys.len() as u64 / 1_000).max(100);
        let (begin, mut errors) = (Instant::now(), 0);
        for operation in 0..operations {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let id = (self.random >> 33) as usize % self.keys.len();
            errors += u64::from(act(self, id).is_err());
            if operation % a_tick == 0 {
                self.tick();
            }
        }
        Measured { figure: begin.elapsed().as_nanos() as f64 / operations as f64, operations, errors }
    }

    /// Those that have fired begin again.
    fn tick(&mut self) {
        self.now += 1;
        while self.timer.expire(self.now, 256, &mut self.fired) {}
        for fired in self.fired.drain(..) {
            self.keys[fired.value as usize] = self.timer.insert(self.now + TIMEOUT, fired.value);
        }
    }
}
