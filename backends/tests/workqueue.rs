//! The work queue on real threads: what its users see. When which worker is called is tested on a virtual clock, beside
//! the code.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use switchboard::backends::workqueue::{Closed, Config, FromWorker, Policy, Stats, WorkQueue, blocking};
use switchboard::{Request, Server, asynchronous, blocking as blocking_handler};

const PATIENCE: Duration = Duration::from_secs(20);

fn unbound(max_active: usize) -> WorkQueue {
    WorkQueue::new(Config { max_active, ..Config::default() }).expect("threads")
}

fn managed(target: usize) -> WorkQueue {
    WorkQueue::new(Config { policy: Policy::Managed { target }, ..Config::default() }).expect("threads")
}

/// Jobs that wait at a gate until they are told to go on, one for each time.
struct Gate {
    arrived: Receiver<()>,
    arrive: Sender<()>,
    go_on: Sender<()>,
    gate: Arc<Mutex<Receiver<()>>>,
}

impl Gate {
    fn new() -> Self {
        let ((arrive, arrived), (go_on, gate)) = (channel(), channel());
        Self { arrived, arrive, go_on, gate: Arc::new(Mutex::new(gate)) }
    }

    fn job(&self) -> impl FnOnce() + Send + 'static {
        let (arrive, gate) = (self.arrive.clone(), self.gate.clone());
        move || {
            arrive.send(()).expect("the test looks");
            let _ = gate.lock().expect("not poisoned").recv(); // the test may be over
        }
    }

    fn wait_for(&self, jobs: usize) {
        (0..jobs).for_each(|_| self.arrived.recv_timeout(PATIENCE).expect("a job that begins"));
    }

    fn open(&self, jobs: usize) {
        (0..jobs).for_each(|_| self.go_on.send(()).expect("jobs wait"));
    }
}

fn wait_for(queue: &WorkQueue, is_so: impl Fn(&Stats) -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so(&queue.stats()) {
        assert!(Instant::now() < until, "{:?}", queue.stats());
        std::thread::yield_now();
    }
}

#[test]
fn jobs_begin_in_order_and_as_many_at_once_as_may() {
    let (queue, gate) = (unbound(2), Gate::new());
    let tickets: Vec<_> = (0..4).map(|_| queue.queue(gate.job()).expect("it is open")).collect();
    gate.wait_for(2);
    let stats = queue.stats();
    assert_eq!((stats.active, stats.waiting, stats.workers, stats.finished), (2, 2, 2, 0));
    assert!(tickets.iter().all(|ticket| !ticket.is_over()));
    gate.open(4);
    tickets.iter().for_each(|ticket| ticket.flush().expect("not from a job"));
    assert!(tickets.iter().all(switchboard::backends::workqueue::Ticket::is_over));
    assert_eq!((queue.stats().peak, queue.stats().finished), (2, 4));
}

#[test]
fn a_flush_waits_for_what_was_queued_before_it() {
    let (queue, gate) = (unbound(8), Gate::new());
    queue.flush().expect("there is nothing to wait for");
    let (done, results) = channel();
    for number in 0..100 {
        let done = done.clone();
        queue.queue(move || done.send(number).expect("the test looks")).expect("it is open");
    }
    queue.flush().expect("not from a job");
    assert_eq!(results.try_iter().count(), 100);
    queue.queue(gate.job()).expect("it is open");
    gate.wait_for(1);
    std::thread::scope(|scope| {
        let flushing = scope.spawn(|| queue.flush());
        gate.open(1);
        flushing.join().expect("no panic").expect("not from a job");
    });
}

#[test]
fn a_job_cannot_wait_for_its_own_queue() {
    let queue = Arc::new(unbound(2));
    let (sender, answers) = channel();
    let own = queue.clone();
    queue
        .queue(move || {
            let others = WorkQueue::new(Config::default()).expect("threads");
            others.queue(|| ()).expect("it is open").flush().expect("another one's can be waited for");
            let answer = [own.flush(), own.drain(), own.shutdown(Duration::ZERO).map(drop)];
            drop(own);
            sender.send(answer).expect("the test looks");
        })
        .expect("it is open");
    assert_eq!(answers.recv_timeout(PATIENCE), Ok([Err(FromWorker); 3]));
}

#[test]
fn a_drain_takes_no_new_jobs_but_those_of_its_own() {
    let (queue, gate) = (Arc::new(unbound(4)), Gate::new());
    let (own, job, (chained, chains)) = (queue.clone(), gate.job(), channel());
    queue
        .queue(move || {
            job();
            let chained = own.queue(move || chained.send(()).expect("the test looks"));
            chained.expect("a chain may go on").is_over();
        })
        .expect("it is open");
    gate.wait_for(1);
    std::thread::scope(|scope| {
        let draining = scope.spawn(|| queue.drain());
        while queue.queue(|| ()).is_ok() {} // until the drain has begun
        gate.open(1);
        draining.join().expect("no panic").expect("not from a job");
    });
    chains.try_recv().expect("it was done within the drain");
    queue.queue(|| ()).expect("it is open again").flush().expect("not from a job");
}

