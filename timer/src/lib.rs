//! One trait for a set of timers, a timing wheel and a heap behind it.
//!
//! A server keeps a timer per connection and moves it at every request; nearly all of them are cancelled before they
//! are due. So moving and cancelling have to be cheap, firing is rare, and when thousands fire at once nobody may have
//! to wait for all of them.
//!
//! ```
//! use switchboard_timer::{Timer, Wheel};
//!
//! let mut timer = Wheel::new(); // or Heap::new(): the rest stays as it is
//! let tea = timer.insert(180, "tea is ready");
//! let eggs = timer.insert(300, "eggs are done");
//! assert!(timer.reset(tea, 240)); // another minute
//! assert_eq!(timer.cancel(eggs), Some("eggs are done"));
//!
//! let mut fired = Vec::new();
//! timer.expire(239, 100, &mut fired); // now is 239; look at 100 timers at most
//! assert!(fired.is_empty());
//! timer.expire(240, 100, &mut fired);
//! assert_eq!(fired[0].value, "tea is ready");
//! assert!(!timer.reset(tea, 500)); // it has fired: the key is stale
//! ```
//!
//! # Rules
//!
//! 1. There is no clock in here. A moment is a [`Tick`], a number, and `expire` is told which one is *now*. A new
//!    structure starts at 0.
//! 2. There is no thread and no lock in here, and nobody's work is done: what is due comes out as values, for the
//!    caller to deal with when nothing is borrowed or locked.
//! 3. Nothing fires early, ever. The first `expire` that reaches a deadline fires it, if its budget lasts and its
//!    caller does not postpone it. A timer is late by the length of a tick (deadlines are rounded up to one), by how
//!    late `expire` is called, and in a burst by the calls that the burst needs.
//! 4. A [`Key`] names one timer and never another. After the timer is gone its key is refused.
//! 5. Memory follows the largest number of timers that were live at once, however often they are moved; once that is
//!    reached, nothing is allocated (the caller's `Vec` grows as it must).
//!
//! # A short lesson on timing wheels
//!
//! **A sorted list** answers "who is next?" at once, but a new timer has to find its place among thousands. A
//! **heap** finds it in log n steps. That is good, and [`Heap`] is one. But most timers of a server never fire:
//! keeping all of them in order is work for nothing. Can we sort only those that get close to their deadline?
//!
//! **A wheel** is a row of buckets, one per tick, and a hand that points at the present one. A timer for tick 5 goes
//! into bucket 5: no search. When the hand gets there, all that lies in the bucket is due.
//!
//! ```text
//!    bucket   0   1   2   3   4   5   6   7   ...   63
//!           ┌───┬───┬───┬───┬───┬───┬───┬───┬─────┬───┐
//!           │   │   │   │   │   │ ● │   │   │     │   │
//!           └───┴───┴───┴───┴───┴───┴───┴───┴─────┴───┘
//!             ▲ the hand            a timer for tick 5
//! ```
//!
//! But where does a timer for tick 5000 go? The wheel would need 5001 buckets.
//!
//! **Wheels on wheels**, as in a clock with hands for seconds, minutes and hours. Write a tick in base 64, as a clock
//! writes a moment in base 60: 5000 = 1·64² + 14·64 + 8 has the digits 1, 14, 8. Each digit gets a wheel of 64
//! buckets, a *level*, and the tick that the hand points at is written in these digits too. A timer goes to the level
//! of the **highest digit in which its deadline differs from the hand**, into the bucket of its own digit there. With
//! the hand at 0, whose digits are 0, 0, 0:
//!
//! ```text
//!    deadline    digits    differs from the hand in   lies in
//!           5    0  0  5   the lowest digit           level 0, bucket 5
//!          70    0  1  6   the middle one             level 1, bucket 1
//!         128    0  2  0   the middle one             level 1, bucket 2
//!        5000    1 14  8   the highest                level 2, bucket 1
//!
//!    level 2   [0] [1 ●5000] [2] [3]  ...  [63]          a bucket is 4096 ticks
//!    level 1   [0] [1 ●70] [2 ●128] [3]  ...  [63]       a bucket is 64 ticks
//!    level 0   [0] [1] [2] [3] [4] [5 ●5] [6]  ...  [63] a bucket is 1 tick
//! ```
//!
//! (A deadline that is the hand's tick, or past, goes into the hand's own bucket on level 0.) A bucket is a list,
//! linked in both directions, so a timer is put in, or taken from the middle, without a search.
//!
//! **Draining.** 5000 can be left alone until 4096, the first tick of its bucket. When `expire` gets there, it puts
//! the hand at that tick and *drains* the bucket: **each timer is taken out; if its deadline has come it fires, and
//! if not it is placed again, by the same rule.** The hand is at 4096, with the digits 1, 0, 0; 5000 differs from
//! that in the middle digit, and goes to level 1, bucket 14. At 4992 that is drained, and it goes to level 0, bucket
//! 8; at 5000 it fires. 128 fires right from level 1: its bucket begins with it. When a bucket is drained, the hand
//! has its digit, and the digits above were equal before: so a timer can only go *down*, at most once a level. Eleven
//! levels, 64 bits in digits of 6, cover all of `u64`; and most timers are cancelled before they have gone down at
//! all.
//!
//! **Who is next?** The buckets in use on a level are all ahead of the hand, and end before the hand's own bucket on
//! the level above does; those in use further up begin after that one. So **the lowest level that is not empty has
//! the next bucket**, and it is the first one there that is not empty. And since no bucket begins after the deadline
//! of a timer in it, no deadline is missed by going from bucket to bucket. A bitmap of the levels, and one of the
//! buckets of each level, find the next in two instructions: the hand does not go from tick to tick, it jumps.
//!
//! The bucket's first tick is the answer of [`next_deadline`](Timer::next_deadline), and it may come before any
//! deadline in the bucket. The four timers above, followed by `next_deadline` alone, make these stops:
//!
//! ```
//! use switchboard_timer::{Timer, Wheel};
//!
//! let mut wheel = Wheel::new();
//! for deadline in [5, 70, 128, 5000] {
//!     wheel.insert(deadline, "");
//! }
//! let (mut stops, mut fired) = (Vec::new(), Vec::new());
//! while let Some(next) = wheel.next_deadline() {
//!     wheel.expire(next, 100, &mut fired);
//!     stops.push((next, fired.len()));
//! }
//! assert_eq!(stops, [
//!     (5, 1),                            // level 0 is exact
//!     (64, 1), (70, 2),                  // drained from level 1, then fired
//!     (128, 3),                          // drained and fired
//!     (4096, 3), (4992, 3), (5000, 4),   // level 2, level 1, level 0
//! ]);
//! ```
//!
//! Who comes late misses nothing: an `expire` at 5003 drains one bucket after the other, the hand at the first tick
//! of each, and fires at once, from whatever level, what is due at 5003. Then the hand goes to 5003.
//!
//! **Moving a timer** stores its new deadline, and leaves it in its bucket as long as that does not begin too late:
//! draining looks at the deadline anyway, and places the timer where it belongs by then. 5000 becomes 9000, or 4200,
//! by one store; only if it becomes 300, which is before 4096, is it placed again at once. A timer that is pushed
//! 5000 ticks ahead of the present at every tick is placed again about every 4000 ticks, not 5000 times. (The heap
//! does the same: an entry that gets to the top too early sinks again.)
//!
//! **A burst.** A million timers in one bucket would stall whoever drains it. So `expire` has a budget: one unit for
//! every timer it looks at. If that is spent and something is left, it answers `true`; the hand stays at the first
//! tick of that bucket, which is also what `next_deadline` says, and the next call goes on with it before anything
//! else. What comes in meanwhile is placed from that hand, and waits until the bucket is empty.
//!
//! # Which one?
//!
//! Up to some 10,000 timers it hardly matters: pushing one ahead costs 2 to 4 ns in either, beside the microseconds
//! of a request. Beyond that:
//!
//! - **the [`Wheel`]**, because what it does for one timer does not depend on how many there are. Only the caches
//!   matter: with 100,000 timers a reset costs 11 ns and a cancel 10, where the heap takes 35 and 42;
//! - **the [`Heap`]**, if every wake-up counts, since its `next_deadline` is too early only where timers were moved;
//!   or if nothing may ever wait for a crowd that is placed again: on the wheel, whatever is due beyond the next
//!   multiple of 4096 lies in few buckets until then.
//!
//! More figures are in the crate's README.
//!
//! # Names
//!
//! Those of the Linux kernel's `timer_list` (`include/linux/timer.h`, `kernel/time/timer.c`), and the four routines
//! of Varghese and Lauck ("Hashed and Hierarchical Timing Wheels", SOSP 1987):
//!
//! | Linux | Varghese and Lauck | here |
//! |---|---|---|
//! | `timer_setup` | | the value that [`insert`](Timer::insert) is given: data in the place of a callback |
//! | `add_timer` | START_TIMER | [`insert`](Timer::insert) |
//! | `mod_timer` | STOP_TIMER, START_TIMER | [`reset`](Timer::reset); where that is `false`, a new `insert` |
//! | `mod_timer_pending` | | [`reset`](Timer::reset) |
//! | `timer_reduce` | | [`reduce`](Timer::reduce), and if that is `false`, `insert` |
//! | `timer_pending` | | [`deadline`](Timer::deadline) is `Some` |
//! | `del_timer` | STOP_TIMER | [`cancel`](Timer::cancel) |
//! | `del_timer_sync` | | [`cancel`](Timer::cancel), and if that is `None`, wait for whoever called `expire` |
//! | `run_timer_softirq` | PER_TICK_BOOKKEEPING, EXPIRY_PROCESSING | [`expire`](Timer::expire) |
//!
//! `cancel` proves with `Some` that a timer has not fired and will not. With `None` it has been cancelled before, or
//! has fired and is in the `Vec` of whoever called `expire`, who may still be at work on it.
//!
//! Linux's wheel never moves a timer down: it fires it when the bucket it was first put in comes up, which is up to an
//! eighth of its time late. This one is exact.
//!
//! # A timer of one's own
//!
//! is a type that implements [`Timer`]. The feature `check` has the suite that both structures here are run through.

