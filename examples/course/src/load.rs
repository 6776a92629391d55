//! A load for benchmarks: clients that ask again as soon as they have their answer.
//!
//! It is made of threads that block, so many clients cost it more than many servers: it compares servers under the same
//! load, and says nothing of what one could do at most.

use crate::bench::Measured;
use crate::client::Client;
use std::net::SocketAddr;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// How long one run takes.
const SPAN: Duration = Duration::from_millis(300);

/// Requests a second of `clients` that each keep their connection.
pub fn kept(addr: SocketAddr, clients: usize) -> Measured {
    kept_at(addr, clients, "/")
}

/// As [`kept`], for this path.
pub fn kept_at(addr: SocketAddr, clients: usize, path: &str) -> Measured {
    run(clients, || {
        let mut client = Client::connect(addr);
        move || client.get(path).status == 200
    })
}

/// Requests a second of `clients` that connect anew for each, as khttpd's htstress does.
pub fn anew(addr: SocketAddr, clients: usize) -> Measured {
    run(clients, || {
        move || {
            let mut client = Client::connect(addr);
            let asked = client.send("GET / HTTP/1.0\r\n\r\n").and_then(|()| client.answer());
            asked.is_ok_and(|answer| answer.status == 200)
        }
    })
}

/// Each client's thread calls `start` once, and what that gives again and again. A call that panics is an error, and
/// the last of its client.
fn run<A: FnMut() -> bool>(clients: usize, start: impl Fn() -> A + Sync) -> Measured {
    let (operations, errors, is_over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let begin = Instant::now();
    let client = || {
        let mut ask = start();
        while !is_over.load(Relaxed) {
            let is_right = ask();
            operations.fetch_add(1, Relaxed);
            errors.fetch_add(u64::from(!is_right), Relaxed);
        }
    };
    thread::scope(|scope| {
        let guarded = || {
            if catch_unwind(std::panic::AssertUnwindSafe(client)).is_err() {
                operations.fetch_add(1, Relaxed);
                errors.fetch_add(1, Relaxed);
            }
        };
        (0..clients).for_each(|_| drop(scope.spawn(guarded)));
        thread::sleep(SPAN);
        is_over.store(true, Relaxed);
    });
    let (operations, errors) = (operations.into_inner(), errors.into_inner());
    Measured { figure: (operations - errors) as f64 / begin.elapsed().as_secs_f64(), operations, errors }
}
