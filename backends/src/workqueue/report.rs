//! What a work queue says: of a job, of itself, and of what it will not do.

use super::Shared;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A job that has been queued.
pub struct Ticket {
    pub(super) queue: Arc<Shared>,
    pub(super) number: u64,
}

impl Ticket {
    /// Waits until the job is over: done, or dropped by a shutdown.
    ///
    /// # Errors
    ///
    /// [`FromWorker`].
    pub fn flush(&self) -> Result<(), FromWorker> {
        self.queue.wait(None, |state| state.pool.is_over(self.number))
    }

    /// Whether the job is over.
    pub fn is_over(&self) -> bool {
        self.queue.lock().pool.is_over(self.number)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("number", &self.number).finish_non_exhaustive()
    }
}

/// A work queue at one moment, and what has happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Threads.
    pub workers: usize,
    /// Of these, those that rest.
    pub idle: usize,
    /// Those that do a job.
    pub active: usize,
    /// Of these, those that do not wait inside [`blocking`](super::blocking).
    pub running: usize,
    /// Jobs that have not begun.
    pub waiting: usize,
    /// Jobs done.
    pub finished: u64,
    /// Of these, those that panicked.
    pub panicked: u64,
    /// Threads started so far.
    pub started: u64,
    /// Threads that could not be started.
    pub start_failures: u64,
    /// The most threads at once.
    pub peak: usize,
}

/// How a work queue ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Jobs done since the start.
    pub finished: u64,
    /// Jobs that were never begun.
    pub dropped: usize,
    /// Jobs that are still being done: nothing can end these from outside.
    pub running: usize,
}

/// The queue takes no more jobs: it has been shut down, or is being drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the work queue takes no more jobs: it has been shut down, or is being drained")
    }
}

impl Error for Closed {}

/// A job waits for its own queue, and thus for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FromWorker;

impl fmt::Display for FromWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of its own jobs waits for the work queue, which would wait for itself; wait on another thread")
    }
}

impl Error for FromWorker {}
