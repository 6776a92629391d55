//! `workqueue`: jobs for an elastic pool of threads, after Linux's concurrency managed workqueue; the seed's own model.
//!
//! A [`WorkQueue`] is of use by itself ([`queue`](WorkQueue::queue), [`flush`](WorkQueue::flush),
//! [`drain`](WorkQueue::drain), [`shutdown`](WorkQueue::shutdown)); it is a backend, whose jobs are connections; and on
//! the backends that share threads it is where handlers run that block ([`Offload`](switchboard_core::Offload)).
//!
//! | Linux | here |
//! |---|---|
//! | `alloc_workqueue(WQ_UNBOUND, max_active)` | [`WorkQueue::new`] with [`Policy::Unbound`] |
//! | `queue_work`, `flush_work` | [`WorkQueue::queue`], [`Ticket::flush`] |
//! | `flush_workqueue`, `drain_workqueue` | [`flush`](WorkQueue::flush), [`drain`](WorkQueue::drain) |
//! | `destroy_workqueue` | [`shutdown`](WorkQueue::shutdown) |
//! | a bound pool, managed by the scheduler's hooks | [`Policy::Managed`], managed by [`blocking`] |
//! | `wq_worker_sleeping`, `wq_worker_running` | the beginning and the end of [`blocking`] |
//! | `IDLE_WORKER_TIMEOUT`, `MAYDAY_INITIAL_TIMEOUT`, `CREATE_COOLDOWN` | the same figures: 300 s, 10 ms, 1 s |
//!
//! Not here: a queue per processor, priorities, and a rescuer for when memory is short; one worker that is started with
//! the queue sees to it that work gets on when no further thread can be had. The decisions are in `worker_pool.rs`,
//! where neither threads nor a clock are known; this file has the threads, and `backend.rs` what a server needs.
//!
//! # Rules
//!
//! 1. Nothing is called with the lock held: not a job, not the drop of one.
//! 2. A job that panics is counted, and costs nothing else.
//! 3. To wait for the queue from one of its own workers is an error, because it would wait for itself.

mod backend;
mod report;
#[cfg(test)]
mod virtual_clock;
mod worker_pool;

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use worker_pool::{Order, Step, WorkerId, WorkerPool};

pub(crate) use backend::LISTED;
pub use report::{Closed, FromWorker, Report, Stats, Ticket};

type Job = Box<dyn FnOnce() + Send>;

/// How a queue is made.
///
/// ```
/// use switchboard::backends::workqueue::{Config, Policy, WorkQueue};
///
/// let queue = WorkQueue::new(Config { policy: Policy::Managed { target: 2 }, ..Config::default() })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The most jobs done at once, waiting ones included, and so the most threads; at least 1. 256, as in Linux.
    pub max_active: usize,
    /// When a job is begun.
    pub policy: Policy,
    /// How long a worker rests before it may retire. 300 s.
    pub idle_timeout: Duration,
    /// The size of the workers' stacks, in bytes. The system may round it up. 256 KiB.
    pub stack_size: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_active: 256, policy: Policy::Unbound, idle_timeout: Duration::from_secs(300), stack_size: 256 << 10 }
    }
}

/// When a job is begun that has been queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// At once, as long as fewer than `max_active` are being done: the kernel's `WQ_UNBOUND`.
    Unbound,
    /// When fewer than `target` workers run (at least 1). One that waits inside [`blocking`] does not count; nor does
    /// the queue see any other waiting, but when nothing has moved for 10 ms it brings in one more worker.
    Managed {
        /// How many may run at once: the number of processors, say.
        target: usize,
    },
}

/// A queue of jobs and the threads that do them. Dropping it is a [`shutdown`](WorkQueue::shutdown) with no time to
/// finish, which does not wait.
///
/// ```
/// use switchboard::backends::workqueue::{Config, WorkQueue};
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
///
/// let queue = WorkQueue::new(Config::default())?;
/// let (sender, results) = channel();
/// let ticket = queue.queue(move || sender.send(6 * 7).unwrap()).unwrap();
/// ticket.flush().unwrap(); // waits until it is done
/// assert_eq!(results.recv(), Ok(42));
///
/// let report = queue.shutdown(Duration::from_secs(1)).unwrap();
/// assert_eq!((report.finished, report.dropped, report.running), (1, 0, 0));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct WorkQueue(Arc<Shared>);

struct Shared {
    config: Config,
    start: Instant,
    state: Mutex<State>,
    /// A job or a worker has ended.
    ended: Condvar,
    /// There is something to watch.
    watch: Condvar,
}

struct State {
    pool: WorkerPool<Job>,
    /// By their names, once they have come.
    threads: Vec<Option<Thread>>,
    panicked: u64,
    /// How many wait for `ended`.
    waiting: usize,
    /// How many drain the queue.
    draining: usize,
    is_closed: bool,
    /// The watchdog has nothing to watch.
    watchdog_sleeps: bool,
}

