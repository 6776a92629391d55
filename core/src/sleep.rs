//! `Request::sleep`: a handler's own use of the shared timer.
//!
//! A sleep that waits has a timer, whose value is the waker of its task; when it comes up, the timer's thread wakes the
//! task, and the sleep looks at the clock. So it works wherever a handler can be polled, and allocates nothing.
//!
//! # Rules
//!
//! 1. The clock alone says when it is over: nothing is early, whoever polls.
//! 2. It waits by `Pending` also where nothing else does, so answers held back go out first
//!    (see [`drive`](crate::drive)).
//! 3. Dropped, it takes its timer with it.
//! 4. Without a server, and after its server's end, it waits on a timer of the process: it blocks nobody.

use crate::clock::Clock;
use crate::table::{Deadlines, Timed, Whom};
use crate::unharmed::lock;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};
use switchboard_timer::{Key, Wheel};

/// The future of [`Request::sleep`](crate::Request::sleep). It borrows nothing: it may be kept, and waited for later.
#[must_use = "a sleep waits only when it is awaited"]
pub struct Sleep {
    /// `None`: for longer than the clock goes.
    until: Option<Instant>,
    /// Of the server, or of the process.
    deadlines: Option<Arc<Deadlines>>,
    armed: Option<(Key, Waker)>,
}

/// For those without a server. There are no connections in it; its thread starts with the first of them.
static PROCESS: LazyLock<Arc<Deadlines>> = LazyLock::new(|| {
    let deadlines =
        Arc::new(Deadlines::new(Box::new(Wheel::new()), Clock::start(), Duration::MAX, Duration::ZERO, usize::MAX));
    let timekeeper = deadlines.clone();
    let started = thread::Builder::new().name("switchboard-sleeps".into()).spawn(move || timekeeper.run());
    started.expect("a thread for sleeps without a server");
    deadlines
});

impl Sleep {
    pub(crate) fn new(deadlines: Option<Arc<Deadlines>>, duration: Duration) -> Self {
        Self { until: Instant::now().checked_add(duration), deadlines, armed: None }
    }

    fn left(&self) -> Duration {
        self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()))
    }

    fn is_armed_for(&self, waiting: &Waker) -> bool {
        match (&self.deadlines, &self.armed) {
            (Some(deadlines), Some((key, waker))) => waker.will_wake(waiting) && deadlines.is_pending(*key),
            _ => false,
        }
    }

    fn disarm(&mut self) {
        if let (Some(deadlines), Some((key, _))) = (&self.deadlines, self.armed.take()) {
            deadlines.forget(key);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.left();
        if left.is_zero() {
            return Poll::Ready(());
        }
        if self.is_armed_for(cx.waker()) {
            return Poll::Pending;
        }
        self.disarm(); // it has changed hands, or the server has ended
        let of_server = self.deadlines.as_ref().and_then(|deadlines| deadlines.wake_after(left, cx.waker()));
        let key = of_server.unwrap_or_else(|| {
            let deadlines = self.deadlines.insert(PROCESS.clone());
            deadlines.wake_after(left, cx.waker()).expect("the process's timer does not end")
        });
        self.armed = Some((key, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("left", &self.left()).finish_non_exhaustive()
    }
}

impl Deadlines {
    /// Has a task woken in a while; `None` once there is no thread to do it.
    pub(crate) fn wake_after(&self, duration: Duration, waker: &Waker) -> Option<Key> {
        let (deadline, sleeper) = (self.clock.after(duration), Timed(Whom::Sleeper(waker.clone())));
        let mut table = lock(&self.table);
        if table.finished {
            drop(table); // before the waker, which is somebody else's
            return None;
        }
        let key = table.timer.insert(deadline, sleeper);
        self.armed(table, deadline);
        Some(key)
    }

    /// Whether a [`wake_after`](Deadlines::wake_after) is still to come.
    pub(crate) fn is_pending(&self, key: Key) -> bool {
        lock(&self.table).timer.deadline(key).is_some()
    }

    /// How many timers there are.
    #[cfg(test)]
    pub(crate) fn timers(&self) -> usize {
        lock(&self.table).timer.len()
    }

    /// Takes back a [`wake_after`](Deadlines::wake_after); nothing happens if it is over.
    pub(crate) fn forget(&self, key: Key) {
        let timed = lock(&self.table).timer.cancel(key);
        drop(timed); // with its waker, which is somebody else's
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A table whose thread does not run: nothing fires.
    fn deadlines() -> Arc<Deadlines> {
        Arc::new(Deadlines::new(
            Box::new(Wheel::new()),
            Clock::start(),
            Duration::from_secs(1),
            Duration::ZERO,
            usize::MAX,
        ))
    }

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn a_sleep_has_one_timer_while_it_waits_and_none_afterwards() {
        let deadlines = deadlines();
        let mut sleep = Box::pin(Sleep::new(Some(deadlines.clone()), MINUTE));
        assert_eq!(deadlines.timers(), 0, "nobody waits for it");
        for waker in [Waker::noop(), Waker::noop(), &Waker::from(Arc::new(Count::default()))] {
            assert!(sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
            assert_eq!(deadlines.timers(), 1);
        }
        drop(sleep);
        assert_eq!(deadlines.timers(), 0);
    }

    #[test]
    fn at_the_servers_end_a_sleep_is_woken_and_goes_on_elsewhere() {
        let (deadlines, count) = (deadlines(), Arc::new(Count::default()));
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        let mut sleep = pin!(Sleep::new(Some(deadlines.clone()), MINUTE));
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        deadlines.finish();
        deadlines.run(); // returns: it is finished
        assert_eq!((count.0.load(SeqCst), deadlines.timers()), (1, 0));
        assert!(sleep.as_mut().poll(&mut cx).is_pending(), "it is not over, and blocks nobody");
        assert_eq!(deadlines.timers(), 0);
    }

    /// Needs the table while it is woken and while it goes, and panics at last.
    struct Meddler(Arc<Deadlines>);

    impl Wake for Meddler {
        fn wake(self: Arc<Self>) {
            self.0.timers();
            std::panic::resume_unwind(Box::new("a panic"));
        }
    }

    impl Drop for Meddler {
        fn drop(&mut self) {
            self.0.timers();
        }
    }

    #[test]
    fn a_waker_is_called_with_no_lock_held_and_may_panic() {
        let (deadlines, count) = (deadlines(), Arc::new(Count::default()));
        let meddler = || Waker::from(Arc::new(Meddler(deadlines.clone())));
        let dropped = deadlines.wake_after(MINUTE, &meddler()).expect("it is not finished");
        deadlines.forget(dropped);
        for waker in [meddler(), Waker::from(count.clone()), meddler()] {
            deadlines.wake_after(MINUTE, &waker).expect("it is not finished");
        }
        deadlines.finish();
        deadlines.run();
        assert_eq!((count.0.load(SeqCst), deadlines.timers()), (1, 0));
        assert!(deadlines.wake_after(MINUTE, &meddler()).is_none());
    }
}
