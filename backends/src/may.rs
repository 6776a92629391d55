//! `may`: green threads, on the package `may`.
//!
//! A connection is a coroutine with a stack of its own, of 64 KiB, of which only what has been used takes memory; where
//! it waits, another coroutine goes on. A handler's code is that of a thread that blocks. Sockets and wakers are waited
//! for at one place, `block_on`, outside of everything that is polled.
//!
//! # What green threads cannot do safely
//!
//! `may` marks the spawning of a coroutine as unsafe (`coroutine::spawn`, `Builder::spawn`), for two reasons, and its
//! macro `go!`, used here, takes the responsibility. So they are the handler's to respect:
//!
//! - **The stack does not grow.** A handler that needs more than it has runs into the guard page: `may` prints that the
//!   coroutine has overflowed its stack, the process goes on, and *that connection is lost*: what it held is never
//!   dropped, and it counts as open for ever. 64 KiB hold a directory handler at least twice (a test sees to it);
//!   deep recursion, large arrays on the stack, or a big library want more: the knob `stack`, or `blocking`, which
//!   calls the handler on a thread.
//! - **Thread locals.** A coroutine that has waited may go on on another thread. Whatever it kept of a thread local
//!   across the wait, a reference or what the compiler remembers of its address, is then another thread's. A handler
//!   must not wait (read a body, sleep, stream) while it borrows one.
//!
//! A coroutine stays on the thread that its socket's events come to; what `may` can do to move it to a thread that has
//! nothing to do is off (see `Cargo.toml`).
//!
//! (Sources: the documentation of `may` 0.3, "Caveat" in its README and docs/may_caveat.md, and of `Builder::spawn`.)
//!
//! And a handler that blocks its thread, with a lock or `std::thread::sleep`, stops every coroutine that waits for this
//! thread: wrap it in [`blocking`](switchboard_core::blocking).
//!
//! # The process's own
//!
//! `may` has one scheduler a process, whose threads start with the first coroutine and stay. The first backend that is
//! made decides how many they are, and how large the stacks. On Linux a process may have 65,530 mappings
//! (`vm.max_map_count`), and a stack with its guard page takes two: about 30,000 connections.

use crate::lowat;
use crate::named::{Knob, Listed};
use crate::offload::{BLOCKING, OnDemand, THREADS, cores};
use may::coroutine::{self, Builder, Coroutine};
use may::go;
use may::io::{CoIo, WaitIo, WaitIoWaker};
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use switchboard_core::{Acceptor, Backend, Connection, Offload, Rejected, Transport};

pub(crate) const LISTED: Listed = Listed {
    name: "may",
    advice: "green threads: little CPU a request, code that blocks in form only; mind the stacks and thread locals",
    knobs: &[
        THREADS,
        Knob { name: "stack", about: "KiB of stack for each connection [64]", range: 16..=65_536 },
        BLOCKING,
    ],
    has_main: true,
    make: |values| {
        let (threads, stack) = (values.usize("threads"), values.stack_size());
        Ok(Box::new(May::with(threads, stack, values.usize("blocking"))?))
    },
};

const STACK_SIZE: usize = 64 << 10;

/// How many calls in a row may be ready before others get a turn.
const TURNS: u32 = 16;

/// Wakes coroutines that give way.
static WAKER: OnceLock<Sender<Coroutine>> = OnceLock::new();

/// What the process's scheduler was started with.
static PROCESS: OnceLock<Settings> = OnceLock::new();

#[derive(Clone, Copy, PartialEq, Eq)]
struct Settings {
    threads: usize,
    stack_size: usize,
}

/// Green threads.
///
/// ```
/// use switchboard::{Request, Server, backends::may::May};
///
/// let running = Server::bind("127.0.0.1:0")?.spawn(May::new()?, |_: &mut Request| "Hello")?;
/// # drop(running);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct May {
    stack_size: usize,
    offload: Arc<OnDemand>,
}

impl May {
    /// On the scheduler of the process: a thread per core and stacks of 64 KiB, unless the first backend made was given
    /// other numbers.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn new() -> io::Result<Self> {
        Self::with(None, None, None)
    }

    /// With so many `threads`, and stacks of so many `bytes`.
    ///
    /// # Errors
    ///
    /// If the scheduler of the process already runs on another number of threads.
    pub fn with_threads(threads: usize, stack_size: usize) -> io::Result<Self> {
        Self::with(Some(threads), Some(stack_size), None)
    }

    fn with(threads: Option<usize>, stack_size: Option<usize>, blocking: Option<usize>) -> io::Result<Self> {
        let process = *PROCESS.get_or_init(|| {
            let threads = threads.unwrap_or_else(cores);
            let settings = Settings { threads, stack_size: stack_size.unwrap_or(STACK_SIZE) };
            let words = settings.stack_size / size_of::<usize>();
            // Stacks of this size are kept for the next coroutine. Which core a thread runs on is the system's to say.
            may::config().set_workers(threads).set_stack_size(words).set_worker_pin(false);
            settings
        });
        if threads.is_some_and(|threads| threads != process.threads) {
            let reason = format!("the green threads of this process already run on {} threads", process.threads);
            return Err(io::Error::other(reason));
        }
        let stack_size = stack_size.unwrap_or(process.stack_size);
        Ok(Self { stack_size, offload: Arc::new(OnDemand::new(blocking)) })
    }
}

