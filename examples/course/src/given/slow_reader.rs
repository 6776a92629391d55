//! When to try a write again that would have blocked, though the system does not say.
//!
//! Linux says that a socket is writable when a third of its send buffer is free, and lets that buffer grow to
//! megabytes: a client that reads slowly seems to take nothing for many seconds, and the server would end it. The
//! framework's own backends tell the system to speak up sooner (`TCP_NOTSENT_LOWAT`, `tcp(7)`); std has no call for
//! that, so here a write that waits is tried again now and then.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Context;
use std::time::Duration;
use switchboard::{Request, core::Sleep};

/// How long a write waits at most before it is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Wakes a writer that waits.
#[derive(Default)]
pub(super) struct Again(Mutex<Option<Sleep>>);

impl Again {
    /// Has the task woken in a while.
    pub(super) fn arm(&self, cx: &mut Context<'_>) {
        let mut pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_armed = pause.as_mut().is_some_and(|pause| Pin::new(pause).poll(cx).is_pending());
        if !is_armed {
            // A request of no server sleeps on the timer of the process.
            let request = Request::parse("GET / HTTP/1.1\r\nHost: course\r\n\r\n");
            *pause = request.ok().map(|request| request.sleep(PAUSE));
            let _ = pause.as_mut().map(|pause| Pin::new(pause).poll(cx));
        }
    }
}
