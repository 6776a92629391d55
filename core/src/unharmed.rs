//! Against the panics of somebody else's code: one must cost nothing but what it is about.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Calls somebody else's code, whose panic must not cost other connections their deadlines. It has been printed.
pub(crate) fn unharmed(call: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(call));
}

/// Locks; what a panic left behind is still consistent, since no state is half changed across a call out.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
