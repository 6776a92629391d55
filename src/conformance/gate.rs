//! A gate for handlers to wait at, so that a case knows who is at work, and says who goes first.

use super::PATIENCE;
use crate::{Handler, Request, blocking};
use std::sync::{Arc, Condvar, Mutex};

/// Counts who has arrived, and lets them go one by one, or all.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Gate {
    /// Arrives, and waits until `ticket` may pass: tickets pass from the highest to the lowest.
    pub(super) fn pass(&self, ticket: usize) {
        let mut state = self.state.lock().expect("a gate");
        state.0 += 1;
        self.changed.notify_all();
        while state.1 > ticket {
            let (next, wait) = self.changed.wait_timeout(state, PATIENCE).expect("a gate");
            assert!(!wait.timed_out(), "ticket {ticket} was never let through");
            state = next;
        }
    }

    /// Lets nobody through whose ticket is below.
    pub(super) fn close(&self, above: usize) {
        self.state.lock().expect("a gate").1 = above;
    }

    /// Lets everybody through whose ticket is at least this.
    pub(super) fn open_to(&self, ticket: usize) {
        self.state.lock().expect("a gate").1 = ticket;
        self.changed.notify_all();
    }

    /// Waits until so many have arrived.
    pub(super) fn wait_for(&self, arrived: usize) {
        let mut state = self.state.lock().expect("a gate");
        while state.0 < arrived {
            let (next, wait) = self.changed.wait_timeout(state, PATIENCE).expect("a gate");
            let seen = next.0;
            assert!(!wait.timed_out(), "only {seen} of {arrived} connections run at the same time");
            state = next;
        }
    }
}

/// A handler that waits at the gate when its path is a number.
pub(super) fn gated(gate: &Arc<Gate>) -> impl Handler {
    let gate = gate.clone();
    blocking(move |request: &mut Request| {
        if let Ok(ticket) = request.path()[1..].parse() {
            gate.pass(ticket);
        }
        "Hello"
    })
}
