//! Who has to go when others wait for a place.
//!
//! On a backend that runs a bounded number of connections at once ([`Backend::capacity`](crate::Backend::capacity)), a
//! client that keeps its connection and asks for nothing, or takes its time over a request, holds a place that others
//! wait for. *Pressure* is live connections beyond that capacity. While there is any, answers say `Connection: close`,
//! and as many connections as wait are ended:
//!
//! 1. idle ones at once, whoever has been idle longest first;
//! 2. then those that have sent nothing yet, for [`FORBEARANCE`];
//! 3. then those that only wait for their client, for as long: half a head, half a body, a reader that takes nothing,
//!    a close that lingers. They are told what they would be told if their limit had come up.
//!
//! A handler at work is never touched. Keep-alive and slowness must not own a thread that others wait for; but while
//! nobody waits, nobody is ended.
//!
//! Pressure is not counted as connections dispatched and not yet started: that is above 0 for a moment on every
//! backend, and would close keep-alive connections under mere churn.

use crate::clock;
use crate::deadline::{Entry, lock};
use crate::table::{Deadlines, Late};
use std::sync::Arc;
use std::time::Duration;
use switchboard_timer::Tick;

/// How long a client may keep its connection waiting while others wait for a place.
pub(crate) const FORBEARANCE: Duration = Duration::from_millis(250);

/// How often the connections are looked through while there is pressure.
pub(crate) const INTERVAL: Duration = Duration::from_millis(50);

/// What a connection is to those that wait for a place. The ticks say since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It waits for a place.
    Queued,
    /// It will give up its place in a moment.
    Leaves,
    /// Its handler is at work.
    Works,
    Idle {
        since: Tick,
    },
    Silent {
        since: Tick,
    },
    /// For its client, in the middle of something.
    Waits {
        since: Tick,
    },
}

impl Deadlines {
    /// Whether more connections are live than the backend runs at once.
    pub(crate) fn is_pressed(&self) -> bool {
        self.live_count() > self.capacity
    }

    /// Ends as many connections as wait for a place, if there are such as may be ended.
    pub(crate) fn relieve(&self) {
        let now = self.clock.now();
        let mut table = lock(&self.table);
        if table.live.len() <= self.capacity {
            (table.relief_at, table.has_spare) = (Tick::MAX, false);
            return;
        }
        let Choice { victims, has_spare } = choose(table.live.values(), now, clock::ticks(FORBEARANCE));
        (table.relief_at, table.has_spare) = (now + clock::ticks(INTERVAL), has_spare);
        drop(table);
        for (standing, entry) in victims {
            if let Some(how) = entry.shed(standing, now) {
                self.counters.shed.count();
                self.end(Late { entry, how });
            }
        }
    }
}

/// Who is to be ended.
pub(crate) struct Choice {
    pub(crate) victims: Vec<(Standing, Arc<Entry>)>,
    /// More were idle than places are wanted.
    pub(crate) has_spare: bool,
}

/// Chooses among all live connections.
pub(crate) fn choose<'e>(live: impl Iterator<Item = &'e Arc<Entry>>, now: Tick, forbearance: Tick) -> Choice {
    let (mut queued, mut leaving) = (0, 0);
    let mut victims: Vec<(Standing, Arc<Entry>)> = Vec::new();
    for entry in live {
        match entry.standing() {
            Standing::Queued => queued += 1,
            Standing::Leaves => leaving += 1,
            Standing::Silent { since } | Standing::Waits { since } if now < since.saturating_add(forbearance) => {}
            Standing::Works => {}
            standing => victims.push((standing, entry.clone())),
        }
    }
    let wanted = usize::saturating_sub(queued, leaving);
    victims.sort_unstable_by_key(|&(standing, _)| standing);
    let has_spare = victims.get(wanted).is_some_and(|(standing, _)| matches!(standing, Standing::Idle { .. }));
    victims.truncate(wanted);
    Choice { victims, has_spare }
}
