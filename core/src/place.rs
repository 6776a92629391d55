//! A connection's place in the table, and who keeps it.

use crate::deadline::Entry;
use crate::table::Deadlines;
use crate::transport::Transport;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// Keeps a connection's place in the table; the last one to be dropped gives it up.
pub(crate) struct Hold {
    deadlines: Arc<Deadlines>,
    entry: Arc<Entry>,
}

impl Hold {
    /// That of the connection itself, whose entry has been made for it.
    pub(crate) fn first(deadlines: Arc<Deadlines>, entry: Arc<Entry>) -> Self {
        Self { deadlines, entry }
    }

    /// Another one, for somebody who works for a connection that is live.
    pub(crate) fn of(deadlines: &Arc<Deadlines>, entry: &Arc<Entry>) -> Self {
        entry.hold();
        Self { deadlines: deadlines.clone(), entry: entry.clone() }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.entry.let_go() {
            self.deadlines.close(&self.entry);
        }
    }
}

/// A connection's own hold on its place; dropping it ends the connection.
pub(crate) struct Registered(Hold);

impl Registered {
    pub(crate) fn new(hold: Hold) -> Self {
        Self(hold)
    }

    pub(crate) fn entry(&self) -> &Arc<Entry> {
        &self.0.entry
    }

    /// See [`Entry::start`]; the first byte may take `first_byte`.
    pub(crate) fn start<T: Transport>(
        &self,
        wrap: impl FnOnce(TcpStream) -> io::Result<T>,
        first_byte: Duration,
    ) -> io::Result<Arc<dyn Transport>> {
        let (now, deadline) = self.0.deadlines.clock.span(first_byte);
        self.0.entry.note_progress(now);
        self.0.entry.start(wrap, deadline)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(stream) = self.0.entry.close() {
            self.0.deadlines.turn_away(stream);
        }
    }
}
