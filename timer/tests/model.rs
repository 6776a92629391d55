//! Every timer structure against a model: an ordered map, driven by the same seeded random scripts.
//!
//! Time is virtual. A script inserts, resets, cancels and expires with a random budget and a random `due`
//! rule, from several starting ticks (the last one ends at the last tick there is), and after every
//! `expire` that reports no more work the set of fired timers must equal the model's.
//!
//! Mutants that were tried and are caught here: `armed <= now` turned into `armed <= now + 1` (early), the sift after
//! `remove_entry` only downwards, `reset` to an earlier deadline only stored, the generation not raised.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use switchboard_timer::{Heap, Key, Tick, Timer, by_name};

/// xorshift64*: enough randomness for a script, and the same script for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }
}

struct Script<Q> {
    timer: Q,
    now: Tick,
    random: Random,
    live: BTreeMap<u64, Tick>,
    keys: HashMap<u64, Key>,
    stale: Vec<Key>,
    next_id: u64,
}

impl<Q: Timer<u64>> Script<Q> {
    fn new(timer: Q, now: Tick, seed: u64) -> Self {
        let random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Self { timer, now, random, live: BTreeMap::new(), keys: HashMap::new(), stale: Vec::new(), next_id: 0 }
    }

    fn some_deadline(&mut self) -> Tick {
        let reach = [2, 70, 5_000, 1 << 40][self.random.below(4) as usize];
        self.now.saturating_sub(1).saturating_add(self.random.below(reach))
    }

    fn some_live(&mut self) -> Option<u64> {
        let nth = self.random.below(self.live.len().max(1) as u64) as usize;
        self.live.keys().nth(nth).copied()
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..3 => {
                let deadline = self.some_deadline();
                let key = self.timer.insert(deadline, self.next_id);
                self.live.insert(self.next_id, deadline);
                self.keys.insert(self.next_id, key);
                self.next_id += 1;
            }
            3..6 => {
                let deadline = self.some_deadline();
                if let Some(id) = self.some_live() {
                    assert!(self.timer.reset(self.keys[&id], deadline));
                    self.live.insert(id, deadline);
                }
            }
            6 => {
                if let Some(id) = self.some_live() {
                    assert_eq!(self.timer.cancel(self.keys[&id]), Some(id));
                    self.gone(id);
                }
            }
            7 => {
                for &key in &self.stale {
                    assert!(!self.timer.reset(key, self.now));
                    assert_eq!(self.timer.cancel(key), None);
                }
            }
            _ => self.expire(),
        }
        assert_eq!(self.timer.len(), self.live.len());
        let earliest = self.live.values().min().copied();
        assert_eq!(self.timer.next_deadline().is_some(), earliest.is_some());
        assert!(self.timer.next_deadline() <= earliest, "a wake-up would come too late");
    }

    fn gone(&mut self, id: u64) {
        self.live.remove(&id);
        self.stale.push(self.keys.remove(&id).unwrap());
        let surplus = self.stale.len().saturating_sub(50);
        self.stale.drain(..surplus);
    }

    fn expire(&mut self) {
        let reach = [1, 60, 5_000][self.random.below(3) as usize];
        self.now = self.now.saturating_add(self.random.below(reach));
        let now = self.now;
        let budget = 1 + self.random.below(20) as usize;
        let postpone = if self.random.below(3) == 0 { 3 } else { u64::MAX };
        let mut postponed = Vec::new();
        let mut fired = Vec::new();
        let more = self.timer.expire_with(
            now,
            budget,
            &mut |_, &mut id| {
                if id % postpone != 1 {
                    return None;
                }
                postponed.push(id);
                Some(now.saturating_add(7))
            },
            &mut fired,
        );
        for id in postponed {
            assert!(self.live[&id] <= now, "{id} was asked early");
            self.live.insert(id, now.saturating_add(7));
        }
        let mut seen = BTreeSet::new();
        for timer in fired {
            assert!(timer.deadline <= now, "{} fired early", timer.value);
            assert_eq!(self.live[&timer.value], timer.deadline);
            assert_eq!(self.keys[&timer.value], timer.key);
            assert!(seen.insert(timer.value), "{} fired twice", timer.value);
            self.gone(timer.value);
        }
        if !more && now < Tick::MAX {
            assert!(self.live.values().all(|&deadline| deadline > now), "something due was left behind");
        }
    }

    /// Following `next_deadline` alone must empty the timer without turning in place.
    fn drain(&mut self) {
        let bound = 12 * (self.live.len() + 1);
        for _ in 0..bound {
            let Some(next) = self.timer.next_deadline() else { break };
            self.now = self.now.max(next);
            let mut fired = Vec::new();
            while self.timer.expire(self.now, 5, &mut fired) {}
            fired.into_iter().for_each(|timer| self.gone(timer.value));
        }
        assert!(self.timer.is_empty() && self.live.is_empty());
    }
}

fn check<Q: Timer<u64>>(new: fn() -> Q) {
    for start in [0, 63, 4_095, (1 << 36) - 3, u64::MAX - (1 << 41), u64::MAX - 2_000] {
        for seed in 0..40 {
            let mut script = Script::new(new(), start, seed + 1);
            (0..2_000).for_each(|_| script.step());
            script.drain();
        }
    }
}

#[test]
fn heap_agrees_with_the_model() {
    check(Heap::new);
}

#[test]
fn a_timer_chosen_by_name_agrees_with_the_model() {
    check(|| by_name::<u64>("heap").unwrap());
}

#[test]
fn a_million_resets_keep_one_entry_per_timer() {
    let mut timer = Heap::new();
    let keys: Vec<Key> = (0..10).map(|id| timer.insert(5_000, id)).collect();
    for now in 0..1_000_000 {
        assert!(timer.reset(keys[now as usize % 10], now + 5_000));
    }
    assert_eq!(timer.len(), 10);
    let mut fired = Vec::new();
    while timer.expire(u64::MAX, 8, &mut fired) {}
    assert_eq!(fired.len(), 10);
}
