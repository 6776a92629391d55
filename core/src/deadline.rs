//! One connection's deadline: an atomic word between the connection's own loop and whoever ends it from outside.
//!
//! # Theory of operation
//!
//! The word holds a deadline, a [`Phase`] and a [`State`]. The connection's loop *arms* it, entering a phase with a
//! deadline, by one compare-and-swap: no lock, no wake-up, whatever the timer does. A deadline acts from outside, as
//! khttpd's timer does: the timer's thread ([`table`](crate::table)) *claims* the word and shuts the socket down, so
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
//! 1. The word arbitrates. Exactly one of re-arm, claim and abort wins; a loop whose `arm` fails has been ended and
//!    starts nothing new.
//! 2. The socket is reached through the entry, which holds it alive: a descriptor that was closed and used again
//!    cannot be hit.
//! 3. The close takes the socket out of the entry: no shutdown from outside begins after it. For one that is under
//!    way it waits, unless that is on its own thread: there the shutdown itself has ended the connection, by waking
//!    it.
//! 4. Somebody else's code, a transport's or a waker's, is called with no lock held, and may panic.
//! 5. A connection may be ended before its time when others wait for its place ([`pressure`](crate::pressure)): that is
//!    a claim like the timer's, so it looks the same to the loop.

use crate::clock;
use crate::pressure::Standing;
use crate::transport::Transport;
use crate::unharmed::{lock, unharmed};
use crate::word::{Ending, Phase, State, Word};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Duration;
use switchboard_timer::{Key, Tick};

/// How long after a claim the write side is shut too.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

/// One live connection.
pub(crate) struct Entry {
    word: AtomicU64,
    /// When the wait that the word is about began, or last got on.
    since: AtomicU64,
    /// Its name in the table.
    key: OnceLock<Key>,
    /// How many hold its place in the table.
    holds: AtomicUsize,
    served: AtomicU64,
    owes_output: AtomicBool,
    waits_for_client: AtomicBool,
    /// An interim response may be sent: to an HTTP/1.1 client, before the final one begins.
    takes_interim: AtomicBool,
    idle_at_stop: AtomicBool,
    /// It is about to give up its place, and has been counted so.
    leaves: AtomicBool,
    socket: Mutex<Socket>,
    /// A shutdown has returned.
    shut: Condvar,
    waker: Mutex<Option<Waker>>,
}

enum Socket {
    Queued(TcpStream),
    Started {
        transport: Arc<dyn Transport>,
        /// The threads that are shutting it down at this moment.
        shutting: Vec<ThreadId>,
    },
    Gone,
}

/// A shutdown that is under way.
struct Shutting<'e>(&'e Entry);

impl Drop for Shutting<'_> {
    fn drop(&mut self) {
        if let Socket::Started { shutting, .. } = &mut *lock(&self.0.socket) {
            let own = thread::current().id();
            let nth = shutting.iter().position(|&thread| thread == own);
            nth.map(|nth| shutting.swap_remove(nth));
        }
        self.0.shut.notify_all();
    }
}

impl Entry {
    /// One that waits for its backend until `deadline`.
    pub(crate) fn new(stream: TcpStream, deadline: Tick) -> Self {
        Self::of(Socket::Queued(stream), Phase::Queued, deadline)
    }

    /// One that has been started already.
    #[cfg(feature = "internals")]
    pub(crate) fn started(transport: Arc<dyn Transport>, deadline: Tick) -> Self {
        Self::of(Socket::Started { transport, shutting: Vec::new() }, Phase::FirstByte, deadline)
    }

    fn of(socket: Socket, phase: Phase, deadline: Tick) -> Self {
        let word = Word { deadline, phase, state: State::Live };
        Self {
            word: AtomicU64::new(word.pack()),
            since: AtomicU64::new(0),
            key: OnceLock::new(),
            holds: AtomicUsize::new(1),
            served: AtomicU64::new(0),
            owes_output: AtomicBool::new(false),
            waits_for_client: AtomicBool::new(false),
            takes_interim: AtomicBool::new(false),
            idle_at_stop: AtomicBool::new(false),
            leaves: AtomicBool::new(false),
            socket: Mutex::new(socket),
            shut: Condvar::new(),
            waker: Mutex::new(None),
        }
    }

    /// Its name in the table; given once, before anybody else sees it.
    pub(crate) fn set_key(&self, key: Key) {
        let _ = self.key.set(key);
    }

    pub(crate) fn key(&self) -> Option<Key> {
        self.key.get().copied()
    }

