//! The server's clock: monotonic milliseconds since it started, as the timer's ticks.
//!
//! Rule: a deadline is rounded up and "now" is rounded down, so that no deadline is ever met early.

#[cfg(feature = "internals")]
use std::sync::{Arc, atomic::AtomicU64, atomic::Ordering::Relaxed};
use std::time::{Duration, Instant};
use switchboard_timer::Tick;

#[derive(Debug, Clone)]
pub(crate) struct Clock {
    start: Instant,
    /// Says how many milliseconds have passed, in a simulation.
    #[cfg(feature = "internals")]
    hand: Option<Arc<AtomicU64>>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            #[cfg(feature = "internals")]
            hand: None,
        }
    }

    /// One that stands still, and its hand.
    #[cfg(feature = "internals")]
    pub(crate) fn by_hand() -> (Self, Arc<AtomicU64>) {
        let hand = Arc::default();
        (Self { start: Instant::now(), hand: Some(Arc::clone(&hand)) }, hand)
    }

    fn elapsed(&self) -> Duration {
        #[cfg(feature = "internals")]
        if let Some(hand) = &self.hand {
            return Duration::from_millis(hand.load(Relaxed));
        }
        self.start.elapsed()
    }

    pub(crate) fn now(&self) -> Tick {
        floor(self.elapsed())
    }

    /// The tick of the moment `delay` from now.
    pub(crate) fn after(&self, delay: Duration) -> Tick {
        ticks(self.elapsed().saturating_add(delay))
    }

    /// The tick that it is, and that of the moment `delay` from now.
    pub(crate) fn span(&self, delay: Duration) -> (Tick, Tick) {
        let elapsed = self.elapsed();
        (floor(elapsed), ticks(elapsed.saturating_add(delay)))
    }

    /// How long it is until `tick`; zero if that has passed.
    pub(crate) fn until(&self, tick: Tick) -> Duration {
        Duration::from_millis(tick).saturating_sub(self.elapsed())
    }
}

/// A duration in ticks, rounded down.
fn floor(duration: Duration) -> Tick {
    duration.as_secs() * 1000 + Tick::from(duration.subsec_millis())
}

/// A duration in ticks, rounded up.
pub(crate) fn ticks(duration: Duration) -> Tick {
    let rest = duration.subsec_nanos().div_ceil(1_000_000);
    duration.as_secs().saturating_mul(1000).saturating_add(rest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_rounded_up_and_now_is_rounded_down() {
        let clock = Clock::start();
        let moment = |tick| clock.start + Duration::from_millis(tick);
        for micros in 0..5_000 {
            let (before, delay) = (Instant::now(), Duration::from_micros(micros));
            assert!(moment(clock.after(delay)) >= before + delay, "a deadline {delay:?} away is early");
            assert!(moment(clock.now()) <= Instant::now(), "now is ahead of its time");
        }
        assert_eq!(
            [0, 1, 999_999, 1_000_000, 1_000_001].map(|nanos| ticks(Duration::from_nanos(nanos))),
            [0, 1, 1, 1, 2]
        );
        assert_eq!(ticks(Duration::MAX), Tick::MAX);
    }
}
