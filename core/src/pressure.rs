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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::Phase;
    use std::net::{TcpListener, TcpStream};

    /// Entries in these phases, each since the tick.
    fn entries(phases: &[(Phase, Tick)]) -> Vec<Arc<Entry>> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let entry = |&(phase, since): &(Phase, Tick)| {
            let client = TcpStream::connect(addr).expect("it listens");
            let entry = Entry::new(client, 1_000);
            entry.note_progress(since);
            entry.arm(phase, 1_000).expect("it is live");
            Arc::new(entry)
        };
        phases.iter().map(entry).collect()
    }

    /// Which of them are to go at tick 100, with a forbearance of 10.
    fn chosen(entries: &[Arc<Entry>]) -> (Vec<usize>, bool) {
        let Choice { victims, has_spare } = choose(entries.iter(), 100, 10);
        let place = |victim: &Arc<Entry>| entries.iter().position(|entry| Arc::ptr_eq(entry, victim));
        (victims.iter().filter_map(|(_, victim)| place(victim)).collect(), has_spare)
    }

    #[test]
    fn as_many_go_as_wait_idle_ones_first_then_who_has_kept_us_waiting_longest() {
        use Phase::*;
        let mut phases =
            vec![(Send, 90), (Head, 91), (Idle, 99), (FirstByte, 90), (Body, 80), (Idle, 98), (Handler, 1)];
        let mut wanted = |queued| {
            phases.push((Queued, queued));
            chosen(&entries(&phases))
        };
        assert_eq!(wanted(50), (vec![5], true));
        assert_eq!(wanted(51), (vec![5, 2], false));
        assert_eq!(wanted(52), (vec![5, 2, 3], false));
        assert_eq!(wanted(53), (vec![5, 2, 3, 4], false));
        assert_eq!(wanted(54), (vec![5, 2, 3, 4, 0], false));
        assert_eq!(wanted(55), (vec![5, 2, 3, 4, 0], false), "neither who works, nor who has waited for 9 ticks");
    }

    #[test]
    fn who_leaves_already_makes_room() {
        use Phase::*;
        let all = entries(&[(Idle, 1), (Head, 2), (Idle, 3), (Queued, 4), (Queued, 5)]);
        assert_eq!(chosen(&all), (vec![0, 2], false));
        let shed = |nth: usize| all[nth].shed(all[nth].standing(), 100);
        assert_eq!(shed(0), Some(std::net::Shutdown::Read));
        assert_eq!(chosen(&all), (vec![2], false));
        assert_eq!(shed(1), Some(std::net::Shutdown::Read));
        assert_eq!(chosen(&all), (vec![], true));
    }

    #[test]
    fn who_has_got_on_meanwhile_stays() {
        let all = entries(&[(Phase::Send, 1), (Phase::Queued, 2)]);
        let standing = all[0].standing();
        all[0].note_progress(99);
        assert_eq!(all[0].shed(standing, 100), None);
        assert_eq!(all[0].shed(all[0].standing(), 100), Some(std::net::Shutdown::Both));
    }
}
