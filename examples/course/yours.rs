//! What of yours the real server runs on: change the line of `backend`, or that of `timer`.
//!
//! `cargo run --release --example serve -- .` serves this folder on them, and `cargo test --test conformance` runs the
//! framework's whole conformance suite: what it promises of every backend and every timer.

use std::io;
use switchboard::{Backend, Timed, Timer};

#[path = "exercises/ex02_threads.rs"]
pub mod ex02_threads;
#[path = "exercises/ex03_pool.rs"]
pub mod ex03_pool;
#[path = "exercises/ex04_queue.rs"]
pub mod ex04_queue;
#[path = "exercises/ex05_heap.rs"]
pub mod ex05_heap;
#[path = "exercises/ex06_wheel.rs"]
pub mod ex06_wheel;
#[cfg(all(feature = "may", unix))]
#[path = "exercises/ex08_green.rs"]
pub mod ex08_green;
#[path = "exercises/ex09_executor.rs"]
pub mod ex09_executor;

/// Yours would be `ex02_threads::Threads::new()`, `ex03_pool::Pool::new(64, 1024)?`,
/// `ex04_queue::queue(course::given::elastic::Policy::Unbound { max_active: 256 })?`, `ex08_green::Green::new()?` or
/// `ex09_executor::Tasks::new()?`.
pub fn backend() -> io::Result<Box<dyn Backend>> {
    Ok(Box::new(switchboard::Threads::new()))
}

/// Yours would be `ex05_heap::Heap::new()`, or `ex06_wheel::Wheel::new()`.
pub fn timer() -> Box<dyn Timer<Timed> + Send> {
    Box::new(switchboard::Wheel::new())
}
