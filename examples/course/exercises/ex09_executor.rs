//! Exercise 9: an executor, and a backend on it.
//!
//! Read `docs/course/ex09_executor.md` first. `cargo course check 9` says what works.

//~ solution
use course::given::reactor::Socket;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use switchboard::backends::workqueue::{Config, WorkQueue};
//~ stub
//~ end
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use switchboard::{Backend, Connection, Offload, Rejected};

/// Runs `future` to its end on this thread, which is parked while nobody has woken it.
///
/// 1. The future is polled once, and then once for each time that it has been woken (several wakes before a poll may
///    count as one). It is not polled without a reason.
/// 2. A wake that comes during a poll, or before the thread has parked, is not lost.
pub fn block_on<F: Future>(future: F) -> F::Output {
    //~ solution
    let signal = Arc::new(Signal { thread: thread::current(), is_set: AtomicBool::new(false) });
    let waker = Waker::from(signal.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        //~ stub
        //~ end
        //~ solution
        while !signal.is_set.swap(false, SeqCst) {
            thread::park();
        }
        //~ mutant block_on_spins: block_on_parks
        //| thread::yield_now();
        //~ stub
        //~ end
        //~ solution
    }
    //~ stub
    //| let _ = future;
    //| todo!("exercise 9: poll the future, and park until it is woken")
    //~ end
}
//~ solution

/// Unparks a thread. Others may use its token up, hence the flag beside it.
struct Signal {
    thread: Thread,
    is_set: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.is_set.store(true, SeqCst);
        self.thread.unpark();
    }
}
//~ stub
//~ end

/// Runs many futures, its tasks, on one thread: that which calls [`run`](Executor::run).
///
/// 1. A task that has been spawned or woken waits in a queue, where it is never twice; first in, first out.
/// 2. It is taken out, and then polled. Woken during that poll, it comes into the queue again.
/// 3. A task that is not in the queue is not polled, and costs no time.
/// 4. A task that has ended is dropped at once, and a wake that comes later does nothing.
///
/// Dropping the executor stops it.
#[derive(Default)]
pub struct Executor {
    //~ solution
    queue: Arc<Queue>,
    //~ stub
    //| // what it needs goes here
    //~ end
}

impl Executor {
    /// One without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a task of `future` and queues it; from any thread. A task runs on when its handle is dropped.
    pub fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        //~ solution
        let outcome = Arc::new(Mutex::new(Outcome { value: None, is_over: false, waiting: None }));
        let promise = Promise(outcome.clone());
        //~ stub
        //| let _ = future;
        //| todo!("exercise 9: make a task of the future, and queue it")
        //~ end
        //~ solution
        let future = async move {
            let value = future.await;
            lock(&promise.0).value = Some(value);
        };
        //~ mutant ends_with_its_handle: dropped_handle_runs_on any_order blocking_elsewhere thousand_idle
        //| let future = async move {
        //|     let mut future = pin!(future);
        //|     let value = std::future::poll_fn(|cx| match Arc::strong_count(&promise.0) {
        //|         1 => Poll::Ready(None),
        //|         _ => future.as_mut().poll(cx).map(Some),
        //|     });
        //|     let value = value.await;
        //|     lock(&promise.0).value = value;
        //| };
        //~ stub
        //~ end
        //~ solution
        let (queue, future) = (self.queue.clone(), Mutex::new(Some(Box::pin(future) as BoxedFuture)));
        self.queue.push(Arc::new(Task { queue, is_queued: AtomicBool::new(true), future }));
        JoinHandle(outcome)
        //~ stub
        //~ end
    }

    /// Takes the first task out of the queue and polls it, once. Answers whether there was one; it does not wait.
    pub fn step(&self) -> bool {
        //~ solution
        let task = lock(&self.queue.state).ready.pop_front();
        task.map(Task::poll).is_some()
        //~ stub
        //| todo!("exercise 9: poll the first task of the queue")
        //~ end
    }

    /// Runs tasks on this thread until the executor is [stopped](Executor::stop). While none is ready the thread
    /// sleeps, and a wake from any thread ends that.
    pub fn run(&self) {
        //~ solution
        while let Some(task) = self.queue.next() {
            task.poll();
        }
        //~ mutant run_spins: idle_executor_sleeps
        //| while !lock(&self.queue.state).is_stopped { self.step(); }
        //~ stub
        //| todo!("exercise 9: poll tasks, and sleep while there are none")
        //~ end
    }

    /// Has [`run`](Executor::run) return, after the poll it is in; from any thread. Tasks in the queue are dropped,
    /// the others when they are woken, or when nobody can wake them any more.
    pub fn stop(&self) {
        //~ solution
        let mut state = lock(&self.queue.state);
        state.is_stopped = true;
        let _dropped = std::mem::take(&mut state.ready);
        drop(state); // before the tasks are dropped: what is in them may wake others
        self.queue.changed.notify_all();
        //~ stub
        //| todo!("exercise 9: end `run`")
        //~ end
    }
}
//~ solution

impl Drop for Executor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The tasks that are ready.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<Task>>,
    is_stopped: bool,
}

impl Queue {
    fn push(&self, task: Arc<Task>) {
        let mut state = lock(&self.state);
        if !state.is_stopped {
            state.ready.push_back(task);
            self.changed.notify_one();
        } // else the task is dropped, after the lock
    }

