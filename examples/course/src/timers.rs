//! What is checked of every timer: a heap and a wheel owe the same.
//!
//! There is no clock in here: `now` is a number that goes from tick to tick.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use switchboard::timer::check::{CASES, New};
use switchboard::timer::{Fired, Key, Tick, Timer};

/// More than any timer here needs.
pub const AMPLE: usize = 1_000_000;

/// A timer, and what it should hold: the deadline of each live one by the number that is its value.
pub struct Watched {
    /// The timer.
    pub timer: Box<dyn Timer<u64>>,
    /// The key of each that was ever started, by its number.
    pub keys: Vec<Key>,
    /// The deadlines of those that are live.
    pub deadlines: BTreeMap<u64, Tick>,
}

impl Watched {
    /// One with a timer for each of the deadlines, numbered from 0.
    pub fn new(new: New, deadlines: impl IntoIterator<Item = Tick>) -> Self {
        let mut watched = Self { timer: new(), keys: Vec::new(), deadlines: BTreeMap::new() };
        deadlines.into_iter().for_each(|deadline| watched.insert(deadline));
        watched
    }

    /// Starts a timer, with the next number.
    pub fn insert(&mut self, deadline: Tick) {
        let id = self.keys.len() as u64;
        self.keys.push(self.timer.insert(deadline, id));
        self.deadlines.insert(id, deadline);
    }

    /// Starts one again that has fired.
    pub fn again(&mut self, id: u64, deadline: Tick) {
        self.keys[id as usize] = self.timer.insert(deadline, id);
        self.deadlines.insert(id, deadline);
    }

    /// Moves one that is live.
    pub fn reset(&mut self, id: u64, deadline: Tick) {
        let key = self.keys[id as usize];
        assert!(self.timer.reset(key, deadline), "reset to {deadline} says that timer {id} is not live, but it is");
        assert_eq!(self.timer.deadline(key), Some(deadline), "the deadline of timer {id}, after reset({deadline})");
        self.deadlines.insert(id, deadline);
    }

    /// Stops one that is live.
    pub fn cancel(&mut self, id: u64) {
        let value = self.timer.cancel(self.keys[id as usize]);
        assert_eq!(value, Some(id), "what cancel hands back of timer {id}, and its value");
        self.deadlines.remove(&id);
    }

    /// Calls `expire` with this `now`: what is due must fire, and nothing else.
    pub fn expire(&mut self, now: Tick) {
        let first = self.deadlines.values().min().map(|&first| first.max(now));
        let next = self.timer.next_deadline();
        assert!(
            next.is_some() == first.is_some() && next <= first,
            "next_deadline() says {next:?} before tick {now}, where {first:?} is due first"
        );
        let mut fired = Vec::new();
        self.timer.expire(now, AMPLE, &mut fired);
        self.fired(now, fired);
        let late = self.deadlines.iter().find(|&(_, &deadline)| deadline <= now);
        assert_eq!(late, None, "expire({now}) did not fire this timer, with this deadline");
        assert_eq!(self.timer.len(), self.deadlines.len(), "what len() says after expire({now}), and what is live");
    }

    /// What has fired must have been live and due.
    pub fn fired(&mut self, now: Tick, fired: Vec<Fired<u64>>) {
        for Fired { key, deadline, value: id } in fired {
            let due = self.deadlines.remove(&id);
            assert!(
                due.is_some(),
                "timer {id} fired at {now}, and was not live: it has fired before, or was cancelled"
            );
            assert!(due <= Some(now), "timer {id} fired early: at {now}, and is due at {due:?}");
            assert_eq!((Some(deadline), key), (due, self.keys[id as usize]), "what timer {id} fired with, and has");
        }
    }

    /// From tick to tick.
    pub fn step(&mut self, ticks: RangeInclusive<Tick>) {
        ticks.for_each(|now| self.expire(now));
    }
}

/// Keys: each names its own timer, and none after that is gone. Nothing fires in here, and nothing is moved.
pub fn keys_name_their_timers(new: New) {
    let mut timer = new();
    let keys: Vec<Key> = (0..5).map(|id| timer.insert(50 - id, id)).collect();
    for (id, &key) in (0..).zip(&keys) {
        assert_eq!(timer.deadline(key), Some(50 - id), "the deadline of timer {id}, asked with its key");
    }
    assert_eq!(timer.len(), 5, "what len() says of 5 timers");
    assert_eq!(timer.cancel(keys[2]), Some(2), "what cancel hands back of the timer with the value 2");
    assert_eq!(timer.len(), 4, "what len() says of 5 timers, one of which is cancelled");
    assert_eq!(timer.cancel(keys[2]), None, "what cancel hands back of a timer that is cancelled already");

    let next = timer.insert(7, 9); // very likely where the cancelled one was
    assert_eq!(timer.deadline(keys[2]), None, "the deadline of a cancelled timer, after another was started");
    assert_eq!(timer.cancel(keys[2]), None, "what the key of a cancelled timer stopped, after another was started");
    assert_eq!(timer.deadline(next), Some(7), "the deadline of the timer that was started last");
    for (id, key) in [(0, keys[0]), (1, keys[1]), (3, keys[3]), (4, keys[4]), (9, next)] {
        assert_eq!(timer.cancel(key), Some(id), "what cancel hands back of the timer with the value {id}");
    }
    assert!(timer.is_empty(), "is_empty() says no when all are cancelled");
}

