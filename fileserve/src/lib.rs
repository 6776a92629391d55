//! A directory as a handler: files, ranges, conditions, codings, listings, contained in its root.
//!
//! # Theory of operation
//!
//! ```text
//!   request ──▶ location ──▶ files ──▶ cache ──▶ kept ───┐
//!                  │           │         │               ▼
//!                  │           │         └──▶ resolve ─▶ representation ──▶ 200, 206, 304, 412, 416
//!                  │           └── encoding: a sibling, or gzip on the way
//!                  ├──▶ a directory: its index, or its listing; without its slash: a redirect to it
//!                  └──▶ 404, 403; for an application: its page
//! ```
//!
//! # Rules
//!
//! 1. Only `resolve` opens anything, and what it has opened is what is served: nothing is checked first and opened
//!    later.
//! 2. It opens beneath the root by a capability, so neither `..` nor an encoding nor a symbolic link leads out. What
//!    would is 404, as if it were not there.
//! 3. No socket, no thread, no backend is known in here: a request goes in, a response comes out. Opens, stats and
//!    reads happen where the handler runs; long listings and compression where a handler may block.
//! 4. Names come from the disk and are not trusted: they are escaped in pages and encoded in links.

mod accept;
mod cache;
mod cache_control;
mod conditional;
mod content;
mod directory;
mod disposition;
mod encoding;
mod entries;
mod files;
#[cfg_attr(not(feature = "gzip"), path = "no_gzip.rs")]
mod gzip;
mod hashed;
mod listing;
mod location;
mod media_type;
mod multipart;
mod navigation;
mod places;
mod policy;
mod range;
mod representation;
mod resolve;
mod respond;
mod state;
#[cfg(test)]
mod testing;

pub use cache::Cache;
pub use cache_control::{CacheControl, Names};
pub use directory::Directory;
pub use policy::{Dotfiles, Symlinks};

/// The README's example, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
