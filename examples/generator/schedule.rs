//! When the next request is due, and when the next connection may be opened. Time is an argument, counted from the
//! start of the run; nothing here waits.
//!
//! Nothing is due before the schedule begins. In an open loop request i is due i / rate later, whatever the answers do.
//! If nobody could take it then, it is still due then, and its latency is counted from there: a server that stalls does
//! not hide it by not being asked.

use std::time::Duration;

/// How requests follow one another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// A connection asks as soon as it has its answer.
    Closed,
    /// So many requests a second, whatever the answers do.
    Open { rate: f64 },
}

/// How close to the next request a thread no longer sleeps: a poller's timeout is in whole milliseconds, rounded up.
const SPIN: Duration = Duration::from_micros(1500);

/// The requests of one thread, which are every `stride`-th of all.
pub(super) struct Schedule {
    pace: Pace,
    begin: Option<Duration>,
    next: u64,
    stride: u64,
}

impl Schedule {
    /// That of the thread of this number, out of so many.
    pub(super) fn new(pace: Pace, thread: usize, threads: usize) -> Self {
        Schedule { pace, begin: None, next: thread as u64, stride: threads as u64 }
    }

    /// From now on there are requests. Only the first call counts.
    pub(super) fn begin(&mut self, now: Duration) {
        self.begin.get_or_insert(now);
    }

    /// When the request that can be sent now was due; `None` if there is none yet.
    pub(super) fn due(&self, now: Duration) -> Option<Duration> {
        match self.pace {
            Pace::Closed => self.begin.map(|_| now),
            Pace::Open { .. } => self.next().filter(|next| *next <= now),
        }
    }

    /// Somebody has taken it.
    pub(super) fn advance(&mut self) {
        self.next += self.stride;
    }

    /// How long a thread may sleep before the next request, which is not at all shortly before it; `None` for as long
    /// as it likes.
    pub(super) fn sleep(&self, now: Duration) -> Option<Duration> {
        Some(self.next()?.saturating_sub(now).saturating_sub(SPIN))
    }

    /// How many requests are due that nobody has taken, and since when the oldest is.
    pub(super) fn owed(&self, now: Duration) -> Option<(u64, Duration)> {
        let (Pace::Open { rate }, Some(oldest)) = (self.pace, self.next().filter(|next| *next <= now)) else {
            return None;
        };
        let last = (now.saturating_sub(self.begin?).as_secs_f64() * rate) as u64;
        Some((last.saturating_sub(self.next) / self.stride + 1, oldest))
    }

    /// In a closed loop, and before the beginning, there is no such time.
    fn next(&self) -> Option<Duration> {
        let Pace::Open { rate } = self.pace else { return None };
        let after = Duration::try_from_secs_f64(self.next as f64 / rate).unwrap_or(Duration::MAX);
        Some(self.begin?.saturating_add(after))
    }
}

/// How fast connections are opened: a few at a time, so that the server comes to accept them. A listener's queue has
/// room for 128 where nobody says otherwise; who comes when it is full is not heard, and tries again after a second.
pub(super) struct Ramp {
    step: Duration,
    next: Duration,
    left: u32,
}

impl Ramp {
    /// So many at a time.
    const STEP: u32 = 20;
    /// So long after another.
    const PAUSE: Duration = Duration::from_millis(4);

    /// For one of so many threads.
    pub(super) fn new(threads: usize) -> Self {
        Ramp { step: Self::PAUSE * u32::try_from(threads).unwrap_or(1), next: Duration::ZERO, left: 0 }
    }

    /// Whether another one may be opened now; then it counts.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        if now >= self.next {
            (self.next, self.left) = (now + self.step, Self::STEP);
        }
        let may_open = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may_open
    }

    /// How long to wait for the next.
    pub(super) fn sleep(&self, now: Duration) -> Duration {
        if self.left > 0 { Duration::ZERO } else { self.next.saturating_sub(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_listener_is_not_flooded() {
        let mut ramp = Ramp::new(2);
        let mut opened_at = |now| (0..100).filter(|_| ramp.take(now)).count();
        assert_eq!([0, 4, 8, 9, 100].map(|now| opened_at(now * MS)), [20, 0, 20, 0, 20]);
        assert_eq!((ramp.sleep(101 * MS), ramp.sleep(200 * MS)), (7 * MS, Duration::ZERO));
    }

    /// One that has begun.
    fn begun(pace: Pace, thread: usize, threads: usize) -> Schedule {
        let mut schedule = Schedule::new(pace, thread, threads);
        schedule.begin(Duration::ZERO);
        schedule
    }

    #[test]
    fn nothing_is_due_and_nothing_owed_for_the_time_before_it_begins() {
        for pace in [Pace::Closed, Pace::Open { rate: 100.0 }] {
            let mut schedule = Schedule::new(pace, 0, 1);
            assert_eq!((schedule.due(50 * MS), schedule.sleep(50 * MS), schedule.owed(50 * MS)), (None, None, None));
            schedule.begin(50 * MS);
            schedule.begin(60 * MS);
            assert_eq!(schedule.due(50 * MS), Some(50 * MS));
        }
        let mut schedule = Schedule::new(Pace::Open { rate: 100.0 }, 0, 1);
        schedule.begin(50 * MS);
        assert_eq!(schedule.owed(75 * MS), Some((3, 50 * MS)));
    }

    #[test]
    fn a_stall_is_made_up_for_and_counted_from_when_requests_were_due() {
        let mut schedule = begun(Pace::Open { rate: 100.0 }, 0, 1);
        assert_eq!(schedule.due(Duration::ZERO), Some(Duration::ZERO));
        schedule.advance();
        assert_eq!(schedule.due(9 * MS), None);
        assert_eq!(schedule.owed(9 * MS), None);
        assert_eq!(schedule.owed(35 * MS), Some((3, 10 * MS)));
        for due in [10, 20, 30] {
            assert_eq!(schedule.due(35 * MS), Some(due * MS));
            schedule.advance();
        }
        assert_eq!(schedule.due(35 * MS), None);
    }

    #[test]
    fn threads_share_the_rate() {
        let mut dues = Vec::new();
        for thread in 0..3 {
            let mut schedule = begun(Pace::Open { rate: 1000.0 }, thread, 3);
            while let Some(due) = schedule.due(8 * MS) {
                dues.push(due);
                schedule.advance();
            }
        }
        dues.sort();
        assert_eq!(dues, (0..=8).map(|ms| ms * MS).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_sleeps_shortly_before_a_request() {
        let mut schedule = begun(Pace::Open { rate: 100.0 }, 0, 1);
        schedule.advance();
        assert_eq!(schedule.sleep(Duration::ZERO), Some(10 * MS - SPIN));
        assert_eq!(schedule.sleep(9 * MS), Some(Duration::ZERO));
        assert_eq!(schedule.sleep(90 * MS), Some(Duration::ZERO));
        assert_eq!(begun(Pace::Closed, 0, 1).sleep(9 * MS), None);
    }
}
