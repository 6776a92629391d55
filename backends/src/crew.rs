//! The threads of an executor, which end together.

use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};

/// Threads that run until the crew is stopped, or dropped.
pub(crate) struct Crew {
    end: Arc<Gate>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Crew {
    /// Starts `count` threads, at least one. Each does `run`, with its number, until the gate it is given is open.
    pub(crate) fn start(
        name: &str,
        count: usize,
        run: impl Fn(usize, &Gate) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let crew = Self { end: Arc::default(), threads: Mutex::default() };
        for number in 0..count.max(1) {
            let (run, end) = (run.clone(), crew.end.clone());
            let thread = thread::Builder::new().name(format!("{name}-{number}")).spawn(move || run(number, &end))?;
            crew.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(crew)
    }

    /// Ends the threads, and waits for that if no connection is `stuck` on one of them.
    pub(crate) fn stop(&self, stuck: usize) {
        self.end.open();
        let threads = mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        if stuck == 0 {
            threads.into_iter().for_each(|thread| thread.join().unwrap_or(())); // a panic there has been printed
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.end.open();
    }
}

/// Lets the threads end.
#[derive(Default)]
pub(crate) struct Gate {
    is_open: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.is_open.store(true, SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Over when it is open.
    pub(crate) fn pass(&self) -> impl Future<Output = ()> + '_ {
        poll_fn(|cx| {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            drop(waiting);
            if self.is_open.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}
