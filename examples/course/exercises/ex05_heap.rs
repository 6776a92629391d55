//! Exercise 5: timers in a binary heap.
//!
//! Read `docs/course/ex05_heap.md` first. `cargo course check 5` says what works.

use switchboard::timer::{Fired, Key, Tick, Timer};

/// Timers in a binary min-heap: insert, reset and cancel take log n steps.
//~ solution
///
/// # Invariants
///
/// 1. No entry is due later than its children. Those of position `p` are at `2p + 1` and `2p + 2`.
/// 2. Each entry has a live timer, whose slot knows the entry's position.
//~ stub
//~ end
pub struct Heap<T> {
    //~ solution
    /// The latest tick that `expire_with` was given.
    now: Tick,
    /// An entry is the index of a slot.
    heap: Vec<u32>,
    slots: Vec<Slot<T>>,
    /// The slots that hold no timer.
    free: Vec<u32>,
    //~ stub
    //| timers: std::marker::PhantomData<T>, // your fields take its place
    //~ end
}
//~ solution

struct Slot<T> {
    /// Raised when a timer leaves, so that its key does not open the slot again.
    generation: u32,
    deadline: Tick,
    /// Where the entry is in the heap.
    position: usize,
    value: Option<T>,
}
//~ stub
//~ end

impl<T> Heap<T> {
    /// An empty heap.
    pub fn new() -> Self {
        //~ solution
        Self { now: 0, heap: Vec::new(), slots: Vec::new(), free: Vec::new() }
        //~ stub
        //| todo!("exercise 5: an empty heap")
        //~ end
    }
    //~ solution

    /// The slot that a key opens.
    fn slot(&self, key: Key) -> Option<&Slot<T>> {
        let slot = self.slots.get(key.index() as usize)?;
        (slot.generation == key.generation() && slot.value.is_some()).then_some(slot)
    }
    //~ mutant stale_keys_open_the_next_timer: keys_name_their_timers keeps_every_promise
    //|
    //| fn slot(&self, key: Key) -> Option<&Slot<T>> {
    //|     self.slots.get(key.index() as usize).filter(|slot| slot.value.is_some())
    //| }
    //~ stub
    //~ end
    //~ solution

    fn deadline_at(&self, position: usize) -> Tick {
        self.slots[self.heap[position] as usize].deadline
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        for position in [one, other] {
            self.slots[self.heap[position] as usize].position = position;
        }
    }

    fn sift_up(&mut self, mut position: usize) {
        while position > 0 {
            let parent = (position - 1) / 2;
            if self.deadline_at(parent) <= self.deadline_at(position) {
                break;
            }
            self.swap(parent, position);
            position = parent;
        }
    }

    fn sift_down(&mut self, mut position: usize) {
        loop {
            let children = 2 * position + 1..(2 * position + 3).min(self.heap.len());
            let Some(child) = children.min_by_key(|&child| self.deadline_at(child)) else { break };
            if self.deadline_at(position) <= self.deadline_at(child) {
                break;
            }
            self.swap(position, child);
            position = child;
        }
    }

    /// Moves an entry to where its deadline belongs. If it rises, what it changes places with is not due later than
    /// what is below, so only one of the two does anything.
    fn sift(&mut self, position: usize) {
        self.sift_up(position);
        self.sift_down(position);
    }
    //~ stub
    //~ end
    //~ solution

    /// Takes a timer out, and its entry: the last one moves there.
    fn take(&mut self, position: usize) -> T {
        let last = self.heap.len() - 1;
        self.swap(position, last);
        let index = self.heap.remove(last);
        if position < last {
            self.sift(position);
        }
        self.vacate(index)
    }
    //~ mutant what_moves_into_a_gap_only_sinks: a_cancel_leaves_the_others_in_order keeps_every_promise
    //|
    //| fn take(&mut self, position: usize) -> T {
    //|     let last = self.heap.len() - 1;
    //|     self.swap(position, last);
    //|     let index = self.heap.remove(last);
    //|     if position < last {
    //|         self.sift_down(position);
    //|     }
    //|     self.vacate(index)
    //| }
    //~ stub
    //~ end
    //~ solution

