//! What the backends that share threads have in common: how many threads, and where handlers run that would block one
//! of them, a work queue, which starts with the first of them.

use crate::named::Knob;
use crate::workqueue::{Config, WorkQueue};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use switchboard_core::{Offload, Rejected};

/// The knob that says how many threads are shared.
pub(crate) const THREADS: Knob = Knob { name: "threads", about: "how many threads [one a core]", range: 1..=4_096 };

/// How many cores there are for this process.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The knob that says how many may block at once.
pub(crate) const BLOCKING: Knob =
    Knob { name: "blocking", about: "the most threads for handlers that block [256]", range: 1..=65_536 };

/// A work queue, once it is needed.
pub(crate) struct OnDemand {
    max_active: usize,
    queue: Mutex<Queue>,
}

enum Queue {
    NotNeeded,
    Started(Arc<WorkQueue>),
    Stopped,
}

impl OnDemand {
    /// At most `max_active` jobs run at once; 256 by default.
    pub(crate) fn new(max_active: Option<usize>) -> Self {
        let max_active = max_active.unwrap_or(Config::default().max_active);
        Self { max_active, queue: Mutex::new(Queue::NotNeeded) }
    }

    /// Ends its threads, and waits for that if none is `stuck`.
    pub(crate) fn stop(&self, stuck: usize) {
        let queue = std::mem::replace(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner), Queue::Stopped);
        if let Queue::Started(queue) = queue {
            let limit = if stuck == 0 { Duration::MAX } else { Duration::ZERO };
            let _ = queue.shutdown(limit); // a job that stops its own server does not wait for itself
        }
    }

    fn start(&self) -> io::Result<WorkQueue> {
        WorkQueue::new(Config { max_active: self.max_active, ..Config::default() })
    }
}

impl Offload for OnDemand {
    fn offload(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Rejected> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Queue::NotNeeded = &*queue {
            *queue = Queue::Started(Arc::new(self.start()?));
        }
        let Queue::Started(started) = &*queue else { return Err(Rejected::new("the server has been stopped")) };
        let started = started.clone();
        drop(queue); // a thread may have to be started
        started.offload(job)
    }
}
