//! The bytes of one connection, as one backend waits for them.
//!
//! The poll functions lend a buffer for the length of the call only, so an idle connection needs none. A
//! transport that blocks its thread does the call and answers `Ready`; one that suspends answers `Pending`
//! and wakes the task when the socket is ready. `shutdown` must make a waiting read or write return, from any
//! thread: it is how deadlines act (nothing here is ever raced against a timer).

use crate::buffers;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// The most bytes that go out in one turn. A larger single write would hide from the deadline whether the
/// client takes anything.
pub(crate) const TURN: usize = 64 << 10;

/// A connection's socket. Takes `&self`: the connection loop, the request's body and the deadline share it.
///
/// A transport that blocks its thread does the call and answers `Ready`; one that suspends answers `Pending`, having
/// seen to it that the task is woken when the call is worth repeating. Neither reads nor writes are called
/// concurrently. Errors of kind `Interrupted` are for the implementation to retry. `std::net::TcpStream` is a
/// transport, as long as it is blocking.
pub trait Transport: Send + Sync + 'static {
    /// Reads some bytes into `buf`; 0 at the end of what the client sends.
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some bytes from the front of `bufs`, of which there are some; answers how many, never 0.
    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    /// Sends some of the `len` bytes of `file` at `offset`; answers how many, 0 at the end of the file. One that waits
    /// for the client in here sends at most 64 KiB, as each turn has a limit. The default reads so many and writes
    /// them.
    fn poll_send_file(&self, cx: &mut Context<'_>, file: &File, offset: u64, len: u64) -> Poll<io::Result<usize>> {
        self.poll_copy_file(cx, file, offset, len)
    }

    /// What [`poll_send_file`](Transport::poll_send_file) does where there is no better way: reads up to 64 KiB of the
    /// file, and writes them.
    fn poll_copy_file(&self, cx: &mut Context<'_>, file: &File, offset: u64, len: u64) -> Poll<io::Result<usize>> {
        let mut turn = buffers::take(TURN);
        let wanted = usize::try_from(len).unwrap_or(TURN).min(TURN);
        let result = match read_at(file, &mut turn[..wanted], offset) {
            Ok(0) => Poll::Ready(Ok(0)),
            Ok(read) => self.poll_write(cx, &[IoSlice::new(&turn[..read])]),
            Err(error) => Poll::Ready(Err(error)),
        };
        buffers::give(turn);
        result
    }

    /// Ends one direction or both; whoever waits for it returns. Called from the timer's thread among others, with no
    /// lock held: it must not wait.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

/// A blocking socket: every call waits in the system and is `Ready`. A write timeout of the socket is no deadline: the
/// write is tried again, and ends when it gets on or the socket is shut down.
impl Transport for TcpStream {
    fn poll_read(&self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(uninterrupted(|| (&*self).read(buf)))
    }

    fn poll_write(&self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut tried = None;
        loop {
            let written = uninterrupted(|| match bufs {
                [one] => (&*self).write(one), // send(2) is cheaper than writev(2)
                many => (&*self).write_vectored(many),
            });
            match written {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    // No time-out is that short: this socket does not block, and trying again would be a spin.
                    if tried.is_some_and(|at: Instant| at.elapsed() < Duration::from_millis(1)) {
                        return Poll::Ready(Err(error));
                    }
                    tried = Some(Instant::now());
                }
                written => return Poll::Ready(written),
            }
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        TcpStream::shutdown(self, how)
    }
}

fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Fills `buf` from `file` at `offset` as far as the file goes; answers how many bytes there were.
pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    use std::os::unix::fs::FileExt;
    let mut filled = 0;
    while filled < buf.len() {
        let at = offset + filled as u64;
        #[cfg(unix)]
        let read = uninterrupted(|| file.read_at(&mut buf[filled..], at))?;
        #[cfg(windows)]
        let read = uninterrupted(|| std::os::windows::fs::FileExt::seek_read(file, &mut buf[filled..], at))?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}

/// Writes all of `head` and then `body`, calling `before_turn` before every [`TURN`] bytes, in however many writes
/// these are taken, and `got_on` when some of them have been.
pub(crate) async fn write_all(
    transport: &dyn Transport,
    mut head: &[u8],
    mut body: &[u8],
    mut before_turn: impl FnMut() -> io::Result<()>,
    got_on: impl Fn(),
) -> io::Result<()> {
    let mut taken = TURN; // of this turn
    while !(head.is_empty() && body.is_empty()) {
        if taken >= TURN {
            before_turn()?;
            taken = 0;
        }
        let written = std::future::poll_fn(|cx| {
            let first = &head[..head.len().min(TURN)];
            let second = &body[..body.len().min(TURN - first.len())];
            let written = match (first, second) {
                (only, []) | ([], only) => ready!(transport.poll_write(cx, &[IoSlice::new(only)])),
                _ => ready!(transport.poll_write(cx, &[IoSlice::new(first), IoSlice::new(second)])),
            };
            Poll::Ready(written)
        })
        .await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        taken += written;
        let of_head = written.min(head.len());
        head = &head[of_head..];
        body = &body[written - of_head..];
        if taken < TURN && !(head.is_empty() && body.is_empty()) {
            got_on();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Takes a thousand bytes at a time.
    struct Narrow;

    impl Transport for Narrow {
        fn poll_read(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(0))
        }

        fn poll_write(&self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bufs[0].len().min(1_000)))
        }

        fn shutdown(&self, _: Shutdown) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_write_that_gets_on_is_noted_and_every_turn_begun() {
        let (turns, progress) = (Cell::new(0), Cell::new(0));
        let begin = || {
            turns.set(turns.get() + 1);
            Ok(())
        };
        let body = vec![b'x'; 2 * TURN];
        let written = write_all(&Narrow, &body[..2_500], &body, begin, || progress.set(progress.get() + 1));
        crate::block_on(written).expect("it takes all");
        // 3 writes for the head and 132 for the body; what begins a turn, or is the last, need not be noted.
        assert_eq!((turns.get(), progress.get()), (3, 132));
    }
}