    /// Another one holds its place.
    pub(crate) fn hold(&self) {
        self.holds.fetch_add(1, Relaxed);
    }

    /// One less holds its place; whether that was the last.
    pub(crate) fn let_go(&self) -> bool {
        self.holds.fetch_sub(1, SeqCst) == 1
    }

    /// See [`Link::arm`](crate::link::Link::arm). Called by the connection's own loop only.
    #[inline]
    pub(crate) fn arm(&self, phase: Phase, deadline: Tick) -> Result<(), Ending> {
        let seen = self.word.load(Relaxed);
        let armed = Word { deadline, phase, state: State::Live }.pack();
        match Word::unpack(seen).state {
            State::Live if self.word.compare_exchange(seen, armed, SeqCst, Relaxed).is_ok() => Ok(()),
            _ => Err(self.ending().unwrap_or(Ending::Aborted)),
        }
    }

    /// Notes that the wait which is armed begins, or got on, at `now`.
    pub(crate) fn note_progress(&self, now: Tick) {
        self.since.store(now, Relaxed);
    }

    /// What the connection is to others that wait for its place.
    pub(crate) fn standing(&self) -> Standing {
        let word = Word::unpack(self.word.load(SeqCst));
        let since = self.since.load(Relaxed);
        match word.phase {
            _ if word.state != State::Live => Standing::Ended,
            Phase::Queued => Standing::Queued,
            Phase::Handler => Standing::Works,
            Phase::Idle => Standing::Idle { since },
            Phase::FirstByte => Standing::Silent { since },
            Phase::Head | Phase::Body | Phase::Send | Phase::Upgraded | Phase::Linger => Standing::Waits { since },
        }
    }

    /// Notes that it is about to give up its place; whether that is new.
    pub(crate) fn leave(&self) -> bool {
        !self.leaves.swap(true, SeqCst)
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaves.load(SeqCst)
    }

    /// Gives up a connection whose place is wanted: how to shut it down, unless it has got on meanwhile. One that is
    /// idle is not claimed: a request that has arrived at this moment is still answered.
    pub(crate) fn shed(&self, standing: Standing, now: Tick) -> Option<Shutdown> {
        let again = now.saturating_add(clock::ticks(LAST_WORDS));
        let is_unchanged = |_: Word| self.standing() == standing;
        if let Standing::Idle { .. } = standing {
            return (self.standing() == standing).then_some(Shutdown::Read);
        }
        self.claim(State::Expired, again, is_unchanged).map(how_to_end)
    }

    /// What the connection waits for, or last waited for.
    pub(crate) fn phase(&self) -> Phase {
        Word::unpack(self.word.load(SeqCst)).phase
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

    pub(crate) fn served(&self) -> u64 {
        self.served.load(Relaxed)
    }

    /// Says whether answers to earlier requests are held back: see the rules of the request's body.
    pub(crate) fn owe_output(&self, owes: bool) {
        self.owes_output.store(owes, Relaxed);
    }

    pub(crate) fn owes_output(&self) -> bool {
        self.owes_output.load(Relaxed)
    }

    /// Notes whether a handler reads or writes, so that the deadline which is armed holds.
    pub(crate) fn wait_for_client(&self, waits: bool) {
        self.waits_for_client.store(waits, Relaxed);
    }

    pub(crate) fn waits_for_client(&self) -> bool {
        self.waits_for_client.load(Relaxed)
    }

    /// Says whether an interim response may be sent.
    pub(crate) fn take_interim(&self, takes: bool) {
        self.takes_interim.store(takes, Relaxed);
    }

    pub(crate) fn takes_interim(&self) -> bool {
        self.takes_interim.load(Relaxed)
    }

    /// The deadline that is armed.
    pub(crate) fn deadline(&self) -> Tick {
        Word::unpack(self.word.load(Relaxed)).deadline
    }

    /// Notes that the server found it waiting for a request when it was asked to stop.
    pub(crate) fn note_idle_at_stop(&self) {
        self.idle_at_stop.store(true, Relaxed);
    }

    /// Whether it was waiting for a request when the server was asked to stop, and got none.
    pub(crate) fn stayed_idle(&self) -> bool {
        self.idle_at_stop.load(Relaxed) && self.is_idle()
    }

    /// Whether it waits for a request.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.phase(), Phase::FirstByte | Phase::Idle)
    }

