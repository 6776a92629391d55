//! A timer and its model, an ordered map, driven side by side; and the random numbers that drive them.

use super::New;
use crate::{Key, Tick, Timer};
use std::collections::{BTreeMap, HashMap};

/// A timer and its model, which must agree after every step.
pub(super) struct Pair {
    pub(super) timer: Box<dyn Timer<u64>>,
    pub(super) now: Tick,
    /// The model: the deadline of every live timer, by the number that is its value.
    pub(super) deadlines: BTreeMap<u64, Tick>,
    pub(super) keys: HashMap<u64, Key>,
    stale: Vec<Key>,
    next_id: u64,
}

impl Pair {
    pub(super) fn new(new: New, now: Tick) -> Self {
        let (deadlines, keys) = (BTreeMap::new(), HashMap::new());
        Self { timer: new(), now, deadlines, keys, stale: Vec::new(), next_id: 0 }
    }

    pub(super) fn insert(&mut self, deadline: Tick) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.keys.insert(id, self.timer.insert(deadline, id));
        self.deadlines.insert(id, deadline);
        self.agree();
        id
    }

    pub(super) fn reset(&mut self, id: u64, deadline: Tick) {
        assert!(self.timer.reset(self.keys[&id], deadline), "{id} is live");
        self.deadlines.insert(id, deadline);
        self.agree();
    }

    pub(super) fn cancel(&mut self, id: u64) {
        assert_eq!(self.timer.cancel(self.keys[&id]), Some(id));
        self.gone(id);
        self.agree();
    }

    fn gone(&mut self, id: u64) {
        self.deadlines.remove(&id);
        self.stale.push(self.keys.remove(&id).expect("a timer is gone once"));
        let surplus = self.stale.len().saturating_sub(50);
        self.stale.drain(..surplus);
    }

    pub(super) fn expire(&mut self, now: Tick, budget: usize) -> bool {
        self.expire_with(now, budget, |_| None)
    }

    pub(super) fn expire_with(&mut self, now: Tick, budget: usize, due: impl Fn(u64) -> Option<Tick>) -> bool {
        self.now = self.now.max(now);
        let (mut asked, mut fired) = (Vec::new(), Vec::new());
        let mut ask = |key, &mut id: &mut u64| {
            asked.push((key, id));
            due(id)
        };
        let more = self.timer.expire_with(now, budget, &mut ask, &mut fired);
        assert!(asked.len() <= budget, "{} timers looked at with a budget of {budget}", asked.len());
        for (key, id) in asked {
            assert_eq!(self.keys.get(&id), Some(&key), "{id} is asked under its key");
            assert!(self.deadlines[&id] <= self.now, "{id} was asked early");
            if let Some(later) = due(id).filter(|_| self.now < Tick::MAX) {
                self.deadlines.insert(id, later.max(self.now + 1));
            }
        }
        for timer in fired {
            let id = timer.value;
            assert!(timer.deadline <= self.now, "{id} fired early");
            assert_eq!(self.deadlines.get(&id), Some(&timer.deadline), "{id} fired with its deadline, and once");
            assert_eq!(self.keys[&id], timer.key);
            self.gone(id);
        }
        if !more {
            assert!(self.deadlines.values().all(|&deadline| deadline > self.now), "something due was left behind");
        }
        self.agree();
        more
    }

    fn agree(&self) {
        assert_eq!(self.timer.len(), self.deadlines.len());
        assert_eq!(self.timer.is_empty(), self.deadlines.is_empty());
        let earliest = self.deadlines.values().min().map(|&deadline| deadline.max(self.now));
        let next = self.timer.next_deadline();
        assert_eq!(next.is_some(), earliest.is_some());
        assert!(next <= earliest, "a wake-up at {next:?} would come too late for {earliest:?}");
    }

    pub(super) fn agree_on_keys(&mut self) {
        for (id, &key) in &self.keys {
            assert_eq!(self.timer.deadline(key), Some(self.deadlines[id]));
        }
        for &key in &self.stale {
            assert!(!self.timer.reset(key, self.now));
            assert!(!self.timer.reduce(key, 0));
            assert_eq!(self.timer.deadline(key), None);
            assert_eq!(self.timer.cancel(key), None);
        }
    }

    /// Follows `next_deadline` alone; that must empty the timer, in few steps.
    pub(super) fn drain(&mut self) {
        let most = 12 * (self.deadlines.len() + 1);
        for _ in 0..most {
            let Some(next) = self.timer.next_deadline() else { break };
            while self.expire(next.max(self.now), 5) {}
        }
        assert!(self.timer.is_empty(), "{} timers are left after {most} steps", self.timer.len());
    }
}

/// xorshift64*: enough randomness for a script, and the same script for the same seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) % end
    }

    /// Around `now`, sometimes just before it, sometimes far ahead.
    pub(super) fn deadline(&mut self, now: Tick) -> Tick {
        let reach = [2, 70, 5_000, 1 << 40][self.below(4) as usize];
        now.saturating_sub(1).saturating_add(self.below(reach))
    }

    pub(super) fn live(&mut self, pair: &Pair) -> Option<u64> {
        let nth = self.below(pair.deadlines.len().max(1) as u64) as usize;
        pair.deadlines.keys().nth(nth).copied()
    }
}
