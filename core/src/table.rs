//! The table of live connections, and the one thread that ends those that are late.
//!
//! # Theory of operation
//!
//! Each connection has a timer, whose key is its name in the table. When the timer comes up, its thread looks at the
//! connection's word: if the deadline has moved, as it does at every request, the timer is only postponed ("lazy
//! re-arm"); if it has passed, the word is claimed and the socket shut down. The entry leaves the timer when the
//! connection closes, and not before.
//!
//! Handlers that sleep have timers among the others; when one comes up, its task is woken.
//!
//! # Rules
//!
//! 1. A connection's timer is never armed further ahead than the *horizon*, the shortest of all limits. So no limit
//!    that is armed later can be over before the tick the thread sleeps to, and arming never needs to wake it. (What
//!    is left of a body's allowance can be less: it is met up to a horizon late.) A visit that is there only to look
//!    comes a little before the horizon, at a round tick: with many connections the thread wakes some ten times in a
//!    horizon, and not for each of them.
//! 2. A claim shuts the read side only, so that a last answer can be written; the visit after it shuts both. A client
//!    that takes nothing (*send*), and one that is being lingered for, lose both at once.
//! 3. The thread holds the lock for at most [`BUDGET`] timers at a time, and never while it ends or wakes somebody.
//! 4. When the place in the table has been given up, nothing that its timer has set off is under way, and nothing will
//!    be (the kernel's `del_timer_sync`): [`Entry::close`] sees to it.

use crate::clock::{self, Clock};
use crate::deadline::{Entry, LAST_WORDS, Phase, Shut, Visit, lock, unharmed};
use crate::stats::{Stats, Tally};
use crate::transport::Transport;
use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};
use switchboard_timer::{Fired, Key, Tick, Timer};

/// The longest piece of work done before the lock is let go, in timers looked at.
const BUDGET: usize = 256;

/// Whom a timer concerns. There is nothing to do with one: it is what a [`Server`](crate::Server)'s timer holds.
pub struct Timed(Whom);

enum Whom {
    Connection(Arc<Entry>),
    Sleeper(Waker),
}

/// The table of live connections.
pub(crate) struct Deadlines {
    clock: Clock,
    horizon: Tick,
    /// What the ticks of mere visits are rounded down to a multiple of: a power of two, to go with the wheel's buckets.
    grain: Tick,
    stopping: AtomicBool,
    table: Mutex<Table>,
    /// The timer's thread has something earlier to do.
    earlier: Condvar,
    /// A connection has ended, or the server is stopping.
    ended: Condvar,
}

struct Table {
    timer: Box<dyn Timer<Timed> + Send>,
    /// By the key of their timer.
    live: HashMap<Key, Arc<Entry>>,
    /// The tick the thread sleeps to.
    wake_at: Tick,
    /// How many wait for `ended`.
    waiting: usize,
    /// What became of the connections that have ended.
    ended: Tally,
    finished: bool,
}

impl Deadlines {
    pub(crate) fn new(timer: Box<dyn Timer<Timed> + Send>, clock: Clock, horizon: Duration) -> Self {
        let (live, ended) = (HashMap::new(), Tally::default());
        let table = Table { timer, live, wake_at: Tick::MAX, waiting: 0, ended, finished: false };
        let horizon = clock::ticks(horizon);
        Self {
            clock,
            horizon,
            grain: 1 << (horizon / 8).max(1).ilog2(),
            stopping: AtomicBool::new(false),
            table: Mutex::new(table),
            earlier: Condvar::new(),
            ended: Condvar::new(),
        }
    }

    /// Whether the server has been asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    /// Enters a connection, which waits for its backend at most `queued`.
    pub(crate) fn open(self: &Arc<Self>, stream: TcpStream, queued: Duration) -> Registered {
        let deadline = self.clock.after(queued);
        let entry = Arc::new(Entry::new(stream, deadline));
        let armed = deadline.min(self.next_visit(self.clock.now()));
        let mut table = lock(&self.table);
        let key = table.timer.insert(armed, Timed(Whom::Connection(entry.clone())));
        table.live.insert(key, entry.clone());
        self.armed(table, armed);
        Registered { deadlines: self.clone(), entry, key }
    }

