//! Handlers that may block their thread, where threads are shared.
//!
//! On a backend with a thread for each connection such a handler simply runs. On one that runs many connections on a
//! thread it would stop them all: there it is moved to a thread that is kept for the purpose, and the connection's task
//! waits. [`Backend::offload`](crate::Backend::offload) says which; nothing else differs.
//!
//! # Rules
//!
//! 1. The connection keeps its place while a job of it runs, also when it has been aborted: a shutdown's report counts
//!    it as stuck, as it does where the handler blocks the connection's own thread.
//! 2. Whatever becomes of the job, whoever waits for it is woken: by its result, its panic, or its being dropped.
//! 3. A job that has not begun when nobody waits for it any more is not begun.

use crate::link::Link;
use crate::{Event, Handler, IntoResponse, Rejected, Request, Response};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

/// Threads that may be blocked, for handlers that do.
pub trait Offload: Send + Sync + 'static {
    /// Has the job run soon, on a thread it may block.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if it will not be run; it has been dropped.
    fn offload(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Rejected>;
}

/// A plain handler that may block its thread: reads a database, computes for long, waits for a lock.
///
/// On a backend that runs many connections on a thread it is called on another, so that it holds up nobody; where a
/// thread belongs to the connection it is called right there, and costs nothing more. Its client is answered 503 if
/// the backend has no place to run it.
///
/// ```
/// use std::time::Duration;
/// use switchboard::{Request, Server, Threads, blocking};
///
/// let slow = blocking(|_: &mut Request| {
///     std::thread::sleep(Duration::from_millis(10)); // or something useful
///     "Done.\n"
/// });
/// let running = Server::bind("127.0.0.1:0")?.spawn(Threads::new(), slow)?;
/// # drop(running);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn blocking<F, R>(f: F) -> Blocking<F>
where
    F: Fn(&mut Request) -> R + Send + Sync + 'static,
    R: IntoResponse,
{
    Blocking(Arc::new(f))
}

/// The handler [`blocking`] makes.
#[derive(Debug)]
pub struct Blocking<F>(Arc<F>);

impl<F, R> Handler for Blocking<F>
where
    F: Fn(&mut Request) -> R + Send + Sync + 'static,
    R: IntoResponse,
{
    async fn handle(&self, request: &mut Request) -> Response {
        if let Err(error) = request.body().read().await {
            return error.into_response();
        }
        if request.runs_here() {
            return self.0(request).into_response();
        }
        let (f, link) = (self.0.clone(), request.link().cloned());
        // It comes back from here whatever becomes of the job, or its client could not be answered.
        let moved = Arc::new(Mutex::new(request.take()));
        let lent = moved.clone();
        let answer = run(link.as_ref(), move || {
            let mut request = lock(&lent);
            f(&mut request).into_response()
        });
        let answer = catch(answer).await;
        *request = lock(&moved).take();
        match answer {
            Ok(answer) => answer.unwrap_or_else(IntoResponse::into_response),
            Err(panic) => resume_unwind(panic),
        }
    }
}

/// Catches a panic of a future, which is not polled again.
async fn catch<T>(future: impl Future<Output = T>) -> thread::Result<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// Runs `job` where it may block, and waits for it. Its panic goes on here.
pub(crate) async fn run<T: Send + 'static>(
    link: Option<&Link>,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Rejected> {
    let Some((link, offload)) = link.and_then(|link| Some((link, link.server.offload.as_ref()?))) else {
        return Ok(job());
    };
    let outcome = Outcome::default();
    // The job and the place it keeps; taken back if nobody waits any more and it has not begun.
    let work = Arc::new(Mutex::new(Some((job, link.hold()))));
    let (_waiting, promise) = (Waiting(work.clone()), Promise(outcome.clone()));
    let offloaded = offload.offload(Box::new(move || {
        let Some((job, hold)) = lock(&work).take() else { return };
        let result = catch_unwind(AssertUnwindSafe(job));
        drop(hold); // before anybody can see that it is over
        promise.settle(Some(result));
    }));
    if let Err(reason) = offloaded {
        link.server.report(&Event::Rejected { reason: &reason });
        return Err(reason);
    }
    let result = poll_fn(|cx| {
        let waker = cx.waker().clone();
        let mut state = lock(&outcome);
        match std::mem::replace(&mut *state, State::Waits(Some(waker))) {
            State::Is(result) => Poll::Ready(result),
            before => {
                drop(state);
                drop(before); // a waker is somebody else's
                Poll::Pending
            }
        }
    });
    match result.await {
        Some(Ok(value)) => Ok(value),
        Some(Err(panic)) => resume_unwind(panic),
        None => Err(Rejected::new("the server is stopping")),
    }
}

type Outcome<T> = Arc<Mutex<State<T>>>;

enum State<T> {
    Waits(Option<Waker>),
    /// `None`: it was dropped.
    Is(Option<thread::Result<T>>),
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self::Waits(None)
    }
}

/// The job's end of an outcome.
struct Promise<T>(Outcome<T>);

impl<T> Promise<T> {
    /// The first time counts.
    fn settle(&self, result: Option<thread::Result<T>>) {
        let mut state = lock(&self.0);
        if let State::Waits(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Is(result);
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.settle(None);
    }
}

/// Somebody waits for a job. When that is over, a job that has not begun is dropped.
struct Waiting<W>(Arc<Mutex<Option<W>>>);

impl<W> Drop for Waiting<W> {
    fn drop(&mut self) {
        let work = lock(&self.0).take();
        drop(work);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner) // a handler's panic
}
