//! What exercises are given beside the framework itself.

pub mod by_hand;
pub mod elastic;
#[cfg(all(feature = "may", unix))]
pub mod green;
pub mod reactor;
mod slow_reader;
