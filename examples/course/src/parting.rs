//! Whether a thread had ended when something else was done: what tells a join from the hope that it will end soon.
//!
//! The last thing a thread does is to drop its thread-local values, and a join returns after that. So a value is
//! planted that stays in its drop until the other thing is done ([`Parting::done`]), or [`Parting::HELD`] is over. Who
//! joins the thread is not done before that is over, however slow the machine; who does not is done at once.

use crate::gate::Gate;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// The end of one thread.
///
/// ```
/// use course::parting::Parting;
/// use std::sync::Arc;
///
/// let parting = Arc::new(Parting::new());
/// let planted = parting.clone();
/// std::thread::spawn(move || planted.plant()).join().expect("it does not panic");
/// parting.done();
/// assert!(!parting.was_late("the thread to end"), "it had ended when the join returned");
/// ```
#[derive(Debug, Default)]
pub struct Parting {
    is_done: AtomicBool,
    was_late: AtomicBool,
    gone: Gate,
}

thread_local! {
    static PLANTED: RefCell<Option<Planted>> = const { RefCell::new(None) };
}

struct Planted(Arc<Parting>);

impl Parting {
    /// How long a thread is held, if nothing else is done.
    pub const HELD: Duration = Duration::from_secs(2);

    /// One that no thread has come to.
    pub const fn new() -> Self {
        Self { is_done: AtomicBool::new(false), was_late: AtomicBool::new(false), gone: Gate::new() }
    }

    /// Holds the calling thread at its end.
    pub fn plant(self: Arc<Self>) {
        PLANTED.set(Some(Planted(self)));
    }

    /// The thread should have ended by now.
    pub fn done(&self) {
        self.is_done.store(true, SeqCst);
    }

    /// Whether the thread had not ended when the other thing was done.
    ///
    /// # Panics
    ///
    /// If it does not even end after that; `what` says what was waited for.
    pub fn was_late(&self, what: &str) -> bool {
        self.gone.wait_for(1, what);
        self.was_late.load(SeqCst)
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        let Self(parting) = self;
        let until = Instant::now() + Parting::HELD;
        while !parting.is_done.load(SeqCst) && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        parting.was_late.store(parting.is_done.load(SeqCst), SeqCst);
        parting.gone.arrive();
    }
}
