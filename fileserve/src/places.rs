//! How many of something costly may be under way at once: beyond that, the cheaper way is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// So many places.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Places);

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(count.into()))
    }

    /// A place, if one is free.
    pub(crate) fn take(&self) -> Option<Place> {
        let taken = self.0.fetch_update(Relaxed, Relaxed, |free| free.checked_sub(1));
        taken.is_ok().then(|| Place(self.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_there_are() {
        let places = Places::new(2);
        let (first, second) = (places.take(), places.take());
        assert!(first.is_some() && second.is_some() && places.take().is_none());
        drop(first);
        assert!(places.take().is_some());
        assert!(Places::new(0).take().is_none());
    }
}
