//! What else is checked of exercise 5, timers in a heap.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex05_heap.rs"]
mod ex05_heap;

use course::check::{self, Check};
use ex05_heap::Heap;
use std::process::ExitCode;
use switchboard::Timer;
use switchboard::timer::Key;

fn main() -> ExitCode {
    check::main(&[Check {
        name: "memory_follows_the_live_timers",
        points: 1,
        does: "has 1,000 live timers, moves them 1,000,000 times, and replaces them 1,000,000 times",
        read: "Pitfalls",
        run: memory_follows_the_live_timers,
    }])
}

const TIMERS: usize = 1_000;
const OPERATIONS: usize = 1_000_000;

/// A dead entry or slot takes 4 bytes at least, so those of all operations would be seen.
const GROWTH: usize = 3 << 20;

fn memory_follows_the_live_timers() {
    let mut heap = Heap::new();
    let far = |operation: usize| (3 * OPERATIONS - operation) as u64; // earlier each time, and never due
    let mut keys: Vec<Key> = (0..TIMERS).map(|id| heap.insert(far(0), id as u64)).collect();
    let before = most_memory();
    for operation in 0..OPERATIONS {
        assert!(heap.reset(keys[operation % TIMERS], far(operation)), "reset says that a live timer is not");
    }
    has_not_grown(before, "moves");
    for operation in OPERATIONS..2 * OPERATIONS {
        let id = operation % TIMERS;
        assert_eq!(heap.cancel(keys[id]), Some(id as u64), "what cancel hands back of a live timer");
        keys[id] = heap.insert(far(operation), id as u64);
    }
    has_not_grown(before, "moves, and as many that were stopped and started again");
    assert_eq!(heap.len(), TIMERS, "what len() says of {TIMERS} live timers");
}

fn has_not_grown(before: Option<usize>, after: &str) {
    let (Some(before), Some(now)) = (before, most_memory()) else { return };
    let grown = now - before;
    assert!(
        grown < GROWTH,
        "with {TIMERS} live timers, memory grew by {} KiB in {OPERATIONS} {after}: the dead stay",
        grown >> 10
    );
}

/// The most memory that this process has had, in bytes; `None` where the system does not tell.
fn most_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kilobytes.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? << 10)
}
