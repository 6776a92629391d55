//! Puts the parts together: a listener, a backend, a handler, a timer; and takes them apart again.

use crate::clock::Clock;
use crate::connection::application;
use crate::http1::date::{DateText, imf_fixdate};
use crate::listener::{Listener, Stopper};
use crate::stats::{Stats, Tally};
use crate::table::{Deadlines, Timed};
use crate::{Acceptor, Backend, Event, Handler, Limits, Offload, error};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};
use switchboard_timer::{Tick, Timer, Wheel};

/// How long aborted connections may take to let go.
const GRACE: Duration = Duration::from_millis(250);

type Observer = dyn Fn(&Event<'_>) + Send + Sync;

/// A server before it runs.
///
/// ```no_run
/// use switchboard::{Request, Server, Threads};
///
/// Server::bind("127.0.0.1:8080")?.run(Threads::new(), |_: &mut Request| "Hello, World!")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a server does nothing until it is run"]
pub struct Server {
    listener: TcpListener,
    timer: Box<dyn Timer<Timed> + Send>,
    limits: Limits,
    observer: Option<Box<Observer>>,
}

impl Server {
    /// Listens on an address. Port 0 takes any that is free: see [`Running::addr`].
    ///
    /// # Errors
    ///
    /// What the system says, with the address and advice in the text.
    pub fn bind(addr: impl ToSocketAddrs + fmt::Debug) -> io::Result<Self> {
        let addresses: Vec<SocketAddr> = match addr.to_socket_addrs() {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                let advice = "an address is like 127.0.0.1:8080 or localhost:8080";
                return Err(io::Error::new(error.kind(), format!("cannot listen on {addr:?}: {error}; {advice}")));
            }
        };
        let listener = TcpListener::bind(&addresses[..]).map_err(|error| error::cannot_listen(&addresses, error))?;
        Ok(Self::from_listener(listener))
    }

    /// Takes over a listener, say one that another process has opened.
    pub fn from_listener(listener: TcpListener) -> Self {
        Self { listener, timer: Box::new(Wheel::new()), limits: Limits::default(), observer: None }
    }

    /// With another timer structure; a [`Wheel`] by default.
    ///
    /// ```
    /// use switchboard::{Heap, Request, Server, Threads, timer};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.timer(Heap::new());
    /// let chosen = Server::bind("127.0.0.1:0")?.timer(timer::by_name("heap").expect("a name it knows"));
    /// # let _ = server.spawn(Threads::new(), |_: &mut Request| "Hello")?;
    /// # let _ = chosen.spawn(Threads::new(), |_: &mut Request| "Hello")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timer(mut self, timer: impl Timer<Timed> + Send + 'static) -> Self {
        self.timer = Box::new(timer);
        self
    }

    /// With other limits than the default ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Has `observer` called at every [`Event`], on the thread where it happens: it should be quick.
    pub fn observer(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Runs until accepting ends, which with the usual [`Backend::accept`] it never does: the way to write a
    /// `main`. To stop a server, [`spawn`](Server::spawn) it.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Server::spawn), and that of [`Backend::accept`].
    pub fn run(self, backend: impl Backend, handler: impl Handler) -> io::Result<()> {
        let mut running = self.spawn(backend, handler)?;
        let accepting = running.accepting.take().expect("it is taken only here");
        accepting.recv().unwrap_or(Ok(()))
    }

    /// Runs on threads of its own, until it is [shut down](Running::shutdown).
    ///
    /// # Errors
    ///
    /// If the listener is of no use, [`Limits::connections`] is 0, or no thread can be started.
    pub fn spawn(self, backend: impl Backend, handler: impl Handler) -> io::Result<Running> {
        if self.limits.connections == 0 {
            let reason = "Limits::connections is 0, so nobody could connect; it has to be at least 1";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let (listener, stopper) = Listener::new(self.listener, self.limits.send)?;
        let addr = listener.addr();
        let clock = Clock::start();
        let (horizon, linger) = (self.limits.shortest(), self.limits.linger);
        let deadlines = Deadlines::new(self.timer, clock.clone(), horizon, linger, backend.capacity());
        let deadlines = Arc::new(deadlines);
        let server = Arc::new(Shared::new(self.limits, clock, deadlines.clone(), self.observer, backend.offload()));
        let backend: Arc<dyn Backend> = Arc::new(backend);
        let stopper = Arc::new(stopper);
        let acceptor = Acceptor { listener, server: server.clone(), application: application(handler) };
        let (accepted, accepting) = mpsc::channel();
        let timekeeper = thread::Builder::new().name("switchboard-deadlines".into()).spawn({
            let deadlines = deadlines.clone();
            move || deadlines.run()
        })?;
        let running = Running {
            addr,
            stopper: stopper.clone(),
            deadlines,
            backend: backend.clone(),
            accepting: Some(accepting),
            timekeeper: Some(timekeeper),
        };
        thread::Builder::new().name("switchboard-accept".into()).spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| backend.accept(acceptor)));
            let result = result.unwrap_or_else(|_| Err(io::Error::other("the backend's accept panicked")));
            stopper.stop(); // clients are refused, not left to wait
            if !server.deadlines.is_stopping() {
                server.report(&Event::AcceptEnded { error: result.as_ref().err() });
            }
            let _ = accepted.send(result); // nobody listens if `running` is gone
        })?;
        Ok(running)
    }
}