    /// Lets go of the table, and wakes the timer's thread if it would come too late.
    fn armed(&self, mut table: MutexGuard<'_, Table>, deadline: Tick) {
        let wake = deadline < table.wake_at;
        table.wake_at = table.wake_at.min(deadline); // who comes next need not wake it again
        drop(table);
        if wake {
            self.earlier.notify_one();
        }
    }

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

    /// Takes a connection out of the table; nothing happens if it has been taken out already.
    fn close(&self, key: Key) {
        let mut table = lock(&self.table);
        let timed = table.timer.cancel(key);
        if let Some(entry) = table.live.remove(&key) {
            table.ended.served += entry.served();
            if self.is_stopping() {
                table.ended.add(&entry);
            }
        }
        let waiting = table.waiting > 0;
        drop(table);
        drop(timed); // likewise, perhaps
        if waiting {
            self.ended.notify_all();
        }
    }

    /// The body of the thread that owns the timer; returns after [`finish`](Deadlines::finish).
    pub(crate) fn run(&self) {
        let mut fired = Vec::new();
        let mut late = Vec::new();
        let mut table = lock(&self.table);
        while !table.finished {
            let now = self.clock.now();
            let visit = &mut |key, timed: &mut Timed| match &timed.0 {
                Whom::Connection(entry) => Some(self.visit(key, entry, now, &mut late)),
                Whom::Sleeper(_) => None,
            };
            let more = table.timer.expire_with(now, BUDGET, visit, &mut fired);
            if more || !late.is_empty() || !fired.is_empty() {
                drop(table);
                late.drain(..).for_each(|late| self.end(late));
                wake(&mut fired);
                table = lock(&self.table);
                continue;
            }
            table = self.sleep(table);
        }
        drop(table);
        self.wake_all(fired);
    }

    /// Whoever still sleeps goes on on another timer.
    fn wake_all(&self, mut fired: Vec<Fired<Timed>>) {
        loop {
            let more = lock(&self.table).timer.expire(Tick::MAX, BUDGET, &mut fired);
            wake(&mut fired);
            if !more {
                return;
            }
        }
    }

    /// Looks at a connection whose timer has come up; answers when to look again.
    fn visit(&self, key: Key, entry: &Arc<Entry>, now: Tick, late: &mut Vec<Late>) -> Tick {
        let again = match entry.visit(now) {
            Visit::Until(deadline) => deadline,
            Visit::Late(how) => {
                late.push(Late { key, entry: entry.clone(), how });
                now.saturating_add(clock::ticks(LAST_WORDS))
            }
        };
        again.min(self.next_visit(now))
    }

    /// When a connection is to be looked at whose deadline is beyond the horizon.
    fn next_visit(&self, now: Tick) -> Tick {
        now.saturating_add(self.horizon) & !(self.grain - 1)
    }

    /// Ends what a connection waits for. One that was still in the queue is over with this.
    fn end(&self, Late { key, entry, how }: Late) {
        match entry.shut(how) {
            Shut::Started => {}
            Shut::TurnedAway => self.close(key),
        }
    }

