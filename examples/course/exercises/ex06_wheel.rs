//! Exercise 6: timers in a hierarchical wheel.
//!
//! Read `docs/course/ex06_wheel.md` first. `cargo course check 6` says what works.

use switchboard::timer::{Fired, Key, Tick, Timer};

/// Buckets of a level: as many as a word has bits. (The kernel's `LVL_SIZE`.)
const BUCKETS: usize = 64;

/// A bucket of a level is 2³ times as long as one of the level below. (`LVL_CLK_SHIFT`.)
const SHIFT: usize = 3;

/// So many that the last one reaches every deadline: a bucket there is 8²⁰ ticks long, and 16 are all of time.
const LEVELS: usize = 21;

/// Timers in a hierarchical wheel: insert, reset and cancel take a few steps, however many timers there are.
//~ solution
///
/// # Invariants
///
/// 1. No bucket in use begins before the hand, and none after the deadline of a timer in it, unless that was past
///    when it was set: then the bucket is the hand's own on level 0.
/// 2. On each level the buckets in use are among the 64 from the hand's own onwards: a number from 0 to 63 names one.
/// 3. Above level 0 a timer is put ahead of the hand's own bucket. So what the hand has come to only empties.
//~ stub
//~ end
pub struct Wheel<T> {
    //~ solution
    /// How far `expire_with` has got. (`clk`)
    hand: Tick,
    /// The latest tick that it was given: ahead of the hand when a budget has ended.
    now: Tick,
    /// Of each level, a bit for each bucket that holds a timer. (`pending_map`)
    pending: [u64; LEVELS],
    /// The first timer of each bucket. (`vectors`)
    first: Vec<u32>,
    slots: Vec<Slot<T>>,
    /// The slots that hold no timer.
    free: Vec<u32>,
    live: usize,
    relinks: u64,
    //~ stub
    //| timers: std::marker::PhantomData<T>, // your fields take its place
    //~ end
}
//~ solution

/// No timer: the end of a list.
const NIL: u32 = u32::MAX;

struct Slot<T> {
    /// Raised when a timer leaves, so that its key does not open the slot again.
    generation: u32,
    deadline: Tick,
    bucket: usize,
    /// The neighbours in the bucket's list.
    next: u32,
    previous: u32,
    value: Option<T>,
}
//~ stub
//~ end

impl<T> Wheel<T> {
    /// An empty wheel.
    pub fn new() -> Self {
        //~ solution
        Self {
            hand: 0,
            now: 0,
            pending: [0; LEVELS],
            first: vec![NIL; LEVELS * BUCKETS],
            slots: Vec::new(),
            free: Vec::new(),
            live: 0,
            relinks: 0,
        }
        //~ stub
        //| todo!("exercise 6: an empty wheel")
        //~ end
    }

    /// How often a live timer was taken out of one bucket and put into another, by `reset` or by `expire_with`. A
    /// reset that leaves the timer in its bucket only stores the deadline, and does not count.
    pub fn relinks(&self) -> u64 {
        //~ solution
        self.relinks
        //~ stub
        //| todo!("exercise 6: count what is put into another bucket")
        //~ end
    }
    //~ solution

    /// The slot that a key opens.
    fn slot(&self, key: Key) -> Option<&Slot<T>> {
        let slot = self.slots.get(key.index() as usize)?;
        (slot.generation == key.generation() && slot.value.is_some()).then_some(slot)
    }
    //~ mutant stale_keys_open: keys_name_their_timers agrees_with_a_model keeps_every_promise
    //|
    //| fn slot(&self, key: Key) -> Option<&Slot<T>> {
    //|     self.slots.get(key.index() as usize).filter(|slot| slot.value.is_some())
    //| }
    //~ stub
    //~ end
    //~ solution

    /// Which bucket a deadline belongs to: on the lowest level that reaches it, the one that it lies in.
    /// (`calc_wheel_index`)
    fn bucket(&self, deadline: Tick) -> usize {
        let deadline = deadline.max(self.hand);
        let ahead = deadline - self.hand;
        let reaches = |&level: &usize| ahead >> (SHIFT * level) < BUCKETS as Tick - 1;
        let level = (0..LEVELS).find(reaches).expect("the last level reaches every deadline");
        //~ stub
        //~ end
        //~ solution
        level * BUCKETS + (deadline >> (SHIFT * level)) as usize % BUCKETS
        //~ mutant late_as_the_kernels: every_level_is_exact levels_wrap agrees_with_a_model keeps_every_promise
        //| let granule = (deadline >> (SHIFT * level)) + Tick::from(level > 0);
        //| level * BUCKETS + granule as usize % BUCKETS
        //~ stub
        //~ end
        //~ solution
    }