    /// Keeps the waker of a handler that waits, so that an abort can reach it whatever it waits for.
    pub(crate) fn park(&self, waker: &Waker) {
        if !lock(&self.waker).as_ref().is_some_and(|parked| parked.will_wake(waker)) {
            let waker = waker.clone();
            let before = lock(&self.waker).replace(waker);
            drop(before);
        }
    }

    /// Leaves the queue: hands the stream to `wrap` and keeps the transport it makes.
    pub(crate) fn start<T: Transport>(
        &self,
        wrap: impl FnOnce(TcpStream) -> io::Result<T>,
        deadline: Tick,
    ) -> io::Result<Arc<dyn Transport>> {
        if self.arm(Phase::FirstByte, deadline).is_err() {
            return Err(turned_away());
        }
        let stream = self.leave_queue().ok_or_else(turned_away)?;
        let transport: Arc<dyn Transport> = Arc::new(wrap(stream)?);
        *lock(&self.socket) = Socket::Started { transport: transport.clone(), shutting: Vec::new() };
        Ok(transport)
    }

    /// Ends whatever the socket waits for.
    pub(crate) fn shut(&self, how: Shutdown) -> Shut {
        let transport = match &mut *lock(&self.socket) {
            Socket::Started { transport, shutting } => {
                shutting.push(thread::current().id());
                transport.clone()
            }
            Socket::Gone => return Shut::Started,
            queued => {
                let Socket::Queued(stream) = std::mem::replace(queued, Socket::Gone) else { unreachable!("the third") };
                return Shut::TurnedAway(stream);
            }
        };
        let shutting = Shutting(self);
        unharmed(|| {
            let _ = transport.shutdown(how); // not connected any more: as good
        });
        drop((transport, shutting));
        Shut::Started
    }

    fn leave_queue(&self) -> Option<TcpStream> {
        let mut socket = lock(&self.socket);
        match std::mem::replace(&mut *socket, Socket::Gone) {
            Socket::Queued(stream) => Some(stream),
            other => {
                *socket = other;
                None
            }
        }
    }

    /// Looks at the word on behalf of the timer, and claims it if its deadline has passed.
    pub(crate) fn visit(&self, now: Tick) -> Visit {
        let again = now.saturating_add(clock::ticks(LAST_WORDS));
        let is_late = |word: Word| word.state == State::Live && word.deadline <= now;
        if let Some(phase) = self.claim(State::Expired, again, is_late) {
            return Visit::Late(how_to_end(phase), Some(phase));
        }
        let word = Word::unpack(self.word.load(SeqCst));
        match word.state {
            State::Expired if word.deadline <= now => Visit::Late(Shutdown::Both, None),
            _ => Visit::Until(word.deadline),
        }
    }

    /// Claims the word because the server is stopping, and wakes the task; whether that had not been done.
    pub(crate) fn abort(&self) -> bool {
        let aborted = self.claim(State::Aborted, Word::NEVER, |word| word.state != State::Aborted).is_some();
        let waker = lock(&self.waker).take();
        waker.into_iter().for_each(|waker| unharmed(|| waker.wake()));
        aborted
    }

    /// Takes the word from the loop, if `may` agrees; answers the phase the connection was in.
    fn claim(&self, state: State, deadline: Tick, may: impl Fn(Word) -> bool) -> Option<Phase> {
        let claim = |seen| {
            let word = Word::unpack(seen);
            may(word).then(|| Word { state, deadline, ..word }.pack())
        };
        self.word.fetch_update(SeqCst, SeqCst, claim).ok().map(|seen| Word::unpack(seen).phase)
    }

    /// The connection is over: nobody shuts its socket down any more. If it was never started, it is to be answered
    /// 503.
    pub(crate) fn close(&self) -> Option<TcpStream> {
        let own = thread::current().id();
        let mut socket = lock(&self.socket);
        while matches!(&*socket, Socket::Started { shutting, .. } if shutting.iter().any(|&thread| thread != own)) {
            socket = self.shut.wait(socket).unwrap_or_else(PoisonError::into_inner);
        }
        let before = std::mem::replace(&mut *socket, Socket::Gone);
        drop(socket);
        match before {
            Socket::Queued(stream) => Some(stream),
            _ => None,
        }
    }
}

/// What ending a connection's wait came to.
pub(crate) enum Shut {
    /// Its loop will notice.
    Started,
    /// It had no loop yet: it is to be answered 503.
    TurnedAway(TcpStream),
}

/// What the timer is to do about a connection.
pub(crate) enum Visit {
    /// Nothing before this tick.
    Until(Tick),
    /// Shut its socket down, and look again soon. The phase that was too long, when that is new.
    Late(Shutdown, Option<Phase>),
}

