//! A 4-ary min-heap, indexed so that any timer can be moved in place.
//!
//! # Theory of operation
//!
//! An entry is `(armed, index)`: when the timer is to be looked at, and its slot. Entries lie in groups of four, a
//! cache line each, and siblings share a group: the earliest of four children is found in one line. The root stands
//! alone, as the last entry of group 0, so that the arithmetic is short: the children of position `p` are group
//! `p - 2`, the parent of `p` is `p / 4 + 2`. (This layout is libev's.)
//!
//! ```text
//!   group 0           group 1           group 2           group 3
//!   [  ·  ·  ·  3 ]   [  4  5  6  7 ]   [  8  9 10 11 ]   [ 12 13 14 15 ]  ...
//!             root    children of 3     children of 4     children of 5
//! ```
//!
//! A slot holds the true deadline and the position of its entry. Moving a deadline *later* only writes it into the
//! slot: the entry stays armed too early. When such an entry comes to the top it is armed again with the true
//! deadline and sinks. A server that pushes the same deadline ahead at every request thus pays one store a request,
//! and one sift per time-out.
//!
//! # Invariants
//!
//! 1. `entry.armed <= slot.deadline` for every entry, and no entry is armed later than its children.
//! 2. A slot's place is the position of its entry.
//! 3. Entries behind the last are [`VACANT`], which no entry sinks below: a group needs no length.
//! 4. No entry without a live timer: memory is bounded by the live timers, however often they are reset.

use crate::slab::{NIL, Slab};
use crate::{Fired, Key, Tick, Timer};
use std::fmt;

const ROOT: usize = 3;

const VACANT: Entry = Entry { armed: Tick::MAX, index: NIL };

/// Timers in a 4-ary heap: O(log n) insert and cancel, O(1) for a reset to a later deadline.
///
/// ```
/// use switchboard_timer::{Heap, Timer};
///
/// let mut timer = Heap::new();
/// let key = timer.insert(5, "five");
/// assert_eq!(timer.next_deadline(), Some(5));
/// assert_eq!(timer.cancel(key), Some("five"));
/// ```
pub struct Heap<T> {
    /// The latest tick that [`expire_with`](Timer::expire_with) was given.
    now: Tick,
    groups: Vec<Group>,
    /// A slot's place is the position of its entry.
    timers: Slab<T, ()>,
}

#[derive(Clone, Copy)]
struct Entry {
    armed: Tick,
    index: u32,
}

/// Four entries in one cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Group([Entry; 4]);

impl Group {
    /// Which entry is armed first; compares in pairs, which needs no branch.
    fn earliest(&self) -> usize {
        let armed = |nth: usize| self.0[nth].armed;
        let (left, right) = (usize::from(armed(1) < armed(0)), 2 + usize::from(armed(3) < armed(2)));
        if armed(right) < armed(left) { right } else { left }
    }
}

impl<T> Heap<T> {
    /// An empty heap; allocates nothing until the first insert.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty heap with room for `capacity` timers, which then come without an allocation.
    pub fn with_capacity(capacity: usize) -> Self {
        let groups = if capacity == 0 { 0 } else { (ROOT + capacity).div_ceil(4) };
        Self { now: 0, groups: Vec::with_capacity(groups), timers: Slab::with_capacity(capacity) }
    }

    /// The position behind the last entry's.
    fn end(&self) -> usize {
        ROOT + self.timers.len()
    }

    fn entry(&self, position: usize) -> Entry {
        self.groups[position / 4].0[position % 4]
    }

    fn place(&mut self, position: usize, entry: Entry) {
        self.groups[position / 4].0[position % 4] = entry;
        self.timers.slot_mut(entry.index).place = position as u32;
    }

    fn sift_up(&mut self, mut position: usize, entry: Entry) {
        while position > ROOT {
            let parent = position / 4 + 2;
            if self.entry(parent).armed <= entry.armed {
                break;
            }
            self.place(position, self.entry(parent));
            position = parent;
        }
        self.place(position, entry);
    }

    fn sift_down(&mut self, mut position: usize, entry: Entry) {
        while let Some(children) = self.groups.get(position - 2) {
            let child = 4 * (position - 2) + children.earliest();
            if entry.armed <= self.entry(child).armed {
                break;
            }
            self.place(position, self.entry(child));
            position = child;
        }
        self.place(position, entry);
    }

    /// Puts `entry` where another was.
    fn replace(&mut self, position: usize, entry: Entry) {
        if entry.armed < self.entry(position).armed {
            self.sift_up(position, entry);
        } else {
            self.sift_down(position, entry);
        }
    }

    /// Lets an entry rise that is armed too late for its deadline. Not part of `reset`, so that the usual one, to a
    /// later deadline, stays a handful of instructions.
    #[cold]
    fn bring_closer(&mut self, index: u32) {
        let slot = self.timers.slot(index);
        let (armed, position) = (slot.deadline, slot.place as usize);
        if armed < self.entry(position).armed {
            self.sift_up(position, Entry { armed, index });
        }
    }

    /// Takes a timer out, and its entry from the heap: the last one moves there.
    fn take(&mut self, position: usize, index: u32) -> T {
        let last = self.end() - 1;
        let moved = std::mem::replace(&mut self.groups[last / 4].0[last % 4], VACANT);
        if position != last {
            self.replace(position, moved);
        }
        self.timers.remove(index)
    }

    /// Fires the timer at the root, or arms its entry with its deadline by now.
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
                fired.push(Fired { key, deadline, value: self.take(ROOT, index) });
                return;
            };
            self.timers.slot_mut(index).deadline = later.max(now + 1);
        }
        self.sift_down(ROOT, Entry { armed: self.timers.slot(index).deadline, index });
    }
}

impl<T> Timer<T> for Heap<T> {
    fn insert(&mut self, deadline: Tick, value: T) -> Key {
        let position = self.end();
        let key = self.timers.insert(deadline, position as u32, (), value);
        if position / 4 == self.groups.len() {
            self.groups.push(Group([VACANT; 4]));
        }
        self.sift_up(position, Entry { armed: deadline, index: key.index });
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
        let position = self.timers.get(key)?.place as usize;
        Some(self.take(position, key.index))
    }

    fn deadline(&self, key: Key) -> Option<Tick> {
        self.timers.get(key).map(|slot| slot.deadline)
    }

    fn next_deadline(&self) -> Option<Tick> {
        (!self.is_empty()).then(|| self.entry(ROOT).armed)
    }

    fn expire_with(
        &mut self,
        now: Tick,
        budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool {
        self.now = self.now.max(now);
        for _ in 0..budget {
            if self.next_deadline().is_none_or(|next| next > self.now) {
                return false;
            }
            self.visit(self.entry(ROOT).index, self.now, due, fired);
        }
        self.next_deadline().is_some_and(|next| next <= self.now)
    }

    fn len(&self) -> usize {
        self.timers.len()
    }
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Heap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("now", &self.now).field("len", &self.len()).finish_non_exhaustive()
    }
}
