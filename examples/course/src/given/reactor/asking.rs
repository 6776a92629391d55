//! A socket whose state is asked for, again and again: what can be done with std alone, and what `epoll(7)` was made
//! to replace.
//!
//! A write is taken for ready each time: trying it again does no harm.

use std::io::{self, ErrorKind};
use std::mem;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// The least pause between two rounds. A round that took long is followed by a pause of three times that, so that
/// asking takes a quarter of a processor at most.
const PAUSE: Duration = Duration::from_millis(1);

pub(super) struct Source(Arc<Watched>);

struct Watched {
    stream: TcpStream,
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

impl Source {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let watched = Arc::new(Watched { stream, reader: Mutex::default(), writer: Mutex::default() });
        lock(asked()?).push(Arc::downgrade(&watched));
        Ok(Self(watched))
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.0.stream
    }

    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        leave(&self.0.reader, cx)
    }

    pub(super) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        leave(&self.0.writer, cx)
    }
}

impl Watched {
    /// Wakes who waits for what is there now.
    fn wake(&self) {
        let waits = lock(&self.reader).is_some();
        let reader = if waits && self.is_readable() { lock(&self.reader).take() } else { None };
        let writer = lock(&self.writer).take();
        reader.into_iter().chain(writer).for_each(Waker::wake);
    }

    /// Also at the end of what the client sends, and after a shutdown.
    fn is_readable(&self) -> bool {
        !self.stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

fn leave(waiting: &Mutex<Option<Waker>>, cx: &Context<'_>) -> Poll<io::Result<()>> {
    let before = lock(waiting).replace(cx.waker().clone());
    drop(before); // without the lock: a waker is somebody else's
    Poll::Pending
}

/// All sockets there are.
type Asked = Mutex<Vec<Weak<Watched>>>;

/// Those of the process; the first call starts the thread that asks them.
fn asked() -> io::Result<&'static Asked> {
    static ASKED: OnceLock<Asked> = OnceLock::new();
    static STARTED: Mutex<bool> = Mutex::new(false);
    let asked = ASKED.get_or_init(Asked::default);
    let mut started = lock(&STARTED);
    if !*started {
        thread::Builder::new().name("course-reactor".into()).spawn(|| ask_for_ever(asked))?;
        *started = true;
    }
    Ok(asked)
}

fn ask_for_ever(asked: &Asked) {
    loop {
        let begin = Instant::now();
        let sockets = mem::take(&mut *lock(asked)); // so that new ones need not wait for the round
        let alive = |socket: &Weak<Watched>| socket.upgrade().map(|watched| watched.wake()).is_some();
        let mut sockets: Vec<_> = sockets.into_iter().filter(alive).collect();
        lock(asked).append(&mut sockets);
        thread::sleep(PAUSE.max(3 * begin.elapsed()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
