//! Drives one future on the calling thread, or whatever else can park. All a blocking backend needs of an executor.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

/// Runs `future` to its end; while it waits, the thread is parked.
///
/// Not for use in a handler on what waits for the client (the request's body, early hints): that waits for the
/// connection's own loop, which would wait for the handler.
///
/// ```
/// assert_eq!(switchboard::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let thread = thread::current();
    block_on_with(future, move || thread.unpark(), thread::park)
}

/// As [`block_on`] for somebody who waits in another way than a thread does, a coroutine say. `park` waits; `unpark`
/// ends that, or, if it comes first, sees to it that the next `park` returns at once. A `park` may return without
/// reason.
///
/// ```
/// use std::thread;
///
/// let thread = thread::current();
/// let value = switchboard::block_on_with(async { 6 * 7 }, move || thread.unpark(), thread::park);
/// assert_eq!(value, 42);
/// ```
pub fn block_on_with<F: Future>(future: F, unpark: impl Fn() + Send + Sync + 'static, park: impl Fn()) -> F::Output {
    let signal = Arc::new(Signal { unpark, is_woken: AtomicBool::new(false) });
    let waker = Waker::from(signal.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        // A handler may park for its own reasons and use up our token, hence the flag beside it.
        while !signal.is_woken.swap(false, Ordering::Acquire) {
            park();
        }
    }
}

struct Signal<U> {
    unpark: U,
    is_woken: AtomicBool,
}

impl<U: Fn() + Send + Sync> Wake for Signal<U> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        (self.unpark)();
    }
}