    /// Waits for the next one; `None` once it is stopped.
    fn next(&self) -> Option<Arc<Task>> {
        let mut state = lock(&self.state);
        while state.ready.is_empty() && !state.is_stopped {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.ready.pop_front()
    }
}

type BoxedFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future, and where it goes when it is woken. The queue and its wakers own it, and nobody else.
struct Task {
    queue: Arc<Queue>,
    is_queued: AtomicBool,
    /// `None` when it has ended.
    future: Mutex<Option<BoxedFuture>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        //~ stub
        //~ end
        //~ solution
        let was_queued = self.is_queued.swap(true, SeqCst);
        //~ mutant queues_at_every_wake: queued_once
        //| let was_queued = false;
        //~ stub
        //~ end
        //~ solution
        if !was_queued {
            self.queue.clone().push(self);
        }
    }
    //~ mutant loses_its_own_wake_in_a_poll: wake_in_poll_is_kept
    //|     if !was_queued { self.queue.clone().push(self); }
    //| }
    //| fn wake_by_ref(self: &Arc<Self>) {
    //|     let _ = self.future.try_lock().map(|_| self.clone().wake());
    //| }
    //~ stub
    //~ end
    //~ solution
}

impl Task {
    fn poll(self: Arc<Self>) {
        self.is_queued.store(false, SeqCst); // first, so that a wake during the poll queues it again
        let waker = Waker::from(self.clone());
        let mut future = lock(&self.future);
        let Some(running) = &mut *future else { return };
        let poll = || running.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        //~ stub
        //~ end
        //~ solution
        let is_over = std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)).unwrap_or(true);
        //~ mutant panics_as_its_task_does: panic_costs_one_task
        //| let is_over = { poll }();
        //~ stub
        //~ end
        //~ solution
        if is_over {
            *future = None;
        }
        //~ mutant polls_all_tasks_always: only_woken_are_polled queued_once idle_executor_sleeps
        //| if is_over { *future = None } else { self.queue.push(self.clone()) }
        //~ stub
        //~ end
        //~ solution
    }
}
//~ stub
//~ end

/// Waits for the end of a task; also where it is a task itself. It gives the task's value, or `None` if that has
/// panicked, or was dropped before its end.
pub struct JoinHandle<T>(
    //~ solution
    Arc<Mutex<Outcome<T>>>,
    //~ stub
    //| std::marker::PhantomData<T>, // what the handle and the task share goes here
    //~ end
);

impl<T> Future for JoinHandle<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        //~ solution
        let mut outcome = lock(&self.0);
        if outcome.is_over {
            return Poll::Ready(outcome.value.take());
        }
        outcome.waiting = Some(cx.waker().clone());
        Poll::Pending
        //~ stub
        //| let _ = cx;
        //| todo!("exercise 9: the task's value, or leave the waker for when it is there")
        //~ end
    }
}
//~ solution

/// What a handle and its task share.
struct Outcome<T> {
    value: Option<T>,
    is_over: bool,
    waiting: Option<Waker>,
}

/// A task's end of it. However the task ends, this is dropped with it, and wakes who waits.
struct Promise<T>(Arc<Mutex<Outcome<T>>>);

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let mut outcome = lock(&self.0);
        outcome.is_over = true;
        let waiting = outcome.waiting.take();
        drop(outcome);
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner) // a task's panic
}
//~ stub
//~ end

/// Runs each connection as a task, all of them on one thread; handlers that block get others.
pub struct Tasks {
    //~ solution
    executor: Arc<Executor>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    blocking: Arc<WorkQueue>,
    //~ stub
    //| // what it needs goes here
    //~ end
}

impl Tasks {
    /// Starts the thread, which [runs](Executor::run) an executor.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn new() -> io::Result<Self> {
        //~ solution
        let executor = Arc::new(Executor::new());
        let runner = executor.clone();
        let thread = thread::Builder::new().name("tasks".into()).spawn(move || runner.run())?;
        let blocking = Arc::new(WorkQueue::new(Config::default())?);
        Ok(Self { executor, thread: Mutex::new(Some(thread)), blocking })
        //~ stub
        //| todo!("exercise 9: start a thread that runs an executor")
        //~ end
    }
}

impl Backend for Tasks {
    /// Spawns the conversation of `connection`, on a [`Socket`](course::given::reactor::Socket), as a task.
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        //~ solution
        self.executor.spawn(connection.serve(Socket::new)?);
        Ok(())
        //~ mutant a_thread_for_each_connection: thousand_idle
        //| let conversation = connection.serve(Socket::new)?;
        //| thread::Builder::new().spawn(|| block_on(conversation))?;
        //| Ok(())
        //~ stub
        //| let _ = connection;
        //| todo!("exercise 9: spawn the connection's conversation")
        //~ end
    }

    /// Hands handlers that block to a [`WorkQueue`](switchboard::backends::WorkQueue): on the one thread there is,
    /// they would hold up every task.
    fn offload(&self) -> Option<Arc<dyn Offload>> {
        //~ solution
        Some(self.blocking.clone())
        //~ mutant blocks_its_only_thread: blocking_elsewhere
        //| None
        //~ stub
        //| todo!("exercise 9: a work queue")
        //~ end
    }

    /// Stops the executor and the work queue, and waits for their threads unless one is `stuck`.
    fn stop(&self, stuck: usize) {
        //~ solution
        self.executor.stop();
        if let (0, Some(thread)) = (stuck, lock(&self.thread).take()) {
            let _ = thread.join(); // a panic there has been printed
        }
        let limit = if stuck == 0 { Duration::MAX } else { Duration::ZERO };
        let _ = self.blocking.shutdown(limit); // a job that stops its own server does not wait for itself

        //~ stub
        //| let _ = stuck;
        //~ end
    }
}