    /// The bucket that begins first, and when it does.
    fn next_bucket(&self) -> Option<(Tick, usize)> {
        let first_of = |level: usize| {
            let hand = self.hand >> (SHIFT * level);
            let ahead = self.pending[level].rotate_right(hand as u32 % 64).trailing_zeros();
            let bucket = hand + Tick::from(ahead);
            (bucket << (SHIFT * level), level * BUCKETS + bucket as usize % BUCKETS)
        };
        //~ stub
        //~ end
        //~ solution
        (0..LEVELS).filter(|&level| self.pending[level] != 0).map(first_of).min()
        //~ mutant forgets_a_level: every_level_is_exact levels_wrap agrees_with_a_model keeps_every_promise
        //| (0..LEVELS).filter(|&level| level != 2 && self.pending[level] != 0).map(first_of).min()
        //~ mutant lowest_level_first: every_level_is_exact levels_wrap agrees_with_a_model keeps_every_promise
        //| (0..LEVELS).find(|&level| self.pending[level] != 0).map(first_of)
        //~ stub
        //~ end
        //~ solution
    }

    /// Puts a timer first in the list of its bucket.
    fn link(&mut self, index: u32) {
        let bucket = self.bucket(self.slots[index as usize].deadline);
        let next = std::mem::replace(&mut self.first[bucket], index);
        let slot = &mut self.slots[index as usize];
        (slot.bucket, slot.next, slot.previous) = (bucket, next, NIL);
        if next != NIL {
            self.slots[next as usize].previous = index;
        }
        self.pending[bucket / BUCKETS] |= 1 << (bucket % BUCKETS);
    }

    fn unlink(&mut self, index: u32) {
        let Slot { bucket, next, previous, .. } = self.slots[index as usize];
        if next != NIL {
            self.slots[next as usize].previous = previous;
        }
        if previous != NIL {
            self.slots[previous as usize].next = next;
            return;
        }
        self.first[bucket] = next;
        if next == NIL {
            self.pending[bucket / BUCKETS] &= !(1 << (bucket % BUCKETS));
        }
    }

    fn relink(&mut self, index: u32) {
        self.unlink(index);
        self.link(index);
        self.relinks += 1;
    }

