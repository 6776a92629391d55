//! What else is checked of exercise 9, an executor and a backend on it.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex09_executor.rs"]
mod ex09_executor;

use course::check::{self, Check};
use course::client::Client;
use course::gate;
use course::given::by_hand::Hand;
use ex09_executor::{Executor, Tasks};
use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use switchboard::{Limits, Request, Server};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "wake_ends_sleep",
            points: 1,
            does: "lets an executor's thread fall asleep, wakes its task, and then spawns another",
            read: "Step 4: a thread of its own",
            run: wake_ends_sleep,
        },
        Check {
            name: "dropped_handle_runs_on",
            points: 1,
            does: "spawns a task, drops its handle, and lets it end",
            read: "Step 2: tasks and their queue",
            run: dropped_handle_runs_on,
        },
        Check {
            name: "panic_costs_one_task",
            points: 1,
            does: "spawns a task that panics, between others",
            read: "Step 2: tasks and their queue",
            run: panic_costs_one_task,
        },
        Check {
            name: "thousand_idle",
            points: 1,
            does: "keeps 1,000 connections open, counts the threads of the process, and has all of them ask again",
            read: "Step 5: a backend",
            run: thousand_idle,
        },
    ])
}

fn run_all(executor: &Executor) {
    let _ = (0..1_000).take_while(|_| executor.step()).count();
}

fn wake_ends_sleep() {
    let (executor, first, second) = (Arc::new(Executor::new()), Hand::new(), Hand::new());
    let _first = executor.spawn(first.future());
    let running = executor.clone();
    let thread = thread::spawn(move || running.run());
    gate::until("a task to be polled", || first.polls() > 0);
    thread::sleep(Duration::from_millis(50)); // so that it sleeps: a wake before that is easier
    first.finish();
    gate::until("a task to be polled again, which was woken while its executor slept", || first.polls() > 1);
    thread::sleep(Duration::from_millis(50));
    let _second = executor.spawn(second.future());
    gate::until("a task to be polled that was spawned while its executor slept", || second.polls() > 0);
    executor.stop();
    gate::until("`run` to return, after `stop`", || thread.is_finished());
}

fn dropped_handle_runs_on() {
    let (executor, hand, gate) = (Executor::new(), Hand::new(), Arc::new(gate::Gate::new()));
    let (future, end) = (hand.future(), gate.clone());
    drop(executor.spawn(async move {
        future.await;
        end.arrive();
    }));
    run_all(&executor);
    assert!(hand.polls() > 0, "a task whose handle was dropped at once was never polled");
    hand.finish();
    run_all(&executor);
    assert!(gate.count() == 1, "a task whose handle was dropped was woken, and has not come to its end");
}

fn panic_costs_one_task() {
    let executor = Executor::new();
    let before = executor.spawn(async { 1 });
    let panics = executor.spawn(async { std::panic::resume_unwind(Box::new("a task's panic")) as i32 });
    let after = executor.spawn(async { 3 });
    run_all(&executor);
    let [before, panics, after] =
        [before, panics, after].map(|handle| pin!(handle).poll(&mut Context::from_waker(Waker::noop())));
    let beside = [before, after];
    let expected = [Poll::Ready(Some(1)), Poll::Ready(Some(3))];
    assert!(beside == expected, "beside a task that panicked, the handles of two others gave {beside:?}");
    assert!(panics == Poll::Ready(None), "the handle of a task that panicked gave {panics:?}");
}

/// As many as the open-file limit allows: each takes a descriptor at either end.
fn many() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files = files.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(256);
    (files.saturating_sub(100) / 2).min(1_000)
}

fn thousand_idle() {
    let ages = Duration::from_secs(600); // no limit is what this is about
    let limits = Limits { first_byte: ages, idle: ages, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").expect("a port").limits(limits);
    let running = server.spawn(Tasks::new().expect("a backend"), |_: &mut Request| "here").expect("a server");
    let mut clients = vec![Client::connect(running.addr())];
    clients[0].get("/"); // now all threads have been started that are
    let before = gate::threads();
    for _ in 1..many() {
        let mut client = Client::connect(running.addr());
        assert_eq!(client.get("/").text(), "here");
        clients.push(client);
    }
    if let (Some(before), Some(now)) = (before, gate::threads()) {
        let (count, more) = (clients.len(), now.saturating_sub(before));
        assert!(more <= 2, "{count} connections took {more} threads more than the first");
    }
    for client in clients.iter_mut().rev() {
        assert_eq!(client.get("/").text(), "here");
    }
}
