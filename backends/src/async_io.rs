//! `async-io`: async tasks on an executor per thread, on the packages `async-io` and `async-executor`.
//!
//! A connection is a task that stays on the thread it was given to, in turn; it costs a future of a kilobyte or so
//! while it waits. No thread takes over another's work, which is cheaper, and means that a handler that blocks holds up
//! its share of the connections: wrap it in [`blocking`](switchboard_core::blocking). The threads start with the
//! backend and end with the server; the reactor has one thread for the whole process, which stays.

use crate::crew::{Crew, Gate};
use crate::named::Listed;
use crate::offload::{BLOCKING, OnDemand, THREADS, cores};
use crate::readiness::Ready;
use async_executor::Executor;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use switchboard_core::{Backend, Connection, Offload, Rejected};

pub(crate) const LISTED: Listed = Listed {
    name: "async-io",
    advice: "async tasks that stay on their thread: many connections, little memory, no hand-over between threads",
    knobs: &[THREADS, BLOCKING],
    has_main: true,
    make: |values| {
        let threads = values.usize("threads").unwrap_or_else(cores);
        Ok(Box::new(AsyncIo::with_blocking(threads, values.usize("blocking"))?))
    },
};

/// Async tasks, each on a thread of its own.
///
/// ```
/// use switchboard::{Request, Server, backends::async_io::AsyncIo};
///
/// let running = Server::bind("127.0.0.1:0")?.spawn(AsyncIo::new(2)?, |_: &mut Request| "Hello")?;
/// # drop(running);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AsyncIo {
    /// One for each thread.
    executors: Arc<[Executor<'static>]>,
    /// Whose turn it is.
    next: AtomicUsize,
    crew: Crew,
    offload: Arc<OnDemand>,
}

impl AsyncIo {
    /// Starts `threads` threads; handlers that block get up to 256 others.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn new(threads: usize) -> io::Result<Self> {
        Self::with_blocking(threads, None)
    }

    fn with_blocking(threads: usize, blocking: Option<usize>) -> io::Result<Self> {
        let executors: Arc<[_]> = (0..threads.max(1)).map(|_| Executor::new()).collect();
        let shared = executors.clone();
        let run = move |number: usize, end: &Gate| ::async_io::block_on(shared[number].run(end.pass()));
        let crew = Crew::start("async-io", threads, run)?;
        Ok(Self { executors, next: AtomicUsize::new(0), crew, offload: Arc::new(OnDemand::new(blocking)) })
    }
}

impl Backend for AsyncIo {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let conversation = connection.serve(Ready::new)?;
        let turn = self.next.fetch_add(1, Relaxed) % self.executors.len();
        self.executors[turn].spawn(conversation).detach();
        Ok(())
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        Some(self.offload.clone())
    }

    fn stop(&self, stuck: usize) {
        self.crew.stop(stuck);
        self.offload.stop(stuck);
    }
}

impl fmt::Debug for AsyncIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncIo").field("threads", &self.executors.len()).finish_non_exhaustive()
    }
}