    /// Takes a timer out that is not linked any more.
    fn vacate(&mut self, index: u32) -> T {
        let slot = &mut self.slots[index as usize];
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(index);
        } // else a key would come again: the slot is not used any more
        self.live -= 1;
        slot.value.take().expect("what is linked is live")
    }

    /// Looks at a timer of the bucket that the hand has come to: fires it, or puts it where it belongs by now.
    fn visit(&mut self, index: u32, due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>, fired: &mut Vec<Fired<T>>) {
        let Slot { generation, deadline, value, .. } = &mut self.slots[index as usize];
        //~ stub
        //~ end
        //~ solution
        if *deadline <= self.now {
            //~ mutant fires_early: every_level_is_exact levels_wrap agrees_with_a_model keeps_every_promise
            //| {
            //~ stub
            //~ end
            //~ solution
            let (key, before) = (Key::new(index, *generation), *deadline);
            let later = due(key, value.as_mut().expect("what is linked is live"));
            let Some(later) = later.filter(|_| self.now < Tick::MAX) else {
                self.unlink(index);
                fired.push(Fired { key, deadline: before, value: self.vacate(index) });
                return;
            };
            *deadline = later.max(self.now + 1);
        }
        self.relink(index);
    }
    //~ stub
    //~ end
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Timer<T> for Wheel<T> {
    /// Starts a timer, and makes its key. A deadline that is past is due at once.
    fn insert(&mut self, deadline: Tick, value: T) -> Key {
        //~ solution
        let index = self.free.pop().unwrap_or(self.slots.len() as u32);
        if index as usize == self.slots.len() {
            assert!(index < NIL - 7, "too many timers are live");
            self.slots.push(Slot { generation: 0, deadline, bucket: 0, next: NIL, previous: NIL, value: None });
        }
        let slot = &mut self.slots[index as usize];
        (slot.deadline, slot.value) = (deadline, Some(value));
        let key = Key::new(index, slot.generation);
        self.live += 1;
        self.link(index);
        key
        //~ stub
        //| let _ = (deadline, value);
        //| todo!("exercise 6: start a timer")
        //~ end
    }

    /// Moves a live timer, earlier or later; `false` if the key is stale. (`mod_timer_pending`)
    fn reset(&mut self, key: Key, deadline: Tick) -> bool {
        //~ solution
        let Some(&Slot { bucket, .. }) = self.slot(key) else { return false };
        self.slots[key.index() as usize].deadline = deadline;
        if self.bucket(deadline) != bucket {
            self.relink(key.index());
        }
        true
        //~ mutant relinks_always: same_bucket_is_kept
        //| let is_live = self.slot(key).is_some();
        //| if is_live {
        //|     self.slots[key.index() as usize].deadline = deadline;
        //|     self.relink(key.index());
        //| }
        //| is_live
        //~ mutant never_relinks: a_reset_moves_a_timer same_bucket_is_kept agrees_with_a_model keeps_every_promise
        //| let is_live = self.slot(key).is_some();
        //| if is_live {
        //|     self.slots[key.index() as usize].deadline = deadline;
        //| }
        //| is_live
        //~ stub
        //| let _ = (key, deadline);
        //| todo!("exercise 6: move a timer")
        //~ end
    }

    /// Stops a timer, and hands its value back; `None` if the key is stale.
    fn cancel(&mut self, key: Key) -> Option<T> {
        //~ solution
        self.slot(key)?;
        self.unlink(key.index());
        Some(self.vacate(key.index()))
        //~ mutant misses_a_drained_one: a_drained_bucket_changes agrees_with_a_model keeps_every_promise
        //| let bucket = self.slot(key)?.bucket;
        //| if self.next_bucket().is_none_or(|next| next != (self.hand, bucket)) {
        //|     self.unlink(key.index());
        //| }
        //| Some(self.vacate(key.index()))
        //~ stub
        //| let _ = key;
        //| todo!("exercise 6: stop a timer")
        //~ end
    }

    /// When a timer is due; `None` if the key is stale.
    fn deadline(&self, key: Key) -> Option<Tick> {
        //~ solution
        self.slot(key).map(|slot| slot.deadline)
        //~ stub
        //| let _ = key;
        //| todo!("exercise 6: tell when a timer is due")
        //~ end
    }

    /// When the next bucket begins: no later than the earliest deadline. `None` if no timer is live.
    fn next_deadline(&self) -> Option<Tick> {
        //~ solution
        self.next_bucket().map(|(begin, _)| begin)
        //~ stub
        //| todo!("exercise 6: tell when to look next")
        //~ end
    }

    /// Looks at no more than `budget` timers, in the buckets that begin at `now` or before; what is not due is put
    /// into another bucket. Asks `due` about each that is due: `Some(later)` keeps it under its key, due at `later` or
    /// `now + 1`, whichever comes last; `None` moves it into `fired`, behind what is there. (At `Tick::MAX`, where
    /// nothing is later, it fires in any case.) Answers whether there is more to look at. A `now` that is before that
    /// of an earlier call counts as that one.
    fn expire_with(
        &mut self,
        now: Tick,
        budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool {
        //~ solution
        self.now = self.now.max(now);
        let mut looked_at = 0;
        while let Some((begin, bucket)) = self.next_bucket().filter(|&(begin, _)| begin <= self.now) {
            //~ stub
            //| let _ = (now, budget, due, fired);
            //| todo!("exercise 6: fire what is due")
            //~ end
            //~ solution
            if looked_at == budget {
                return true;
            }
            //~ mutant forgets_a_drained_one: a_drained_bucket_changes agrees_with_a_model keeps_every_promise
            //| if looked_at == budget {
            //|     self.hand = self.now;
            //|     return true;
            //| }
            //~ stub
            //~ end
            //~ solution
            looked_at += 1;
            //~ mutant no_budget: a_budget_is_kept agrees_with_a_model a_drained_bucket_changes keeps_every_promise
            //| looked_at += 0;
            //~ stub
            //~ end
            //~ solution
            self.hand = begin;
            self.visit(self.first[bucket], due, fired);
        }
        self.hand = self.now;
        false
        //~ stub
        //~ end
    }

    /// How many timers are live.
    fn len(&self) -> usize {
        //~ solution
        self.live
        //~ stub
        //| todo!("exercise 6: count the live timers")
        //~ end
    }
}