thread_local! {
    /// The worker that this thread is, if it is one.
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

struct Current {
    queue: Arc<Shared>,
    id: WorkerId,
    is_waiting: bool,
}

impl WorkQueue {
    /// Makes a queue, and starts its first worker (and a watchdog, if it is managed).
    ///
    /// # Errors
    ///
    /// If a number in `config` is 0, or a thread cannot be started.
    pub fn new(config: Config) -> io::Result<Self> {
        let target = match config.policy {
            Policy::Unbound => None,
            Policy::Managed { target } => Some(target),
        };
        if config.max_active == 0 || target == Some(0) {
            let reason = "a work queue with no workers would never work; max_active and target are at least 1";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let mut pool = WorkerPool::new(config.max_active, target, config.idle_timeout);
        let first = pool.first();
        let state = State {
            pool,
            threads: Vec::new(),
            panicked: 0,
            waiting: 0,
            draining: 0,
            is_closed: false,
            watchdog_sleeps: true,
        };
        let (ended, watch) = (Condvar::new(), Condvar::new());
        let shared = Shared { config, start: Instant::now(), state: Mutex::new(state), ended, watch };
        let queue = Self(Arc::new(shared));
        queue.0.start(first)?;
        if target.is_some() {
            let watched = queue.0.clone();
            thread::Builder::new().name("workqueue-watchdog".into()).spawn(move || watched.keep_watch())?;
        }
        Ok(queue)
    }

    /// Has a job done. Jobs begin in the order they are queued.
    ///
    /// # Errors
    ///
    /// [`Closed`] once the queue is shut down, and while it is drained, unless one of its own jobs asks.
    pub fn queue(&self, job: impl FnOnce() + Send + 'static) -> Result<Ticket, Closed> {
        let number = self.0.queue(Box::new(job))?;
        Ok(Ticket { queue: self.0.clone(), number })
    }

    /// Waits until every job that has been queued so far is over.
    ///
    /// # Errors
    ///
    /// [`FromWorker`].
    pub fn flush(&self) -> Result<(), FromWorker> {
        let number = self.0.lock().pool.next_number();
        self.0.wait(None, |state| state.pool.are_over_before(number))
    }

    /// Waits until there is nothing to do, and takes no new jobs meanwhile but those of its own jobs.
    ///
    /// # Errors
    ///
    /// [`FromWorker`].
    pub fn drain(&self) -> Result<(), FromWorker> {
        self.0.lock().draining += 1;
        let drained = self.0.wait(None, State::has_nothing_to_do);
        self.0.lock().draining -= 1;
        drained
    }

    /// Takes no more jobs; gives those there are `limit` to finish; drops what has not begun by then. Its workers end
    /// with their jobs, and are waited for unless one is still running; the watchdog ends a moment later.
    ///
    /// # Errors
    ///
    /// [`FromWorker`].
    pub fn shutdown(&self, limit: Duration) -> Result<Report, FromWorker> {
        self.0.lock().is_closed = true;
        self.0.wait(Instant::now().checked_add(limit), State::has_nothing_to_do)?;
        let dropped = self.0.close();
        let state = self.0.lock();
        let running = state.pool.census().busy();
        drop(state);
        if running == 0 {
            self.0.wait(None, |state| state.pool.census().workers() == 0)?;
        }
        Ok(Report { finished: self.0.lock().pool.counts.finished, dropped, running })
    }

    /// What it is doing, and has done.
    pub fn stats(&self) -> Stats {
        let state = self.0.lock();
        let (census, counts) = (state.pool.census(), state.pool.counts);
        Stats {
            workers: census.workers(),
            idle: census.idle,
            active: census.busy(),
            running: census.running,
            waiting: state.pool.waiting(),
            finished: counts.finished,
            panicked: state.panicked,
            started: counts.started,
            start_failures: counts.start_failures,
            peak: counts.peak,
        }
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for WorkQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkQueue").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// Waits for something, which is all that `wait` does: a worker of a [managed](Policy::Managed) queue that calls it
/// does not count as running meanwhile, so that others get on. Elsewhere it only calls `wait`.
///
/// ```
/// use switchboard::backends::workqueue::blocking;
/// use std::time::Duration;
///
/// blocking(|| std::thread::sleep(Duration::from_millis(1)));
/// ```
pub fn blocking<T>(wait: impl FnOnce() -> T) -> T {
    let _waiting = Waiting::begin();
    wait()
}

/// A worker that is waiting; it is back when this is dropped, also by a panic.
struct Waiting;

impl Waiting {
    /// `None` if this is not a worker whose waiting counts, or it is waiting already.
    fn begin() -> Option<Self> {
        CURRENT.with_borrow_mut(|current| {
            let current = current.as_mut().filter(|current| current.queue.is_managed() && !current.is_waiting)?;
            current.is_waiting = true;
            let now = current.queue.now();
            let order = current.queue.lock().pool.sleeping(current.id, now);
            current.queue.obey(order);
            Some(Self)
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|current| {
            if let Some(current) = current {
                current.is_waiting = false;
                current.queue.lock().pool.waking(current.id);
            }
        });
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn is_managed(&self) -> bool {
        matches!(self.config.policy, Policy::Managed { .. })
    }

    /// Whether this thread is one of its workers.
    fn is_own(&self) -> bool {
        CURRENT.with_borrow(|current| current.as_ref().is_some_and(|current| std::ptr::eq(&*current.queue, self)))
    }

    fn queue(self: &Arc<Self>, job: Job) -> Result<u64, Closed> {
        let now = self.now();
        let mut state = self.lock();
        if state.is_closed || state.draining > 0 && !self.is_own() {
            drop(state); // before the job
            return Err(Closed);
        }
        let (number, order) = state.pool.queue(job, now);
        let wake_watchdog = self.is_managed() && std::mem::take(&mut state.watchdog_sleeps);
        drop(state);
        if wake_watchdog {
            self.watch.notify_one();
        }
        self.obey(order);
        Ok(number)
    }

    fn obey(self: &Arc<Self>, order: Option<Order>) {
        match order {
            None => {}
            Some(Order::Wake(id)) => self.wake(id),
            // It is counted. What waits is done by the workers there are, of which there is one.
            Some(Order::Start(id)) => drop(self.start(id)),
        }
    }

    fn wake(&self, id: WorkerId) {
        let thread = self.lock().threads[id].clone();
        thread.iter().for_each(Thread::unpark);
    }

    fn start(self: &Arc<Self>, id: WorkerId) -> io::Result<()> {
        let queue = self.clone();
        let builder = thread::Builder::new().name("workqueue".into()).stack_size(self.config.stack_size);
        match builder.spawn(move || queue.work(id)) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.lock().pool.start_failed(id, self.now());
                self.ended.notify_all(); // a shutdown may wait for it
                Err(error)
            }
        }
    }

    /// What a worker does.
    fn work(self: Arc<Self>, id: WorkerId) {
        let current = Current { queue: self.clone(), id, is_waiting: false };
        CURRENT.set(Some(current));
        let mut state = self.lock();
        if state.threads.len() <= id {
            state.threads.resize(id + 1, None);
        }
        state.threads[id] = Some(thread::current());
        loop {
            match state.pool.step(id, self.now()) {
                Step::Run(job, order) => {
                    drop(state);
                    self.obey(order);
                    let panicked = catch_unwind(AssertUnwindSafe(job)).is_err();
                    state = self.lock();
                    state.panicked += u64::from(panicked);
                }
                Step::Rest(timeout) => {
                    drop(state);
                    thread::park_timeout(timeout);
                    state = self.lock();
                }
                Step::Exit => break,
            }
            if state.waiting > 0 {
                self.ended.notify_all();
            }
        }
        state.threads[id] = None;
        drop(state);
        self.ended.notify_all();
    }

    /// What the watchdog does.
    fn keep_watch(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.is_closed || state.pool.waiting() > 0 {
            let (order, again) = state.pool.watch(self.now());
            if order.is_some() {
                drop(state);
                self.obey(order);
                state = self.lock();
                continue;
            }
            state.watchdog_sleeps = again.is_none();
            state = match again {
                Some(pause) => self.watch.wait_timeout(state, pause).map_or_else(|e| e.into_inner().0, |(s, _)| s),
                None => self.watch.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Ends it: drops what has not begun, and sends its threads home. Answers how many jobs that were.
    fn close(&self) -> usize {
        let mut state = self.lock();
        state.is_closed = true;
        let dropped = state.pool.cancel();
        let idle = state.pool.close();
        drop(state);
        idle.into_iter().for_each(|id| self.wake(id));
        self.watch.notify_all();
        self.ended.notify_all();
        dropped.len()
    }

    fn wait(&self, until: Option<Instant>, is_over: impl Fn(&State) -> bool) -> Result<(), FromWorker> {
        if self.is_own() {
            return Err(FromWorker);
        }
        let mut state = self.lock();
        state.waiting += 1;
        while !is_over(&state) {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => self.ended.wait_timeout(state, left).map_or_else(|e| e.into_inner().0, |(s, _)| s),
            };
        }
        state.waiting -= 1;
        Ok(())
    }
}

impl State {
    fn has_nothing_to_do(&self) -> bool {
        self.pool.waiting() == 0 && self.pool.census().busy() == 0
    }
}
