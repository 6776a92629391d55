//! What is checked of exercise 8, green threads.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex08_green.rs"]
mod ex08_green;

use course::check::{self, Check};
use course::client::Client;
use course::gate::{self, Gate, PATIENCE};
use ex08_green::Green;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switchboard::conformance::{CASES, Subject};
use switchboard::{Handler, Limits, Request, Running, Server, Wheel, blocking, with};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "run_at_once",
            points: 1,
            does: "opens 8 connections, whose handlers sleep, without blocking a thread, until all have been called",
            read: "Step 2: a coroutine",
            run: run_at_once,
        },
        Check {
            name: "any_order",
            points: 1,
            does: "opens 4 connections and lets the last one ask first",
            read: "Step 2: a coroutine",
            run: any_order,
        },
        Check {
            name: "few_threads",
            points: 1,
            does: "keeps 64 connections open, and counts the threads of the process",
            read: "Step 2: a coroutine",
            run: few_threads,
        },
        Check {
            name: "blocking_elsewhere",
            points: 1,
            does: "has 8 handlers block their threads, more than the scheduler has, and asks for something else",
            read: "Step 3: handlers that block",
            run: blocking_elsewhere,
        },
        Check {
            name: "promises_kept",
            points: 1,
            does: "runs some cases of `switchboard::conformance` on your backend",
            read: "Step 4: promises",
            run: promises_kept,
        },
    ])
}

fn serve(handler: impl Handler) -> Running {
    let ages = Duration::from_secs(600); // no limit is what this is about
    let limits = Limits { first_byte: ages, idle: ages, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").expect("a port").limits(limits);
    server.spawn(Green::new().expect("a backend"), handler).expect("a server")
}

fn run_at_once() {
    let arrived = Arc::new(Gate::new());
    let handler = with(arrived.clone(), async |arrived: &Arc<Gate>, request: &mut Request| {
        arrived.arrive();
        let until = Instant::now() + PATIENCE;
        while arrived.count() < 8 && Instant::now() < until {
            request.sleep(Duration::from_millis(1)).await;
        }
        format!("{} ran at once", arrived.count())
    });
    let running = serve(handler);
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(running.addr())).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    }
    arrived.wait_for(8, "8 handlers to be called, one on each connection");
    for client in &mut clients {
        assert_eq!(client.answer().expect("an answer").text(), "8 ran at once");
    }
}

fn any_order() {
    let running = serve(|_: &mut Request| "here");
    let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(running.addr())).collect();
    for client in clients.iter_mut().rev() {
        assert_eq!(client.get("/").text(), "here");
    }
}

fn few_threads() {
    let running = serve(|_: &mut Request| "here");
    let mut clients = vec![Client::connect(running.addr())];
    clients[0].get("/"); // now all threads have been started that are
    let before = gate::threads();
    for _ in 0..63 {
        let mut client = Client::connect(running.addr());
        assert_eq!(client.get("/").text(), "here");
        clients.push(client);
    }
    if let (Some(before), Some(now)) = (before, gate::threads()) {
        assert!(now <= before + 8, "63 more connections took {} more threads", now - before);
    }
}

fn blocking_elsewhere() {
    let (arrived, released) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
    let (arrives, is_released) = (arrived.clone(), released.clone());
    let running = serve(blocking(move |request: &mut Request| {
        if request.path() == "/block" {
            arrives.arrive();
            let _ = is_released.has(1); // who waits in vain fails elsewhere
        }
        "done"
    }));
    let mut blocked: Vec<Client> = (0..8).map(|_| Client::connect(running.addr())).collect();
    for client in &mut blocked {
        client.send("GET /block HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    }
    arrived.wait_for(8, "8 handlers that block to be called at once");
    assert_eq!(Client::connect(running.addr()).get("/").text(), "done");
    released.arrive();
    for client in &mut blocked {
        assert_eq!(client.answer().expect("an answer").text(), "done");
    }
}

/// They are quick, depend on no limit of time, and each asks for something else of the transport.
const PROMISES: [&str; 7] = [
    "a_request_may_be_split_anywhere",
    "pipelined_requests_are_answered_in_order",
    "request_bodies_arrive_whole",
    "large_responses_arrive_whole",
    "a_panic_costs_its_own_request",
    "an_answer_is_not_held_back_by_a_sleep",
    "a_dropped_server_is_gone",
];

fn promises_kept() {
    let subject = Subject::new(|| Box::new(Green::new().expect("a backend")), || Box::new(Wheel::new()));
    for name in PROMISES {
        let case = CASES.iter().find(|case| case.name == name).expect("a case of the suite");
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (case.run)(&subject)));
        if let Err(panic) = outcome {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
            panic!("the case {name} does not hold: {text}");
        }
    }
}
