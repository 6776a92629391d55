//! What is dangerous about the package `may`, for exercise 8, done once.
//!
//! A coroutine waits in one place, [`block_on`], for two things at once: an event of its socket, or its waker (a
//! sleep that is over, say). These are the rules that `may` 0.3 has, and does not check; each is kept in here, and
//! yours to read:
//!
//! 1. A socket is closed after it has left the epoll instance, or the events of whoever has its number next are lost.
//!    So a `CoIo`, which does it the other way round, has only a share in the socket.
//! 2. A coroutine waits for its socket, and ends, on the thread that the socket's events come to. Elsewhere it could
//!    go on there while it is still being put to sleep here. So it begins there, and comes back after each wake.
//! 3. A coroutine that is woken in the moment it parks goes on inside that parking, and must not end in there.
//! 4. Who only yields is run again before anybody looks at a socket. Who has much to do parks, to be woken by a
//!    thread.
//! 5. The stack does not grow. What does not fit runs into a page that may not be touched, and the connection is
//!    lost.
//! 6. A coroutine that has waited may go on on another thread: a thread local means nothing across a wait.

use super::slow_reader::Again;
use may::coroutine::{self, Builder, Coroutine};
use may::go;
use may::io::{CoIo, WaitIo, WaitIoWaker};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

/// How many threads run all coroutines of the process. They start with the first, and stay.
pub const THREADS: usize = 4;

/// How many calls in a row may be ready before others get a turn.
const TURNS: u32 = 16;

/// Stacks of this size are kept for the next coroutine; others are the system's again.
const KEPT_STACK: usize = 64 << 10;

/// A socket that a coroutine waits for.
pub struct Socket {
    events: CoIo<Arc<TcpStream>>, // dropped first
    stream: Arc<TcpStream>,
    /// How many calls in a row were ready.
    turns: AtomicU32,
    /// Who was pending last.
    waiting: Mutex<Option<Waker>>,
    again: Again,
}

impl Socket {
    /// Registers a socket for events; from now on it does not block.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        configure();
        let stream = Arc::new(stream);
        Ok(Self {
            events: CoIo::new(stream.clone())?,
            stream,
            turns: AtomicU32::new(0),
            waiting: Mutex::new(None),
            again: Again::default(),
        })
    }

    /// The socket itself, to be shut down for instance.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Calls `call`, which reads; where that would block, this is pending, and whoever polls it is woken at the
    /// socket's next event. A coroutine that was ready many times in a row gives way first.
    pub fn poll_read_with(
        &self,
        cx: &mut Context<'_>,
        call: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_with(cx, call)
    }

    /// Calls `call`, which writes; else as [`poll_read_with`](Socket::poll_read_with).
    pub fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        call: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let written = self.poll_with(cx, call);
        if written.is_pending() {
            self.again.arm(cx);
        }
        written
    }

    fn poll_with(
        &self,
        cx: &Context<'_>,
        mut call: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let turns = self.turns.load(Relaxed);
        self.turns.store((turns + 1) % TURNS, Relaxed);
        if turns + 1 == TURNS {
            give_way();
        }
        loop {
            match call(&self.stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.turns.store(0, Relaxed);
                    let before = self.lock_waiting().replace(cx.waker().clone());
                    drop(before); // without the lock: a waker is somebody else's
                    return Poll::Pending;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn fd(&self) -> usize {
        usize::try_from(self.stream.as_raw_fd()).unwrap_or_default()
    }

    fn lock_waiting(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a coroutine with a stack of `stack_size` bytes, on the thread that the events of `socket` come to, and
/// answers at once. What it runs should wait by nothing but [`block_on`], with this socket.
///
/// # Errors
///
/// If there is no memory for the stack.
pub fn spawn(socket: &Socket, stack_size: usize, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    configure();
    let run = move || {
        run();
        coroutine::yield_now(); // rule 3
    };
    go!(Builder::new().id(socket.fd()).stack_size(stack_size / size_of::<usize>()), run).map(drop)
}

/// Drives `future` to its end on this coroutine, which waits where it is pending, until an event of `socket` or a
/// wake.
pub fn block_on<F: Future>(socket: &Socket, future: F) -> F::Output {
    /// The highest bit says that it was a wake.
    const EVENTS: usize = 0x7fff_ffff;
    let home = this_thread();
    let waker = Waker::from(Arc::new(Wakes(socket.events.waker())));
    let mut future = pin!(future);
    loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        go_home(home, socket.fd());
        if let Poll::Ready(output) = polled {
            return output;
        }
        if socket.events.wait_io() & EVENTS != 0 {
            let waiting = socket.lock_waiting().take();
            waiting.into_iter().filter(|other| !other.will_wake(&waker)).for_each(Waker::wake);
        }
    }
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

/// Rule 2: goes on on the thread `home`, that of the descriptor `fd`.
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

/// Rule 4.
fn give_way() {
    static WAKER: OnceLock<Sender<Coroutine>> = OnceLock::new();
    let waker = WAKER.get_or_init(|| {
        let (sender, coroutines) = channel::<Coroutine>();
        let wake_all = move || coroutines.into_iter().for_each(|coroutine| coroutine.unpark());
        let _ = thread::Builder::new().name("course-give-way".into()).spawn(wake_all); // else nobody receives
        sender
    });
    if waker.send(coroutine::current()).is_ok() {
        coroutine::park();
    }
}

/// Before the first coroutine.
fn configure() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        may::config().set_workers(THREADS).set_stack_size(KEPT_STACK / size_of::<usize>()).set_worker_pin(false);
    });
}