/// Those that are cancelled do not fire, and the others do not notice.
pub fn a_cancel_leaves_the_others_in_order(new: New, count: u64, reach: Tick) {
    let mut watched = Watched::new(new, (0..count).map(|id| 1 + scattered(id) % reach));
    for id in (0..count).map(|nth| nth * 389 % count).filter(|id| id % 4 != 0) {
        watched.cancel(id);
    }
    watched.step(0..=reach);
}

/// Moved timers fire where they were moved to, earlier, later or now.
pub fn a_reset_moves_a_timer(new: New) {
    let mut watched = Watched::new(new, (0..50).map(|id| 10 + id));
    for id in 0..50 {
        watched.reset(id, [1 + id / 2, 62 - id / 2, 10 + id][id as usize % 3]);
    }
    watched.step(0..=62);
    watched.insert(100);
    watched.reset(50, 3); // which is past
    watched.step(62..=100);
    let stale = watched.keys[50];
    assert!(!watched.timer.reset(stale, 110), "reset says that a timer that has fired is live");
}

/// No call looks at more than it may, and it says whether there is more.
pub fn a_budget_bounds_the_work(new: New) {
    const COUNT: u64 = 10;
    let mut watched = Watched::new(new, (0..COUNT).map(|_| 50));
    let (mut fired, mut calls) = (Vec::new(), 0);
    let more = watched.timer.expire(50, 0, &mut fired);
    assert!(more && fired.is_empty(), "with a budget of 0: {} fired, and there is more: {more}", fired.len());
    loop {
        let (before, mut asked) = (fired.len(), 0);
        let mut due = |_, _: &mut u64| {
            asked += 1;
            None
        };
        let more = watched.timer.expire_with(50, 4, &mut due, &mut fired);
        assert!(fired.len() >= before, "what was in the caller's Vec is gone: expire appends to it");
        assert!(asked <= 4 && fired.len() - before <= 4, "{asked} timers were looked at, with a budget of 4");
        if !more {
            break;
        }
        calls += 1;
        assert!(calls < 100, "there is always more, after {calls} calls for {COUNT} timers");
    }
    let count = fired.len() as u64;
    assert_eq!(count, COUNT, "timers that had fired when expire said that there is no more, and timers due");
    watched.fired(50, fired);
}

/// What `due` postpones stays, under its key.
pub fn due_postpones_a_timer(new: New) {
    let mut watched = Watched::new(new, [10, 10, 60]);
    let busy = watched.keys[0];
    let mut expire = |now, later: Option<Tick>| {
        let (mut asked, mut fired) = (Vec::new(), Vec::new());
        let mut due = |key, &mut id: &mut u64| {
            asked.push((key, id));
            later.filter(|_| id == 0)
        };
        watched.timer.expire_with(now, 100, &mut due, &mut fired);
        asked.sort_by_key(|&(_, id)| id);
        let ids: Vec<u64> = fired.iter().map(|fired| fired.value).collect();
        (asked, ids, watched.timer.deadline(busy))
    };
    let (asked, fired, deadline) = expire(10, Some(50));
    assert_eq!(asked, [(busy, 0), (watched.keys[1], 1)], "keys and values that `due` was asked about at tick 10");
    assert_eq!(fired, [1], "what fired at tick 10, when timer 0 was postponed to 50 and timer 1 was not");
    assert_eq!(deadline, Some(50), "the deadline of timer 0 by the key it has had, after it was postponed to 50");
    assert_eq!(expire(49, None).1, [0; 0], "what fired at tick 49, with timer 0 postponed to 50");
    let (asked, _, deadline) = expire(50, Some(7));
    assert_eq!(asked, [(busy, 0)], "what `due` was asked about at tick 50, with timer 0 due");
    assert_eq!(deadline, Some(51), "the deadline of timer 0, postponed at tick 50 to 7: not in the future, so 51");
    assert_eq!(expire(51, None).1, [0], "what fired at tick 51, with timer 0 due");
}

/// A number for each, in no order; the same ones every time.
pub fn scattered(number: u64) -> u64 {
    (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20
}

/// The framework's suite: all cases, or those named.
pub fn suite(new: New, names: &[&str]) {
    for case in CASES.iter().filter(|case| names.is_empty() || names.contains(&case.name)) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| (case.run)(new))) else { continue };
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        panic!("{}: {}", case.name, text.unwrap_or("a panic without a text"));
    }
}
