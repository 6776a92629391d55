//! `pool`: a fixed pool of threads, on the package `threadpool`.
//!
//! A connection holds a thread from its first byte to its end, so the size of the pool is how many are served at once;
//! the others wait in its queue. A client that keeps its connection and asks for nothing loses it as soon as somebody
//! waits (see [`Backend::capacity`]). The threads are there from the beginning and end with the server, a moment after
//! it.

use crate::named::{Knob, Listed};
use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError};
use std::{fmt, io, thread};
use switchboard_core::{Backend, Connection, Rejected, block_on};
use threadpool::{Builder, ThreadPool};

pub(crate) const LISTED: Listed = Listed {
    name: "pool",
    advice: "a fixed number of threads: a bounded cost; clients beyond that wait, and idle ones are let go",
    knobs: &[Knob { name: "threads", about: "how many threads [64]", range: 1..=65_536 }, Knob::STACK],
    has_main: true,
    make: |values| {
        let threads = values.usize("threads").unwrap_or(THREADS);
        Ok(Box::new(Pool::with_stack_size(threads, values.stack_size().unwrap_or(STACK_SIZE))?))
    },
};

const THREADS: usize = 64;
const STACK_SIZE: usize = 256 << 10;

/// A fixed pool of threads.
///
/// ```
/// use switchboard::{Request, Server, backends::pool::Pool};
///
/// let running = Server::bind("127.0.0.1:0")?.spawn(Pool::new(8)?, |_: &mut Request| "Hello")?;
/// # drop(running);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pool {
    threads: usize,
    /// `None` once stopped.
    pool: Mutex<Option<ThreadPool>>,
}

impl Pool {
    /// Starts `threads` threads with stacks of 256 KiB.
    ///
    /// # Errors
    ///
    /// If `threads` is 0, or they cannot be started.
    pub fn new(threads: usize) -> io::Result<Self> {
        Self::with_stack_size(threads, STACK_SIZE)
    }

    /// Starts `threads` threads with stacks of `bytes`, which the system may round up.
    ///
    /// # Errors
    ///
    /// As [`new`](Pool::new).
    pub fn with_stack_size(threads: usize, bytes: usize) -> io::Result<Self> {
        let name = "switchboard-pool".to_string();
        // The package panics where a thread cannot be started, so the first is tried here, and the others are caught.
        thread::Builder::new().name(name.clone()).stack_size(bytes).spawn(|| ())?;
        let builder = Builder::new().thread_name(name).thread_stack_size(bytes);
        let pool = catch_unwind(|| builder.num_threads(threads).build());
        let pool = pool.map_err(|_| io::Error::other(format!("{threads} threads could not be started")))?;
        Ok(Self { threads, pool: Mutex::new(Some(pool)) })
    }
}

impl Backend for Pool {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pool.as_ref().ok_or_else(|| Rejected::new("the pool has been stopped"))?;
        pool.execute(move || {
            // An error: it has waited too long, and has been turned away.
            if let Ok(conversation) = connection.serve(Ok) {
                block_on(conversation);
            }
        });
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.threads
    }

    fn stop(&self, stuck: usize) {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(pool), 0) = (pool, stuck) {
            pool.join();
        } // when it is dropped its threads end, a moment later
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads).finish_non_exhaustive()
    }
}
