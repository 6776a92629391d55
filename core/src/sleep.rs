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

use crate::table::Deadlines;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};
use switchboard_timer::Key;

/// The future of [`Request::sleep`](crate::Request::sleep). It borrows nothing: it may be kept, and waited for later.
#[must_use = "a sleep waits only when it is awaited"]
pub struct Sleep {
    /// `None`: for longer than the clock goes.
    until: Option<Instant>,
    /// Of the server; a request without one has no timer.
    deadlines: Option<Arc<Deadlines>>,
    armed: Option<(Key, Waker)>,
}

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
        let key = self.deadlines.as_ref().and_then(|deadlines| deadlines.wake_after(left, cx.waker()));
        let Some(key) = key else {
            // There is no server, or none any more: nobody else is held up.
            thread::sleep(left);
            return Poll::Ready(());
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;
    use switchboard_timer::Wheel;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A table whose thread does not run: nothing fires.
    fn deadlines() -> Arc<Deadlines> {
        Arc::new(Deadlines::new(Box::new(Wheel::new()), Clock::start(), Duration::from_secs(1)))
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
    fn the_end_of_the_server_wakes_who_sleeps_and_a_later_sleep_has_no_timer() {
        let (deadlines, count) = (deadlines(), Arc::new(Count::default()));
        let waker = Waker::from(count.clone());
        let mut sleep = pin!(Sleep::new(Some(deadlines.clone()), MINUTE));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        deadlines.finish();
        deadlines.run(); // returns: it is finished
        assert_eq!((count.0.load(SeqCst), deadlines.timers()), (1, 0));
        let since = Instant::now();
        let mut late = pin!(Sleep::new(Some(deadlines.clone()), Duration::from_millis(5)));
        assert!(late.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        assert!(since.elapsed() >= Duration::from_millis(5), "and is not short");
    }
}
