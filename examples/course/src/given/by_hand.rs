//! A future that is moved by hand: it tells how often it has been polled, and is over when it is told.
//!
//! With it an executor can be tested without a clock and without sockets. The checks of exercise 9 are made of it,
//! and so may your own tests be.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

/// What is known of such a future, and can be done to it.
///
/// ```
/// use course::given::by_hand::Hand;
///
/// let hand = Hand::new();
/// let waiting = std::thread::spawn({
///     let future = hand.future();
///     || switchboard::block_on(future)
/// });
/// hand.finish();
/// waiting.join().expect("it is over");
/// ```
#[derive(Debug, Default)]
pub struct Hand {
    polls: AtomicUsize,
    is_over: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Hand {
    /// One that nobody has polled.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The future, which waits until [`finish`](Hand::finish).
    pub fn future(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let hand = self.clone();
        poll_fn(move |cx| {
            *hand.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            hand.polls.fetch_add(1, SeqCst);
            // Looked at after the waker has been left, so that whoever finishes it in between finds the waker.
            if hand.is_over.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// How often it has been polled.
    pub fn polls(&self) -> usize {
        self.polls.load(SeqCst)
    }

    /// Wakes whoever polled it last, though nothing has changed.
    pub fn wake(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waker.iter().for_each(Waker::wake_by_ref);
    }

    /// Lets it be over, and wakes whoever polled it last.
    pub fn finish(&self) {
        self.is_over.store(true, SeqCst);
        self.wake();
    }
}
