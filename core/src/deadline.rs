//! Every live connection, its phase and its deadline; and the one thread that ends those that are late.
//!
//! # Theory of operation
//!
//! A connection has one atomic *word*: deadline, [`Phase`] and [`State`]. The connection's own loop
//! *arms* it, entering a phase with a deadline, by one compare-and-swap: no lock, no wake-up, whatever the
//! timer does. The thread here owns the timer; when a connection's timer comes up it looks at the word, and if
//! the deadline has moved it only postpones the timer ("lazy re-arm").
//!
//! A deadline acts from outside, as khttpd's timer does: it *claims* the word and shuts the socket down, so
//! that whatever read or write was waiting returns. Nothing is ever raced against a timer.
//!
//! ```text
//!              arm                 claim, shutdown(Read)            again later: shutdown(Both)
//!   Live ───────────────▶ Live ─────────────────────────▶ Expired ─────────────────────────────▶ Expired
//!     │                                                      │
//!     │ abort: shutdown(Both), wake the task                 │ the loop ends
//!     ▼                                                      ▼
//!   Aborted ───────────────────────────────────────────▶ (removed)
//! ```
//!
//! # Rules
//!
//! 1. The word arbitrates. Exactly one of re-arm, claim and abort wins; a loop whose `arm` fails has been ended
//!    and starts nothing new.
//! 2. The timer is never armed further ahead than the *horizon*, the shortest of all limits. So no deadline that is
//!    armed later can come before the tick the timer sleeps to, and arming never needs to wake the thread.
//! 3. A claim shuts the read side only, so that a last answer can be written; the visit after it shuts both. A
//!    client that takes nothing (*send*) and one that is being lingered for lose both at once.
//! 4. The socket is reached through the entry, which holds it alive: a descriptor that was closed and used again
//!    cannot be hit.
//! 5. Sockets are shut down, and answers to connections that never started are written, with no lock held.

use crate::clock::{self, Clock};
use crate::http1::encode::UNAVAILABLE;
use crate::transport::Transport;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};
use switchboard_timer::{Key, Tick, Timer};

/// The longest piece of work done before the lock is let go, in timers looked at.
const BUDGET: usize = 256;

/// How long after a claim the write side is shut too.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a connection is waiting for; each has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// For the backend to start it.
    Queued,
    /// For its first byte.
    FirstByte,
    /// For the next request.
    Idle,
    /// For the rest of a head.
    Head,
    /// For its handler; without a limit.
    Handler,
    /// For more of a request's body.
    Body,
    /// For the client to take some of the response.
    Send,
    /// For the client to see the last response.
    Linger,
}

const PHASES: [Phase; 8] = {
    use Phase::*;
    [Queued, FirstByte, Idle, Head, Handler, Body, Send, Linger]
};

/// Who has the say about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Live,
    Expired,
    Aborted,
}

const STATES: [State; 3] = [State::Live, State::Expired, State::Aborted];

/// How a connection was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was too long in this phase.
    Expired(Phase),
    /// The server is stopping.
    Aborted,
}

/// The word, taken apart: 59 bits of deadline, 3 of phase, 2 of state.
#[derive(Clone, Copy)]
struct Word {
    deadline: Tick,
    phase: Phase,
    state: State,
}

impl Word {
    const NEVER: Tick = Tick::MAX >> 5;

    fn pack(self) -> u64 {
        self.deadline.min(Self::NEVER) << 5 | (self.phase as u64) << 2 | self.state as u64
    }

    fn unpack(word: u64) -> Self {
        let (phase, state) = (PHASES[(word >> 2 & 7) as usize], STATES[(word & 3) as usize]);
        Self { deadline: word >> 5, phase, state }
    }
}

/// One live connection.
pub(crate) struct Entry {
    word: AtomicU64,
    served: AtomicU64,
    owes_output: AtomicBool,
    socket: Mutex<Socket>,
    waker: Mutex<Option<Waker>>,
}

enum Socket {
    Queued(TcpStream),
    Started(Arc<dyn Transport>),
    Gone,
}

impl Entry {
    fn new(stream: TcpStream, deadline: Tick) -> Self {
        let word = Word { deadline, phase: Phase::Queued, state: State::Live };
        Self {
            word: AtomicU64::new(word.pack()),
            served: AtomicU64::new(0),
            owes_output: AtomicBool::new(false),
            socket: Mutex::new(Socket::Queued(stream)),
            waker: Mutex::new(None),
        }
    }

