//! The backends of Switchboard: where connections run.
//!
//! | name | model | feature and package | a waiting connection costs |
//! |---|---|---|---|
//! | `threads` | a thread per connection | std | a thread |
//! | `workqueue` | an elastic pool after Linux's work queue | std | a worker, of 256 |
//! | `pool` | a fixed pool | `threadpool` | a worker, of 64 |
//! | `may` | green threads | `may` | a coroutine and its stack |
//! | `smol` | an executor whose threads share all tasks | `smol` | a future |
//! | `async-io` | an executor on each thread | `async-io` | a future |
//!
//! No HTTP is known in here: a backend is given a future and a socket, and only decides where the one runs and how
//! the other waits. Each is one file. Choose one by its type, or by its name at run time with [`AnyBackend`].

#[cfg(feature = "async-io")]
pub mod async_io;
#[cfg(any(feature = "smol", feature = "async-io"))]
mod crew;
#[cfg(any(feature = "may", feature = "smol", feature = "async-io"))]
mod lowat;
#[cfg(all(feature = "may", unix))]
pub mod may;
mod named;
#[cfg(any(feature = "may", feature = "smol", feature = "async-io"))]
mod offload;
#[cfg(feature = "threadpool")]
pub mod pool;
#[cfg(any(feature = "smol", feature = "async-io"))]
mod readiness;
#[cfg(feature = "smol")]
pub mod smol;
pub mod threads;
pub mod workqueue;

pub use named::{AnyBackend, Knob, Listed, NoBackend};
pub use threads::Threads;
pub use workqueue::WorkQueue;

/// What [`AnyBackend`] knows.
const LIST: &[Listed] = &[
    threads::LISTED,
    workqueue::LISTED,
    #[cfg(feature = "threadpool")]
    pool::LISTED,
    #[cfg(all(feature = "may", unix))]
    may::LISTED,
    #[cfg(feature = "smol")]
    smol::LISTED,
    #[cfg(feature = "async-io")]
    async_io::LISTED,
];
