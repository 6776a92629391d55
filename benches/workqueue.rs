//! The example of the kernel's workqueue document on real threads and a real clock: three jobs that burn 5 ms and sleep
//! 10 ms, of which the first burns another 5 ms. The document says 50 ms one after the other, 25 ms managed, and 35 ms
//! with two at once; what the figures are above that is what starting and waking threads takes.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench workqueue` prints medians of 20, and the lowest and highest.
//! (On a virtual clock the figures are exact: `backends/src/workqueue/virtual_clock.rs`.)

use std::thread::sleep;
use std::time::{Duration, Instant};
use switchboard::backends::workqueue::{Config, Policy, WorkQueue, blocking};
use switchboard_benches::summary;

const ROUNDS: usize = 20;

fn burn(millis: u64) {
    let until = Instant::now() + Duration::from_millis(millis);
    while Instant::now() < until {}
}

fn wait(millis: u64) {
    blocking(|| sleep(Duration::from_millis(millis)));
}

/// How many milliseconds the example takes.
fn example(queue: &WorkQueue) -> f64 {
    let since = Instant::now();
    let first = || {
        burn(5);
        wait(10);
        burn(5);
    };
    let others = || {
        burn(5);
        wait(10);
    };
    queue.queue(first).expect("it is open");
    queue.queue(others).expect("it is open");
    queue.queue(others).expect("it is open");
    queue.flush().expect("not from a job");
    since.elapsed().as_secs_f64() * 1e3
}

fn main() {
    let managed = Policy::Managed { target: 1 };
    println!("| policy | the document, ms | here, ms | lowest | highest |\n|---|---|---|---|---|");
    for (name, max_active, policy, expected) in [
        ("one after the other", 1, Policy::Unbound, 50),
        ("managed", 256, managed, 25),
        ("managed, two at once", 2, managed, 35),
    ] {
        let queue = WorkQueue::new(Config { max_active, policy, ..Config::default() }).expect("threads");
        let rounds: Vec<f64> = (0..ROUNDS).map(|_| example(&queue)).collect();
        let (median, lowest, highest) = summary(&rounds);
        println!("| {name} | {expected} | {median:.1} | {lowest:.1} | {highest:.1} |");
    }
}
