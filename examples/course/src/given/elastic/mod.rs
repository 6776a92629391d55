//! What exercise 4 is given: the words in which a queue decides, and what carries its decisions out.
//!
//! | file | what it has |
//! |---|---|
//! | this | [`Manager`]: what a queue has to decide, as a trait, and the words for it |
//! | `threads.rs` | [`Queue`]: carries it out with threads, on the real clock |
//! | `server.rs` | [`Queue`] as a backend of the real server |
//! | `simulation.rs` | [`Machine`]: carries it out with one processor, on a virtual clock |

mod server;
mod simulation;
mod threads;

use std::error::Error;
use std::fmt;
use std::time::Duration;

pub use simulation::{Act, Event, Machine, What};
pub use threads::{Hook, Queue, Ticket, sleeping, waking};

/// Time since the queue was made.
pub type Now = Duration;

/// A job, by its number: the later one was queued, the higher it is.
pub type Job = u64;

/// A worker, by its name: a small number that the manager chooses when it has a worker started. The name of one
/// that has gone may be given to another.
pub type Worker = usize;

/// How long a worker rests before it may retire: Linux's `IDLE_WORKER_TIMEOUT`.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// How long nothing moves before the watchdog helps: Linux's `MAYDAY_INITIAL_TIMEOUT`.
pub const MAYDAY_INITIAL: Duration = Duration::from_millis(10);
/// How long it is from one help to the next, at least: Linux's `MAYDAY_INTERVAL`.
pub const MAYDAY_INTERVAL: Duration = Duration::from_millis(100);

/// When a job is begun that has been queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// At once, while fewer than `max_active` jobs are under way: Linux's `WQ_UNBOUND`. Who waits in a job is of no
    /// interest: such a queue is never told [`sleeping`](Manager::sleeping) nor asked to [`watch`](Manager::watch).
    Unbound {
        /// The most jobs under way at once, and so the most workers; at least 1.
        max_active: usize,
    },
    /// When, besides, fewer than `target` workers run: a bound workqueue of Linux, where `target` is 1 for each
    /// processor.
    Managed {
        /// How many workers may run at once, not counting those that sleep; at least 1.
        target: usize,
        /// The most jobs under way at once, also those that sleep, and so the most workers; at least 1.
        max_active: usize,
    },
}

impl Policy {
    /// The most jobs under way at once.
    pub fn max_active(self) -> usize {
        match self {
            Self::Unbound { max_active } | Self::Managed { max_active, .. } => max_active,
        }
    }

    /// How many workers may run at once: any number, if the queue is not managed.
    pub fn target(self) -> usize {
        match self {
            Self::Unbound { .. } => usize::MAX,
            Self::Managed { target, .. } => target,
        }
    }

    /// Whether it matters who sleeps.
    pub fn is_managed(self) -> bool {
        matches!(self, Self::Managed { .. })
    }
}

/// What is to be done about a worker. It is carried out a moment later; then the worker asks for its
/// [`step`](Manager::step).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Start one of this name; there is none now.
    Start(Worker),
    /// Wake this one, which rests.
    Wake(Worker),
}

/// What a worker is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Do this job, which has not begun.
    Run(Job),
    /// Rest until it is woken, at most this long (more than nothing), and then ask again.
    Rest(Duration),
    /// End. Its name is free.
    Exit,
}

/// What the watchdog is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Nothing: there is nothing to watch until something is queued.
    Nothing,
    /// Look again after this time (more than nothing).
    Later(Duration),
    /// Carry this out, and look again.
    Help(Order),
}

/// What an elastic queue has to decide.
///
/// Whoever owns a manager tells it what happens and what time it is, one call at a time, and carries out its
/// answer. So it needs neither threads nor a clock nor a lock, and decides the same on real threads ([`Queue`]) and
/// on a virtual clock ([`Machine`]).
///
/// ```text
///               Order::Start, Order::Wake            Step::Run              sleeping
///   (nobody) ─────────────────────────▶ starting ─────────────▶ running ◀───────────▶ sleeping
///       ▲               ▲                   │                    │    ▲     waking       │
///       │ Step::Exit    │                   │ Step::Rest         │    │ Step::Run        │ its job ends
///       │               │                   ▼                    │    │                  │
///       └───────────────┴───────────────── idle ◀────────────────┴────┴──────────────────┘
/// ```
pub trait Manager: Send {
    /// `job` is queued: by worker `by` of this queue, from within a job, or else (`None`) by any other thread.
    /// Answers whom to call for it, if anybody.
    ///
    /// # Errors
    ///
    /// [`Closed`] if it is refused.
    fn queue(&mut self, job: Job, by: Option<Worker>, now: Now) -> Result<Option<Order>, Closed>;

    /// `worker` asks what to do next: it was called and has come; or its job has ended (returned or panicked); or
    /// it has rested for as long as it was told, or a bit less, and nobody called it.
    fn step(&mut self, worker: Worker, now: Now) -> Step;

    /// `worker` is about to wait in the middle of its job. Answers whom to call, if anybody, now that it does not
    /// run.
    fn sleeping(&mut self, worker: Worker, now: Now) -> Option<Order>;

    /// `worker` is back from waiting, and goes on with its job.
    fn waking(&mut self, worker: Worker);

    /// The watchdog looks whether everything is stuck.
    fn watch(&mut self, now: Now) -> Watch;

    /// Somebody wants to wait until jobs are over: worker `by` of this queue, from within a job, or any other thread.
    ///
    /// # Errors
    ///
    /// [`FromWorker`] if that would never end.
    fn may_wait(&self, by: Option<Worker>) -> Result<(), FromWorker>;

    /// Somebody begins to drain the queue, or ends it. Several may do so at once, and each tells its begin and its
    /// end.
    fn drain(&mut self, begins: bool);

    /// Whether a job that was queued is over: it neither waits nor is under way.
    fn is_over(&self, job: Job) -> bool;

    /// The oldest job that is not over: the one with the lowest number.
    fn oldest(&self) -> Option<Job>;
}

/// The queue takes no job: it is being drained, or has been closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue takes no job: it is being drained, or has been closed")
    }
}

impl Error for Closed {}

/// A job wants to wait for its own queue, and thus for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FromWorker;

impl fmt::Display for FromWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a job that waits for its own queue would wait for itself")
    }
}

impl Error for FromWorker {}
