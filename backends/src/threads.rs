//! `threads`: a thread per connection, as khttpd had before its work queue.
//!
//! The simplest model and the easiest to reason about: a handler may block as it likes and holds up nobody. Every
//! connection costs a thread for as long as it is open, idle or not. A stack's untouched pages cost nothing, so the
//! stack is generous; a handler that overflows it ends the process (std catches the overflow and aborts).

use crate::named::{Knob, Listed};
use std::thread;
use switchboard_core::{Backend, Connection, Rejected, block_on};

pub(crate) const LISTED: Listed = Listed {
    name: "threads",
    advice: "a thread per connection: the simplest, handlers may block as they like; each connection costs a thread",
    knobs: &[Knob::STACK],
    has_main: false,
    make: |values| {
        let threads = Threads::new();
        Ok(Box::new(match values.stack_size() {
            Some(bytes) => threads.stack_size(bytes),
            None => threads,
        }))
    },
};

const STACK_SIZE: usize = 256 << 10;

/// A thread per connection.
///
/// ```
/// use switchboard::Threads;
///
/// let backend = Threads::new().stack_size(1 << 20);
/// ```
#[derive(Debug, Clone)]
pub struct Threads {
    stack_size: usize,
}

impl Threads {
    /// Threads with stacks of 256 KiB.
    pub fn new() -> Self {
        Self { stack_size: STACK_SIZE }
    }

    /// With stacks of another size, in bytes. The system may round it up.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }
}

impl Default for Threads {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Threads {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        thread::Builder::new()
            .name("switchboard-connection".into())
            .stack_size(self.stack_size)
            .spawn(move || connection.serve(Ok).map(block_on))?;
        Ok(())
    }
}
