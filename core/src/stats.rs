//! What the connections of a server are doing, what has happened to it so far, and what became of those that ended.

use crate::deadline::Entry;
use crate::word::Phase;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A server at one moment: its connections by what they wait for, and what has happened since it was started.
///
/// ```
/// use switchboard::{Request, Server, Threads};
///
/// let running = Server::bind("127.0.0.1:0")?.spawn(Threads::new(), |_: &mut Request| "Hello")?;
/// let stats = running.stats();
/// assert_eq!((stats.open(), stats.accepted, stats.timeouts.head), (0, 0, 0));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Waiting for the backend to start them.
    pub queued: usize,
    /// Started, and nothing has been received yet.
    pub silent: usize,
    /// Waiting for the next request.
    pub idle: usize,
    /// Waiting for the rest of a head.
    pub head: usize,
    /// Handlers at work.
    pub handler: usize,
    /// Waiting for more of a request's body.
    pub body: usize,
    /// Waiting for the client to take some of the response.
    pub send: usize,
    /// Waiting for the client to send something in another protocol.
    pub upgraded: usize,
    /// Waiting for the client to see the last response.
    pub linger: usize,
    /// How many connections are open beyond what the backend runs at once.
    pub waiting: usize,
    /// Connections accepted.
    pub accepted: u64,
    /// Requests answered.
    pub requests: u64,
    /// Connections that were too long at something.
    pub timeouts: Timeouts,
    /// Connections that were ended, or whose answer closed them, because others waited for their place.
    pub shed: u64,
    /// Connections that came when [`Limits::connections`](crate::Limits::connections) were open, and were not kept.
    pub overloaded: u64,
    /// What went wrong.
    pub errors: Errors,
}

/// How many connections were ended by which limit. The fields are named after those of [`Limits`](crate::Limits).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Waited too long for the backend.
    pub queued: u64,
    /// Sent nothing at all.
    pub first_byte: u64,
    /// Asked for nothing more.
    pub idle: u64,
    /// Were too slow with a head.
    pub head: u64,
    /// Were too slow with a body, also one that nobody wanted.
    pub body: u64,
    /// Took nothing of their response.
    pub send: u64,
    /// Sent nothing in another protocol.
    pub upgrade: u64,
    /// Went on sending when the connection was over.
    pub linger: u64,
}

/// How often something went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Errors {
    /// Requests that were refused before a handler saw them.
    pub refused: u64,
    /// Handlers and producers that panicked.
    pub panicked: u64,
    /// Connections the backend could not take.
    pub rejected: u64,
    /// Attempts to accept that failed.
    pub accept: u64,
}

impl Stats {
    /// Connections open.
    pub fn open(&self) -> usize {
        let Self { queued, silent, idle, head, handler, body, send, upgraded, linger, .. } = self;
        queued + silent + idle + head + handler + body + send + upgraded + linger
    }

    pub(crate) fn count(&mut self, entry: &Entry) {
        self.requests += entry.served();
        *match entry.phase() {
            Phase::Queued => &mut self.queued,
            Phase::FirstByte => &mut self.silent,
            Phase::Idle => &mut self.idle,
            Phase::Head => &mut self.head,
            Phase::Handler => &mut self.handler,
            Phase::Body => &mut self.body,
            Phase::Send => &mut self.send,
            Phase::Upgraded => &mut self.upgraded,
            Phase::Linger => &mut self.linger,
        } += 1;
    }
}

/// What is counted while the server runs.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) accepted: Counter,
    pub(crate) overloaded: Counter,
    pub(crate) shed: Counter,
    pub(crate) refused: Counter,
    pub(crate) panicked: Counter,
    pub(crate) rejected: Counter,
    pub(crate) accept_errors: Counter,
    /// By phase.
    timeouts: [Counter; Phase::COUNT],
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Counters {
    pub(crate) fn count_timeout(&self, phase: Phase) {
        self.timeouts[phase as usize].count();
    }

    /// What has been counted, with no connections.
    pub(crate) fn stats(&self) -> Stats {
        let timeouts = |phase: Phase| self.timeouts[phase as usize].get();
        Stats {
            accepted: self.accepted.get(),
            overloaded: self.overloaded.get(),
            shed: self.shed.get(),
            timeouts: Timeouts {
                queued: timeouts(Phase::Queued),
                first_byte: timeouts(Phase::FirstByte),
                idle: timeouts(Phase::Idle),
                head: timeouts(Phase::Head),
                body: timeouts(Phase::Body),
                send: timeouts(Phase::Send),
                upgrade: timeouts(Phase::Upgraded),
                linger: timeouts(Phase::Linger),
            },
            errors: Errors {
                refused: self.refused.get(),
                panicked: self.panicked.get(),
                rejected: self.rejected.get(),
                accept: self.accept_errors.get(),
            },
            ..Stats::default()
        }
    }
}

/// What became of connections. All but `served` count from the moment the server was asked to stop.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) served: u64,
    pub(crate) turned_away: usize,
    pub(crate) idle_closed: usize,
    pub(crate) drained: usize,
    pub(crate) aborted: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, entry: &Entry) {
        match entry.phase() {
            Phase::Queued => self.turned_away += 1,
            _ if entry.stayed_idle() => self.idle_closed += 1,
            Phase::Linger => self.drained += 1, // its answer is out, however the client takes its leave
            _ if entry.ending().is_some() => self.aborted += 1,
            _ => self.drained += 1,
        }
    }
}
