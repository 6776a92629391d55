//! A 4-ary min-heap, indexed so that any timer can be moved in place.
//!
//! # Theory of operation
//!
//! `heap` is an array of `(armed, index)` entries; entry `i` has its children at `4 i + 1 ..= 4 i + 4` and is
//! never armed later than they are. `index` names the node in the slab that holds the true deadline, the value
//! and, so that `reset` and `cancel` find their entry without a search, the entry's position.
//!
//! Moving a deadline *later* only writes it into the node: the entry stays armed too early. When such an
//! entry comes to the top it is armed again with the true deadline and sinks. A server that pushes the same
//! deadline ahead at every request thus pays one store a request, and one sift per time-out.
//!
//! # Invariants
//!
//! 1. `entry.armed <= node.deadline` for every entry.
//! 2. `heap[node.position].index` is that node's slot.
//! 3. No entry without a live node: memory is bounded by the live timers, however often they are reset.

use crate::slab::Slab;
use crate::{Fired, Key, Tick, Timer};

const ARITY: usize = 4;

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
#[derive(Debug)]
pub struct Heap<T> {
    heap: Vec<Entry>,
    nodes: Slab<Node<T>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    armed: Tick,
    index: u32,
}

#[derive(Debug)]
struct Node<T> {
    deadline: Tick,
    position: u32,
    value: T,
}

impl<T> Heap<T> {
    /// An empty heap; allocates nothing until the first insert.
    pub fn new() -> Self {
        Self { heap: Vec::new(), nodes: Slab::new() }
    }

    fn place(&mut self, position: usize, entry: Entry) {
        self.heap[position] = entry;
        self.nodes.at(entry.index).position = position as u32;
    }

    fn sift_up(&mut self, mut position: usize) {
        let entry = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if self.heap[parent].armed <= entry.armed {
                break;
            }
            self.place(position, self.heap[parent]);
            position = parent;
        }
        self.place(position, entry);
    }

    fn sift_down(&mut self, mut position: usize) {
        let entry = self.heap[position];
        while let Some(child) = self.earliest_child(position) {
            if entry.armed <= self.heap[child].armed {
                break;
            }
            self.place(position, self.heap[child]);
            position = child;
        }
        self.place(position, entry);
    }

    fn earliest_child(&self, position: usize) -> Option<usize> {
        let first = ARITY * position + 1;
        let end = (first + ARITY).min(self.heap.len());
        (first..end).min_by_key(|&child| self.heap[child].armed)
    }

    fn rearm(&mut self, position: usize, armed: Tick) {
        let before = std::mem::replace(&mut self.heap[position].armed, armed);
        if armed < before { self.sift_up(position) } else { self.sift_down(position) }
    }

    fn remove_entry(&mut self, position: usize) {
        let removed = self.heap.swap_remove(position);
        if let Some(&moved) = self.heap.get(position) {
            if moved.armed < removed.armed { self.sift_up(position) } else { self.sift_down(position) }
        }
    }
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Timer<T> for Heap<T> {
    fn insert(&mut self, deadline: Tick, value: T) -> Key {
        let position = self.heap.len();
        let key = self.nodes.insert(Node { deadline, position: position as u32, value });
        self.heap.push(Entry { armed: deadline, index: key.index });
        self.sift_up(position);
        key
    }

    fn reset(&mut self, key: Key, deadline: Tick) -> bool {
        let Some(node) = self.nodes.get_mut(key) else { return false };
        node.deadline = deadline;
        let position = node.position as usize;
        if deadline < self.heap[position].armed {
            self.rearm(position, deadline);
        }
        true
    }

    fn cancel(&mut self, key: Key) -> Option<T> {
        let position = self.nodes.get_mut(key)?.position as usize;
        self.remove_entry(position);
        self.nodes.remove(key).map(|node| node.value)
    }

    fn next_deadline(&self) -> Option<Tick> {
        self.heap.first().map(|entry| entry.armed)
    }

    fn expire_with(
        &mut self,
        now: Tick,
        budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool {
        for _ in 0..budget {
            let Some(&Entry { armed, index }) = self.heap.first().filter(|entry| entry.armed <= now) else {
                return false;
            };
            let key = self.nodes.key(index);
            let node = self.nodes.at(index);
            if node.deadline <= now {
                let Some(later) = due(key, &mut node.value) else {
                    self.remove_entry(0);
                    let node = self.nodes.remove(key).expect("the top of the heap is live");
                    fired.push(Fired { key, deadline: node.deadline, value: node.value });
                    continue;
                };
                node.deadline = later.max(now.saturating_add(1));
            }
            let deadline = node.deadline;
            debug_assert!(deadline >= armed);
            self.rearm(0, deadline);
        }
        self.next_deadline().is_some_and(|next| next <= now)
    }

    fn len(&self) -> usize {
        self.nodes.len()
    }
}
