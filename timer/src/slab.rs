//! Where the timers themselves live: two vectors of slots, addressed by keys that go stale.
//!
//! Resets are by far the most frequent operation, and then moves within a structure; neither looks at the timer's
//! value. So what they touch, a [`Slot`], is small and apart: 16 bytes for the heap, 24 for the wheel, which keeps its
//! links in it. The value is in the second vector under the same index.
//!
//! A freed slot is reused, so memory follows the largest number of timers live at once. A slot's generation is
//! raised when a timer moves in and when it moves out, and a [`Key`] carries the generation it was made with: an old
//! key does not open the slot again. A slot that has used up its generations, after 2³¹ timers, is not used again.
//!
//! # Invariants
//!
//! 1. A slot's generation is odd while a timer lives in it.
//! 2. The free slots form a list through `place`, the last freed first: its memory is the warmest.

use crate::Tick;

/// No slot: the end of a list.
pub(crate) const NIL: u32 = u32::MAX;

/// The most slots; a few less than there are indices, so that positions in a structure with gaps fit as well.
const MOST: usize = NIL as usize - 7;

/// Names one timer of one [`Timer`](crate::Timer): a slot and the generation of its use. 8 bytes.
///
/// It means nothing to another `Timer`, which may take it for a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) index: u32,
    generation: u32,
}

impl Key {
    /// A key of one's own, for those who implement [`Timer`](crate::Timer): whatever `index` and `generation` mean
    /// there, a key must not name another timer after its own is gone.
    pub fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }

    /// What [`new`](Key::new) was given.
    pub fn index(self) -> u32 {
        self.index
    }

    /// What [`new`](Key::new) was given.
    pub fn generation(self) -> u32 {
        self.generation
    }
}

/// What a structure has to know of a timer to move it.
#[derive(Debug)]
pub(crate) struct Slot<L> {
    pub(crate) deadline: Tick,
    generation: u32,
    /// Where the structure keeps the timer; the next free slot if there is none in it.
    pub(crate) place: u32,
    /// The timer's neighbours, in a structure of lists.
    pub(crate) links: L,
}

impl<L> Slot<L> {
    /// A forged key could name a free slot by its even generation.
    fn is_opened_by(&self, key: Key) -> bool {
        self.generation == key.generation && self.generation % 2 == 1
    }
}

/// Timers with values of type `T` and links of type `L`.
#[derive(Debug)]
pub(crate) struct Slab<T, L> {
    slots: Vec<Slot<L>>,
    values: Vec<Option<T>>,
    free: u32,
    live: usize,
}

impl<T, L> Slab<T, L> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { slots: Vec::with_capacity(capacity), values: Vec::with_capacity(capacity), free: NIL, live: 0 }
    }

    /// Moves a timer in.
    ///
    /// # Panics
    ///
    /// If there are [`MOST`] already.
    pub(crate) fn insert(&mut self, deadline: Tick, place: u32, links: L, value: T) -> Key {
        let index = self.free;
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return self.grow(Slot { deadline, generation: 1, place, links }, value);
        };
        self.live += 1;
        self.free = slot.place;
        let generation = slot.generation.wrapping_add(1);
        *slot = Slot { deadline, generation, place, links };
        self.values[index as usize] = Some(value);
        Key { index, generation }
    }

    #[cold]
    fn grow(&mut self, slot: Slot<L>, value: T) -> Key {
        assert!(self.slots.len() < MOST, "at most {MOST} timers can be live at once");
        let key = Key { index: self.slots.len() as u32, generation: slot.generation };
        self.live += 1;
        self.slots.push(slot);
        self.values.push(Some(value));
        key
    }

    /// Moves the timer in slot `index` out.
    pub(crate) fn remove(&mut self, index: u32) -> T {
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        if slot.generation != 0 {
            slot.place = std::mem::replace(&mut self.free, index);
        }
        self.live -= 1;
        self.values[index as usize].take().expect("a slot a structure holds is live")
    }

    /// The slot of a live timer; `None` if the key is stale.
    pub(crate) fn get(&self, key: Key) -> Option<&Slot<L>> {
        self.slots.get(key.index as usize).filter(|slot| slot.is_opened_by(key))
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Slot<L>> {
        self.slots.get_mut(key.index as usize).filter(|slot| slot.is_opened_by(key))
    }

    /// The key of the live timer in slot `index`.
    pub(crate) fn key(&self, index: u32) -> Key {
        Key { index, generation: self.slots[index as usize].generation }
    }

    pub(crate) fn slot(&self, index: u32) -> &Slot<L> {
        &self.slots[index as usize]
    }

    pub(crate) fn slot_mut(&mut self, index: u32) -> &mut Slot<L> {
        &mut self.slots[index as usize]
    }

    pub(crate) fn value_mut(&mut self, index: u32) -> &mut T {
        self.values[index as usize].as_mut().expect("a slot a structure holds is live")
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_retires_with_its_last_generation() {
        let mut slab = Slab::with_capacity(0);
        let first = slab.insert(1, 0, (), "first");
        slab.slot_mut(0).generation = u32::MAX;
        let last = slab.key(0);
        assert_eq!(slab.remove(0), "first");
        assert!(slab.get(first).is_none() && slab.get(last).is_none());
        assert_eq!(slab.insert(1, 0, (), "next").index, 1, "a key of slot 0 could repeat");
        assert_eq!(slab.len(), 1);
    }
}
