//! A hierarchical timing wheel: insert, reset and cancel in constant time, over all of `u64`.
//!
//! # Theory of operation
//!
//! The crate's documentation draws the wheel. In short: a tick is read as eleven digits in base 64. The *level* of a
//! timer is the highest digit in which its deadline differs from the hand, `elapsed`; its *bucket* on that level is its
//! deadline's digit there. A bucket of level 0 holds the timers of one tick, one of level 1 those
//! of 64 ticks, and so on. A bitmap per level says which buckets hold anything, and one more which levels do:
//! finding the next bucket is two instructions.
//!
//! When time reaches the first tick of a bucket, the bucket is *drained*, timer by timer: what is due fires, the rest
//! is linked anew, on a lower level or, if its deadline has been moved away meanwhile, wherever it belongs now. So a
//! reset to any tick that is not before its bucket's first only stores the deadline.
//!
//! # Invariants
//!
//! 1. A bucket's first tick is not after the deadline of any timer in it, unless that deadline was past when it was
//!    set: then the bucket is that of `elapsed`.
//! 2. On every level the occupied buckets are ahead of `elapsed`'s own; on level 0, at it or ahead. Only the bucket
//!    that is being drained is an exception. So the first occupied bucket of the lowest occupied level is the next
//!    one.
//! 3. A timer that leaves the bucket being drained does not come back to it: its new deadline is in the future, or its
//!    old one differs from `elapsed` in a lower digit. Draining ends.

use crate::slab::{NIL, Slab};
use crate::{Fired, Key, Tick, Timer};
use std::fmt;

/// Bits of a digit: 64 buckets to a level, as many as a word has bits.
const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;
const DIGIT: Tick = BUCKETS as Tick - 1;
/// Digits of a tick.
const LEVELS: usize = Tick::BITS.div_ceil(BITS) as usize;

/// Timers in a hierarchical timing wheel: everything but [`expire_with`](Timer::expire_with) in constant time.
///
/// ```
/// use switchboard_timer::{Timer, Wheel};
///
/// let mut timer = Wheel::new();
/// let key = timer.insert(5, "five");
/// assert_eq!(timer.next_deadline(), Some(5));
/// assert_eq!(timer.cancel(key), Some("five"));
/// ```
pub struct Wheel<T> {
    /// The hand: how far [`expire_with`](Timer::expire_with) has got.
    elapsed: Tick,
    /// The latest tick it was given; ahead of the hand while a budget has ended.
    now: Tick,
    /// One bit for every level that holds a timer.
    levels: u32,
    /// One bit for every bucket of a level that holds a timer.
    occupied: [u64; LEVELS],
    /// The bucket that `elapsed` has reached, which may still hold timers when a budget has ended.
    draining: u32,
    /// The first timer of each bucket.
    heads: Box<[u32; LEVELS * BUCKETS]>,
    /// A slot's place is its bucket.
    timers: Slab<T, Links>,
}

/// A timer's neighbours in the list of its bucket.
#[derive(Debug, Clone, Copy)]
struct Links {
    next: u32,
    previous: u32,
}

