//! The backends of Switchboard: where connections run.
//!
//! | name | model | package | a waiting connection costs |
//! |---|---|---|---|
//! | `threads` | a thread per connection | std | a thread |
//!
//! No HTTP is known in here: a backend is given a future and a socket, and only decides where the one runs and how
//! the other waits. Each is one file. Choose one by its type, or by its name at run time with [`AnyBackend`].

mod named;
mod threads;

pub use named::{AnyBackend, UnknownBackend};
pub use threads::Threads;
