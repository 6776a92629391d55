//! Switchboard: a web server framework whose concurrency is pluggable.
//!
//! The same handler runs on any backend, chosen by a value at run time, with identical behaviour on each. All
//! deadlines come from one shared timer. Every limit has a default, and it is on.
//!
//! ```no_run
//! use switchboard::{Request, Server, Threads};
//!
//! fn main() -> std::io::Result<()> {
//!     Server::bind("127.0.0.1:8080")?.run(Threads::new(), |_: &mut Request| "Hello, World!")
//! }
//! ```
//!
//! To stop a server, [`spawn`](Server::spawn) it:
//!
//! ```
//! use std::time::Duration;
//! use switchboard::{AnyBackend, Request, Server, Status};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let backend: AnyBackend = "threads".parse()?;
//! let running = Server::bind("127.0.0.1:0")?.spawn(backend, |request: &mut Request| match request.path() {
//!     "/" => Ok("Hello, World!"),
//!     _ => Err(Status::NOT_FOUND),
//! })?;
//! println!("listening on http://{}", running.addr());
//! let report = running.shutdown(Duration::from_secs(10));
//! assert_eq!(report.stuck, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! This package only re-exports:
//!
//! - [`core`]: requests, responses, handlers, the server, and the traits a backend is made of;
//! - [`backends`]: where connections run;
//! - [`timer`]: where deadlines are kept;
//! - `fileserve` (a feature): a whole directory as a handler;
//! - `conformance` (a feature): the behaviour promised, as a suite that any backend and timer can be run through.

#[cfg(feature = "conformance")]
pub mod conformance;

pub use switchboard_backends::{self as backends, AnyBackend, Threads};
pub use switchboard_core::{self as core, *};
#[cfg(feature = "fileserve")]
pub use switchboard_fileserve as fileserve;
pub use switchboard_timer::{self as timer, Heap, Timer, Wheel};

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
