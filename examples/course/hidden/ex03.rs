//! What is checked of exercise 3, a fixed pool, and not handed out.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex03_pool.rs"]
mod ex03_pool;

use course::check::{self, Check};
use course::client::Client;
use course::gate::{self, Gate};
use course::server::{Served, serve};
use ex03_pool::Pool;
use std::fs;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use switchboard::{Acceptor, Backend, Connection, Rejected, Request};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "an_idle_pool_takes_no_cpu",
            points: 1,
            does: "lets 8 threads wait for work, and compares the CPU time they take with that of one that spins",
            read: "Step 1: the threads",
            run: an_idle_pool_takes_no_cpu,
        },
        Check {
            name: "a_stop_answers_the_queue",
            points: 1,
            does: "stops the server while 2 connections wait for the only thread, whose handler blocks",
            read: "Step 2: a job for each connection",
            run: a_stop_answers_the_queue,
        },
        Check {
            name: "a_burst_is_taken_by_threads_that_sleep",
            points: 1,
            does: "dispatches 8 connections in a row to a pool of 8 threads, all asleep, where no other may wait",
            read: "Step 3: the bound",
            run: a_burst_is_taken_by_threads_that_sleep,
        },
    ])
}

fn pool(threads: usize, queue: usize) -> Pool {
    Pool::new(threads, queue).expect("a pool")
}

/// Connects, and sends a request after whose answer the connection ends.
fn ask(server: &Served) -> Client {
    let mut client = Client::connect(server.addr());
    client.send("GET / HTTP/1.1\r\nHost: course\r\nConnection: close\r\n\r\n").expect("a request is sent");
    client
}

/// So much CPU time is spun away for comparison, in ticks of the system, of which there are 100 in a second.
const SPIN: u64 = 50;

/// What is compared is taken on the same machine right after another, so it does not matter how busy that is.
fn an_idle_pool_takes_no_cpu() {
    let server = serve(pool(8, 8), |_: &mut Request| "here");
    assert_eq!(ask(&server).answer().expect("an answer").text(), "here");
    let Some(start) = cpu_time() else { return };
    let begin = Instant::now();
    while cpu_time().unwrap_or(u64::MAX) < start + SPIN {}
    let (span, spinning) = (begin.elapsed(), cpu_time().unwrap_or(start) - start);
    let start = cpu_time().unwrap_or(0);
    thread::sleep(span);
    let idle = cpu_time().unwrap_or(start) - start;
    assert!(
        2 * idle < spinning,
        "8 threads that waited for work took {idle}0 ms of CPU time in {} ms; one that spins takes {spinning}0 ms",
        span.as_millis()
    );
}

/// What this process has taken so far, all of its threads together; `None` where the system does not tell.
fn cpu_time() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, behind_the_name) = stat.rsplit_once(')')?;
    let mut fields = behind_the_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn a_stop_answers_the_queue() {
    let (called, open) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
    let (counts, waits_for) = (called.clone(), open.clone());
    let server = serve(pool(1, 8), move |_: &mut Request| {
        counts.arrive();
        while waits_for.has(1).is_err() {}
        "here"
    });
    let mut at_work = ask(&server);
    called.wait_for(1, "the first handler to be called");
    let queued = [ask(&server), ask(&server)];
    gate::until("three connections to be open", || server.stats().open() == 3);
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until && called.count() == 1 {
        thread::sleep(Duration::from_millis(1)); // a pool with too many threads is given time to show them
    }
    thread::spawn(move || server.stop(Duration::from_secs(60)));
    for mut client in queued {
        match client.answer() {
            Ok(answer) => assert_eq!(answer.status, 503, "the status for who waited for a thread when the stop came"),
            Err(error) => panic!("a client that waited for a thread was not told of the stop: {error}"),
        }
    }
    open.arrive();
    assert_eq!(at_work.answer().expect("an answer").text(), "here", "to who had a thread when the stop came");
}

/// How many connections come at once.
const BURST: usize = 8;

/// Accepts all connections before it dispatches the first.
struct Burst(Pool);

impl Backend for Burst {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        self.0.dispatch(connection)
    }

    fn accept(&self, acceptor: Acceptor) -> io::Result<()> {
        let all: Vec<Connection> = (0..BURST).map_while(|_| acceptor.accept()).collect();
        for connection in all {
            if let Err(reason) = self.dispatch(connection) {
                acceptor.rejected(&reason);
            }
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

fn a_burst_is_taken_by_threads_that_sleep() {
    for _ in 0..5 {
        let server = serve(Burst(pool(BURST, 0)), |_: &mut Request| "here");
        let clients: Vec<Client> = (0..BURST).map(|_| ask(&server)).collect();
        let answers = clients.into_iter().map(|mut client| client.answer().expect("an answer"));
        let served = answers.filter(|answer| answer.status == 200).count();
        assert!(served == BURST, "{served} of {BURST} were served, and {BURST} threads had nothing to do");
    }
}
