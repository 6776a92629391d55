//! The threads of a queue. What they are to do is decided by a [`Manager`], which one lock guards.
//!
//! # Rules
//!
//! 1. Nothing of a job's is called with the lock held, not even its drop.
//! 2. A thread that cannot be started is tried again after a second, by the watchdog (Linux's `CREATE_COOLDOWN`).
//!    Until then its worker is starting, as far as the manager knows.
//! 3. Once the queue is closed the manager is asked no more: each worker ends with its job.

use super::{Closed, FromWorker, Job, Manager, Now, Order, Policy, Step, Watch, Worker};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

const CREATE_COOLDOWN: Duration = Duration::from_secs(1);
const STACK_SIZE: usize = 256 << 10;

type Work = Box<dyn FnOnce() + Send>;

/// Calls what it is given, which waits, once, and sees to it that the queue knows while it does.
pub type Hook = fn(&mut dyn FnMut());

/// A queue of jobs and the threads that do them. Dropping it closes it, and waits for nothing.
pub struct Queue(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) policy: Policy,
    hook: Hook,
    start: Instant,
    state: Mutex<State>,
    /// A job or a thread has ended.
    ended: Condvar,
    /// The watchdog has something to do.
    watch: Condvar,
}

struct State {
    manager: Box<dyn Manager>,
    /// What has not begun.
    jobs: BTreeMap<Job, Work>,
    next_job: Job,
    /// Workers that have come.
    threads: BTreeMap<Worker, Thread>,
    /// Those whose threads could not be started.
    unstarted: Vec<Worker>,
    /// Threads that have been started and have not ended, and those to be started.
    alive: usize,
    /// How many wait for `ended`.
    waiting: usize,
    watchdog_sleeps: bool,
    is_closed: bool,
}

