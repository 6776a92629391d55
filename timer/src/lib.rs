//! Deadlines as data.
//!
//! A server keeps one timer per connection and moves it at every request; nearly all of them are cancelled
//! before they are due. This crate holds the trait for such a set of timers, and the structures behind it.
//! It follows the four routines of Varghese and Lauck ("Hashed and Hierarchical Timing Wheels", SOSP 1987)
//! and the names of the Linux kernel's `timer_list`:
//!
//! | here | Varghese and Lauck | Linux |
//! |---|---|---|
//! | [`Timer::insert`] | START_TIMER | `add_timer` |
//! | [`Timer::reset`] | STOP_TIMER, START_TIMER | `mod_timer_pending` |
//! | [`Timer::cancel`] | STOP_TIMER | `del_timer` |
//! | [`Timer::expire`] | PER_TICK_BOOKKEEPING, EXPIRY_PROCESSING | `run_timer_softirq` |
//!
//! # Rules
//!
//! 1. There is no clock in here. A moment is a [`Tick`], and "now" is always an argument.
//! 2. There is no thread, no lock and no callback in here. What is due comes out as values.
//! 3. Nothing fires early, ever: a timer fires in the first `expire` whose `now` has reached its deadline.
//! 4. A [`Key`] names one timer and never another. After the timer is gone its key is refused, not obeyed.
//!
//! # Example
//!
//! ```
//! use switchboard_timer::{Heap, Timer};
//!
//! let mut timer = Heap::new();
//! let tea = timer.insert(180, "tea is ready");
//! let eggs = timer.insert(300, "eggs are done");
//! assert!(timer.reset(tea, 240)); // another minute
//! assert_eq!(timer.cancel(eggs), Some("eggs are done"));
//!
//! let mut fired = Vec::new();
//! timer.expire(239, 100, &mut fired);
//! assert!(fired.is_empty());
//! timer.expire(240, 100, &mut fired);
//! assert_eq!(fired[0].value, "tea is ready");
//! assert!(!timer.reset(tea, 500)); // it has fired: the key is stale
//! ```

mod heap;
mod named;
mod slab;

pub use heap::Heap;
pub use named::{NAMES, UnknownTimer, by_name};
pub use slab::Key;

/// A moment, counted in whatever unit the owner of the clock has chosen (the server counts milliseconds since
/// it started). Whoever turns time into ticks rounds deadlines up and "now" down, so that nothing is early.
pub type Tick = u64;

/// A timer that came due: its value is handed back, its key is stale from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired<T> {
    /// The key the timer had.
    pub key: Key,
    /// The deadline it had when it fired.
    pub deadline: Tick,
    /// What [`Timer::insert`] was given.
    pub value: T,
}

/// A set of timers, each with a deadline and a value. Object safe.
pub trait Timer<T> {
    /// Starts a timer (`add_timer`). A deadline in the past fires at the next [`expire`](Timer::expire).
    ///
    /// # Panics
    ///
    /// When 2³² − 1 timers are live already.
    fn insert(&mut self, deadline: Tick, value: T) -> Key;

    /// Moves a live timer to another deadline (`mod_timer_pending`); `false` if `key` is stale.
    fn reset(&mut self, key: Key, deadline: Tick) -> bool;

    /// Stops a timer and hands its value back (`del_timer`); `None` if `key` is stale.
    fn cancel(&mut self, key: Key) -> Option<T>;

    /// When to call [`expire`](Timer::expire) next: never later than the earliest deadline, perhaps earlier,
    /// because moving a deadline further away need not touch the structure. `None` when there is no timer.
    fn next_deadline(&self) -> Option<Tick>;

    /// Takes out the timers whose deadline is `now` or earlier, in no particular order, and appends them to
    /// `fired`. Spends at most `budget` units (one for every timer it looks at), so that a burst cannot stall
    /// the caller, and answers `true` if more is due: then call again.
    ///
    /// `due` is asked before a timer fires. `Some(later)` keeps it under the same key with that deadline
    /// (a deadline that is not in the future counts as `now + 1`); `None` lets it fire. This is how a
    /// deadline kept elsewhere, say in an atomic word, is honoured without touching the timer at every move.
    fn expire_with(
        &mut self,
        now: Tick,
        budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool;

    /// How many timers are live.
    fn len(&self) -> usize;

    /// Whether no timer is live.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// [`expire_with`](Timer::expire_with) for timers that have no deadline elsewhere: whatever is due fires.
    fn expire(&mut self, now: Tick, budget: usize, fired: &mut Vec<Fired<T>>) -> bool {
        self.expire_with(now, budget, &mut |_, _| None, fired)
    }
}

impl<T, Q: Timer<T> + ?Sized> Timer<T> for Box<Q> {
    fn insert(&mut self, deadline: Tick, value: T) -> Key {
        (**self).insert(deadline, value)
    }

    fn reset(&mut self, key: Key, deadline: Tick) -> bool {
        (**self).reset(key, deadline)
    }

    fn cancel(&mut self, key: Key) -> Option<T> {
        (**self).cancel(key)
    }

    fn next_deadline(&self) -> Option<Tick> {
        (**self).next_deadline()
    }

    fn expire_with(
        &mut self,
        now: Tick,
        budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool {
        (**self).expire_with(now, budget, due, fired)
    }

    fn len(&self) -> usize {
        (**self).len()
    }
}