/// A server that runs. Dropping it stops it at once, as [`shutdown`](Running::shutdown) with no time to drain.
#[must_use = "a running server stops when it is dropped"]
pub struct Running {
    addr: SocketAddr,
    stopper: Arc<Stopper>,
    deadlines: Arc<Deadlines>,
    backend: Arc<dyn Backend>,
    accepting: Option<Receiver<io::Result<()>>>,
    timekeeper: Option<JoinHandle<()>>,
}

impl Running {
    /// The address it listens on, with the port it was given.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What its connections are doing, and what has happened so far.
    pub fn stats(&self) -> Stats {
        self.deadlines.stats()
    }

    /// Stops: no more connections are accepted; those that have not been started are answered 503 and those that
    /// wait for a request are closed, at once; those in the middle of one may finish within `limit`, and are told
    /// `Connection: close`; what is left then is cut off. Afterwards the port is free.
    ///
    /// Takes at most `limit`, a quarter of a second more if something has to be cut off, and the time of
    /// [`Backend::stop`].
    pub fn shutdown(mut self, limit: Duration) -> Report {
        self.stop(limit)
    }

    fn stop(&mut self, limit: Duration) -> Report {
        let until = Instant::now().checked_add(limit); // None: for ever
        self.deadlines.begin_stopping();
        self.stopper.stop();
        if let Some(accepting) = self.accepting.take() {
            // A backend that goes on accepting gets no more connections.
            let _ = accepting.recv_timeout(limit.max(GRACE));
        }
        self.deadlines.stop_waiting();
        self.deadlines.wait_for_all(until);
        self.deadlines.abort();
        let stuck = self.deadlines.wait_for_all(Some(Instant::now() + GRACE));
        let Tally { served, turned_away, idle_closed, drained, aborted } = self.deadlines.tally();
        self.backend.stop(stuck);
        self.deadlines.finish();
        if let Some(timekeeper) = self.timekeeper.take() {
            let _ = timekeeper.join(); // a panic there has been printed
        }
        Report { served, turned_away, idle_closed, drained, aborted, stuck }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.timekeeper.is_some() {
            self.stop(Duration::ZERO);
        }
    }
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Requests answered since the start.
    pub served: u64,
    /// Connections that waited for the backend to start them, and were answered 503 at once.
    pub turned_away: usize,
    /// Connections that were waiting for a request, and were closed at once.
    pub idle_closed: usize,
    /// Connections that were in the middle of a request, and finished it in time.
    pub drained: usize,
    /// Connections that were cut off, by a limit of their own or when the time was over.
    pub aborted: usize,
    /// Connections whose handler still blocks its thread: nothing can end these from outside.
    pub stuck: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { served, turned_away, idle_closed, drained, aborted, stuck } = self;
        write!(f, "requests served: {served}; connections: {turned_away} turned away, {idle_closed} idle closed, ")?;
        write!(f, "{drained} drained, {aborted} aborted, {stuck} stuck")
    }
}

/// Runs since a request came.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) deadlines: Arc<Deadlines>,
    pub(crate) observer: Option<Box<Observer>>,
    pub(crate) offload: Option<Arc<dyn Offload>>,
    date: Mutex<Date>,
}

impl Shared {
    pub(crate) fn new(
        limits: Limits,
        clock: Clock,
        deadlines: Arc<Deadlines>,
        observer: Option<Box<Observer>>,
        offload: Option<Arc<dyn Offload>>,
    ) -> Self {
        Self { limits, clock, deadlines, observer, offload, date: Mutex::new(Date::default()) }
    }

    /// Now, if somebody wants to know how long a request takes.
    pub(crate) fn stopwatch(&self) -> Option<Stopwatch> {
        self.observer.is_some().then(|| Stopwatch(Instant::now()))
    }

    /// Counts, and tells the observer. Its panic would cost a connection, or the accepting thread; it has been printed.
    pub(crate) fn report(&self, event: &Event<'_>) {
        let counters = &self.deadlines.counters;
        match event {
            Event::Refused { .. } => counters.refused.count(),
            Event::Panicked { .. } => counters.panicked.count(),
            Event::Rejected { .. } => counters.rejected.count(),
            _ => {}
        }
        if let Some(observer) = &self.observer {
            let _ = catch_unwind(AssertUnwindSafe(|| observer(event)));
        }
    }

    /// Brings a connection's copy of the date up to `now`. The system's clock is asked, and the date formatted, once a
    /// second for the whole server.
    pub(crate) fn refresh(&self, copy: &mut Date, now: Tick) {
        if now >= copy.until {
            let mut date = self.date.lock().unwrap_or_else(PoisonError::into_inner);
            if now >= date.until {
                *date = Date::at(now);
            }
            *copy = *date;
        }
    }
}

/// The text of a second, and the tick at which the next one begins.
#[derive(Clone, Copy)]
pub(crate) struct Date {
    until: Tick,
    pub(crate) text: DateText,
}

impl Date {
    fn at(now: Tick) -> Self {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let left = 1000 - Tick::from(since.subsec_millis());
        Self { until: now + left, text: imf_fixdate(since.as_secs()) }
    }
}

/// One that is over.
impl Default for Date {
    fn default() -> Self {
        Self { until: 0, text: *b"Thu, 01 Jan 1970 00:00:00 GMT" }
    }
}
