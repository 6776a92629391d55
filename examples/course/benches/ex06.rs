//! What a wheel's operations cost, yours beside the framework's and beside a heap: the load of a server with so many
//! connections. And how often your wheel puts a timer into another bucket, which is the same every time.

#[allow(dead_code, unreachable_pub)] // what is not measured
#[path = "../exercises/ex06_wheel.rs"]
mod ex06_wheel;

use course::bench::{self, Bench, Measured};
use course::timer_load::{Load, benches};
use ex06_wheel::Wheel;

fn main() {
    let mut all: Vec<Bench> = Vec::new();
    for count in [100, 1_000, 10_000, 100_000] {
        all.extend(benches("your wheel", count, Wheel::new));
        all.extend(benches("the framework's wheel", count, switchboard::Wheel::new));
        all.extend(benches("the framework's heap", count, switchboard::Heap::new));
    }
    all.push(relinks());
    bench::main(all);
}

fn relinks() -> Bench {
    const CONNECTIONS: u64 = 100;
    const RESETS: u64 = 1_000_000;
    let run = || {
        let mut load = Load::new(Wheel::new(), CONNECTIONS);
        let Measured { operations, errors, .. } = load.reset(RESETS);
        Measured { figure: load.timer().relinks() as f64 * 1_000.0 / RESETS as f64, operations, errors }
    };
    Bench { name: format!("your wheel, {CONNECTIONS} timers, relinks"), unit: "per 1,000 resets", run: Box::new(run) }
}
