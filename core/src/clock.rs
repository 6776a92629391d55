//! The server's clock: monotonic milliseconds since it started, as the timer's ticks.
//!
//! Rule: a deadline is rounded up and "now" is rounded down, so that no deadline is ever met early.

use std::time::{Duration, Instant};
use switchboard_timer::Tick;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> Tick {
        let elapsed = self.start.elapsed();
        elapsed.as_secs() * 1000 + Tick::from(elapsed.subsec_millis())
    }

    /// The tick of the moment `delay` from now.
    pub(crate) fn after(&self, delay: Duration) -> Tick {
        ticks(self.start.elapsed().saturating_add(delay))
    }

    /// How long it is until `tick`; zero if that has passed.
    pub(crate) fn until(&self, tick: Tick) -> Duration {
        Duration::from_millis(tick).saturating_sub(self.start.elapsed())
    }
}

/// A duration in ticks, rounded up.
pub(crate) fn ticks(duration: Duration) -> Tick {
    let rest = duration.subsec_nanos().div_ceil(1_000_000);
    duration.as_secs().saturating_mul(1000).saturating_add(rest.into())
}
