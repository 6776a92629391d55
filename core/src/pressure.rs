//! Who has to go when others wait for a place.
//!
//! On a backend that runs a bounded number of connections at once ([`Backend::capacity`](crate::Backend::capacity)), a
//! client that keeps its connection and asks for nothing, or takes its time over a request, holds a place that others
//! wait for. *Pressure* is live connections beyond that capacity, without those that are leaving. While there is any,
//!
//! - the next answer says `Connection: close`, and so does one more for each who waits;
//! - as many connections as wait are ended, whoever has kept us waiting longest first:
//!   1. idle ones, from [`IDLE`] on, because a busy client is idle for a moment after each of its requests;
//!   2. then those that have sent nothing yet, for [`FORBEARANCE`];
//!   3. then those that only wait for their client, for as long: half a head, half a body, a reader that takes nothing,
//!      a close that lingers. They are told what they would be told if their limit had come up.
//!
//! A handler at work is never touched. Keep-alive and slowness must not own a thread that others wait for; but while
//! nobody waits, nobody is ended. Connections that wait to be accepted, because [`Limits::connections`] are open, are
//! not known here, and count for nothing.
//!
//! Pressure is not counted as connections dispatched and not yet started: that is above 0 for a moment on every
//! backend, and would close keep-alive connections under mere churn.
//!
//! [`Limits::connections`]: crate::Limits::connections

use crate::clock;
use crate::deadline::Entry;
use crate::table::{Deadlines, Late};
use crate::unharmed::lock;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use switchboard_timer::Tick;

/// How long a connection may be idle while others wait for a place.
pub(crate) const IDLE: Duration = Duration::from_millis(20);

/// How long a client may keep its connection waiting in the middle of something while others wait for a place.
pub(crate) const FORBEARANCE: Duration = Duration::from_millis(250);

/// How often the connections are looked through while there is pressure.
pub(crate) const INTERVAL: Duration = Duration::from_millis(50);

/// What a connection is to those that wait for a place. The ticks say since when. Their order is that in which
/// connections have to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It waits for a place.
    Queued,
    /// It has been ended.
    Ended,
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

impl Standing {
    /// Whether it may be ended at `now`.
    fn is_due(self, now: Tick) -> bool {
        match self {
            Self::Queued | Self::Ended | Self::Works => false,
            Self::Idle { since } => now >= since.saturating_add(clock::ticks(IDLE)),
            Self::Silent { since } | Self::Waits { since } => now >= since.saturating_add(clock::ticks(FORBEARANCE)),
        }
    }
}

impl Deadlines {
    /// Whether this connection's place is wanted, with its answer; then it is counted as leaving.
    pub(crate) fn is_wanted(&self, entry: &Entry) -> bool {
        let is_short = |leaving| self.live_count().saturating_sub(leaving) > self.capacity;
        let count = |leaving| is_short(leaving).then_some(leaving + 1);
        if entry.is_leaving() || self.leaving.fetch_update(SeqCst, SeqCst, count).is_err() {
            return entry.is_leaving();
        }
        if entry.leave() {
            self.counters.shed.count();
        } else {
            self.leaving.fetch_sub(1, SeqCst); // it was ended from outside at this very moment, and counted
        }
        true
    }

    /// Counts a connection as leaving.
    pub(crate) fn note_leaving(&self, entry: &Entry) {
        if self.capacity < usize::MAX && entry.leave() {
            self.leaving.fetch_add(1, SeqCst);
        }
    }

