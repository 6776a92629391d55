//! `smol`: async tasks on one executor that all its threads share, on the package `smol`.
//!
//! A connection is a task, and costs a future of a kilobyte or so while it waits. Whichever thread is free goes on with
//! it, so a handler that blocks holds up one thread, and all of them when as many block: wrap it in
//! [`blocking`](switchboard_core::blocking). The threads start with the backend and end with the server; the reactor
//! has one thread for the whole process, which stays.

use crate::crew::Crew;
use crate::named::Listed;
use crate::offload::{BLOCKING, OnDemand, THREADS, cores};
use crate::readiness::Ready;
use smol::Executor;
use std::fmt;
use std::io;
use std::sync::Arc;
use switchboard_core::{Backend, Connection, Offload, Rejected};

pub(crate) const LISTED: Listed = Listed {
    name: "smol",
    advice: "async tasks that any of its threads goes on with: many connections, little memory, even load",
    knobs: &[THREADS, BLOCKING],
    has_main: true,
    make: |values| {
        let threads = values.usize("threads").unwrap_or_else(cores);
        Ok(Box::new(Smol::with_blocking(threads, values.usize("blocking"))?))
    },
};

/// Async tasks on threads that share them.
///
/// ```
/// use switchboard::{Request, Server, backends::smol::Smol};
///
/// let running = Server::bind("127.0.0.1:0")?.spawn(Smol::new(2)?, |_: &mut Request| "Hello")?;
/// # drop(running);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Smol {
    executor: Arc<Executor<'static>>,
    crew: Crew,
    offload: Arc<OnDemand>,
}

impl Smol {
    /// Starts `threads` threads; handlers that block get up to 256 others.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn new(threads: usize) -> io::Result<Self> {
        Self::with_blocking(threads, None)
    }

    fn with_blocking(threads: usize, blocking: Option<usize>) -> io::Result<Self> {
        let executor = Arc::new(Executor::new());
        let shared = executor.clone();
        let crew = Crew::start("smol", threads, move |_, end| smol::block_on(shared.run(end.pass())))?;
        Ok(Self { executor, crew, offload: Arc::new(OnDemand::new(blocking)) })
    }
}

impl Backend for Smol {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        self.executor.spawn(connection.serve(Ready::new)?).detach();
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

impl fmt::Debug for Smol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smol")
    }
}
