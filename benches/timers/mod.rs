//! Timer structures under the loads of a server.
//!
//! # Rules
//!
//! 1. Every structure does the same work: timers are named by dense numbers, and whatever handle a structure wants is
//!    kept in an array beside it. The cost of that array and of the random numbers is in every figure; it is
//!    measured by itself as the structure `nothing`.
//! 2. Time is virtual, a tick is a millisecond, and everything that is due is collected every tick: a structure that
//!    puts work off pays for it within the measurement (but not in the plain inserts and cancels).
//! 3. What fires is started again at once, so the number of live timers stays what it is.

pub mod peers;

use std::time::{Duration, Instant};
use switchboard_timer::Tick;

/// A structure under test.
pub trait Structure {
    const NAME: &str;

    /// With room for `capacity` timers, where the structure can be told.
    fn with_capacity(capacity: usize) -> Self;

    /// Starts timer `id`, which has fired, was cancelled, or is new.
    fn insert(&mut self, id: u32, deadline: Tick);

    /// Moves timer `id`, which is live.
    fn reset(&mut self, id: u32, deadline: Tick);

    /// Stops timer `id`, which is live.
    fn cancel(&mut self, id: u32);

    /// Time is `now`; appends the numbers of the timers that fire.
    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>);
}

/// How long a connection may be idle: the deadline that is pushed ahead, in ticks.
const IDLE: Tick = 5_000;

/// Deadlines of the plain insert, cancel and expire are spread over a minute.
const MINUTE: Tick = 60_000;

/// Knuth's linear congruential generator (MMIX), of which the high half is used: the same numbers for everybody.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    /// Below `end`, by a multiplication in the place of a division.
    fn below(&mut self, end: usize) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 32) * end as u64) >> 32) as u32
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

/// A server with `count` connections, each with a timer that is pushed ahead at every request.
pub struct Server<S> {
    structure: S,
    count: usize,
    now: Tick,
    random: Random,
    fired: Vec<u32>,
    /// The timer that was cancelled last, to be started again.
    cancelled: u32,
    until_change: usize,
    until_tick: usize,
}

impl<S: Structure> Server<S> {
    /// Its timers are as they would be after a while: due at any time within the limit.
    pub fn new(count: usize) -> Self {
        let (mut structure, mut random) = (S::with_capacity(count), Random::new());
        (0..count as u32).for_each(|id| structure.insert(id, 1 + Tick::from(random.below(IDLE as usize))));
        let (now, fired, cancelled, until_change, until_tick) = (0, Vec::new(), 0, 19, 0);
        Self { structure, count, now, random, fired, cancelled, until_change, until_tick }
    }

    /// Requests a millisecond.
    fn rate(&self) -> usize {
        (self.count / 1_000).max(100)
    }

    fn tick_if_due(&mut self) {
        if self.until_tick > 0 {
            self.until_tick -= 1;
            return;
        }
        self.until_tick = self.rate() - 1;
        self.now += 1;
        self.structure.expire(self.now, &mut self.fired);
        for id in self.fired.drain(..) {
            self.structure.insert(id, self.now + IDLE);
        }
    }

    /// Every request moves the timer of some connection.
    pub fn resets(&mut self, requests: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..requests {
            self.tick_if_due();
            let id = self.random.below(self.count);
            self.structure.reset(id, self.now + IDLE);
        }
        start.elapsed()
    }

    /// Every request moves a timer to any tick within a minute, closer as often as away.
    pub fn moves(&mut self, requests: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..requests {
            self.tick_if_due();
            let id = self.random.below(self.count);
            let deadline = self.now + 1 + Tick::from(self.random.below(MINUTE as usize));
            self.structure.reset(id, deadline);
        }
        start.elapsed()
    }

    /// Of 20 operations, 18 move a timer, then one cancels one and one starts it again. In turn and not at random: a
    /// branch that nobody can predict costs more than what is to be measured.
    pub fn mix(&mut self, operations: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..operations {
            self.tick_if_due();
            let (id, deadline) = (self.random.below(self.count), self.now + IDLE);
            self.until_change = self.until_change.checked_sub(1).unwrap_or(19);
            match self.until_change {
                0 => self.structure.insert(self.cancelled, deadline),
                1 => {
                    self.structure.cancel(id);
                    self.cancelled = id;
                }
                _ => self.structure.reset(id, deadline),
            }
        }
        let took = start.elapsed();
        if self.until_change == 1 {
            self.structure.insert(self.cancelled, self.now + IDLE); // so that all are live for the next load
            self.until_change = 0;
        }
        took
    }
}

/// Starts `count` timers, and the time it took. As many have lived there before: memory is warm.
fn fill<S: Structure>(count: usize, random: &mut Random) -> (S, Duration) {
    let mut structure = S::with_capacity(count);
    (0..count as u32).for_each(|id| structure.insert(id, 1));
    (0..count as u32).for_each(|id| structure.cancel(id));
    structure.expire(1, &mut Vec::new()); // what is put off is done
    let start = Instant::now();
    (0..count as u32).for_each(|id| structure.insert(id, 2 + Tick::from(random.below(MINUTE as usize))));
    let took = start.elapsed();
    (structure, took)
}

/// Time for `times` times `count` inserts.
pub fn inserts<S: Structure>(count: usize, times: u64) -> Duration {
    let mut random = Random::new();
    (0..times).map(|_| fill::<S>(count, &mut random).1).sum()
}

/// Time for `times` times `count` cancels, in random order.
pub fn cancels<S: Structure>(count: usize, times: u64) -> Duration {
    let mut random = Random::new();
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        order.swap(last, random.below(last + 1) as usize);
    }
    let one = |_| {
        let mut structure = fill::<S>(count, &mut random).0;
        let start = Instant::now();
        order.iter().for_each(|&id| structure.cancel(id));
        start.elapsed()
    };
    (0..times).map(one).sum()
}

/// Time for `times` times `count` timers to fire, collected every 10 ticks for a minute.
pub fn expiries<S: Structure>(count: usize, times: u64) -> Duration {
    let mut random = Random::new();
    let mut fired = Vec::with_capacity(count);
    let one = |_| {
        let mut structure = fill::<S>(count, &mut random).0;
        fired.clear();
        let start = Instant::now();
        (10..=MINUTE + 10).step_by(10).for_each(|now| structure.expire(now, &mut fired));
        let took = start.elapsed();
        assert!(fired.len() == count || S::NAME == peers::Nothing::NAME, "{} lost a timer", S::NAME);
        took
    };
    (0..times).map(one).sum()
}
