//! The bytes received and not yet used: one buffer a connection, none while it is idle.

use crate::buffers;
use crate::transport::{TURN, Transport};
use std::io;
use std::task::{Context, Poll};

/// Enough for a head or a batch of small requests; a larger head makes it grow to the limits.
const USUAL: usize = 8 << 10;

#[derive(Debug, Default)]
pub(crate) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The last read took all there was room for: there may be more.
    was_full: bool,
}

impl Input {
    /// An input that already holds all that will ever come.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { buffer: bytes.to_vec(), start: 0, end: bytes.len(), was_full: false }
    }

    pub(crate) fn filled(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether all that has arrived so far has been used, as far as can be told without asking.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.start == self.end && !self.was_full
    }

    pub(crate) fn consume(&mut self, used: usize) {
        self.start += used;
    }

    /// Reads more bytes behind those there are; 0 at the end. `wanted` is how many the caller has a use for:
    /// much of a large body is worth a large buffer.
    #[inline]
    pub(crate) fn poll_fill(
        &mut self,
        transport: &dyn Transport,
        cx: &mut Context<'_>,
        wanted: u64,
    ) -> Poll<io::Result<usize>> {
        self.make_room(wanted);
        let result = transport.poll_read(cx, &mut self.buffer[self.end..]);
        match result {
            Poll::Ready(Ok(read)) => {
                self.end += read;
                self.was_full = self.end == self.buffer.len();
            }
            Poll::Pending if self.start == self.end => self.give_back(),
            _ => {}
        }
        result
    }

    fn make_room(&mut self, wanted: u64) {
        if self.start == self.end {
            let size = if wanted > USUAL as u64 { TURN } else { USUAL };
            if self.buffer.len() != size {
                self.give_back();
                self.buffer = buffers::take(size);
            }
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
    }

    fn give_back(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        (self.start, self.end) = (0, 0);
        if matches!(buffer.len(), USUAL | TURN) {
            buffers::give(buffer);
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.give_back();
    }
}
