//! What is checked of exercise 4 besides: the hook, and waiting for the queue. All of it on real threads.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex04_queue.rs"]
mod ex04_queue;

use course::check::{self, Check};
use course::gate::{Gate, PATIENCE, until};
use course::given::elastic::{Closed, FromWorker, Job, Manager, Now, Order, Policy, Queue, Step, Watch, Worker};
use ex04_queue::{Pool, blocking, queue};
use std::collections::VecDeque;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "the_hook_survives_a_panic",
            points: 1,
            does: "runs a job whose waiting panics, and looks what the queue is told",
            read: "Step 6: threads",
            run: the_hook_survives_a_panic,
        },
        Check {
            name: "a_drain_refuses_new_work",
            points: 2,
            does: "drains a queue whose job is under way, and queues from outside and from that job",
            read: "Step 6: threads",
            run: a_drain_refuses_new_work,
        },
        Check {
            name: "waiting_from_a_worker_is_an_error",
            points: 1,
            does: "lets a job flush and drain its own queue, and then flushes it from outside",
            read: "Step 6: threads",
            run: waiting_from_a_worker_is_an_error,
        },
    ])
}

/// Panics if what was seen is not what should have been.
fn compare<T: PartialEq + Debug>(what: &str, seen: T, expected: T) {
    assert!(seen == expected, "{what}: {seen:?}, and not {expected:?}");
}

/// Starts a worker for each job, and notes who sleeps and who is back. What it decides does not depend on the
/// student.
struct Recorder {
    jobs: VecDeque<Job>,
    told: Arc<Mutex<Vec<&'static str>>>,
}

impl Recorder {
    fn note(&self, what: &'static str) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

impl Manager for Recorder {
    fn queue(&mut self, job: Job, _: Option<Worker>, _: Now) -> Result<Option<Order>, Closed> {
        self.jobs.push_back(job);
        Ok(Some(Order::Start(job as Worker)))
    }

    fn step(&mut self, _: Worker, _: Now) -> Step {
        self.jobs.pop_front().map_or(Step::Exit, Step::Run)
    }

    fn sleeping(&mut self, _: Worker, _: Now) -> Option<Order> {
        self.note("sleeping");
        None
    }

    fn waking(&mut self, _: Worker) {
        self.note("waking");
    }

    fn watch(&mut self, _: Now) -> Watch {
        Watch::Nothing
    }

    fn may_wait(&self, _: Option<Worker>) -> Result<(), FromWorker> {
        Ok(())
    }

    fn drain(&mut self, _: bool) {}

    fn is_over(&self, _: Job) -> bool {
        false
    }

    fn oldest(&self) -> Option<Job> {
        None
    }
}

fn the_hook_survives_a_panic() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let recorder = Recorder { jobs: VecDeque::new(), told: told.clone() };
    let policy = Policy::Managed { target: 1, max_active: 256 };
    let queue = Queue::new(policy, Box::new(recorder), blocking).expect("a queue");
    let (sender, seen) = mpsc::channel();
    let job = move || {
        let notes = || told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        blocking(&mut || sender.send(notes()).expect("the check waits"));
        sender.send(notes()).expect("the check waits");
        let _ = catch_unwind(AssertUnwindSafe(|| blocking(&mut || panic!("what it waits for has failed"))));
        sender.send(notes()).expect("the check waits");
    };
    queue.queue(job).expect("it is open");
    let [within, after, panicked] = [(); 3].map(|()| seen.recv_timeout(PATIENCE).expect("the job got stuck"));
    compare("so much the queue had been told during a wait", within, vec!["sleeping"]);
    compare("so much the queue had been told after a wait", after, vec!["sleeping", "waking"]);
    let words = "so much the queue had been told after a second wait, which panicked";
    compare(words, panicked, vec!["sleeping", "waking", "sleeping", "waking"]);
}

fn a_drain_refuses_new_work() {
    let queue = Arc::new(queue(Policy::Unbound { max_active: 2 }).expect("a queue"));
    let [begun, chained, drained] = [(); 3].map(|()| Arc::new(Gate::new()));
    let (open, opened) = mpsc::channel();
    let job = {
        let (queue, begun, chained) = (queue.clone(), begun.clone(), chained.clone());
        move || {
            begun.arrive();
            opened.recv().expect("the check goes on"); // it has less patience than this
            let done = move || assert_eq!(chained.arrive(), 1);
            queue.queue(done).expect("a job of a queue that is drained can queue another");
        }
    };
    queue.queue(job).expect("it is open");
    begun.wait_for(1, "a job to begin");
    let drain = {
        let (queue, drained) = (queue.clone(), drained.clone());
        move || {
            queue.drain().expect("not from a worker");
            drained.arrive();
        }
    };
    thread::spawn(drain);
    let is_drained = || drained.count() > 0;
    until("a queue that is drained to refuse a job", || is_drained() || queue.queue(|| ()).is_err());
    assert!(!is_drained(), "the drain was over while a job was under way");
    open.send(()).expect("the job waits");
    drained.wait_for(1, "the drain to be over once all jobs were");
    compare("so many jobs that its last job had queued were done when the drain was over", chained.count(), 1);
    until("the queue to take jobs again after the drain", || queue.queue(|| ()).is_ok());
    of_two_drains_the_last_counts();
}

/// On a pool without threads.
fn of_two_drains_the_last_counts() {
    let mut pool = Pool::new(Policy::Unbound { max_active: 2 });
    let mut is_refused = |begins, job| {
        pool.drain(begins);
        pool.queue(job, None, Now::ZERO).is_err()
    };
    assert!(is_refused(true, 0) && is_refused(true, 0), "a job was taken during a drain");
    assert!(is_refused(false, 0), "a job was taken when one of two drains was over");
    assert!(!is_refused(false, 0), "a job was refused when both of two drains were over");
}

fn waiting_from_a_worker_is_an_error() {
    let queue = Arc::new(queue(Policy::Unbound { max_active: 2 }).expect("a queue"));
    let (sender, seen) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    let job = {
        let queue = queue.clone();
        move || {
            sender.send(queue.flush()).expect("the check waits");
            sender.send(queue.drain()).expect("the check waits");
            opened.recv().expect("the check goes on");
        }
    };
    let ticket = queue.queue(job).expect("it is open");
    for what in ["flush", "drain"] {
        let seen = seen.recv_timeout(PATIENCE);
        let seen = seen.unwrap_or_else(|_| panic!("a job that called {what} of its own queue got no answer"));
        compare(&format!("a job that called {what} of its own queue got this"), seen, Err(FromWorker));
    }
    assert!(queue.queue(|| ()).is_ok(), "a job was refused though the drain had been refused");
    assert!(!ticket.is_over(), "a job was over that was under way");
    open.send(()).expect("the job waits");
    until("a job to be over once it had ended", || ticket.is_over());
    ticket.flush().expect("not from a worker");
    queue.flush().expect("not from a worker");
}
