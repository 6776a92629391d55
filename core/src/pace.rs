//! How fast a body has to come: a deadline for each read of it.
//!
//! It is the earlier of [`Limits::body`] from now and the moment the body falls below [`Limits::body_rate`]; only time
//! spent in reads counts. A body that is merely drained has [`Limits::drain`] for all its reads.

use crate::link::Link;
use crate::word::Phase;
use crate::{BodyError, Limits, clock};
use std::time::Duration;
use switchboard_timer::Tick;

/// How long the reads of one body have waited, and how much they got for it.
#[derive(Default)]
pub(crate) struct Pace {
    waiting_since: Option<Tick>,
    /// The deadline that was armed for this wait.
    until: Tick,
    waited: Tick,
    received: u64,
    drained: bool,
}

impl Pace {
    /// Of a body that nobody wants.
    pub(crate) fn of_drain() -> Self {
        Self { drained: true, ..Self::default() }
    }

    /// A read waits: begins, or goes on after a write in between.
    ///
    /// # Errors
    ///
    /// [`BodyError::TimedOut`] if there is no time left, or what has ended the connection.
    pub(crate) fn wait(&mut self, link: &Link, limits: &Limits) -> Result<(), BodyError> {
        match &mut self.waiting_since {
            Some(since) if link.entry.phase() == Phase::Body => {
                // A write in between has moved the deadline by the time it took, which is not the body's.
                let moved = link.entry.deadline().saturating_sub(self.until);
                self.until += moved;
                *since += moved;
            }
            _ => self.begin(link, limits)?, // or a read that was given up for a while
        }
        Ok(())
    }

    fn begin(&mut self, link: &Link, limits: &Limits) -> Result<(), BodyError> {
        let now = link.server.clock.now();
        let patience = if self.drained {
            clock::ticks(limits.drain)
        } else {
            let earned = self.received.saturating_mul(1000) / limits.body_rate.max(1);
            clock::ticks(limits.body).saturating_add(earned)
        };
        let left = patience.saturating_sub(self.waited).min(clock::ticks(limits.body));
        if left == 0 {
            return Err(BodyError::TimedOut);
        }
        link.arm_for(Phase::Body, Duration::from_millis(left))?;
        self.until = link.entry.deadline();
        self.waiting_since = Some(now);
        Ok(())
    }

    /// The read is over.
    pub(crate) fn waited(&mut self, now: Tick) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += now.saturating_sub(since);
        }
    }

    /// It brought so many bytes.
    pub(crate) fn received(&mut self, bytes: usize) {
        self.received += bytes as u64;
    }
}