    /// Ends as many connections as wait for a place, if there are such as may be ended.
    pub(crate) fn relieve(&self) {
        let now = self.clock.now();
        let mut table = lock(&self.table);
        if table.live.len() <= self.capacity {
            (table.relief_at, table.has_spare) = (Tick::MAX, false);
            return;
        }
        let Choice { victims, has_spare } = choose(table.live.values(), now);
        (table.relief_at, table.has_spare) = (now + clock::ticks(INTERVAL), has_spare);
        drop(table);
        for (standing, entry) in victims {
            if let Some(how) = entry.shed(standing, now) {
                self.counters.shed.count();
                let table = lock(&self.table); // one that has ended meanwhile is counted no more
                if entry.key().is_some_and(|key| table.live.contains_key(&key)) {
                    self.note_leaving(&entry);
                }
                drop(table);
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
pub(crate) fn choose<'e>(live: impl Iterator<Item = &'e Arc<Entry>>, now: Tick) -> Choice {
    let (mut queued, mut leaving) = (0, 0);
    let mut victims: Vec<(Standing, Arc<Entry>)> = Vec::new();
    for entry in live {
        match entry.standing() {
            Standing::Queued => queued += 1,
            Standing::Ended => leaving += 1,
            Standing::Idle { .. } if entry.is_leaving() => leaving += 1,
            standing if standing.is_due(now) => victims.push((standing, entry.clone())),
            _ => leaving += usize::from(entry.is_leaving()),
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
    use crate::clock::Clock;
    use crate::word::Phase;
    use std::net::{TcpListener, TcpStream};
    use switchboard_timer::Wheel;

    /// Entries in these phases, each since the tick.
    fn entries(phases: &[(Phase, Tick)]) -> Vec<Arc<Entry>> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let entry = |&(phase, since): &(Phase, Tick)| {
            let client = TcpStream::connect(addr).expect("it listens");
            let entry = Entry::new(client, 9_000);
            entry.note_progress(since);
            entry.arm(phase, 9_000).expect("it is live");
            Arc::new(entry)
        };
        phases.iter().map(entry).collect()
    }

    /// Which of them are to go at tick 1,000.
    fn chosen(entries: &[Arc<Entry>]) -> (Vec<usize>, bool) {
        let Choice { victims, has_spare } = choose(entries.iter(), 1_000);
        let place = |victim: &Arc<Entry>| entries.iter().position(|entry| Arc::ptr_eq(entry, victim));
        (victims.iter().filter_map(|(_, victim)| place(victim)).collect(), has_spare)
    }

    #[test]
    fn as_many_go_as_wait_idle_ones_first_then_who_has_kept_us_waiting_longest() {
        use Phase::*;
        let mut phases = vec![
            (Send, 750),
            (Head, 751),
            (Idle, 980),
            (FirstByte, 750),
            (Body, 700),
            (Idle, 979),
            (Handler, 1),
            (Idle, 981),
        ];
        let mut wanted = |queued| {
            phases.push((Queued, queued));
            chosen(&entries(&phases))
        };
        assert_eq!(wanted(950), (vec![5], true));
        assert_eq!(wanted(951), (vec![5, 2], false));
        assert_eq!(wanted(952), (vec![5, 2, 3], false));
        assert_eq!(wanted(953), (vec![5, 2, 3, 4], false));
        assert_eq!(wanted(954), (vec![5, 2, 3, 4, 0], false));
        assert_eq!(wanted(955), (vec![5, 2, 3, 4, 0], false), "neither who works, nor who has waited too briefly");
    }

    #[test]
    fn who_leaves_already_makes_room() {
        use Phase::*;
        let all = entries(&[(Idle, 1), (Head, 2), (Idle, 3), (Queued, 4), (Queued, 5)]);
        assert_eq!(chosen(&all), (vec![0, 2], false));
        assert!(all[0].leave() && !all[0].leave());
        assert_eq!(chosen(&all), (vec![2], false));
        assert_eq!(all[1].shed(all[1].standing(), 1_000), Some(std::net::Shutdown::Read));
        assert_eq!(chosen(&all), (vec![], true));
        let lingers = entries(&[(Linger, 900), (Linger, 1), (Queued, 4), (Queued, 5)]);
        assert!(lingers[0].leave() && lingers[1].leave());
        assert_eq!(chosen(&lingers), (vec![1], false), "who does not get away is helped");
    }

    #[test]
    fn as_many_answers_close_as_wait() {
        let capacity = 2;
        let deadlines = Deadlines::new(Box::new(Wheel::new()), Clock::start(), FORBEARANCE, Duration::ZERO, capacity);
        let deadlines = Arc::new(deadlines);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let open = || deadlines.open(TcpStream::connect(addr).expect("it listens"), FORBEARANCE);
        let places: Vec<_> = (0..4).map(|_| open()).collect();
        let wanted = |nth: usize| deadlines.is_wanted(places[nth].entry());
        assert_eq!([0, 1, 2, 0, 3].map(wanted), [true, true, false, true, false], "two wait, so two leave");
        assert_eq!(deadlines.counters.stats().shed, 2);
        drop(places);
        assert_eq!(deadlines.leaving.load(SeqCst), 0);
    }

    #[test]
    fn who_has_got_on_meanwhile_stays() {
        let all = entries(&[(Phase::Send, 1), (Phase::Queued, 2)]);
        let standing = all[0].standing();
        all[0].note_progress(99);
        assert_eq!(all[0].shed(standing, 1_000), None);
        assert_eq!(all[0].shed(all[0].standing(), 1_000), Some(std::net::Shutdown::Both));
    }
}
