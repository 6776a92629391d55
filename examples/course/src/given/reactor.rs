//! The reactor of exercise 9: sockets that do not block, and somebody who wakes the task whose socket is ready.
//!
//! | feature `async-io` | who finds out that a socket is ready | costs, with all idle |
//! |---|---|---|
//! | on, the default | `epoll(7)`, on the thread of the package `async-io` | nothing |
//! | off | a thread of std that asks every socket that is waited for in turn | the more, the more sockets |
//!
//! Either has one thread for the whole process, which starts with the first socket and stays. A [`Socket`] is the
//! same with both:
//!
//! ```
//! use course::given::reactor::Socket;
//! use switchboard::{Backend, Connection, Rejected, block_on};
//!
//! struct Threads;
//!
//! impl Backend for Threads {
//!     fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
//!         let conversation = connection.serve(Socket::new)?;
//!         std::thread::Builder::new().spawn(|| block_on(conversation))?;
//!         Ok(())
//!     }
//! }
//! ```

#[cfg(not(feature = "async-io"))]
mod asking;
#[cfg(feature = "async-io")]
mod readiness;

#[cfg(not(feature = "async-io"))]
use asking::Source;
#[cfg(feature = "async-io")]
use readiness::Source;

use super::slow_reader::Again;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use switchboard::Transport;

/// How many calls in a row may be ready before others get a turn.
const TURNS: u32 = 16;

/// A socket on the reactor. Where a read or a write would block it is pending, and its task is woken when it is worth
/// trying again.
pub struct Socket {
    source: Source,
    /// How many calls in a row were ready.
    turns: AtomicU32,
    again: Again,
}

impl Socket {
    /// Puts a socket on the reactor.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self { source: Source::new(stream)?, turns: AtomicU32::new(0), again: Again::default() })
    }

    /// Who is always ready gives way now and then, so that one fast client does not own its thread: it is pending,
    /// and has already been woken. (That is a wake during a poll.)
    fn poll_turn(&self, cx: &Context<'_>) -> Poll<()> {
        let turns = self.turns.load(Relaxed);
        if turns < TURNS {
            self.turns.store(turns + 1, Relaxed);
            return Poll::Ready(());
        }
        self.turns.store(0, Relaxed);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Calls the system, and where that would block, waits as `poll_ready` does.
    fn poll_call(
        &self,
        cx: &mut Context<'_>,
        mut call: impl FnMut(&TcpStream) -> io::Result<usize>,
        poll_ready: fn(&Source, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(cx));
        loop {
            match call(self.source.stream()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.turns.store(0, Relaxed);
                    ready!(poll_ready(&self.source, cx))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl Transport for Socket {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_call(cx, |mut stream| stream.read(buf), Source::poll_readable)
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = self.poll_call(cx, |mut stream| stream.write_vectored(bufs), Source::poll_writable);
        if written.is_pending() {
            self.again.arm(cx);
        }
        written
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.stream().shutdown(how)
    }
}
