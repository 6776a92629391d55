//! `async-io`: async tasks on an executor per thread, on the packages `async-io` and `async-executor`.
//!
//! A connection is a task that stays on the thread it was given to, in turn; it costs a future of a kilobyte or so
//! while it waits. No thread takes over another's work, which is cheaper, and means that a handler that blocks holds up
//! its share of the connections: wrap it in [`blocking`](switchboard_core::blocking). The threads start with the
//! backend and end with the server; the reactor has one thread for the whole process, which stays.

use crate::named::Listed;
use crate::offload::{BLOCKING, OnDemand, THREADS, cores};
use crate::readiness::{Gate, Ready};
use async_executor::Executor;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::{fmt, mem};
use switchboard_core::{Backend, Connection, Offload, Rejected};

pub(crate) const LISTED: Listed = Listed {
    name: "async-io",
    advice: "async tasks that stay on their thread: many connections, little memory, the cheapest hand-over",
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
    shared: Arc<Shared>,
    /// Whose turn it is.
    next: AtomicUsize,
    threads: Mutex<Vec<JoinHandle<()>>>,
    offload: Arc<OnDemand>,
}

struct Shared {
    /// One for each thread.
    executors: Vec<Executor<'static>>,
    end: Gate,
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
        let executors: Vec<_> = (0..threads.max(1)).map(|_| Executor::new()).collect();
        let shared = Arc::new(Shared { executors, end: Gate::default() });
        let offload = Arc::new(OnDemand::new(blocking));
        let async_io = Self { shared, next: AtomicUsize::new(0), threads: Mutex::default(), offload };
        for number in 0..async_io.shared.executors.len() {
            let shared = async_io.shared.clone();
            let run = move || ::async_io::block_on(shared.executors[number].run(shared.end.pass()));
            let thread = thread::Builder::new().name(format!("async-io-{number}")).spawn(run)?;
            async_io.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(async_io)
    }
}

impl Backend for AsyncIo {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let conversation = connection.serve(Ready::new)?;
        let executors = &self.shared.executors;
        let turn = self.next.fetch_add(1, Relaxed) % executors.len();
        executors[turn].spawn(conversation).detach();
        Ok(())
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        Some(self.offload.clone())
    }

    fn stop(&self, stuck: usize) {
        self.shared.end.open();
        self.offload.stop(stuck);
        let threads = mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        if stuck == 0 {
            threads.into_iter().for_each(|thread| thread.join().unwrap_or(())); // a panic there has been printed
        }
    }
}

impl Drop for AsyncIo {
    fn drop(&mut self) {
        self.shared.end.open();
    }
}

impl fmt::Debug for AsyncIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncIo").field("threads", &self.shared.executors.len()).finish_non_exhaustive()
    }
}