impl<T> Wheel<T> {
    /// An empty wheel. It allocates its 704 buckets, 2.8 KB, and room for timers as they come.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty wheel with room for `capacity` timers, which then come without an allocation.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            elapsed: 0,
            now: 0,
            levels: 0,
            occupied: [0; LEVELS],
            draining: NIL,
            heads: Box::new([NIL; LEVELS * BUCKETS]),
            timers: Slab::with_capacity(capacity),
        }
    }

    /// The bucket for a deadline: the highest digit that differs from `elapsed`, and its value.
    fn bucket(&self, deadline: Tick) -> u32 {
        let deadline = deadline.max(self.elapsed);
        let differing = (self.elapsed ^ deadline) | DIGIT;
        let level = differing.ilog2() / BITS;
        level << BITS | (deadline >> (level * BITS) & DIGIT) as u32
    }

    /// The first tick of an occupied bucket: `elapsed`'s digits above its level, its own digit, zeros.
    fn first_tick(&self, bucket: u32) -> Tick {
        let shift = (bucket >> BITS) * BITS;
        let digit = Tick::from(bucket) & DIGIT;
        (self.elapsed >> shift & !DIGIT | digit) << shift
    }

    /// The bucket to be drained next.
    fn next_bucket(&self) -> Option<u32> {
        if self.draining != NIL && self.heads[self.draining as usize] != NIL {
            return Some(self.draining);
        }
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros();
        Some(level << BITS | self.occupied[level as usize].trailing_zeros())
    }

    /// Puts a timer first in the list of the bucket for its deadline.
    fn link(&mut self, index: u32) {
        let bucket = self.bucket(self.timers.slot(index).deadline);
        let next = self.heads[bucket as usize];
        let slot = self.timers.slot_mut(index);
        slot.place = bucket;
        slot.links = Links { next, previous: NIL };
        self.lead(bucket, index, next);
    }

    /// Makes the first of a bucket's list known to the bucket and to the next.
    fn lead(&mut self, bucket: u32, index: u32, next: u32) {
        self.heads[bucket as usize] = index;
        if next == NIL {
            self.occupied[bucket as usize >> BITS] |= 1 << (bucket as Tick & DIGIT);
            self.levels |= 1 << (bucket >> BITS);
        } else {
            self.timers.slot_mut(next).links.previous = index;
        }
    }

    fn unlink(&mut self, index: u32) {
        let slot = self.timers.slot(index);
        let (bucket, Links { next, previous }) = (slot.place as usize, slot.links);
        if next != NIL {
            self.timers.slot_mut(next).links.previous = previous;
        }
        if previous != NIL {
            self.timers.slot_mut(previous).links.next = next;
            return;
        }
        self.heads[bucket] = next;
        if next == NIL {
            let level = bucket >> BITS;
            self.occupied[level] &= !(1 << (bucket as Tick & DIGIT));
            if self.occupied[level] == 0 {
                self.levels &= !(1 << level);
            }
        }
    }

    /// Links a timer anew if its bucket comes up too late for its deadline. Not part of `reset`, so that the usual one,
    /// to a later deadline, stays a handful of instructions.
    #[cold]
    fn bring_closer(&mut self, index: u32) {
        let slot = self.timers.slot(index);
        if slot.deadline < self.first_tick(slot.place) {
            self.unlink(index);
            self.link(index);
        }
    }

    /// Fires a timer of the bucket being drained, or links it where it belongs by now.
    fn visit(
        &mut self,
        index: u32,
        now: Tick,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) {
        let key = self.timers.key(index);
        let deadline = self.timers.slot(index).deadline;
        if deadline <= now {
            let Some(later) = due(key, self.timers.value_mut(index)).filter(|_| now < Tick::MAX) else {
                self.unlink(index);
                fired.push(Fired { key, deadline, value: self.timers.remove(index) });
                return;
            };
            self.timers.slot_mut(index).deadline = later.max(now + 1);
        }
        self.unlink(index);
        self.link(index);
    }
}

impl<T> Timer<T> for Wheel<T> {
    fn insert(&mut self, deadline: Tick, value: T) -> Key {
        let bucket = self.bucket(deadline);
        let next = self.heads[bucket as usize];
        let key = self.timers.insert(deadline, bucket, Links { next, previous: NIL }, value);
        self.lead(bucket, key.index, next);
        key
    }

    fn reset(&mut self, key: Key, deadline: Tick) -> bool {
        let Some(slot) = self.timers.get_mut(key) else { return false };
        let before = std::mem::replace(&mut slot.deadline, deadline);
        if deadline < before {
            self.bring_closer(key.index);
        }
        true
    }

    fn cancel(&mut self, key: Key) -> Option<T> {
        self.timers.get(key)?;
        self.unlink(key.index);
        Some(self.timers.remove(key.index))
    }

    fn deadline(&self, key: Key) -> Option<Tick> {
        self.timers.get(key).map(|slot| slot.deadline)
    }

    fn next_deadline(&self) -> Option<Tick> {
        self.next_bucket().map(|bucket| self.first_tick(bucket))
    }

    fn expire_with(
        &mut self,
        now: Tick,
        mut budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool {
        self.now = self.now.max(now);
        let now = self.now;
        while let Some(bucket) = self.next_bucket() {
            let first_tick = self.first_tick(bucket);
            if first_tick > now {
                break;
            }
            (self.elapsed, self.draining) = (first_tick, bucket);
            while self.heads[bucket as usize] != NIL {
                if budget == 0 {
                    return true;
                }
                budget -= 1;
                self.visit(self.heads[bucket as usize], now, due, fired);
            }
        }
        (self.elapsed, self.draining) = (now, NIL);
        false
    }

    fn len(&self) -> usize {
        self.timers.len()
    }
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel").field("elapsed", &self.elapsed).field("len", &self.len()).finish_non_exhaustive()
    }
}
