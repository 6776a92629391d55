//! What is checked of exercise 2, a thread per connection.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex02_threads.rs"]
mod ex02_threads;

use course::check::{self, Check};
use course::client::Client;
use course::gate::{self, Gate};
use course::parting::Parting;
use course::server::serve;
use ex02_threads::Threads;
use std::fs;
use std::future::pending;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use switchboard::{Request, Response, asynchronous};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "handlers_run_at_once",
            points: 2,
            does: "opens 8 connections, whose handlers wait until all of them have been called",
            read: "Step 1: a thread for each",
            run: handlers_run_at_once,
        },
        Check {
            name: "the_last_may_ask_first",
            points: 1,
            does: "opens 4 connections, and lets the one that came last ask first",
            read: "Step 1: a thread for each",
            run: the_last_may_ask_first,
        },
        Check {
            name: "a_panic_costs_no_other",
            points: 1,
            does: "has a handler panic while another connection is open, and a thread panic before the stop",
            read: "Step 3: join them",
            run: a_panic_costs_no_other,
        },
        Check {
            name: "ended_threads_are_let_go",
            points: 1,
            does: "opens 1,000 connections one after the other, and counts what is left of their threads in memory",
            read: "Step 2: keep the handles, but not for ever",
            run: ended_threads_are_let_go,
        },
        Check {
            name: "a_stop_joins",
            points: 1,
            does: "holds a thread for 2 s at its very end, stops the server, and looks which of them was first",
            read: "Step 3: join them",
            run: a_stop_joins,
        },
    ])
}

fn handlers_run_at_once() {
    let arrived = Arc::new(Gate::new());
    let gate = arrived.clone();
    let server = serve(Threads::new(), move |_: &mut Request| {
        gate.arrive();
        while gate.has(8).is_err() {} // as long as the check takes
        "all are here"
    });
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(server.addr())).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    }
    if let Err(seen) = arrived.has(8) {
        panic!("{seen} of 8 handlers ran at once; the others were not called while these waited for them");
    }
    for client in &mut clients {
        assert_eq!(client.answer().expect("an answer").text(), "all are here");
    }
}

fn the_last_may_ask_first() {
    let server = serve(Threads::new(), |_: &mut Request| "here");
    let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(server.addr())).collect();
    for (number, client) in clients.iter_mut().enumerate().rev() {
        let sent = client.send("GET / HTTP/1.1\r\nHost: course\r\n\r\n");
        match sent.and_then(|()| client.answer()) {
            Ok(answer) => assert_eq!(answer.text(), "here"),
            Err(error) => panic!(
                "connection {} of 4 asked, and got no answer while those before it were open and silent: {error}",
                number + 1
            ),
        }
    }
}

/// Panics where it is dropped: what a handler leaves behind may do so, and that is not caught for the backend.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a handler panicked when the stop cut it short");
    }
}

fn a_panic_costs_no_other() {
    let server = serve(Threads::new(), asynchronous(answer_or_panic));
    let mut other = Client::connect(server.addr());
    assert_eq!(other.get("/").text(), "here");
    let status = Client::connect(server.addr()).get("/panic").status;
    assert_eq!(status, 500, "the client whose handler panics should be answered 500");
    assert_eq!(other.get("/").text(), "here", "a connection that was open before a handler of another one panicked");
    let mut waits = Client::connect(server.addr());
    waits.send("GET /wait HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    gate::until("a handler to wait", || server.stats().handler == 1);
    server.stop(Duration::ZERO); // which drops the handler that waits
}

async fn answer_or_panic(request: &mut Request) -> &'static str {
    match request.path() {
        "/panic" => panic!("a handler panicked"),
        "/wait" => {
            let _bomb = Bomb;
            pending().await
        }
        _ => "here",
    }
}

fn ended_threads_are_let_go() {
    const CONNECTIONS: usize = 1_000;
    let server = serve(Threads::new(), |_: &mut Request| Response::text("here").with_close());
    let before = mappings();
    for _ in 0..CONNECTIONS {
        let mut client = Client::connect(server.addr());
        assert_eq!(client.get("/").text(), "here");
        client.ended().expect("the connection ends behind its answer");
    }
    let more = mappings().saturating_sub(before);
    assert!(
        more < CONNECTIONS / 2,
        "after {CONNECTIONS} connections the process has {more} more areas of memory than before: every thread that \
         has ended, and was neither joined nor let go, keeps its stack"
    );
}

/// How many areas of memory this process has; always 0 where the system does not tell. A stack is two of them, with
/// the page that guards it.
fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count())
}

fn a_stop_joins() {
    let before = gate::threads();
    let parting = Arc::new(Parting::new());
    let planted = parting.clone();
    let server = serve(Threads::new(), move |_: &mut Request| {
        planted.clone().plant();
        Response::text("here").with_close()
    });
    let mut client = Client::connect(server.addr());
    assert_eq!(client.get("/").text(), "here");
    client.ended().expect("the connection ends behind its answer");
    server.stop(Duration::from_secs(60));
    parting.done();
    let was_late = parting.was_late("the thread that called the handler to end after the stop");
    assert!(!was_late, "the server had stopped, and the thread that called the handler was still there");
    gate::until("the process to have as many threads as before the server", || gate::threads() == before);
}
