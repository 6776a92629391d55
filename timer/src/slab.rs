//! Where the timers themselves live: a vector of slots, addressed by keys that go stale.
//!
//! A freed slot is reused, so memory follows the largest number of timers live at once. Every reuse raises
//! the slot's generation, and a [`Key`] carries the generation it was made with: an old key does not open
//! the slot again. (After 2³² reuses of one slot the generation repeats; at a million timers a second in that
//! one slot this takes more than an hour of holding on to a stale key.)

/// Names one timer of one [`Timer`](crate::Timer): a slot and the generation of its use. 8 bytes.
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

/// Slots for nodes of type `N`.
#[derive(Debug)]
pub(crate) struct Slab<N> {
    slots: Vec<Slot<N>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<N> {
    generation: u32,
    node: Option<N>,
}

impl<N> Slab<N> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn insert(&mut self, node: N) -> Key {
        let index = self.free.pop().unwrap_or_else(|| self.grow());
        let slot = &mut self.slots[index as usize];
        slot.node = Some(node);
        Key { index, generation: slot.generation }
    }

    fn grow(&mut self) -> u32 {
        let index = u32::try_from(self.slots.len()).expect("at most 2^32 - 1 live timers");
        self.slots.push(Slot { generation: 0, node: None });
        index
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<N> {
        self.get_mut(key)?;
        let slot = &mut self.slots[key.index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index);
        slot.node.take()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut N> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation == key.generation { slot.node.as_mut() } else { None }
    }

    /// The key of the live node in slot `index`.
    pub(crate) fn key(&self, index: u32) -> Key {
        Key { index, generation: self.slots[index as usize].generation }
    }

    /// The live node in slot `index`; structures call this with indices they hold, which are always live.
    pub(crate) fn at(&mut self, index: u32) -> &mut N {
        self.slots[index as usize].node.as_mut().expect("a structure only holds live slots")
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
