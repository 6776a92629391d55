//! Benchmarks of exercise 4: how long a quick job waits behind jobs that block, and what handing a job over costs.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex04_queue.rs"]
mod ex04_queue;

use course::bench::{Bench, Measured, main as measure};
use course::given::elastic::{Policy, Queue};
use ex04_queue::blocking as hook;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use switchboard::backends::workqueue::{self, Config, WorkQueue};

type Job = Box<dyn FnOnce() + Send>;

/// Has a job done by somebody.
type Submit = Box<dyn Fn(Job)>;

/// Waits in some way, for so long.
type Wait = fn(Duration);

const UNBOUND: Policy = Policy::Unbound { max_active: 256 };
const MANAGED: Policy = Policy::Managed { target: 2, max_active: 256 };

fn main() {
    measure(vec![
        stall("stall: yours, unbound", sleep, || yours(UNBOUND)),
        stall("stall: yours, managed, told by the hook", told, || yours(MANAGED)),
        stall("stall: yours, managed, not told", sleep, || yours(MANAGED)),
        stall("stall: a fixed pool of 4", sleep, fixed_pool),
        stall("stall: the framework's, unbound", sleep, || framework(workqueue::Policy::Unbound)),
        stall("stall: the framework's, managed", told_framework, || framework(FRAMEWORK_MANAGED)),
        hand_off("empty jobs: yours, unbound", 20_000, || yours(UNBOUND)),
        hand_off("empty jobs: yours, managed", 20_000, || yours(MANAGED)),
        hand_off("empty jobs: a thread for each", 2_000, thread_each),
        hand_off("empty jobs: the framework's, unbound", 20_000, || framework(workqueue::Policy::Unbound)),
    ])
}

/// How long a quick job waits behind 64 jobs that block for 20 ms each.
fn stall(name: &str, wait: Wait, make: impl Fn() -> Submit + 'static) -> Bench {
    let run = move || {
        let (submit, (sender, done)) = (make(), channel());
        for _ in 0..64 {
            submit(Box::new(move || wait(Duration::from_millis(20))));
        }
        let since = Instant::now();
        submit(Box::new(move || sender.send(since.elapsed()).unwrap_or(())));
        let waited = done.recv();
        let figure = waited.map_or(f64::NAN, |waited| waited.as_secs_f64() * 1e3);
        Measured { figure, operations: 1, errors: u64::from(waited.is_err()) }
    };
    Bench { name: name.into(), unit: "ms", run: Box::new(run) }
}

/// How many jobs a second that do nothing are done for one thread that queues them.
fn hand_off(name: &str, jobs: u64, make: impl Fn() -> Submit + 'static) -> Bench {
    let run = move || {
        let (submit, (sender, done)) = (make(), channel());
        let begin = Instant::now();
        for _ in 0..jobs {
            let sender = sender.clone();
            submit(Box::new(move || sender.send(()).unwrap_or(())));
        }
        drop(sender);
        let operations = done.iter().count() as u64;
        let figure = operations as f64 / begin.elapsed().as_secs_f64();
        Measured { figure, operations, errors: jobs - operations }
    };
    Bench { name: name.into(), unit: "jobs/s", run: Box::new(run) }
}

fn yours(policy: Policy) -> Submit {
    let queue: Queue = ex04_queue::queue(policy).expect("a queue");
    Box::new(move |job| drop(queue.queue(job)))
}

fn told(time: Duration) {
    hook(&mut || sleep(time));
}

const FRAMEWORK_MANAGED: workqueue::Policy = workqueue::Policy::Managed { target: 2 };

fn framework(policy: workqueue::Policy) -> Submit {
    let queue = WorkQueue::new(Config { policy, ..Config::default() }).expect("a queue");
    Box::new(move |job| drop(queue.queue(job)))
}

fn told_framework(time: Duration) {
    workqueue::blocking(|| sleep(time));
}

/// Four threads and a channel.
fn fixed_pool() -> Submit {
    let (sender, jobs): (Sender<Job>, _) = channel();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..4 {
        let jobs = jobs.clone();
        let next = move || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        thread::spawn(move || while next().map(|job| job()).is_ok() {});
    }
    Box::new(move |job| drop(sender.send(job)))
}

fn thread_each() -> Submit {
    Box::new(|job| drop(thread::spawn(job)))
}