thread_local! {
    /// The worker that this thread is, if it is one.
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

struct Current {
    queue: Arc<Shared>,
    worker: Worker,
    /// How many waits it is in, one within the other.
    depth: usize,
}

/// Says that this thread is about to wait. If it is a worker of a managed queue, the manager is told. Each call is
/// to be followed by one of [`waking`]. Between the two there may be further pairs, of which nobody is told.
pub fn sleeping() {
    CURRENT.with_borrow_mut(|current| {
        let Some(Current { queue, worker, depth }) = current else { return };
        *depth += 1;
        if *depth == 1 && queue.policy.is_managed() {
            queue.tell(|state, now| state.manager.sleeping(*worker, now));
        }
    });
}

/// Says that this thread is back from waiting; see [`sleeping`].
pub fn waking() {
    CURRENT.with_borrow_mut(|current| {
        let Some(Current { queue, worker, depth }) = current else { return };
        *depth = depth.saturating_sub(1);
        if *depth == 0 && queue.policy.is_managed() {
            queue.lock().manager.waking(*worker);
        }
    });
}

impl Queue {
    /// One that has no workers yet. `manager` decides for it; `hook` is called around whatever waits in a connection.
    ///
    /// # Errors
    ///
    /// If the watchdog's thread cannot be started.
    pub fn new(policy: Policy, manager: Box<dyn Manager>, hook: Hook) -> io::Result<Self> {
        let state = State {
            manager,
            jobs: BTreeMap::new(),
            next_job: 0,
            threads: BTreeMap::new(),
            unstarted: Vec::new(),
            alive: 1,
            waiting: 0,
            watchdog_sleeps: false,
            is_closed: false,
        };
        let (state, ended, watch) = (Mutex::new(state), Condvar::new(), Condvar::new());
        let queue = Self(Arc::new(Shared { policy, hook, start: Instant::now(), state, ended, watch }));
        let watched = Alive(queue.0.clone());
        thread::Builder::new().name("queue-watchdog".into()).spawn(move || watched.0.keep_watch())?;
        Ok(queue)
    }

    /// Has a job done.
    ///
    /// # Errors
    ///
    /// [`Closed`] if it is refused.
    pub fn queue(&self, job: impl FnOnce() + Send + 'static) -> Result<Ticket, Closed> {
        let job = self.0.queue(Box::new(job))?;
        Ok(Ticket { queue: self.0.clone(), job })
    }

    /// Waits until all jobs are over that have been queued so far, or the queue is closed.
    ///
    /// # Errors
    ///
    /// [`FromWorker`], if one of its jobs asks.
    pub fn flush(&self) -> Result<(), FromWorker> {
        let next = self.0.lock().next_job;
        self.0.wait(|manager| manager.oldest().is_none_or(|oldest| oldest >= next))
    }

    /// Waits until there is nothing to do, or the queue is closed. Takes no new jobs meanwhile, but those of its own
    /// jobs.
    ///
    /// # Errors
    ///
    /// [`FromWorker`], if one of its jobs asks.
    pub fn drain(&self) -> Result<(), FromWorker> {
        self.0.may_wait()?;
        self.0.lock().manager.drain(true);
        let drained = self.0.wait(|manager| manager.oldest().is_none());
        self.0.lock().manager.drain(false);
        drained
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}

/// A job that has been queued.
pub struct Ticket {
    queue: Arc<Shared>,
    job: Job,
}

impl Ticket {
    /// Waits until the job is over, or the queue is closed.
    ///
    /// # Errors
    ///
    /// [`FromWorker`], if a job of the same queue asks.
    pub fn flush(&self) -> Result<(), FromWorker> {
        self.queue.wait(|manager| manager.is_over(self.job))
    }

    /// Whether the job is over.
    pub fn is_over(&self) -> bool {
        self.queue.lock().manager.is_over(self.job)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("job", &self.job).finish_non_exhaustive()
    }
}

/// A thread's claim to be counted, however it ends.
struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.lock().alive -= 1;
        self.0.ended.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker of this queue that this thread is, if it is one.
    fn own(&self) -> Option<Worker> {
        CURRENT.with_borrow(|current| {
            let current = current.as_ref().filter(|current| std::ptr::eq(&*current.queue, self))?;
            Some(current.worker)
        })
    }

    /// Calls what is given while the worker that this thread may be is known to wait.
    pub(super) fn blocking<T>(&self, wait: impl FnOnce() -> T) -> T {
        let (mut wait, mut answer) = (Some(wait), None);
        (self.hook)(&mut || answer = wait.take().map(|wait| wait()));
        answer.expect("the hook has called what it was given")
    }

    fn queue(self: &Arc<Self>, work: Work) -> Result<Job, Closed> {
        let by = self.own();
        let mut state = self.lock();
        let (job, now) = (state.next_job, self.start.elapsed());
        let order = if state.is_closed { Err(Closed) } else { state.manager.queue(job, by, now) };
        let order = match order {
            Ok(order) => order,
            Err(closed) => {
                drop(state); // before the job
                return Err(closed);
            }
        };
        state.next_job += 1;
        state.jobs.insert(job, work);
        if self.policy.is_managed() && std::mem::take(&mut state.watchdog_sleeps) {
            self.watch.notify_one();
        }
        self.carry_out(state, order);
        Ok(job)
    }

    /// Tells the manager something, and carries out its order.
    fn tell(self: &Arc<Self>, something: impl FnOnce(&mut State, Now) -> Option<Order>) {
        let mut state = self.lock();
        if !state.is_closed {
            let order = something(&mut state, self.start.elapsed());
            self.carry_out(state, order);
        }
    }

    fn carry_out(self: &Arc<Self>, mut state: MutexGuard<'_, State>, order: Option<Order>) {
        match order {
            None => {}
            Some(Order::Wake(worker)) => {
                let thread = state.threads.get(&worker).cloned();
                drop(state);
                thread.unwrap_or_else(|| panic!("worker {worker} is to be woken, and is not there")).unpark();
            }
            Some(Order::Start(worker)) => {
                state.alive += 1;
                drop(state);
                self.start(worker);
            }
        }
    }

    fn start(self: &Arc<Self>, worker: Worker) {
        let queue = self.clone();
        let builder = thread::Builder::new().name(format!("queue-{worker}")).stack_size(STACK_SIZE);
        if builder.spawn(move || queue.work(worker)).is_err() {
            let mut state = self.lock();
            if state.is_closed {
                state.alive -= 1;
            } else {
                state.unstarted.push(worker);
            }
            drop(state);
            self.watch.notify_one();
            self.ended.notify_all();
        }
    }

    /// What a worker does.
    fn work(self: Arc<Self>, worker: Worker) {
        CURRENT.set(Some(Current { queue: self.clone(), worker, depth: 0 }));
        let _alive = Alive(self.clone());
        let mut state = self.lock();
        state.threads.insert(worker, thread::current());
        while !state.is_closed {
            match state.manager.step(worker, self.start.elapsed()) {
                Step::Run(job) => {
                    let work = state.jobs.remove(&job);
                    let work = work.unwrap_or_else(|| panic!("job {job} is to be run, and does not wait"));
                    drop(state);
                    let _ = catch_unwind(AssertUnwindSafe(work)); // a panic has been printed
                    state = self.lock();
                }
                Step::Rest(time) => {
                    let waiting = state.waiting > 0;
                    drop(state);
                    if waiting {
                        self.ended.notify_all();
                    }
                    thread::park_timeout(time);
                    state = self.lock();
                    continue;
                }
                Step::Exit => break,
            }
            if state.waiting > 0 {
                self.ended.notify_all();
            }
        }
        state.threads.remove(&worker);
    }

    /// What the watchdog does.
    fn keep_watch(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.is_closed {
            let watch =
                if self.policy.is_managed() { state.manager.watch(self.start.elapsed()) } else { Watch::Nothing };
            if let Watch::Help(order) = watch {
                self.carry_out(state, Some(order));
                state = self.lock();
                continue;
            }
            let cooldown = (!state.unstarted.is_empty()).then_some(CREATE_COOLDOWN);
            let pause = if let Watch::Later(pause) = watch { Some(pause) } else { None };
            let pause = pause.into_iter().chain(cooldown).min();
            state.watchdog_sleeps = pause.is_none();
            state = match pause {
                Some(pause) => self.watch.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0,
                None => self.watch.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            if cooldown.is_some() && !state.is_closed {
                let unstarted = std::mem::take(&mut state.unstarted);
                drop(state);
                unstarted.into_iter().for_each(|worker| self.start(worker));
                state = self.lock();
            }
        }
    }

    fn may_wait(&self) -> Result<(), FromWorker> {
        let own = self.own();
        self.lock().manager.may_wait(own)
    }

    fn wait(&self, is_over: impl Fn(&dyn Manager) -> bool) -> Result<(), FromWorker> {
        self.may_wait()?;
        let mut state = self.lock();
        state.waiting += 1;
        while !state.is_closed && !is_over(&*state.manager) {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        Ok(())
    }

    /// Takes no more jobs, drops those that have not begun, and sends the threads home.
    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        state.alive -= std::mem::take(&mut state.unstarted).len();
        let threads = state.threads.clone();
        drop(state);
        drop(jobs);
        threads.values().for_each(Thread::unpark);
        self.watch.notify_all();
        self.ended.notify_all();
    }

    /// Closes it, and waits for its threads, but for the one that calls.
    pub(super) fn end(&self, waits: bool) {
        self.close();
        let own = usize::from(self.own().is_some());
        let mut state = self.lock();
        while waits && state.alive > own {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