    fn vacate(&mut self, index: u32) -> T {
        let slot = &mut self.slots[index as usize];
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(index);
        } // else a key would come again: the slot is not used any more
        slot.value.take().expect("an entry has a live timer")
    }
    //~ mutant a_slot_is_never_used_again: memory_follows_the_live_timers
    //|
    //| fn vacate(&mut self, index: u32) -> T {
    //|     self.slots[index as usize].value.take().expect("an entry has a live timer")
    //| }
    //~ stub
    //~ end
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Timer<T> for Heap<T> {
    /// Starts a timer, and makes its key. A deadline that is past is due at once.
    fn insert(&mut self, deadline: Tick, value: T) -> Key {
        //~ solution
        let position = self.heap.len();
        let index = self.free.pop().unwrap_or(self.slots.len() as u32);
        if index as usize == self.slots.len() {
            assert!(index < u32::MAX - 7, "too many timers are live");
            self.slots.push(Slot { generation: 0, deadline, position, value: None });
        }
        let slot = &mut self.slots[index as usize];
        *slot = Slot { generation: slot.generation, deadline, position, value: Some(value) };
        let key = Key::new(index, slot.generation);
        self.heap.push(index);
        self.sift_up(position);
        key
        //~ stub
        //| let _ = (deadline, value);
        //| todo!("exercise 5: start a timer")
        //~ end
    }

    /// Moves a live timer, earlier or later; `false` if the key is stale.
    fn reset(&mut self, key: Key, deadline: Tick) -> bool {
        //~ solution
        let Some(&Slot { position, .. }) = self.slot(key) else { return false };
        self.slots[key.index() as usize].deadline = deadline;
        self.sift(position);
        true
        //~ mutant an_earlier_deadline_does_not_rise: a_reset_moves_a_timer keeps_every_promise
        //| let Some(&Slot { position, .. }) = self.slot(key) else { return false };
        //| self.slots[key.index() as usize].deadline = deadline;
        //| self.sift_down(position);
        //| true
        //~ mutant a_later_deadline_is_ignored: a_reset_moves_a_timer keeps_every_promise
        //| let Some(&Slot { position, deadline: before, .. }) = self.slot(key) else { return false };
        //| self.slots[key.index() as usize].deadline = before.min(deadline);
        //| self.sift(position);
        //| true
        //~ stub
        //| let _ = (key, deadline);
        //| todo!("exercise 5: move a timer")
        //~ end
    }

    /// Stops a timer, and hands its value back; `None` if the key is stale.
    fn cancel(&mut self, key: Key) -> Option<T> {
        //~ solution
        let position = self.slot(key)?.position;
        Some(self.take(position))
        //~ stub
        //| let _ = key;
        //| todo!("exercise 5: stop a timer")
        //~ end
    }

    /// When a timer is due; `None` if the key is stale.
    fn deadline(&self, key: Key) -> Option<Tick> {
        //~ solution
        self.slot(key).map(|slot| slot.deadline)
        //~ stub
        //| let _ = key;
        //| todo!("exercise 5: tell when a timer is due")
        //~ end
    }

    /// The earliest deadline, or a tick before it; `None` if no timer is live.
    fn next_deadline(&self) -> Option<Tick> {
        //~ solution
        (!self.is_empty()).then(|| self.deadline_at(0))
        //~ stub
        //| todo!("exercise 5: tell when to look next")
        //~ end
    }

    /// Looks at no more than `budget` of the timers that are due at `now`, and asks `due` about each: `Some(later)`
    /// keeps it under its key, due at `later` or at `now + 1`, whichever comes last; `None` moves it into `fired`,
    /// behind what is there. (At `Tick::MAX`, where nothing is later, it fires in any case.) Answers whether there is
    /// more to look at. A `now` that is before that of an earlier call counts as that one.
    fn expire_with(
        &mut self,
        now: Tick,
        budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool {
        //~ solution
        self.now = self.now.max(now);
        //~ mutant time_goes_back: keeps_every_promise
        //| self.now = now;
        //~ stub
        //| let _ = (now, budget, due, fired);
        //| todo!("exercise 5: fire what is due")
        //~ end
        //~ solution
        for _ in 0..budget {
            //~ mutant the_budget_is_not_counted: a_budget_bounds_the_work keeps_every_promise
            //| while budget > 0 {
            //~ stub
            //~ end
            //~ solution
            if self.next_deadline().is_none_or(|next| next > self.now) {
                return false;
            }
            let index = self.heap[0];
            let Slot { generation, deadline, value, .. } = &mut self.slots[index as usize];
            let (key, before) = (Key::new(index, *generation), *deadline);
            let later = due(key, value.as_mut().expect("an entry has a live timer"));
            let Some(later) = later.filter(|_| self.now < Tick::MAX) else {
                fired.push(Fired { key, deadline: before, value: self.take(0) });
                continue;
            };
            //~ stub
            //~ end
            //~ solution
            *deadline = later.max(self.now + 1);
            self.sift_down(0);
            //~ mutant a_postponed_timer_gets_a_new_key: due_postpones_a_timer keeps_every_promise
            //| let value = self.take(0);
            //| self.insert(later.max(self.now + 1), value);
            //~ stub
            //~ end
            //~ solution
        }
        self.next_deadline().is_some_and(|next| next <= self.now)
        //~ stub
        //~ end
    }

    /// How many timers are live.
    fn len(&self) -> usize {
        //~ solution
        self.heap.len()
        //~ stub
        //| todo!("exercise 5: count the live timers")
        //~ end
    }
}
