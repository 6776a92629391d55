//! What the connections of a server are doing, and what became of those that have ended.

use crate::deadline::{Entry, Phase};

/// The connections of a server at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Waiting for the backend to start them.
    pub queued: usize,
    /// Waiting for a request.
    pub idle: usize,
    /// In the middle of a request, or closing.
    pub active: usize,
}

impl Stats {
    pub(crate) fn count(&mut self, entry: &Entry) {
        match entry.phase() {
            Phase::Queued => self.queued += 1,
            Phase::FirstByte | Phase::Idle => self.idle += 1,
            _ => self.active += 1,
        }
    }
}

/// What became of connections. All but `served` count from the moment the server was asked to stop.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) served: u64,
    pub(crate) turned_away: usize,
    pub(crate) idle_closed: usize,
    pub(crate) drained: usize,
    pub(crate) aborted: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, entry: &Entry) {
        match entry.phase() {
            Phase::Queued => self.turned_away += 1,
            _ if entry.stayed_idle() => self.idle_closed += 1,
            Phase::Linger => self.drained += 1, // its answer is out, however the client takes its leave
            _ if entry.ending().is_some() => self.aborted += 1,
            _ => self.drained += 1,
        }
    }
}
