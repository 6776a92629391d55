//! How the connections of a server are brought to an end: those that wait at once, those at work in their time, and
//! what is left is cut off.

use crate::deadline::Entry;
use crate::table::{Deadlines, Late, wake};
use crate::unharmed::lock;
use crate::word::Phase;
use std::net::Shutdown;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

impl Deadlines {
    /// Marks the server as stopping, for the loops and for whoever waits here or for room.
    pub(crate) fn begin_stopping(&self) {
        let mut table = lock(&self.table); // so that nobody is between looking at the mark and waiting, or closing
        for entry in table.live.values().filter(|entry| entry.is_idle()) {
            entry.note_idle_at_stop();
        }
        self.stopping.store(true, SeqCst);
        let acceptors = std::mem::take(&mut table.acceptors);
        drop(table);
        self.ended.notify_all();
        wake(acceptors);
    }

    /// Whether the server has been asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    /// Turns away those that are queued, and ends the waiting of those that wait for a request, or for more in another
    /// protocol: if it arrives at this very moment, it is still answered.
    pub(crate) fn stop_waiting(&self) {
        for entry in self.live() {
            match entry.phase() {
                Phase::Queued if entry.abort() => self.end(Late { entry, how: Shutdown::Both }),
                Phase::Upgraded => self.end(Late { entry, how: Shutdown::Read }),
                Phase::FirstByte | Phase::Idle => {
                    entry.note_idle_at_stop();
                    self.end(Late { entry, how: Shutdown::Read });
                }
                _ => {}
            }
        }
    }

    /// Ends all that are live.
    pub(crate) fn abort(&self) {
        for entry in self.live().into_iter().filter(|entry| entry.abort()) {
            self.end(Late { entry, how: Shutdown::Both });
        }
    }

    fn live(&self) -> Vec<Arc<Entry>> {
        lock(&self.table).live.values().cloned().collect()
    }

    /// Waits until no connection is live, or until `until`; answers how many still are.
    pub(crate) fn wait_for_all(&self, until: Option<Instant>) -> usize {
        let mut table = lock(&self.table);
        table.waiting += 1;
        while !table.live.is_empty() {
            table = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.ended.wait(table).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => {
                    self.ended.wait_timeout(table, left).map_or_else(|e| e.into_inner().0, |(table, _)| table)
                }
            };
        }
        table.waiting -= 1;
        table.live.len()
    }
}
