//! Whole connections in memory and in virtual time: the loop, the limits and the table of a server, with neither
//! sockets nor threads, so that what happens depends on nothing but what the test says.
//!
//! The client's bytes go through a [`Pipe`], which is a transport like any other; the clock stands still between two
//! calls of [`advance`](Simulation::advance), which also does what the timer's thread would.

use crate::clock::Clock;
use crate::connection::{Application, application};
use crate::link::Link;
use crate::server::Shared;
use crate::table::Deadlines;
use crate::transport::Transport;
use crate::unharmed::lock;
use crate::{Event, Handler, Limits, Stats};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use switchboard_timer::Wheel;

/// A server without sockets or threads.
pub struct Simulation {
    hand: Arc<AtomicU64>,
    server: Arc<Shared>,
    application: Arc<dyn Application>,
}

impl Simulation {
    /// One that runs `handler` within `limits`, at the beginning of time.
    pub fn new(limits: Limits, handler: impl Handler) -> Self {
        Self::observed(limits, handler, |_| {})
    }

    /// The same, telling `observer` what happens.
    pub fn observed(
        limits: Limits,
        handler: impl Handler,
        observer: impl Fn(&Event<'_>) + Send + Sync + 'static,
    ) -> Self {
        let (clock, hand) = Clock::by_hand();
        let (horizon, linger) = (limits.shortest(), limits.linger);
        let deadlines = Deadlines::new(Box::new(Wheel::new()), clock.clone(), horizon, linger, usize::MAX);
        let server = Shared::new(limits, clock, Arc::new(deadlines), Some(Box::new(observer)), None);
        Self { hand, server: Arc::new(server), application: application(handler) }
    }

    /// A client connects.
    pub fn connect(&self) -> Client {
        let pipe = Arc::new(Pipe::default());
        let place = self.server.deadlines.open_with(pipe.clone(), self.server.limits.first_byte);
        let link = Link { entry: place.entry().clone(), transport: pipe.clone(), server: self.server.clone() };
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let conversation = self.application.clone().converse(place, link, peer);
        Client { conversation: Some(conversation), pipe, woken: Arc::default(), polls: 0 }
    }

    /// Time passes, and whoever is late is ended. The clients' loops go on when they are [run](Client::run).
    pub fn advance(&self, duration: Duration) {
        self.hand.fetch_add(crate::clock::ticks(duration), SeqCst);
        self.server.deadlines.expire_all();
    }

    /// What the connections do.
    pub fn stats(&self) -> Stats {
        self.server.deadlines.stats()
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// A client of a [`Simulation`], and the server's half of its connection.
pub struct Client {
    conversation: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    pipe: Arc<Pipe>,
    woken: Arc<Woken>,
    polls: usize,
}

impl Client {
    /// Sends bytes, and runs the connection until it waits.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        lock(&self.pipe.0).incoming.extend(bytes.as_ref());
        self.run();
    }

    /// Ends the client's side.
    pub fn end(&mut self) {
        lock(&self.pipe.0).ended = true;
        self.run();
    }

    /// Has at most so many bytes wait to be taken by the client.
    pub fn set_window(&mut self, bytes: usize) {
        lock(&self.pipe.0).window = bytes;
    }

    /// Takes what the server has sent.
    pub fn receive(&mut self) -> Vec<u8> {
        std::mem::take(&mut lock(&self.pipe.0).outgoing)
    }

    /// Runs the connection until it waits or is over.
    ///
    /// # Panics
    ///
    /// If it goes on for ever although nothing happens.
    pub fn run(&mut self) {
        let waker = Waker::from(self.woken.clone());
        for _ in 0..1_000_000 {
            let Some(conversation) = &mut self.conversation else { return };
            self.woken.0.store(false, SeqCst);
            self.polls += 1;
            match conversation.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(()) => self.conversation = None,
                Poll::Pending if self.woken.0.load(SeqCst) => {}
                Poll::Pending => return,
            }
        }
        panic!("the connection neither waits nor ends");
    }

    /// How often the connection has been polled: how often it gave way to others, and once more.
    pub fn polls(&self) -> usize {
        self.polls
    }

    /// Whether the server has ended the connection, both ways.
    pub fn is_over(&self) -> bool {
        self.conversation.is_none()
    }

    /// Whether the server will send nothing more.
    pub fn is_told_the_end(&self) -> bool {
        self.is_over() || lock(&self.pipe.0).write_is_shut
    }

    /// Whether something that was sent has not been read: then closing resets the connection.
    pub fn is_unread(&self) -> bool {
        !lock(&self.pipe.0).incoming.is_empty()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("is_over", &self.is_over()).finish_non_exhaustive()
    }
}

/// The bytes between a client and its connection. It behaves as a socket does on Linux: what has arrived is still
/// delivered after a shutdown of the read side.
#[derive(Default)]
struct Pipe(Mutex<Bytes>);

struct Bytes {
    incoming: VecDeque<u8>,
    ended: bool,
    outgoing: Vec<u8>,
    window: usize,
    read_is_shut: bool,
    write_is_shut: bool,
}

impl Default for Bytes {
    fn default() -> Self {
        Self {
            incoming: VecDeque::new(),
            ended: false,
            outgoing: Vec::new(),
            window: usize::MAX,
            read_is_shut: false,
            write_is_shut: false,
        }
    }
}

impl Transport for Pipe {
    fn poll_read(&self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut bytes = lock(&self.0);
        match io::Read::read(&mut bytes.incoming, buf) {
            Ok(0) if bytes.ended || bytes.read_is_shut => Poll::Ready(Ok(0)),
            Ok(0) => Poll::Pending, // whoever changes that runs the connection
            read => Poll::Ready(read),
        }
    }

    fn poll_write(&self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut bytes = lock(&self.0);
        let Some(buf) = bufs.iter().find(|buf| !buf.is_empty()) else { return Poll::Ready(Ok(0)) };
        let room = bytes.window.saturating_sub(bytes.outgoing.len());
        match room.min(buf.len()) {
            _ if bytes.write_is_shut => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            0 => Poll::Pending,
            len => {
                bytes.outgoing.extend_from_slice(&buf[..len]);
                Poll::Ready(Ok(len))
            }
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let mut bytes = lock(&self.0);
        bytes.read_is_shut |= how != Shutdown::Write;
        bytes.write_is_shut |= how != Shutdown::Read;
        Ok(())
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}
