//! Deadlines as data: one trait for a set of timers, a wheel and a heap behind it.
//!
//! A server keeps a timer per connection and moves it at every request; nearly all of them are cancelled before they
//! are due. So moving and cancelling have to be cheap, firing is rare, and when thousands fire at once
//! nobody may have to wait for all of them.
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
//! timer.expire(239, 100, &mut fired);
//! assert!(fired.is_empty());
//! timer.expire(240, 100, &mut fired);
//! assert_eq!(fired[0].value, "tea is ready");
//! assert!(!timer.reset(tea, 500)); // it has fired: the key is stale
//! ```
//!
//! # Rules
//!
//! 1. There is no clock in here. A moment is a [`Tick`], a number, and "now" is always an argument.
//! 2. There is no thread, no lock and no callback in here. What is due comes out as values.
//! 3. Nothing fires early, ever, and in here nothing is late: a timer fires in the first `expire` that reaches its
//!    deadline with budget left. What lateness there is comes from outside: the length of a tick (deadlines are rounded
//!    up to one), and how late `expire` is called.
//! 4. A [`Key`] names one timer and never another. After the timer is gone its key is refused, not obeyed.
//! 5. Memory follows the largest number of timers that were live at once, however often they are moved; once that is
//!    reached, no operation allocates.
//!
//! # A short lesson on timing wheels
//!
//! **A sorted list** answers "who is next?" at once, but a new timer has to find its place among thousands. A **heap**
//! finds it in log n steps. That is good, and [`Heap`] is one. But most timers of a server never fire: keeping them
//! in order is work for nothing. Can we sort only those that get close to their deadline?
//!
//! **A wheel** is a row of buckets, one per tick, and a hand that advances one bucket a tick. A timer for tick 5 goes
//! into bucket 5, wherever others are: no search, no order. When the hand gets there, all that lies in the bucket is
//! due.
//!
//! ```text
//!    bucket   0   1   2   3   4   5   6   7   ...   63
//!           ┌───┬───┬───┬───┬───┬───┬───┬───┬─────┬───┐
//!           │   │   │   │   │   │ ● │   │   │     │   │
//!           └───┴───┴───┴───┴───┴───┴───┴───┴─────┴───┘
//!             ▲ hand: now = 0     a timer for tick 5
//! ```
//!
//! But where does a timer for tick 5000 go? A row of 2⁶⁴ buckets is too long.
//!
//! **Wheels on wheels**, as in a clock with hands for seconds, minutes and hours. Write a tick in base 64, as a clock
//! writes a moment in base 60: 5000 = 1·64² + 14·64 + 8 has the digits 1, 14, 8. Each digit gets a row of 64 buckets, a
//! *level*. A timer goes to the level of the **highest digit in which its deadline differs from now**, into the bucket
//! of that digit. At now = 0, timers for the ticks 5, 70, 200 and 5000 lie like this:
//!
//! ```text
//!                                          deadline  digits
//!   level 2   a bucket is 4096 ticks           5     0  0  5   differs in the lowest: level 0, bucket 5
//!   [0] [1 ●5000] [2]  ...  [63]              70     0  1  6   in the middle one:     level 1, bucket 1
//!                                            200     0  3  8                          level 1, bucket 3
//!   level 1   a bucket is 64 ticks          5000     1 14  8   in the highest:        level 2, bucket 1
//!   [0] [1 ●70] [2] [3 ●200] ... [63]
//!
//!   level 0   a bucket is 1 tick
//!   [0] [1]  ...  [5 ●5]  ...  [63]
//! ```
//!
//! Nothing else has to be known of 5000 for the next 4095 ticks. When time gets to 4096, the first tick of its
//! bucket, the bucket is **drained**: now is 4096, digits 1 0 0, and 5000 differs from that in the middle digit. So
//! the timer moves down to level 1, bucket 14; at 4992 it moves down to level 0, bucket 8, and at 5000 it fires. A
//! timer moves down at most once a level, and most are cancelled before they have moved at all. Eleven levels cover
//! all of `u64`.
//!
//! **Who is next?** A bitmap per level has a bit for every bucket that holds anything. The lowest level that is not
//! empty holds the next bucket, and it is the lowest bit there: two instructions, no empty tick is ever visited. The
//! answer is the bucket's first tick, which may come before any deadline in it. So the four timers above, followed by
//! [`next_deadline`](Timer::next_deadline) alone, make these stops:
//!
//! ```
//! use switchboard_timer::{Timer, Wheel};
//!
//! let mut wheel = Wheel::new();
//! for deadline in [5, 70, 200, 5000] {
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
//!     (192, 2), (200, 3),
//!     (4096, 3), (4992, 3), (5000, 4),   // level 2, level 1, level 0
//! ]);
//! ```
//!
//! **Moving a timer** to a later tick does not touch the wheel at all: the new deadline is stored, and the timer
//! stays where it is, in a bucket that comes up too early. When that is drained, the timer goes to where its deadline
//! belongs by then. A timer that is pushed ahead by five seconds at each of a thousand requests is linked anew once
//! in five seconds, not a thousand times. (The heap does the same: an entry that gets to the top too early sinks
//! again.) Linux stores only the new value as well when a timer stays in its bucket.
//!
//! **A burst.** A million timers in one bucket would stall whoever drains it. So [`expire`](Timer::expire) has a
//! budget: one unit for every timer that it fires or moves. When it is spent, the wheel remembers the bucket it
//! stopped in, and the next call goes on there.
//!
//! # Which one?
//!
//! Below some 10,000 timers it does not matter: either costs a few nanoseconds beside the microseconds of a request.
//! Beyond that:
//!
//! | choose | because |
//! |---|---|
//! | [`Wheel`] | insert, reset and cancel cost the same however many timers there are |
//! | [`Heap`] | there is no boundary at which many timers move at once, and it wakes its owner less often |
//!
//! The figures are in the crate's README.
//!
//! # Names
//!
//! The four routines are those of Varghese and Lauck ("Hashed and Hierarchical Timing Wheels", SOSP 1987); the other
//! names are those of Linux's `timer_list` (`include/linux/timer.h`, `kernel/time/timer.c`):
//!
//! | Linux | Varghese and Lauck | here |
//! |---|---|---|
//! | `timer_setup` | | the value given to [`insert`](Timer::insert): data in the place of a callback |
//! | `add_timer` | START_TIMER | [`insert`](Timer::insert) |
//! | `mod_timer` | STOP_TIMER, START_TIMER | [`reset`](Timer::reset), and `insert` if that answers `false` |
//! | `mod_timer_pending` | STOP_TIMER, START_TIMER | [`reset`](Timer::reset) |
//! | `timer_reduce` | | [`reduce`](Timer::reduce) |
//! | `timer_pending` | | [`deadline`](Timer::deadline)`.is_some()` |
//! | `del_timer` | STOP_TIMER | [`cancel`](Timer::cancel) |
//! | `del_timer_sync` | | [`cancel`](Timer::cancel) is `Some`: it has not fired, and will not; see below |
//! | `run_timer_softirq` | PER_TICK_BOOKKEEPING, EXPIRY_PROCESSING | [`expire`](Timer::expire) |
//!
//! There is no callback to wait for in here. `cancel` is `None` for what has fired: that is in the `Vec` of whoever
//! called `expire`, and only its owner knows what is still being done with it.
//!
//! Unlike Linux's wheel, this one moves timers down: that costs a little, and makes it exact. (Linux fires a timer
//! where it was first put, up to an eighth of its time late.)
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
/// Time does not go back: an `expire` with an earlier `now` than the latest counts as one with the latest.
pub trait Timer<T> {
    /// Starts a timer (`add_timer`). A deadline in the past fires at the next [`expire`](Timer::expire).
    ///
    /// # Panics
    ///
    /// When 2³² − 8 timers are live already, or memory is out.
    fn insert(&mut self, deadline: Tick, value: T) -> Key;

    /// Moves a live timer to another deadline, earlier or later (`mod_timer_pending`); `false` if `key` is stale.
    fn reset(&mut self, key: Key, deadline: Tick) -> bool;

    /// Stops a timer and hands its value back (`del_timer`); `None` if `key` is stale.
    fn cancel(&mut self, key: Key) -> Option<T>;

    /// When a timer is due (`timer_pending`); `None` if `key` is stale.
    fn deadline(&self, key: Key) -> Option<Tick>;

    /// When to call [`expire`](Timer::expire) next; `None` when there is no timer.
    ///
    /// Never later than the earliest deadline (a deadline before the latest `now` counts as that `now`). It can be
    /// earlier, because moving a deadline away need not touch the structure; an `expire` then brings it closer, so that
    /// following it alone reaches every deadline in few steps.
    fn next_deadline(&self) -> Option<Tick>;

    /// Takes out the timers whose deadline is `now` or earlier, in no particular order, and appends them to
    /// `fired`. Spends at most `budget` units, one for every timer it looks at, and answers `true` if there are more to
    /// look at: then call again, after having done something else.
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
}
