//! Waiting for one another, without sleeping.
//!
//! Nothing here waits longer than [`PATIENCE`], and who has waited in vain panics with what for: that is how a check
//! fails that would hang otherwise.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for what should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A count that can be waited for: who arrives raises it.
///
/// ```
/// use course::gate::Gate;
///
/// let arrived = Gate::new();
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| arrived.arrive());
///     }
///     arrived.wait_for(3, "all three threads to run");
/// });
/// ```
#[derive(Debug, Default)]
pub struct Gate {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    /// One that nobody has come to.
    pub const fn new() -> Self {
        Self { count: Mutex::new(0), changed: Condvar::new() }
    }

    /// Raises the count, and answers what it is now.
    pub fn arrive(&self) -> usize {
        let mut count = self.lock();
        *count += 1;
        self.changed.notify_all();
        *count
    }

    /// How many have come.
    pub fn count(&self) -> usize {
        *self.lock()
    }

    /// Waits until so many have come.
    ///
    /// # Panics
    ///
    /// If they have not after [`PATIENCE`]; `what` says what was waited for.
    pub fn wait_for(&self, count: usize, what: &str) {
        if let Err(seen) = self.has(count) {
            panic!("waited {} s for {what}: {seen} of {count} came", PATIENCE.as_secs());
        }
    }

    /// Waits until so many have come, or says how many have after [`PATIENCE`].
    pub fn has(&self, count: usize) -> Result<(), usize> {
        let until = Instant::now() + PATIENCE;
        let mut now = self.lock();
        while *now < count {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(*now);
            }
            now = self.changed.wait_timeout(now, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until something holds that nobody announces, and looks again and again.
///
/// # Panics
///
/// If it does not hold after [`PATIENCE`]; `what` says what was waited for.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "waited {} s for {what}", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(1));
    }
}

/// How many threads this process has; `None` where the system does not tell.
pub fn threads() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}