    /// See [`Link::arm`](crate::link::Link::arm). Called by the connection's own loop only.
    pub(crate) fn arm(&self, phase: Phase, deadline: Tick) -> Result<(), Ending> {
        let seen = self.word.load(Relaxed);
        let armed = Word { deadline, phase, state: State::Live }.pack();
        match Word::unpack(seen).state {
            State::Live if self.word.compare_exchange(seen, armed, SeqCst, Relaxed).is_ok() => Ok(()),
            _ => Err(self.ending().unwrap_or(Ending::Aborted)),
        }
    }

    /// How the connection was ended, if it was.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let word = Word::unpack(self.word.load(SeqCst));
        match word.state {
            State::Live => None,
            State::Expired => Some(Ending::Expired(word.phase)),
            State::Aborted => Some(Ending::Aborted),
        }
    }

    /// Counts a request answered.
    pub(crate) fn count_served(&self) {
        self.served.store(self.served.load(Relaxed) + 1, Relaxed); // only the loop writes it
    }

    /// Says whether answers to earlier requests are held back: see the rules of the request's body.
    pub(crate) fn owe_output(&self, owes: bool) {
        self.owes_output.store(owes, Relaxed);
    }

    pub(crate) fn owes_output(&self) -> bool {
        self.owes_output.load(Relaxed)
    }

    /// Keeps the waker of a handler that waits, so that an abort can reach it whatever it waits for.
    pub(crate) fn park(&self, waker: &Waker) {
        let mut parked = lock(&self.waker);
        match &mut *parked {
            Some(old) => old.clone_from(waker),
            None => *parked = Some(waker.clone()),
        }
    }

    /// Leaves the queue: hands the stream to `wrap` and keeps the transport it makes.
    fn start<T: Transport>(
        &self,
        wrap: impl FnOnce(TcpStream) -> io::Result<T>,
        deadline: Tick,
    ) -> io::Result<Arc<dyn Transport>> {
        if self.arm(Phase::FirstByte, deadline).is_err() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the connection was too long in the queue"));
        }
        let mut socket = lock(&self.socket);
        let Socket::Queued(stream) = std::mem::replace(&mut *socket, Socket::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let transport: Arc<dyn Transport> = Arc::new(wrap(stream)?);
        *socket = Socket::Started(transport.clone());
        Ok(transport)
    }

    /// Ends whatever the socket waits for.
    fn shut(&self, how: Shutdown) {
        let mut socket = lock(&self.socket);
        match std::mem::replace(&mut *socket, Socket::Gone) {
            Socket::Started(transport) => {
                *socket = Socket::Started(transport.clone());
                drop(socket);
                let _ = transport.shutdown(how); // not connected any more: as good
            }
            Socket::Queued(stream) => {
                drop(socket);
                turn_away(stream);
            }
            Socket::Gone => {}
        }
    }

    /// Claims the word for the timer or for a stop, unless `may` declines.
    fn claim(&self, state: State, deadline: Tick, may: impl Fn(Word) -> bool) -> Option<Phase> {
        let claim = |seen| {
            let word = Word::unpack(seen);
            may(word).then(|| Word { state, deadline, ..word }.pack())
        };
        self.word.fetch_update(SeqCst, SeqCst, claim).ok().map(|seen| Word::unpack(seen).phase)
    }
}

/// Answers 503 on a connection that was never started. Never waits: the answer fits the empty send buffer.
fn turn_away(stream: TcpStream) {
    let _ = stream.set_nonblocking(true);
    let mut request = [0; 4096];
    let _ = (&stream).read(&mut request); // unread bytes would turn the close into a reset
    let _ = (&stream).write(UNAVAILABLE);
    let _ = stream.shutdown(Shutdown::Write);
}

/// A connection's timer. There is nothing to do with one: it is what a [`Server`](crate::Server)'s timer holds.
#[derive(Clone)]
pub struct Timed(Arc<Entry>);

/// The table of live connections.
pub(crate) struct Deadlines {
    clock: Clock,
    horizon: Tick,
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
    /// Requests answered by connections that have ended.
    served: u64,
    finished: bool,
}