    fn sleep<'a>(&self, mut table: MutexGuard<'a, Table>) -> MutexGuard<'a, Table> {
        let next = table.timer.next_deadline();
        table.wake_at = next.unwrap_or(Tick::MAX);
        match next {
            Some(tick) => {
                let timeout = self.clock.until(tick);
                self.earlier.wait_timeout(table, timeout).map_or_else(|e| e.into_inner().0, |(table, _)| table)
            }
            None => self.earlier.wait(table).unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Ends the timer's thread.
    pub(crate) fn finish(&self) {
        lock(&self.table).finished = true;
        self.earlier.notify_all();
    }

    /// Waits until fewer than `most` connections are live, or the server is stopping.
    pub(crate) fn wait_for_room(&self, most: usize) {
        self.wait(None, |table| table.live.len() < most || self.is_stopping());
    }

    /// Waits for `pause` or until the server is stopping.
    pub(crate) fn pause(&self, pause: Duration) {
        self.wait(Some(Instant::now() + pause), |_| self.is_stopping());
    }

    fn wait(&self, until: Option<Instant>, done: impl Fn(&Table) -> bool) {
        let mut table = lock(&self.table);
        table.waiting += 1;
        while !done(&table) {
            table = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.ended.wait(table).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => {
                    self.ended.wait_timeout(table, left).map_or_else(|e| e.into_inner().0, |(table, _)| table)
                }
            };
        }
        table.waiting -= 1;
    }

    /// Marks the server as stopping, for the loops and for whoever waits here.
    pub(crate) fn begin_stopping(&self) {
        let table = lock(&self.table); // so that nobody is between looking at the mark and waiting, or closing
        for entry in table.live.values().filter(|entry| entry.is_idle()) {
            entry.note_idle_at_stop();
        }
        self.stopping.store(true, SeqCst);
        drop(table);
        self.ended.notify_all();
    }

    /// Turns away those that are queued, and ends the waiting of those that wait for a request: if one arrives
    /// whole at this very moment, it is still answered.
    pub(crate) fn stop_waiting(&self) {
        for (key, entry) in self.live() {
            match entry.phase() {
                Phase::Queued if entry.abort() => self.end(Late { key, entry, how: Shutdown::Both }),
                Phase::FirstByte | Phase::Idle => {
                    entry.note_idle_at_stop();
                    self.end(Late { key, entry, how: Shutdown::Read });
                }
                _ => {}
            }
        }
    }

    /// Ends all that are live.
    pub(crate) fn abort(&self) {
        for (key, entry) in self.live().into_iter().filter(|(_, entry)| entry.abort()) {
            self.end(Late { key, entry, how: Shutdown::Both });
        }
    }

    fn live(&self) -> Vec<(Key, Arc<Entry>)> {
        lock(&self.table).live.iter().map(|(&key, entry)| (key, entry.clone())).collect()
    }

    /// Waits until no connection is live, or until `until`; answers how many still are.
    pub(crate) fn wait_for_all(&self, until: Option<Instant>) -> usize {
        self.wait(until, |table| table.live.is_empty());
        lock(&self.table).live.len()
    }

    /// What the live connections are doing.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        lock(&self.table).live.values().for_each(|entry| stats.count(entry));
        stats
    }

    /// What became of the connections so far.
    pub(crate) fn tally(&self) -> Tally {
        let table = lock(&self.table);
        let served = table.ended.served + table.live.values().map(|entry| entry.served()).sum::<u64>();
        Tally { served, ..table.ended }
    }
}

fn wake(fired: &mut Vec<Fired<Timed>>) {
    for timer in fired.drain(..) {
        match timer.value.0 {
            Whom::Sleeper(waker) => unharmed(|| waker.wake()),
            Whom::Connection(_) => {} // it ends by itself; only the timer has come to its end
        }
    }
}

/// A connection that is to be ended, once the lock is free.
struct Late {
    key: Key,
    entry: Arc<Entry>,
    how: Shutdown,
}

/// A place in the table; dropping it gives the place up.
pub(crate) struct Registered {
    deadlines: Arc<Deadlines>,
    entry: Arc<Entry>,
    key: Key,
}

