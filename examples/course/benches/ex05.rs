//! What a heap's operations cost, yours beside the framework's: the load of a server with so many connections.

#[allow(dead_code, unreachable_pub)] // what is not measured
#[path = "../exercises/ex05_heap.rs"]
mod ex05_heap;

use course::bench::{self, Bench};
use course::timer_load::benches;

fn main() {
    let mut all: Vec<Bench> = Vec::new();
    for count in [100, 1_000, 10_000, 100_000] {
        all.extend(benches("your heap", count, ex05_heap::Heap::new));
        all.extend(benches("the framework's heap", count, switchboard::Heap::new));
    }
    bench::main(all);
}
