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
//! 5. A place is held by the connection's loop, and by a handler that is at work elsewhere ([`Hold`]): the last to let
//!    go gives it up.

use crate::clock::{self, Clock};
use crate::deadline::{Entry, LAST_WORDS, Shut, Visit};
use crate::place::{Hold, Registered};
use crate::pressure;
use crate::stats::{Counters, Stats, Tally};
#[cfg(feature = "internals")]
use crate::transport::Transport;
use crate::turn_away::TurnedAway;
use crate::unharmed::{lock, unharmed};
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use switchboard_timer::{Fired, Key, Tick, Timer};

/// The longest piece of work done before the lock is let go, in timers looked at.
const BUDGET: usize = 256;

/// Whom a timer concerns. There is nothing to do with one: it is what a [`Server`](crate::Server)'s timer holds.
pub struct Timed(pub(crate) Whom);

pub(crate) enum Whom {
    Connection(Arc<Entry>),
    Sleeper(Waker),
    /// There is nothing to do with one but to let it go.
    TurnedAway {
        _socket: TurnedAway,
    },
}

/// The table of live connections.
pub(crate) struct Deadlines {
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    /// How many connections the backend runs at once.
    pub(crate) capacity: usize,
    /// How many are live, for those who look without the lock.
    open: AtomicUsize,
    /// How many of them are about to give up their place.
    pub(crate) leaving: AtomicUsize,
    /// How long those that are turned away have for reading why.
    pub(crate) linger: Duration,
    /// How many of them have it at this moment.
    pub(crate) turned_away: AtomicUsize,
    horizon: Tick,
    /// What the ticks of mere visits are rounded down to a multiple of: a power of two, to go with the wheel's buckets.
    grain: Tick,
    pub(crate) stopping: AtomicBool,
    pub(crate) table: Mutex<Table>,
    /// The timer's thread has something earlier to do.
    earlier: Condvar,
    /// A connection has ended, or the server is stopping.
    pub(crate) ended: Condvar,
}

pub(crate) struct Table {
    pub(crate) timer: Box<dyn Timer<Timed> + Send>,
    /// By the key of their timer.
    pub(crate) live: HashMap<Key, Arc<Entry>>,
    /// The tick the thread sleeps to.
    wake_at: Tick,
    /// How many wait for `ended`.
    pub(crate) waiting: usize,
    /// Who accepts, and waits: for room, or between two attempts.
    pub(crate) acceptors: Vec<Waker>,
    /// When those are looked through who could make room under pressure.
    pub(crate) relief_at: Tick,
    /// More of them were idle than had to go.
    pub(crate) has_spare: bool,
    /// What became of the connections that have ended.
    ended: Tally,
    pub(crate) finished: bool,
}

impl Deadlines {
    pub(crate) fn new(
        timer: Box<dyn Timer<Timed> + Send>,
        clock: Clock,
        horizon: Duration,
        linger: Duration,
        capacity: usize,
    ) -> Self {
        let table = Table {
            timer,
            live: HashMap::new(),
            wake_at: Tick::MAX,
            waiting: 0,
            acceptors: Vec::new(),
            relief_at: Tick::MAX,
            has_spare: false,
            ended: Tally::default(),
            finished: false,
        };
        let horizon = clock::ticks(horizon);
        Self {
            clock,
            counters: Counters::default(),
            capacity,
            open: AtomicUsize::new(0),
            leaving: AtomicUsize::new(0),
            linger,
            turned_away: AtomicUsize::new(0),
            horizon,
            grain: 1 << (horizon / 8).max(1).ilog2(),
            stopping: AtomicBool::new(false),
            table: Mutex::new(table),
            earlier: Condvar::new(),
            ended: Condvar::new(),
        }
    }

    /// Enters a connection, which waits for its backend at most `queued`.
    pub(crate) fn open(self: &Arc<Self>, stream: TcpStream, queued: Duration) -> Registered {
        let (now, deadline) = self.clock.span(queued);
        self.enter(Entry::new(stream, deadline), now, deadline)
    }

    /// Enters a connection that needs no backend, and may send nothing for `first_byte`.
    #[cfg(feature = "internals")]
    pub(crate) fn open_with(self: &Arc<Self>, transport: Arc<dyn Transport>, first_byte: Duration) -> Registered {
        let (now, deadline) = self.clock.span(first_byte);
        self.enter(Entry::started(transport, deadline), now, deadline)
    }

