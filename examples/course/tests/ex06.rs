//! What is checked of exercise 6, timers in a wheel.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex06_wheel.rs"]
mod ex06_wheel;

use course::check::{self, Check};
use course::timers::{self, AMPLE, Watched, scattered};
use ex06_wheel::Wheel;
use std::process::ExitCode;
use switchboard::timer::{Tick, Timer};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "keys_name_their_timers",
            points: 1,
            does: "starts 5 timers, stops one, starts another, and tries the key of the one that is gone",
            read: "Step 1: slots, and a list for each bucket",
            run: || timers::keys_name_their_timers(new),
        },
        Check {
            name: "level_0_is_exact",
            points: 2,
            does: "starts timers less than 63 ticks ahead, stops some, goes from tick to tick, and again further on",
            read: "Step 2: level 0",
            run: level_0_is_exact,
        },
        Check {
            name: "every_level_is_exact",
            points: 2,
            does: "starts timers from 0 to 2⁶³ ticks ahead, and looks a tick before each deadline, and at it",
            read: "Step 3: all levels",
            run: every_level_is_exact,
        },
        Check {
            name: "a_reset_moves_a_timer",
            points: 1,
            does: "moves 50 timers, earlier and later, and one into the past, and goes from tick to tick",
            read: "Step 4: mod_timer",
            run: || timers::a_reset_moves_a_timer(new),
        },
        Check {
            name: "same_bucket_is_kept",
            points: 2,
            does: "moves a timer within its bucket, then to an earlier one; pushes another ahead for 20,000 ticks",
            read: "Step 4: mod_timer",
            run: same_bucket_is_kept,
        },
        Check {
            name: "a_budget_is_kept",
            points: 1,
            does: "has 10 timers due at once and budgets of 0 and 4, then postpones one of two that are due",
            read: "Step 5: a budget, and a second thought",
            run: a_budget_is_kept,
        },
        Check {
            name: "agrees_with_a_model",
            points: 1,
            does: "follows `next_deadline` alone, then runs random scripts beside a sorted map, as for the heap",
            read: "Step 6: every promise",
            run: agrees_with_a_model,
        },
    ])
}

fn new() -> Box<dyn Timer<u64>> {
    Box::new(Wheel::new())
}

fn level_0_is_exact() {
    let mut watched = Watched::new(new, (0..200).map(|id| 1 + scattered(id) % 62));
    (0..200).filter(|id| id % 3 == 0).for_each(|id| watched.cancel(id));
    watched.step(0..=62);
    for start in [100, 163, 1_000] {
        watched.expire(start);
        (0..63).for_each(|ahead| watched.insert(start + ahead));
        watched.step(start..=start + 62);
    }
}

fn every_level_is_exact() {
    let mut watched = Watched::new(new, (0..100).map(|id| scattered(id) % 5_000));
    watched.step(0..=5_000);
    let distances = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 7]);
    for start in [0, 5, 1_000, 4_095] {
        distances.clone().for_each(|distance| fires_at(start, start + distance));
    }
}

/// A timer that is started when the hand is at `start`.
fn fires_at(start: Tick, deadline: Tick) {
    let mut watched = Watched::new(new, []);
    watched.expire(start);
    watched.insert(deadline);
    if deadline > start {
        watched.expire(deadline - 1);
    }
    watched.expire(deadline);
}

fn same_bucket_is_kept() {
    let mut wheel = Wheel::new();
    let key = wheel.insert(5_000, 0);
    for deadline in [5_001, 5_100, 4_700, 5_000] {
        assert!(wheel.reset(key, deadline), "reset to {deadline} says that a live timer is not");
    }
    assert_eq!(wheel.relinks(), 0, "relinks() after resets from 5,000 to 5,001, 5,100, 4,700 and back: one bucket");
    wheel.reset(key, 300);
    assert_eq!(wheel.relinks(), 1, "relinks() after one more to 300, which is another bucket");
    wheel.cancel(key);

    let (mut wheel, mut fired) = (Wheel::new(), Vec::new());
    let busy = wheel.insert(5_000, 0);
    for now in 0..=20_000 {
        wheel.reset(busy, now + 5_000);
        wheel.expire(now, AMPLE, &mut fired);
    }
    let relinks = wheel.relinks();
    assert!(
        relinks <= 20_000 / 64,
        "one timer pushed 5,000 ahead at each of 20,000 ticks was relinked {relinks} times"
    );
    assert!(fired.is_empty(), "the timer that was pushed 5,000 ahead at each tick has fired");
}

fn a_budget_is_kept() {
    timers::a_budget_bounds_the_work(new);
    timers::due_postpones_a_timer(new);
}

fn agrees_with_a_model() {
    timers::suite(new, &["next_deadline_alone_drains", "a_random_script_agrees_with_the_model"]);
}
