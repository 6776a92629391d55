//! What the connection loop and the request's body share: the socket, its deadline, the server.

use crate::deadline::{Ending, Entry, Phase};
use crate::server::Shared;
use crate::transport::Transport;
use std::sync::Arc;
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
    pub(crate) fn arm(&self, phase: Phase, deadline: Tick) -> Result<(), Ending> {
        self.entry.arm(phase, deadline)
    }

    /// Enters `phase`, which may last `limit` from now.
    pub(crate) fn arm_for(&self, phase: Phase, limit: Duration) -> Result<(), Ending> {
        self.entry.arm(phase, self.server.clock.after(limit))
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entry, &other.entry)
    }
}