    fn enter(self: &Arc<Self>, entry: Entry, now: Tick, deadline: Tick) -> Registered {
        let entry = Arc::new(entry);
        let mut armed = deadline.min(self.next_visit(now));
        let mut table = lock(&self.table);
        let key = table.timer.insert(armed, Timed(Whom::Connection(entry.clone())));
        entry.set_key(key);
        table.live.insert(key, entry.clone());
        let live = table.live.len();
        self.open.store(live, SeqCst);
        let mut relieve = false;
        if live > self.capacity {
            relieve = live == self.capacity + 1 || table.has_spare;
            table.relief_at = table.relief_at.min(now + clock::ticks(pressure::INTERVAL));
            armed = armed.min(table.relief_at);
        }
        self.armed(table, armed);
        if relieve {
            self.relieve();
        }
        Registered::new(Hold::first(self.clone(), entry))
    }

    /// How many connections are live.
    pub(crate) fn live_count(&self) -> usize {
        self.open.load(SeqCst)
    }

    /// Ready when fewer than `most` connections are live, or the server is stopping.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>, most: usize) -> Poll<()> {
        let is_there = || self.live_count() < most || self.is_stopping();
        if is_there() || !self.park_acceptor(cx, is_there) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Has the task woken when a connection ends or the server stops, unless it need not wait after all.
    pub(crate) fn park_acceptor(&self, cx: &Context<'_>, need_not: impl Fn() -> bool) -> bool {
        let waker = cx.waker().clone();
        let mut table = lock(&self.table);
        let waits = !need_not(); // nothing of this changes while we have the table
        if waits && !table.acceptors.iter().any(|parked| parked.will_wake(&waker)) {
            table.acceptors.push(waker);
        } else {
            drop((table, waker)); // in this order: the waker is somebody else's
        }
        waits
    }

    /// Lets go of the table, and wakes the timer's thread if it would come too late.
    pub(crate) fn armed(&self, mut table: Guard<'_>, deadline: Tick) {
        let wake = deadline < table.wake_at;
        table.wake_at = table.wake_at.min(deadline); // who comes next need not wake it again
        drop(table);
        if wake {
            self.earlier.notify_one();
        }
    }

    /// Takes a connection out of the table; nothing happens if it has been taken out already.
    pub(crate) fn close(&self, entry: &Entry) {
        let Some(key) = entry.key() else { return };
        let mut table = lock(&self.table);
        let timed = table.timer.cancel(key);
        if table.live.remove(&key).is_some() {
            self.open.store(table.live.len(), SeqCst);
            self.leaving.fetch_sub(usize::from(entry.is_leaving()), SeqCst);
            table.ended.served += entry.served();
            if self.is_stopping() {
                table.ended.add(entry);
            }
        }
        let is_waited_for = table.waiting > 0;
        let acceptors = std::mem::take(&mut table.acceptors);
        drop(table);
        drop(timed); // likewise, perhaps
        if is_waited_for {
            self.ended.notify_all();
        }
        wake(acceptors);
    }

    /// The body of the thread that owns the timer; returns after [`finish`](Deadlines::finish).
    pub(crate) fn run(&self) {
        let mut due = Due::default();
        let mut table = lock(&self.table);
        while !table.finished {
            let looked = self.expire(table, &mut due);
            table = looked.unwrap_or_else(|table| self.sleep(table));
        }
        drop(table);
        self.wake_all(due.fired);
    }

    /// Does what the thread would, at this moment.
    #[cfg(feature = "internals")]
    pub(crate) fn expire_all(&self) {
        let mut table = Ok(lock(&self.table));
        while let Ok(more) = table {
            table = self.expire(more, &mut Due::default());
        }
    }

