//! A server for a check: it ends nobody for being slow, and its own end is waited for only where it is asked for.
//!
//! A check that fails unwinds, and a [`Running`] that is dropped stops, for which a backend may have to join threads
//! that never end. Then nobody would get to read why the check has failed. So what is served here ends with its
//! process.

use crate::gate;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::thread;
use std::time::Duration;
use switchboard::{Backend, Handler, Limits, Report, Running, Server};

/// Longer than any check runs.
const AGES: Duration = Duration::from_secs(600);

/// A server that runs, on a port that the system has chosen.
#[derive(Debug)]
pub struct Served(ManuallyDrop<Running>);

/// Runs `handler` on `backend`.
///
/// ```
/// use course::client::Client;
/// use course::server::serve;
/// use std::time::Duration;
/// use switchboard::{Request, Threads};
///
/// let server = serve(Threads::new(), |_: &mut Request| "Hello");
/// assert_eq!(Client::connect(server.addr()).get("/").text(), "Hello");
/// assert_eq!(server.stop(Duration::ZERO).served, 1);
/// ```
///
/// # Panics
///
/// If the system gives no port, or no thread.
pub fn serve(backend: impl Backend, handler: impl Handler) -> Served {
    let limits =
        Limits { queued: AGES, first_byte: AGES, head: AGES, idle: AGES, body: AGES, send: AGES, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").expect("a port").limits(limits);
    Served(ManuallyDrop::new(server.spawn(backend, handler).expect("a server")))
}

impl Served {
    /// Stops it, as [`Running::shutdown`] does.
    ///
    /// # Panics
    ///
    /// If the stop panics, or does not return.
    pub fn stop(self, limit: Duration) -> Report {
        let stopping = thread::spawn(move || ManuallyDrop::into_inner(self.0).shutdown(limit));
        gate::until("the server's stop to return", || stopping.is_finished());
        stopping.join().unwrap_or_else(|_| panic!("the server's stop panicked"))
    }
}

impl Deref for Served {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.0
    }
}