#[cfg(feature = "check")]
pub mod check;
mod heap;
mod named;
mod slab;
mod wheel;

pub use heap::Heap;
pub use named::{NAMES, UnknownTimer, by_name};
pub use slab::Key;
pub use wheel::Wheel;

/// A moment, counted in whatever unit the owner of the clock has chosen (Switchboard's server counts milliseconds since
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
///
/// Time does not go back: an `expire` with an earlier `now` than one before counts as one with that.
pub trait Timer<T> {
    /// Starts a timer (`add_timer`). A deadline in the past fires at the next [`expire`](Timer::expire).
    ///
    /// # Panics
    ///
    /// When 2³² − 8 timers are live already.
    fn insert(&mut self, deadline: Tick, value: T) -> Key;

    /// Moves a live timer to another deadline, earlier or later (`mod_timer_pending`); one in the past fires at the
    /// next [`expire`](Timer::expire). `false` if `key` is stale.
    fn reset(&mut self, key: Key, deadline: Tick) -> bool;

    /// Stops a timer and hands its value back (`del_timer`); `None` if `key` is stale.
    fn cancel(&mut self, key: Key) -> Option<T>;

    /// When a timer is due (`timer_pending`); `None` if `key` is stale.
    fn deadline(&self, key: Key) -> Option<Tick>;