    /// Looks at up to [`BUDGET`] timers that are due, and does what is to be done, with the table let go meanwhile. An
    /// error if there was nothing to do.
    fn expire<'a>(&'a self, mut table: Guard<'a>, due: &mut Due) -> Result<Guard<'a>, Guard<'a>> {
        let Due { fired, late } = due;
        let now = self.clock.now();
        let visit = &mut |_, timed: &mut Timed| match &timed.0 {
            Whom::Connection(entry) => Some(self.visit(entry, now, late)),
            Whom::Sleeper(_) | Whom::TurnedAway { .. } => None,
        };
        let more = table.timer.expire_with(now, BUDGET, visit, fired);
        let relieve = table.relief_at <= now;
        if !more && !relieve && late.is_empty() && fired.is_empty() {
            return Err(table);
        }
        drop(table);
        late.drain(..).for_each(|late| self.end(late));
        self.let_go(fired);
        if relieve {
            self.relieve();
        }
        Ok(lock(&self.table))
    }

    /// Whoever still sleeps goes on on another timer.
    fn wake_all(&self, mut fired: Vec<Fired<Timed>>) {
        loop {
            let more = lock(&self.table).timer.expire(Tick::MAX, BUDGET, &mut fired);
            self.let_go(&mut fired);
            if !more {
                return;
            }
        }
    }

    /// Those whose timer has come to its end. (A connection ends by itself.)
    fn let_go(&self, fired: &mut Vec<Fired<Timed>>) {
        for timer in fired.drain(..) {
            match timer.value.0 {
                Whom::Sleeper(waker) => wake([waker]),
                Whom::TurnedAway { .. } => {
                    self.turned_away.fetch_sub(1, SeqCst);
                }
                Whom::Connection(_) => {}
            }
        }
    }

    /// Looks at a connection whose timer has come up; answers when to look again.
    fn visit(&self, entry: &Arc<Entry>, now: Tick, late: &mut Vec<Late>) -> Tick {
        let again = match entry.visit(now) {
            Visit::Until(deadline) => deadline,
            Visit::Late(how, phase) => {
                phase.into_iter().for_each(|phase| self.counters.count_timeout(phase));
                late.push(Late { entry: entry.clone(), how });
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
    pub(crate) fn end(&self, Late { entry, how }: Late) {
        match entry.shut(how) {
            Shut::Started => {}
            Shut::TurnedAway(stream) => {
                self.close(&entry);
                self.turn_away(stream);
            }
        }
    }

    fn sleep<'a>(&self, mut table: Guard<'a>) -> Guard<'a> {
        let next = table.timer.next_deadline().unwrap_or(Tick::MAX).min(table.relief_at);
        table.wake_at = next;
        match next {
            ..Tick::MAX => {
                let timeout = self.clock.until(next);
                self.earlier.wait_timeout(table, timeout).map_or_else(|e| e.into_inner().0, |(table, _)| table)
            }
            Tick::MAX => self.earlier.wait(table).unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Ends the timer's thread.
    pub(crate) fn finish(&self) {
        lock(&self.table).finished = true;
        self.earlier.notify_all();
    }

    /// What the connections are doing, and what has happened so far.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.counters.stats();
        let table = lock(&self.table);
        stats.requests = table.ended.served;
        stats.waiting = table.live.len().saturating_sub(self.capacity);
        table.live.values().for_each(|entry| stats.count(entry));
        stats
    }

    /// What became of the connections so far.
    pub(crate) fn tally(&self) -> Tally {
        let table = lock(&self.table);
        let served = table.ended.served + table.live.values().map(|entry| entry.served()).sum::<u64>();
        Tally { served, ..table.ended }
    }
}

/// Wakes tasks, which is somebody else's code: with no lock held.
pub(crate) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(|waker| unharmed(|| waker.wake()));
}

type Guard<'a> = MutexGuard<'a, Table>;

/// What a look at the timers has found: to be done once the lock is free.
#[derive(Default)]
struct Due {
    fired: Vec<Fired<Timed>>,
    late: Vec<Late>,
}

/// A connection that is to be ended, once the lock is free.
pub(crate) struct Late {
    pub(crate) entry: Arc<Entry>,
    pub(crate) how: Shutdown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Transport;
    use std::io::{self, IoSlice};
    use std::net::TcpListener;
    use std::panic::resume_unwind;
    use std::sync::mpsc::channel;
    use std::task::{Context, Poll};
    use std::thread;
    use std::time::Instant;
    use switchboard_timer::Wheel;

    fn deadlines(horizon: Duration) -> Deadlines {
        Deadlines::new(Box::new(Wheel::new()), Clock::start(), horizon, horizon, usize::MAX)
    }

    #[test]
    fn a_visit_comes_within_the_horizon_and_with_many_others() {
        for horizon in [1, 7, 50, 1_000, 600_000] {
            let deadlines = deadlines(Duration::from_millis(horizon));
            let mut visits: Vec<Tick> = (0..horizon).map(|now| deadlines.next_visit(now)).collect();
            let is_ahead = |(now, &visit): (usize, &Tick)| (now as Tick + 1..=now as Tick + horizon).contains(&visit);
            assert!(visits.iter().enumerate().all(is_ahead), "a horizon of {horizon}");
            visits.dedup();
            assert!(visits.len() <= 17, "{} visits in a horizon of {horizon}", visits.len());
        }
        let deadlines = deadlines(Duration::from_secs(1));
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
        let deadlines = Arc::new(deadlines(horizon));
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