/// Starts a coroutine, on the thread that the events of the descriptor `fd` come to. See above for what is unsafe about
/// that.
fn start(fd: usize, stack_size: usize, run: impl FnOnce() + Send + 'static) -> io::Result<coroutine::JoinHandle<()>> {
    let run = move || {
        run();
        // A coroutine that is unparked in the moment it parks is gone on with inside that parking, on the stack of the
        // scheduler's thread; and one that ends there waits for the parking to be over, for ever. So it gets out first.
        coroutine::yield_now();
    };
    go!(Builder::new().id(fd).stack_size(stack_size / size_of::<usize>()), run)
}

/// Drives a future on this coroutine; where it is pending, waits for the next event of its socket or for its waker,
/// whichever comes first.
///
/// It waits, and lets go of the future, only on the thread that the socket's events come to, which is the one it begins
/// on. Elsewhere, while a coroutine is being put to sleep, its event could already wake it on that thread, it could end
/// there, and take with it what is still being looked at here.
fn block_on<S: AsRawFd, F: Future>(socket: &Watched<S>, future: F) -> F::Output {
    let home = this_thread();
    let waker = Waker::from(Arc::new(Wakes(socket.events.waker())));
    let mut future = pin!(future);
    loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        go_home(home, socket.fd());
        if let Poll::Ready(output) = polled {
            return output;
        }
        if socket.wait() {
            socket.wake_other(&waker);
        }
    }
}

/// Goes on on the thread `home`, which is that of the descriptor `fd`: a waker may have brought the coroutine to
/// another.
fn go_home(home: ThreadId, fd: usize) {
    while this_thread() != home {
        let own = coroutine::current();
        if go!(Builder::new().id(fd), move || own.unpark()).is_ok() {
            coroutine::park(); // who is unparked on a thread goes on there
        }
    }
}

/// Not inlined: what the compiler has found out about a thread local is of no use after a wait.
#[inline(never)]
fn this_thread() -> ThreadId {
    thread::current().id()
}

struct Wakes(WaitIoWaker);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wakeup();
    }
}

/// Lets others go first, those included that wait for their sockets: a thread of the scheduler looks at these only when
/// nobody on it wants to run, and who merely yields does. So it parks, until another thread wakes it.
fn give_way() {
    let waker = WAKER.get_or_init(|| {
        let (sender, coroutines) = channel::<Coroutine>();
        let wake_all = move || coroutines.into_iter().for_each(|coroutine| coroutine.unpark());
        let _ = thread::Builder::new().name("switchboard-give-way".into()).spawn(wake_all); // else nobody receives
        sender
    });
    if waker.send(coroutine::current()).is_ok() {
        coroutine::park();
    }
}

fn dispatch(connection: Connection, stack_size: usize) -> Result<(), Rejected> {
    let mut socket = None;
    // Made here, so that the making does not touch the coroutine's own stack, whose pages it would keep.
    let conversation = connection.serve(|stream| {
        let green = Green::new(stream)?;
        socket = Some(green.socket.clone());
        Ok(green)
    })?;
    let socket = socket.ok_or_else(|| Rejected::new("there is no socket"))?;
    start(socket.fd(), stack_size, move || block_on(&socket, conversation))?;
    Ok(())
}

impl Backend for May {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        dispatch(connection, self.stack_size)
    }

    /// A coroutine accepts, which saves a third of what a connection costs; this thread waits for it. (So a handler
    /// that blocks the scheduler's thread it is on stops the accepting too.)
    fn accept(&self, acceptor: Acceptor) -> io::Result<()> {
        let listener = Watched::new(acceptor.listener().try_clone()?)?;
        let stack_size = self.stack_size;
        let accepting = start(listener.fd(), stack_size, move || {
            block_on(&listener, async {
                while let Some(connection) = acceptor.accept_with(|_| poll_accept(&listener)).await {
                    if let Err(reason) = dispatch(connection, stack_size) {
                        acceptor.rejected(&reason);
                    }
                }
            });
        })?;
        accepting.join().map_err(|_| io::Error::other("the coroutine that accepts panicked"))
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        Some(self.offload.clone())
    }

    /// The scheduler's threads are the process's, and stay.
    fn stop(&self, stuck: usize) {
        self.offload.stop(stuck);
    }
}

