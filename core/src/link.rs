//! What the connection loop and the request's body share: the socket, its deadline, the server.

use crate::deadline::Entry;
use crate::place::Hold;
use crate::server::Shared;
use crate::transport::Transport;
use crate::word::{Ending, Phase};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use switchboard_timer::Tick;

#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) entry: Arc<Entry>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) server: Arc<Shared>,
}

impl Link {
    /// Enters `phase`, which may last until `deadline`. An error means that the connection has been ended
    /// from outside: nothing more is to be waited for.
    #[inline]
    pub(crate) fn arm(&self, phase: Phase, deadline: Tick) -> Result<(), Ending> {
        self.entry.arm(phase, deadline)
    }

    /// Enters `phase`, which may last `limit` from now.
    pub(crate) fn arm_for(&self, phase: Phase, limit: Duration) -> Result<(), Ending> {
        let (now, deadline) = self.server.clock.span(limit);
        self.entry.note_progress(now);
        self.entry.arm(phase, deadline)
    }

    /// Notes that the client has taken something.
    pub(crate) fn note_progress(&self) {
        self.entry.note_progress(self.server.clock.now());
    }

    /// Notes that somebody waits for the client, in a handler: the deadline that is armed holds while what comes back
    /// lives.
    pub(crate) fn wait_for_client(&self) -> Waiting {
        self.entry.wait_for_client(true);
        Waiting(self.clone())
    }

    /// Whoever waited does so no more: the handler goes on, and has no deadline.
    pub(crate) fn stop_waiting(&self) {
        self.entry.wait_for_client(false);
        if matches!(self.entry.phase(), Phase::Body | Phase::Send | Phase::Upgraded) {
            let _ = self.arm(Phase::Handler, Tick::MAX); // an end from outside shows when there is something to send
        }
    }

    /// Ready when no answer to an earlier request is held back: whoever waits for the client has to wait for this
    /// first.
    pub(crate) fn poll_settled(&self, cx: &Context<'_>) -> Poll<()> {
        if !self.entry.owes_output() {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref(); // the loop writes it and polls again, but whatever is between us may not
        Poll::Pending
    }

    /// Keeps the connection's place while somebody else works for it.
    pub(crate) fn hold(&self) -> Hold {
        Hold::of(&self.server.deadlines, &self.entry)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entry, &other.entry)
    }
}

/// A wait for the client that is under way.
pub(crate) struct Waiting(Link);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.stop_waiting();
    }
}