/// Last words can be written, unless it was writing that took too long, or they have been written.
fn how_to_end(phase: Phase) -> Shutdown {
    match phase {
        Phase::Send | Phase::Linger => Shutdown::Both,
        _ => Shutdown::Read,
    }
}

fn turned_away() -> io::Error {
    let reason = "the connection has been turned away: it was too long in the queue, or the server is stopping";
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// An entry whose time is whatever the test says, and the client's end of its socket.
    fn started() -> (Entry, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let entry = Entry::new(listener.accept().unwrap().0, 100);
        entry.start(Ok, 200).unwrap();
        (entry, client)
    }

    /// The tick until which to wait, or how the socket is to be shut.
    fn visit(entry: &Entry, now: Tick) -> Result<Tick, Shutdown> {
        match entry.visit(now) {
            Visit::Until(tick) => Ok(tick),
            Visit::Late(how, _) => Err(how),
        }
    }

    #[test]
    fn a_claim_comes_with_the_deadline_and_leaves_time_for_last_words() {
        for (phase, first) in [
            (Phase::FirstByte, Shutdown::Read),
            (Phase::Idle, Shutdown::Read),
            (Phase::Head, Shutdown::Read),
            (Phase::Body, Shutdown::Read),
            (Phase::Send, Shutdown::Both),
            (Phase::Linger, Shutdown::Both),
        ] {
            let (entry, _client) = started();
            entry.arm(phase, 300).unwrap();
            assert_eq!(visit(&entry, 299), Ok(300), "{phase:?}");
            assert_eq!(entry.ending(), None);
            assert_eq!(visit(&entry, 300), Err(first), "{phase:?}");
            assert_eq!(entry.ending(), Some(Ending::Expired(phase)));
            assert_eq!(entry.arm(Phase::Idle, 9_999), Err(Ending::Expired(phase)), "the loop has lost");
            assert_eq!(visit(&entry, 1_299), Ok(1_300), "a second for last words");
            assert_eq!(visit(&entry, 1_300), Err(Shutdown::Both));
        }
    }

    #[test]
    fn a_deadline_that_has_moved_is_not_met() {
        let (entry, _client) = started();
        entry.arm(Phase::Idle, 300).unwrap();
        entry.arm(Phase::Head, 500).unwrap();
        assert_eq!(visit(&entry, 300), Ok(500));
        entry.arm(Phase::Handler, Tick::MAX).unwrap();
        assert_eq!(visit(&entry, 1 << 50), Ok(Word::NEVER));
        entry.arm(Phase::Idle, 400).unwrap();
        assert_eq!(visit(&entry, 400), Err(Shutdown::Read), "earlier than before is as good");
    }

    #[test]
    fn an_abort_wins_once_and_over_an_expiry() {
        let (entry, _client) = started();
        assert!(matches!(visit(&entry, 200), Err(Shutdown::Read)));
        assert!(entry.abort());
        assert!(!entry.abort());
        assert_eq!(entry.ending(), Some(Ending::Aborted));
        assert_eq!(entry.arm(Phase::Idle, 300), Err(Ending::Aborted));
        assert_eq!(visit(&entry, 1 << 50), Ok(Word::NEVER), "the timer leaves it alone");
    }

    #[test]
    fn exactly_one_of_arm_and_claim_wins() {
        let (entry, _client) = started();
        for round in 0..2_000 {
            let (now, later) = (1_000 + 10 * round, 1_005 + 10 * round);
            entry.word.store(Word { deadline: now, phase: Phase::Idle, state: State::Live }.pack(), SeqCst);
            let (visited, armed) = std::thread::scope(|scope| {
                let armed = scope.spawn(|| entry.arm(Phase::Handler, later));
                (visit(&entry, now), armed.join().unwrap())
            });
            match (armed, visited) {
                (Ok(()), Ok(tick)) => assert_eq!(tick, later),
                (Err(ending), Err(how)) => assert_eq!((ending, how), (Ending::Expired(Phase::Idle), Shutdown::Read)),
                both => panic!("round {round}: {both:?}"),
            }
        }
    }

    #[test]
    fn who_was_turned_away_is_not_started() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let entry = Entry::new(listener.accept().unwrap().0, 100);
        assert_eq!(visit(&entry, 100), Err(Shutdown::Read));
        assert!(matches!(entry.shut(Shutdown::Read), Shut::TurnedAway(_)));
        assert!(entry.start(Ok, 200).is_err());
    }
}
