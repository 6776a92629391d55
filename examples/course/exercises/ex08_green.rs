//! Exercise 8: green threads.
//!
//! Read `docs/course/ex08_green.md` first. `cargo course check 8` says what works.

use course::given::green;
use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};
use switchboard::backends::workqueue::{Config, WorkQueue};
use switchboard::{Backend, Connection, Offload, Rejected, Transport};

/// The stack of each connection's coroutine, in bytes: enough for a handler, and of which only what is touched takes
/// memory.
pub const STACK_SIZE: usize = 64 << 10;

/// Runs each connection on a coroutine of its own. All coroutines of the process share the few threads of the
/// scheduler of `may`, which start with the first and stay.
#[derive(Debug)]
pub struct Green {
    /// Where handlers run that block their thread: see [`Backend::offload`].
    blocking: Arc<WorkQueue>,
}

impl Green {
    /// One that runs nothing yet.
    ///
    /// # Errors
    ///
    /// If the first thread for handlers that block cannot be started.
    pub fn new() -> io::Result<Self> {
        Ok(Self { blocking: Arc::new(WorkQueue::new(Config::default())?) })
    }
}

/// The socket of a connection, as the framework reads and writes it. The coroutine that serves it has a share in it.
pub struct GreenSocket(Arc<green::Socket>);

impl GreenSocket {
    /// Takes over the socket of a connection.
    ///
    /// # Errors
    ///
    /// What [`green::Socket::new`] says.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self(Arc::new(green::Socket::new(stream)?)))
    }
}

impl Transport for GreenSocket {
    /// One `read`, by [`green::Socket::poll_read_with`].
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        //~ solution
        self.0.poll_read_with(cx, |mut stream| io::Read::read(&mut stream, buf))
        //~ stub
        //| let _ = (cx, buf);
        //| todo!("exercise 8: read from the socket")
        //~ end
    }

    /// One `write_vectored`, by [`green::Socket::poll_write_with`].
    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        //~ solution
        self.0.poll_write_with(cx, |mut stream| io::Write::write_vectored(&mut stream, bufs))
        //~ stub
        //| let _ = (cx, bufs);
        //| todo!("exercise 8: write to the socket")
        //~ end
    }

    /// Ends the waiting of the coroutine from outside: this is how deadlines act, and the server's stop.
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        //~ solution
        self.0.stream().shutdown(how)
        //~ mutant ignores_a_shutdown: promises_kept
        //| let _ = how;
        //| Ok(())
        //~ stub
        //| let _ = how;
        //| todo!("exercise 8: shut the socket down")
        //~ end
    }
}

impl Backend for Green {
    /// Makes the conversation of `connection` on a [`GreenSocket`], starts a coroutine with a stack of [`STACK_SIZE`]
    /// that drives it to its end ([`green::spawn`], [`green::block_on`]), and returns at once.
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        //~ solution
        let mut shared = None;
        let conversation = connection.serve(|stream| {
            let socket = GreenSocket::new(stream)?;
            shared = Some(socket.0.clone());
            Ok(socket)
        })?;
        let socket = shared.ok_or_else(|| Rejected::new("it was served without a socket"))?;
        green::spawn(&socket.clone(), STACK_SIZE, move || green::block_on(&socket, conversation))?;
        Ok(())
        //~ mutant a_kernel_thread_for_each_connection: thousand_idle few_threads
        //| let conversation = connection.serve(Ok)?;
        //| std::thread::Builder::new().spawn(|| switchboard::block_on(conversation))?;
        //| Ok(())
        //~ mutant serves_inline: run_at_once any_order few_threads blocking_elsewhere promises_kept thousand_idle
        //| let conversation = connection.serve(Ok)?;
        //| switchboard::block_on(conversation);
        //| Ok(())
        //~ stub
        //| let _ = connection;
        //| todo!("exercise 8: start a coroutine that serves the connection")
        //~ end
    }

    /// Handlers that block ([`switchboard::blocking`]) would hold up a thread of the scheduler, and with it every
    /// coroutine on it. `None` runs them right there; this hands them to the threads of `self.blocking`.
    fn offload(&self) -> Option<Arc<dyn Offload>> {
        //~ solution
        Some(self.blocking.clone())
        //~ mutant blocks_the_schedulers_threads: blocking_elsewhere
        //| None
        //~ stub
        //| None
        //~ end
    }

    /// Ends the threads for handlers that block, and waits for that unless one is stuck. The scheduler's threads are
    /// the process's: they stay.
    fn stop(&self, stuck: usize) {
        let limit = if stuck == 0 { std::time::Duration::MAX } else { std::time::Duration::ZERO };
        let _ = self.blocking.shutdown(limit); // a job that stops its own server does not wait for itself
    }
}