fn poll_accept(listener: &Watched<TcpListener>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
    match listener.socket.accept() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        accepted => Poll::Ready(accepted),
    }
}

/// A socket that a coroutine waits for.
///
/// A `CoIo` that owns its socket closes it first, and takes its descriptor off the epoll instance afterwards. That is
/// the wrong way round: if another descriptor is open on the same socket, as the server's is on the listener, the
/// system goes on reporting events to where the `CoIo` was; and if the number is in use again, the events of whoever
/// has it are lost. So it only shares the socket, which is closed when the `CoIo` is gone.
struct Watched<S: AsRawFd> {
    events: CoIo<Arc<S>>, // dropped first
    socket: Arc<S>,
    /// The last read took all there was: the next one waits first, instead of asking the system in vain. Events are
    /// edges, so an end of the client's side, after which there is none, is remembered.
    is_empty: AtomicBool,
    has_ended: AtomicBool,
    /// Who was pending last.
    waiting: Mutex<Option<Waker>>,
}

/// Events after which there is something to read: EPOLLIN; and after which there may be no further one: EPOLLRDHUP,
/// EPOLLHUP, EPOLLERR.
const READABLE: usize = 0x1;
/// All there are; `may` marks a wake-up in the highest bit.
const EVENTS: usize = 0x7fff_ffff;
const ENDS: usize = 0x2000 | 0x10 | 0x8;

impl<S: AsRawFd> Watched<S> {
    fn new(socket: S) -> io::Result<Self> {
        let socket = Arc::new(socket);
        let (is_empty, has_ended) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { events: CoIo::new(socket.clone())?, socket, is_empty, has_ended, waiting: Mutex::new(None) })
    }

    fn fd(&self) -> usize {
        usize::try_from(self.socket.as_raw_fd()).unwrap_or_default()
    }

    /// Pending, until the next event.
    fn pend<T>(&self, cx: &Context<'_>) -> Poll<T> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            let before = waiting.replace(cx.waker().clone());
            drop(waiting);
            drop(before); // a waker is somebody else's
        }
        Poll::Pending
    }

    /// After an event: whoever was pending is told of it, but for the coroutine itself, which polls anyway.
    fn wake_other(&self, own: &Waker) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        waiting.into_iter().filter(|waker| !waker.will_wake(own)).for_each(Waker::wake);
    }

    /// Has the coroutine wait for the next event, or its waker; whether it was an event. Nothing is missed: what has
    /// come since the last time is kept for this one.
    fn wait(&self) -> bool {
        let events = self.events.wait_io();
        if events & ENDS != 0 {
            self.has_ended.store(true, Relaxed);
        }
        if events & READABLE != 0 {
            self.is_empty.store(false, Relaxed);
        }
        events & EVENTS != 0
    }
}

/// A socket whose coroutine waits.
struct Green {
    socket: Arc<Watched<TcpStream>>,
    /// How many calls in a row were ready.
    turns: AtomicU32,
}

impl Green {
    fn new(stream: TcpStream) -> io::Result<Self> {
        lowat::set(&stream);
        Ok(Self { socket: Arc::new(Watched::new(stream)?), turns: AtomicU32::new(0) })
    }

    /// Calls the system, unless others are to go first.
    fn poll(&self, cx: &Context<'_>, mut call: impl FnMut(&TcpStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        let turns = self.turns.load(Relaxed);
        self.turns.store((turns + 1) % TURNS, Relaxed);
        if turns + 1 == TURNS {
            give_way();
        }
        loop {
            match call(&self.socket.socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.turns.store(0, Relaxed);
                    return self.socket.pend(cx); // the coroutine waits, outside
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl Transport for Green {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Watched { is_empty, has_ended, .. } = &*self.socket;
        if is_empty.load(Relaxed) && !has_ended.load(Relaxed) {
            self.turns.store(0, Relaxed);
            return self.socket.pend(cx);
        }
        let read = self.poll(cx, |mut socket| socket.read(buf));
        let took_all = match &read {
            Poll::Ready(read) => read.as_ref().is_ok_and(|&read| read < buf.len()),
            Poll::Pending => true,
        };
        is_empty.store(took_all, Relaxed);
        read
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll(cx, |mut socket| match bufs {
            [one] => socket.write(one), // send(2) is cheaper than writev(2)
            many => socket.write_vectored(many),
        })
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.socket.shutdown(how)
    }
}

impl fmt::Debug for May {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("May").field("stack_size", &self.stack_size).finish_non_exhaustive()
    }
}
