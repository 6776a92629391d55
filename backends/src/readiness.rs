//! Sockets that wait for readiness on `async-io`'s reactor.
//!
//! # Rules
//!
//! 1. After a read that did not fill its buffer there is nothing left to read: the next one first waits for readiness,
//!    instead of asking the system in vain. (The reactor's interest is level-triggered, so nothing is missed, an end
//!    behind the data included.)
//! 2. Who is always ready gives way now and then, so that one fast client does not own its thread.
//! 3. A file goes out by sendfile(2), where the system has it: its bytes are not copied through here.
//! 4. A write is ready as soon as the client has taken something, not only when a third of the buffer is free: see
//!    [`lowat`](crate::lowat).

use crate::lowat;
use async_io::Async;
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use switchboard_core::Transport;

#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::io::Errno;

/// How many calls in a row may be ready before others get a turn.
const TURNS: u32 = 16;

/// The most bytes of a file that go out before others get a turn. With 256 KiB, and a turn for others after each, a
/// file of a MiB takes a quarter less of the processor than with 64 KiB and sixteen in a row: there are fewer calls,
/// and clients read meanwhile what is still in its cache.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SENDFILE: usize = 256 << 10;

/// A socket on the reactor.
pub(crate) struct Ready {
    socket: Async<TcpStream>,
    /// The last read took all there was.
    is_empty: AtomicBool,
    /// How many calls in a row were ready.
    turns: AtomicU32,
}

impl Ready {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        lowat::set(&stream);
        let socket = Async::new(stream)?;
        Ok(Self { socket, is_empty: AtomicBool::new(false), turns: AtomicU32::new(0) })
    }

    /// Has it wait for others, if it has had many turns in a row.
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
}

impl Transport for Ready {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(cx));
        loop {
            if self.is_empty.load(Relaxed) {
                self.turns.store(0, Relaxed);
                ready!(self.socket.poll_readable(cx))?;
                self.is_empty.store(false, Relaxed);
            }
            match self.socket.get_ref().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_empty.store(true, Relaxed),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => {
                    self.is_empty.store(read.as_ref().is_ok_and(|&read| read < buf.len()), Relaxed);
                    return Poll::Ready(read);
                }
            }
        }
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(cx));
        loop {
            let written = match bufs {
                [one] => self.socket.get_ref().write(one), // send(2) is cheaper than writev(2)
                many => self.socket.get_ref().write_vectored(many),
            };
            match written {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.turns.store(0, Relaxed);
                    ready!(self.socket.poll_writable(cx))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn poll_send_file(&self, cx: &mut Context<'_>, file: &File, offset: u64, len: u64) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(cx));
        let (mut offset, wanted) = (offset, usize::try_from(len).unwrap_or(SENDFILE).min(SENDFILE));
        self.turns.store(TURNS, Relaxed); // the next call gives way
        loop {
            match rustix::fs::sendfile(self.socket.get_ref(), file, Some(&mut offset), wanted) {
                Err(Errno::WOULDBLOCK) => {
                    self.turns.store(0, Relaxed);
                    ready!(self.socket.poll_writable(cx))?;
                }
                Err(Errno::INTR) => {}
                // The file system has no way to it, or a sandbox forbids it.
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                    self.turns.store(0, Relaxed);
                    return self.poll_copy_file(cx, file, offset, len);
                }
                sent => return Poll::Ready(sent.map_err(io::Error::from)),
            }
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.get_ref().shutdown(how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn who_is_always_ready_gives_way_and_comes_back() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut client = TcpStream::connect(listener.local_addr().expect("an address")).expect("it listens");
        let ready = Ready::new(listener.accept().expect("a client").0).expect("a descriptor");
        client.write_all(&[b'x'; 100]).expect("the system takes it");
        async_io::block_on(ready.socket.readable()).expect("it arrives");
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        let mut polls = (0..60).map(|_| ready.poll_read(&mut cx, &mut [0; 1]).is_ready());
        let turns = polls.by_ref().take_while(|is_ready| *is_ready).count();
        assert_eq!((turns as u32, count.0.load(SeqCst)), (TURNS, 1));
        assert_eq!(polls.by_ref().take_while(|is_ready| *is_ready).count() as u32, TURNS);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn a_file_goes_out_in_turns() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut client = TcpStream::connect(listener.local_addr().expect("an address")).expect("it listens");
        let ready = Ready::new(listener.accept().expect("a client").0).expect("a descriptor");
        let file = File::open(std::env::current_exe().expect("a program")).expect("a large file");
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        let Poll::Ready(Ok(sent)) = ready.poll_send_file(&mut cx, &file, 0, 1 << 20) else { panic!("there is room") };
        assert!((1..=SENDFILE).contains(&sent), "{sent}");
        assert!(ready.poll_send_file(&mut cx, &file, sent as u64, 1 << 20).is_pending(), "others have a turn");
        assert_eq!(count.0.load(SeqCst), 1, "and it comes back");
        let mut received = vec![0; sent];
        client.read_exact(&mut received).expect("it was sent");
        assert!(received.starts_with(b"\x7fELF"));
        assert_eq!(file.metadata().map(|metadata| metadata.len() > 1 << 20).ok(), Some(true));
    }
}
