//! What is checked of exercise 5, timers in a heap.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex05_heap.rs"]
mod ex05_heap;

use course::check::{self, Check};
use course::timers::{self, Watched};
use ex05_heap::Heap;
use std::process::ExitCode;
use switchboard::Timer;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "keys_name_their_timers",
            points: 1,
            does: "starts 5 timers, stops one, starts another, and tries the key of the one that is gone",
            read: "Step 1: slots and keys",
            run: || timers::keys_name_their_timers(new),
        },
        Check {
            name: "timers_fire_in_their_tick",
            points: 1,
            does: "starts 1,000 timers, four for each of 250 ticks and in no order, and goes from tick to tick",
            read: "Step 2: a heap",
            run: timers_fire_in_their_tick,
        },
        Check {
            name: "a_cancel_leaves_the_others_in_order",
            points: 1,
            does: "starts 1,000 timers, stops three of four, and goes from tick to tick",
            read: "Step 3: out of the middle",
            run: || timers::a_cancel_leaves_the_others_in_order(new, 1_000, 250),
        },
        Check {
            name: "a_reset_moves_a_timer",
            points: 1,
            does: "moves 50 timers, earlier and later, and one into the past, and goes from tick to tick",
            read: "Step 4: moving",
            run: || timers::a_reset_moves_a_timer(new),
        },
        Check {
            name: "a_budget_bounds_the_work",
            points: 1,
            does: "has 10 timers due at once, and calls `expire_with` with budgets of 0 and 4",
            read: "Step 5: a budget, and a second thought",
            run: || timers::a_budget_bounds_the_work(new),
        },
        Check {
            name: "due_postpones_a_timer",
            points: 1,
            does: "postpones one of two timers that are due, later to a tick that is past",
            read: "Step 5: a budget, and a second thought",
            run: || timers::due_postpones_a_timer(new),
        },
        Check {
            name: "keeps_every_promise",
            points: 1,
            does: "runs the framework's suite for timers, which ends with random scripts beside a sorted map",
            read: "Step 6: every promise",
            run: || timers::suite(new, &[]),
        },
    ])
}

fn new() -> Box<dyn Timer<u64>> {
    Box::new(Heap::new())
}

fn timers_fire_in_their_tick() {
    let mut watched = Watched::new(new, (0..1_000).map(|id| 1 + id * 7_919 % 1_000 / 4));
    watched.step(0..=250);
}