#[test]
fn a_shutdown_finishes_drops_and_tells() {
    let (queue, gate) = (unbound(1), Gate::new());
    let stuck = queue.queue(gate.job()).expect("it is open");
    let dropped = queue.queue(|| panic!("it must not begin")).expect("it is open");
    gate.wait_for(1);
    let report = queue.shutdown(Duration::from_millis(50)).expect("not from a job");
    assert_eq!((report.finished, report.dropped, report.running), (0, 1, 1));
    assert_eq!(queue.queue(|| ()).err(), Some(Closed));
    dropped.flush().expect("it is over");
    gate.open(1);
    stuck.flush().expect("not from a job");
    let report = queue.shutdown(Duration::MAX).expect("not from a job");
    assert_eq!((report.finished, report.dropped, report.running), (1, 0, 0));
    assert_eq!(queue.stats().workers, 0);
}

#[test]
fn a_queue_that_is_dropped_drops_its_jobs() {
    let (queue, gate) = (unbound(1), Gate::new());
    queue.queue(gate.job()).expect("it is open");
    gate.wait_for(1);
    let (held, drops) = channel::<()>();
    queue.queue(move || held.send(()).expect("it must not begin")).expect("it is open");
    drop(queue);
    assert!(drops.recv_timeout(PATIENCE).is_err(), "it has begun");
    gate.open(1);
}

#[test]
fn a_job_that_panics_costs_nothing_else() {
    for queue in [unbound(1), managed(1)] {
        let ticket = queue.queue(|| resume_unwind(Box::new("quietly"))).expect("it is open");
        ticket.flush().expect("it is over");
        queue.queue(|| blocking(|| resume_unwind(Box::new("while it waits")))).expect("it is open");
        queue.queue(|| ()).expect("it is open").flush().expect("the worker goes on");
        queue.flush().expect("not from a job");
        let stats = queue.stats();
        assert_eq!((stats.finished, stats.panicked), (3, 2));
        assert_eq!((stats.active, stats.running), (0, 0), "nobody is taken for waiting");
    }
}

#[test]
fn a_managed_worker_that_waits_lets_others_begin() {
    let (queue, gate) = (managed(1), Gate::new());
    let waits = gate.job();
    queue.queue(move || blocking(waits)).expect("it is open");
    gate.wait_for(1);
    assert_eq!((queue.stats().active, queue.stats().running), (1, 0));
    queue.queue(|| ()).expect("it is open").flush().expect("it was done meanwhile");
    gate.open(1);
    queue.flush().expect("not from a job");
}

#[test]
fn a_managed_queue_gets_on_also_when_it_does_not_see_who_waits() {
    let (queue, gate) = (managed(1), Gate::new());
    (0..3).for_each(|_| drop(queue.queue(gate.job())));
    gate.wait_for(3); // by the watchdog
    gate.open(3);
    queue.flush().expect("not from a job");
}

#[test]
fn a_managed_queue_is_told_of_every_waiting_of_a_connection() {
    let (queue, gate) = (Arc::new(managed(1)), Gate::new());
    let job = Mutex::new(Some(gate.job()));
    let blocks = move |request: &mut Request| {
        let job = job.lock().expect("not poisoned").take().filter(|_| request.path() == "/blocks");
        job.into_iter().for_each(|job| job());
    };
    let blocks = blocking_handler(blocks);
    let running = Server::bind("127.0.0.1:0").expect("a free port").spawn(queue.clone(), blocks).expect("a server");
    let mut client = TcpStream::connect(running.addr()).expect("it listens");
    let waits = |stats: &Stats| (stats.active, stats.running) == (1, 0);
    wait_for(&queue, waits); // for the first byte
    client.write_all(b"GET /blocks HTTP/1.1\r\nHost: test\r\n\r\n").expect("it reads");
    gate.wait_for(1);
    wait_for(&queue, waits); // for what the handler waits for
    gate.open(1);
    client.read_exact(&mut [0; 8]).expect("an answer");
    wait_for(&queue, waits); // for the next request
    running.shutdown(PATIENCE);

    let sleeps = asynchronous(async |request: &mut Request| request.sleep(PATIENCE).await);
    let queue = Arc::new(managed(1));
    let running = Server::bind("127.0.0.1:0").expect("a free port").spawn(queue.clone(), sleeps).expect("a server");
    let mut client = TcpStream::connect(running.addr()).expect("it listens");
    client.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").expect("it reads");
    let until = Instant::now() + PATIENCE;
    while !(running.stats().handler == 1 && waits(&queue.stats())) {
        assert!(Instant::now() < until, "{:?}", queue.stats()); // for its sleep
    }
}

#[test]
fn workers_retire() {
    let queue =
        WorkQueue::new(Config { idle_timeout: Duration::from_millis(1), ..Config::default() }).expect("threads");
    let gate = Gate::new();
    (0..8).for_each(|_| drop(queue.queue(gate.job())));
    gate.wait_for(8);
    gate.open(8);
    wait_for(&queue, |stats| (stats.workers, stats.idle) == (2, 2));
    assert_eq!(queue.stats().peak, 8);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    for config in [
        Config { max_active: 0, ..Config::default() },
        Config { policy: Policy::Managed { target: 0 }, ..Config::default() },
    ] {
        let error = WorkQueue::new(config).expect_err("no workers");
        assert!(error.to_string().starts_with("a work queue with no workers would never work"), "{error}");
    }
}
