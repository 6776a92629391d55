//! A timer and its model, an ordered map, driven side by side; and the random numbers that drive them.

use super::New;
use crate::{Key, Tick, Timer};
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// A timer and its model, which must agree after every step.
pub(super) struct Pair {
    pub(super) timer: Box<dyn Timer<u64>>,
    pub(super) now: Tick,
    /// Whether the timer has been told: what starts late need not begin with an `expire`.
    pub(super) is_told: bool,
    /// The model: the deadline of every live timer, by the number that is its value.
    pub(super) deadlines: BTreeMap<u64, Tick>,
    pub(super) keys: HashMap<u64, Key>,
    stale: Vec<Key>,
    next_id: u64,
    step: Step,
}

/// What was done last, for whoever has to find out why it was wrong.
#[derive(Clone, Copy)]
enum Step {
    New,
    Insert { id: u64, deadline: Tick },
    Reset { id: u64, deadline: Tick },
    Cancel { id: u64 },
    Expire { now: Tick, budget: usize },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => write!(f, "in a new timer"),
            Self::Insert { id, deadline } => write!(f, "after insert({deadline}, {id})"),
            Self::Reset { id, deadline } => write!(f, "after reset(the key of {id}, {deadline})"),
            Self::Cancel { id } => write!(f, "after cancel(the key of {id})"),
            Self::Expire { now, budget } => write!(f, "in expire({now}, budget {budget})"),
        }
    }
}

impl Pair {
    pub(super) fn new(new: New, now: Tick) -> Self {
        let (deadlines, keys, stale) = (BTreeMap::new(), HashMap::new(), Vec::new());
        Self { timer: new(), now, is_told: false, deadlines, keys, stale, next_id: 0, step: Step::New }
    }

    pub(super) fn insert(&mut self, deadline: Tick) -> u64 {
        let id = self.next_id;
        self.step = Step::Insert { id, deadline };
        self.next_id += 1;
        self.keys.insert(id, self.timer.insert(deadline, id));
        self.deadlines.insert(id, deadline);
        self.agree();
        id
    }

    pub(super) fn reset(&mut self, id: u64, deadline: Tick) {
        self.step = Step::Reset { id, deadline };
        assert!(self.timer.reset(self.keys[&id], deadline), "{}: false, but that timer is live", self.step);
        self.deadlines.insert(id, deadline);
        self.agree();
    }

    pub(super) fn cancel(&mut self, id: u64) {
        self.step = Step::Cancel { id };
        let value = self.timer.cancel(self.keys[&id]);
        assert_eq!(value, Some(id), "{}: the timer's answer, and the value it was given", self.step);
        self.gone(id);
        self.agree();
    }

    fn gone(&mut self, id: u64) {
        self.deadlines.remove(&id);
        self.stale.push(self.keys.remove(&id).expect("a timer is gone once"));
        let surplus = self.stale.len().saturating_sub(50);
        self.stale.drain(..surplus);
    }

    /// Expires until the timer says that there is no more; a bound on the calls shows one that turns in place.
    pub(super) fn expire_all(&mut self, now: Tick, budget: usize) {
        let most = 100 * (self.deadlines.len() + 1);
        let is_done = (0..most).any(|_| !self.expire(now, budget));
        assert!(
            is_done,
            "{}: there is always more, after {most} calls; {} timers are live",
            self.step,
            self.timer.len()
        );
    }

    pub(super) fn expire(&mut self, now: Tick, budget: usize) -> bool {
        self.expire_with(now, budget, |_| None)
    }

    /// `given` may be earlier than before, which counts as no time at all.
    pub(super) fn expire_with(&mut self, given: Tick, budget: usize, due: impl Fn(u64) -> Option<Tick>) -> bool {
        self.step = Step::Expire { now: given, budget };
        (self.now, self.is_told) = (self.now.max(given), true);
        let (now, step) = (self.now, self.step);
        let (mut asked, mut fired) = (Vec::new(), Vec::new());
        let mut ask = |key, &mut id: &mut u64| {
            asked.push((key, id));
            due(id)
        };
        let more = self.timer.expire_with(given, budget, &mut ask, &mut fired);
        assert!(asked.len() <= budget, "{step}: {} timers were looked at", asked.len());
        for (key, id) in asked {
            assert_eq!(Some(&key), self.keys.get(&id), "{step}: the key `due` was asked with for {id}, and its key");
            let deadline = self.deadlines[&id];
            assert!(
                deadline <= now,
                "{step}: `due` was asked for {id}, whose deadline is {deadline}, when now is {now}"
            );
            if let Some(later) = due(id).filter(|_| now < Tick::MAX) {
                self.deadlines.insert(id, later.max(now + 1));
            }
        }
        for timer in fired {
            let (id, deadline) = (timer.value, timer.deadline);
            let expected = self.deadlines.get(&id);
            assert!(expected.is_some(), "{step}: {id} fired, which is not live: it has fired before or was cancelled");
            assert_eq!(Some(&deadline), expected, "{step}: the deadline {id} fired with, and the one it was set to");
            assert!(deadline <= now, "{step}: {id} fired early: its deadline is {deadline}, now is {now}");
            assert_eq!(timer.key, self.keys[&id], "{step}: the key {id} fired with, and its key");
            self.gone(id);
        }
        if !more {
            let left = self.deadlines.iter().find(|&(_, &deadline)| deadline <= now);
            assert_eq!(left, None, "{step}: there is no more, it says, but this timer and deadline are due at {now}");
        }
        self.agree();
        more
    }

    fn agree(&self) {
        let step = self.step;
        assert_eq!(self.timer.len(), self.deadlines.len(), "{step}: what len() says, and how many timers are live");
        assert_eq!(self.timer.is_empty(), self.deadlines.is_empty(), "{step}: what is_empty() says, and the truth");
        let earliest = self.deadlines.values().min().map(|&deadline| deadline.max(self.now));
        let next = self.timer.next_deadline();
        assert_eq!(next.is_some(), earliest.is_some(), "{step}: {next:?} is next, where {earliest:?} is due first");
        assert!(next <= earliest, "{step}: a wake-up at {next:?} would come too late for {earliest:?}");
    }

    pub(super) fn agree_on_keys(&mut self) {
        for (id, &key) in &self.keys {
            let deadline = self.timer.deadline(key);
            assert_eq!(deadline, Some(self.deadlines[id]), "the deadline of {id}, and the one it was set to");
        }
        for &key in &self.stale {
            assert_eq!(self.timer.deadline(key), None, "{key:?} is stale, and has a deadline");
            assert!(!self.timer.reset(key, self.now), "{key:?} is stale, and reset obeyed it");
            assert!(!self.timer.reduce(key, 0), "{key:?} is stale, and reduce obeyed it");
            assert_eq!(self.timer.cancel(key), None, "{key:?} is stale, and cancel obeyed it");
        }
    }

    /// Follows `next_deadline` alone; that must empty the timer, in few steps.
    pub(super) fn drain(&mut self) {
        let most = 12 * (self.deadlines.len() + 1);
        for _ in 0..most {
            let Some(next) = self.timer.next_deadline() else { break };
            self.expire_all(next.max(self.now), 5);
        }
        let left = self.timer.len();
        assert_eq!(
            left, 0,
            "{}: timers that are left after {most} steps from next_deadline to next_deadline",
            self.step
        );
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