    /// When to call [`expire`](Timer::expire) next; `None` when there is no timer. Whoever sleeps until then rounds the
    /// time to sleep up.
    ///
    /// Never later than the earliest deadline (one that is past counts as now). It can be earlier: a wheel
    /// answers with the first tick of a bucket, and moving a deadline away need not touch a structure at all. An
    /// `expire` then brings it closer, so that following it alone reaches every deadline in few steps (in the wheel,
    /// about one a level).
    fn next_deadline(&self) -> Option<Tick>;

    /// Takes out the timers whose deadline is `now` or earlier, and appends them to `fired`, in no particular order.
    /// Looks at `budget` timers at most, whether they fire, are postponed, or are only placed anew (one that is
    /// placed anew twice counts twice). Answers `true` if there may be more to look at: then call again, after having
    /// done something else.
    ///
    /// `due` is asked before a timer fires. `Some(later)` keeps it under the same key with that deadline
    /// (a deadline that is not in the future counts as `now + 1`); `None` lets it fire. This is how a
    /// deadline kept elsewhere, say in an atomic word, is honoured without touching the timer at every move. (At
    /// [`Tick::MAX`] there is no later: it fires.)
    ///
    /// ```
    /// use switchboard_timer::{Timer, Wheel};
    ///
    /// let mut timer = Wheel::new();
    /// let (busy, silent) = (timer.insert(5, "busy"), timer.insert(5, "silent"));
    /// let mut fired = Vec::new();
    /// timer.expire_with(5, 256, &mut |_, name| (*name == "busy").then_some(10), &mut fired);
    /// assert_eq!(fired[0].key, silent);
    /// assert_eq!(timer.deadline(busy), Some(10));
    /// ```
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

    /// Moves a live timer to an earlier deadline, and leaves alone one that is due earlier still (`timer_reduce`);
    /// `false` if `key` is stale.
    fn reduce(&mut self, key: Key, deadline: Tick) -> bool {
        match self.deadline(key) {
            Some(before) if before <= deadline => true,
            Some(_) => self.reset(key, deadline),
            None => false,
        }
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

    fn deadline(&self, key: Key) -> Option<Tick> {
        (**self).deadline(key)
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

    fn is_empty(&self) -> bool {
        (**self).is_empty()
    }

    fn reduce(&mut self, key: Key, deadline: Tick) -> bool {
        (**self).reduce(key, deadline)
    }

    fn expire(&mut self, now: Tick, budget: usize, fired: &mut Vec<Fired<T>>) -> bool {
        (**self).expire(now, budget, fired)
    }
}

/// The README's example, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