impl Registered {
    pub(crate) fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// See [`Entry::start`]; the first byte may take `first_byte`.
    pub(crate) fn start<T: Transport>(
        &self,
        wrap: impl FnOnce(TcpStream) -> io::Result<T>,
        first_byte: Duration,
    ) -> io::Result<Arc<dyn Transport>> {
        self.entry.start(wrap, self.deadlines.clock.after(first_byte))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.entry.close();
        self.deadlines.close(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::IoSlice;
    use std::net::TcpListener;
    use std::panic::resume_unwind;
    use std::sync::mpsc::channel;
    use std::task::{Context, Poll};
    use std::thread;
    use switchboard_timer::Wheel;

    #[test]
    fn a_visit_comes_within_the_horizon_and_with_many_others() {
        for horizon in [1, 7, 50, 1_000, 600_000] {
            let deadlines = Deadlines::new(Box::new(Wheel::new()), Clock::start(), Duration::from_millis(horizon));
            let mut visits: Vec<Tick> = (0..horizon).map(|now| deadlines.next_visit(now)).collect();
            let is_ahead = |(now, &visit): (usize, &Tick)| (now as Tick + 1..=now as Tick + horizon).contains(&visit);
            assert!(visits.iter().enumerate().all(is_ahead), "a horizon of {horizon}");
            visits.dedup();
            assert!(visits.len() <= 17, "{} visits in a horizon of {horizon}", visits.len());
        }
        let deadlines = Deadlines::new(Box::new(Wheel::new()), Clock::start(), Duration::from_secs(1));
        assert!(deadlines.next_visit(Tick::MAX - 3) > Tick::MAX - 1_000, "nor is the end of time passed");
    }

    /// Does what the test says when it is shut down.
    struct Shuts(TcpStream, Box<dyn Fn() + Send + Sync>);

    impl Transport for Shuts {
        fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
            self.0.poll_read(cx, buf)
        }

        fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
            self.0.poll_write(cx, bufs)
        }

        fn shutdown(&self, how: Shutdown) -> io::Result<()> {
            (self.1)();
            self.0.shutdown(how)
        }
    }

    /// A table with a connection in it, whose client's end goes at once.
    fn with_connection(shuts: impl Fn() + Send + Sync + 'static) -> (Arc<Deadlines>, Registered) {
        let horizon = Duration::from_secs(1);
        let deadlines = Arc::new(Deadlines::new(Box::new(Wheel::new()), Clock::start(), horizon));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let _client = TcpStream::connect(listener.local_addr().expect("an address")).expect("it listens");
        let place = deadlines.open(listener.accept().expect("a client").0, horizon);
        place.start(|stream| Ok(Shuts(stream, Box::new(shuts))), horizon).expect("in time");
        (deadlines, place)
    }

    #[test]
    fn a_place_is_kept_until_a_shutdown_is_over_and_none_comes_afterwards() {
        let ((entered, entries), (leave, leaves)) = (channel(), channel());
        let leaves = Mutex::new(leaves);
        let (deadlines, place) = with_connection(move || {
            entered.send(()).expect("the test looks");
            lock(&leaves).recv().expect("the test says when");
        });
        let entry = place.entry().clone();
        let (closed, closes) = channel();
        thread::scope(|scope| {
            scope.spawn(|| deadlines.abort());
            let leave = leave; // dropped where this fails, so that nobody waits
            entries.recv().expect("it is being shut down");
            scope.spawn(|| {
                drop(place);
                closed.send(()).expect("the test looks");
            });
            assert!(closes.recv_timeout(Duration::from_millis(50)).is_err(), "closed while it was being shut down");
            assert_eq!(deadlines.tally().turned_away + deadlines.wait_for_all(Some(Instant::now())), 1);
            leave.send(()).expect("it waits");
            closes.recv().expect("then it closes");
        });
        assert!(matches!(entry.shut(Shutdown::Both), Shut::Started)); // the timer's thread was about to
        assert!(entries.try_recv().is_err(), "a closed connection has been shut down");
        assert_eq!(deadlines.wait_for_all(None), 0);
    }

    #[test]
    fn a_shutdown_may_end_the_connection_itself() {
        let place = Arc::new(Mutex::new(None));
        let own = place.clone();
        let (deadlines, registered) = with_connection(move || {
            let place: Option<Registered> = lock(&own).take();
            drop(place);
        });
        *lock(&place) = Some(registered);
        deadlines.abort(); // it would wait for itself
        assert_eq!(deadlines.wait_for_all(None), 0);
    }

    #[test]
    fn a_shutdown_that_panics_costs_nobody_else_anything() {
        let (deadlines, place) = with_connection(|| resume_unwind(Box::new("a panic")));
        deadlines.stop_waiting();
        deadlines.abort();
        drop(place);
        assert_eq!(deadlines.wait_for_all(None), 0);
    }
}