impl Deadlines {
    pub(crate) fn new(timer: Box<dyn Timer<Timed> + Send>, clock: Clock, horizon: Duration) -> Self {
        let table =
            Table { timer, live: HashMap::new(), wake_at: Tick::MAX, waiting: 0, served: 0, finished: false };
        Self {
            clock,
            horizon: clock::ticks(horizon),
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
        let armed = deadline.min(self.clock.now() + self.horizon);
        let mut table = lock(&self.table);
        let key = table.timer.insert(armed, Timed(entry.clone()));
        table.live.insert(key, entry.clone());
        let wake = armed < table.wake_at;
        drop(table);
        if wake {
            self.earlier.notify_one();
        }
        Registered { deadlines: self.clone(), entry, key }
    }

    fn close(&self, key: Key) {
        let mut table = lock(&self.table);
        let timed = table.timer.cancel(key);
        if let Some(entry) = table.live.remove(&key) {
            table.served += entry.served.load(Relaxed);
        }
        let waiting = table.waiting > 0;
        drop(table);
        drop(timed); // perhaps the last owner of the socket
        if waiting {
            self.ended.notify_all();
        }
    }

    /// The body of the thread that owns the timer; returns after [`finish`](Deadlines::finish).
    pub(crate) fn run(&self) {
        let mut fired = Vec::new();
        let mut late: Vec<(Arc<Entry>, Shutdown)> = Vec::new();
        let mut table = lock(&self.table);
        while !table.finished {
            let now = self.clock.now();
            let visit = &mut |_, timed: &mut Timed| Some(self.visit(&timed.0, now, &mut late));
            let more = table.timer.expire_with(now, BUDGET, visit, &mut fired);
            if more || !late.is_empty() {
                drop(table);
                late.drain(..).for_each(|(entry, how)| entry.shut(how));
                table = lock(&self.table);
                continue;
            }
            table = self.sleep(table);
        }
    }

    /// Looks at a connection whose timer has come up; answers when to look again.
    fn visit(&self, entry: &Arc<Entry>, now: Tick, late: &mut Vec<(Arc<Entry>, Shutdown)>) -> Tick {
        let again = now + clock::ticks(LAST_WORDS);
        if let Some(phase) =
            entry.claim(State::Expired, again, |word| word.state == State::Live && word.deadline <= now)
        {
            let how = match phase {
                Phase::Send | Phase::Linger => Shutdown::Both,
                _ => Shutdown::Read,
            };
            late.push((entry.clone(), how));
            return again.min(now + self.horizon);
        }
        let word = Word::unpack(entry.word.load(SeqCst));
        if word.state != State::Live && word.deadline <= now {
            late.push((entry.clone(), Shutdown::Both));
            return now + self.horizon;
        }
        word.deadline.min(now + self.horizon)
    }

    fn sleep<'a>(&self, mut table: MutexGuard<'a, Table>) -> MutexGuard<'a, Table> {
        let next = table.timer.next_deadline();
        table.wake_at = next.unwrap_or(Tick::MAX);
        match next {
            Some(tick) => {
                let timeout = self.clock.until(tick);
                self.earlier
                    .wait_timeout(table, timeout)
                    .map_or_else(|e| e.into_inner().0, |(table, _)| table)
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
        self.stopping.store(true, SeqCst);
        drop(lock(&self.table)); // so that nobody is between looking at the mark and waiting
        self.ended.notify_all();
    }

    /// Ends the live connections that `which` picks by their phase; answers how many these were, and how many
    /// it left alone.
    pub(crate) fn abort(&self, which: impl Fn(Phase) -> bool) -> (usize, usize) {
        let entries: Vec<_> = lock(&self.table).live.values().cloned().collect();
        let picked = |entry: &Arc<Entry>| {
            entry
                .claim(State::Aborted, Word::NEVER, |word| word.state != State::Aborted && which(word.phase))
                .is_some()
        };
        let live = entries.len();
        let aborted: Vec<_> = entries.into_iter().filter(picked).collect();
        for entry in &aborted {
            entry.shut(Shutdown::Both);
            let waker = lock(&entry.waker).take();
            waker.into_iter().for_each(Waker::wake);
        }
        (aborted.len(), live - aborted.len())
    }

    /// Waits until no connection is live, or until `until`; answers how many still are.
    pub(crate) fn wait_for_all(&self, until: Instant) -> usize {
        self.wait(Some(until), |table| table.live.is_empty());
        lock(&self.table).live.len()
    }

    /// How many requests have been answered since the start.
    pub(crate) fn served(&self) -> u64 {
        let table = lock(&self.table);
        table.served + table.live.values().map(|entry| entry.served.load(Relaxed)).sum::<u64>()
    }
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
        if matches!(*lock(&self.entry.socket), Socket::Queued(_)) {
            self.entry.shut(Shutdown::Both);
        }
        self.deadlines.close(self.key);
    }
}

/// Locks; what a panic left behind is still consistent, since no state is half changed across a call out.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
