//! What is checked of exercise 3, a fixed pool.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex03_pool.rs"]
mod ex03_pool;

use course::check::{self, Check};
use course::client::Client;
use course::gate::{self, Gate};
use course::parting::Parting;
use course::server::{Served, serve};
use ex03_pool::Pool;
use std::future::pending;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use switchboard::{Backend, Body, Connection, Rejected, Request, Response, with};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "handlers_run_at_once",
            points: 1,
            does: "opens 4 connections to a pool of 4 threads, whose handlers wait until all of them have been called",
            read: "Step 2: a job for each connection",
            run: handlers_run_at_once,
        },
        Check {
            name: "no_more_run_at_once",
            points: 1,
            does: "opens 12 connections to a pool of 3 threads, and counts how many handlers run at once",
            read: "Step 1: the threads",
            run: no_more_run_at_once,
        },
        Check {
            name: "who_waits_has_a_turn",
            points: 1,
            does: "lets 3 connections wait for the only thread, and looks in which order their handlers are called",
            read: "Step 2: a job for each connection",
            run: who_waits_has_a_turn,
        },
        Check {
            name: "a_full_queue_turns_away",
            points: 1,
            does: "keeps the only thread busy, lets 2 connections wait where 2 may, and opens one more",
            read: "Step 3: the bound",
            run: a_full_queue_turns_away,
        },
        Check {
            name: "an_idle_client_gives_way",
            points: 1,
            does: "has a client keep its connection, and with it the only thread, while another one asks",
            read: "Step 4: tell the capacity",
            run: an_idle_client_gives_way,
        },
        Check {
            name: "panics_cost_no_thread",
            points: 1,
            does: "has a job panic on the only thread, and asks for an answer afterwards",
            read: "Step 5: a panic costs no thread",
            run: panics_cost_no_thread,
        },
        Check {
            name: "a_stop_finishes_and_joins",
            points: 1,
            does: "stops the server while 1 of 4 threads sends an answer and the others wait, and holds it at its end",
            read: "Step 6: the stop",
            run: a_stop_finishes_and_joins,
        },
    ])
}

fn pool(threads: usize, queue: usize) -> Pool {
    Pool::new(threads, queue).expect("a pool")
}

/// Connects, and sends a request for `path` after whose answer the connection ends.
fn ask(server: &Served, path: &str) -> Client {
    let mut client = Client::connect(server.addr());
    let sent = client.send(format!("GET {path} HTTP/1.1\r\nHost: course\r\nConnection: close\r\n\r\n"));
    sent.expect("a request is sent");
    client
}

/// Waits for as long as the check takes.
fn hold(gate: &Gate) {
    while gate.has(1).is_err() {}
}

/// Panics with what is seen if more than `most` come within a second. Who does it right is given that time in vain.
fn no_more_than(most: usize, gate: &Gate, what: &str) {
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        let seen = gate.count();
        assert!(seen <= most, "{seen} {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn handlers_run_at_once() {
    let called = Arc::new(Gate::new());
    let gate = called.clone();
    let server = serve(pool(4, 8), move |_: &mut Request| {
        gate.arrive();
        while gate.has(4).is_err() {} // as long as the check takes
        "all are here"
    });
    let clients: Vec<Client> = (0..4).map(|_| ask(&server, "/")).collect();
    if let Err(seen) = called.has(4) {
        panic!("{seen} of 4 handlers ran at once; the others were not called while these waited for them");
    }
    for mut client in clients {
        assert_eq!(client.answer().expect("an answer").text(), "all are here");
    }
}

/// Who has entered a handler and who has left it, and the gate that they wait for inside.
#[derive(Default)]
struct Room {
    entered: Gate,
    left: Gate,
    open: Gate,
    most: AtomicUsize,
}

fn no_more_run_at_once() {
    let room = Arc::new(Room::default());
    let inside = room.clone();
    let server = serve(pool(3, 16), move |_: &mut Request| {
        let entered = inside.entered.arrive();
        inside.most.fetch_max(entered.saturating_sub(inside.left.count()), SeqCst);
        hold(&inside.open);
        inside.left.arrive();
        "here"
    });
    let clients: Vec<Client> = (0..12).map(|_| ask(&server, "/")).collect();
    room.entered.wait_for(1, "a handler to be called");
    no_more_than(3, &room.entered, "handlers ran at once on a pool of 3 threads");
    room.open.arrive();
    for mut client in clients {
        assert_eq!(client.answer().expect("an answer, once there is a thread for it").text(), "here");
    }
    let most = room.most.load(SeqCst);
    assert!(most <= 3, "{most} handlers ran at once on a pool of 3 threads");
}

fn who_waits_has_a_turn() {
    let (called, open) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
    let order = Arc::new(Mutex::new(Vec::new()));
    let (counts, waits_for, notes) = (called.clone(), open.clone(), order.clone());
    let server = serve(pool(1, 8), move |request: &mut Request| {
        notes.lock().expect("nobody panics with it").push(request.path().to_string());
        counts.arrive();
        hold(&waits_for);
        "here"
    });
    let mut clients = vec![ask(&server, "/0")];
    called.wait_for(1, "the first handler to be called");
    clients.extend(["/1", "/2", "/3"].map(|path| ask(&server, path)));
    no_more_than(1, &called, "handlers ran at once on a pool of 1 thread");
    open.arrive();
    for (number, mut client) in clients.into_iter().enumerate() {
        if let Err(error) = client.answer() {
            panic!("connection {number} waited for the only thread, and got no answer when that was free: {error}");
        }
    }
    let order = order.lock().expect("nobody panics with it").join(" ");
    assert!(order == "/0 /1 /2 /3", "connections came as /0 /1 /2 /3, and their handlers were called as {order}");
}

fn a_full_queue_turns_away() {
    let (called, open) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
    let (counts, waits_for) = (called.clone(), open.clone());
    let server = serve(pool(1, 2), move |_: &mut Request| {
        counts.arrive();
        hold(&waits_for);
        "here"
    });
    let mut taken = vec![ask(&server, "/0")];
    called.wait_for(1, "the first handler to be called");
    taken.extend(["/1", "/2"].map(|path| ask(&server, path)));
    match ask(&server, "/3").answer() {
        Ok(answer) => assert_eq!(answer.status, 503, "the status for who came when the queue was full"),
        Err(error) => panic!("1 connection ran, 2 waited where 2 may, and one more was not turned away: {error}"),
    }
    gate::until("dispatch to tell the server, by an error, that it took no more", || {
        server.stats().errors.rejected == 1
    });
    open.arrive();
    for mut client in taken {
        assert_eq!(client.answer().expect("an answer").text(), "here", "to who came when there was room");
    }
}

fn an_idle_client_gives_way() {
    let server = serve(pool(1, 8), |_: &mut Request| "here");
    let mut idle = Client::connect(server.addr());
    assert_eq!(idle.get("/").text(), "here");
    match ask(&server, "/").answer() {
        Ok(answer) => assert_eq!(answer.text(), "here"),
        Err(error) => panic!("a client that asked got no answer while an idle one kept the only thread: {error}"),
    }
}

/// A pool that survives its servers.
struct Lent(Arc<Pool>);

impl Backend for Lent {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        self.0.dispatch(connection)
    }
}

/// Panics where it is dropped: what a handler leaves behind may do so, and that is not caught for the backend.
struct Bomb(Arc<Gate>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.arrive();
        panic!("a handler panicked when it was cut short");
    }
}

fn panics_cost_no_thread() {
    let pool = Arc::new(pool(1, 8));
    let panicked = Arc::new(Gate::new());
    let waiting = with(panicked.clone(), async |panicked: &Arc<Gate>, _: &mut Request| {
        let _bomb = Bomb(panicked.clone());
        pending::<&str>().await
    });
    let first = serve(Lent(pool.clone()), waiting);
    let _client = ask(&first, "/");
    gate::until("the handler to be called", || first.stats().handler == 1);
    first.stop(Duration::ZERO); // which drops the handler where it waits
    panicked.wait_for(1, "the handler to be dropped");
    let second = serve(Lent(pool), |_: &mut Request| "here");
    match ask(&second, "/").answer() {
        Ok(answer) => assert_eq!(answer.text(), "here"),
        Err(error) => panic!("after a panic on the only thread of a pool it served nobody any more: {error}"),
    }
}

fn a_stop_finishes_and_joins() {
    let before = gate::threads();
    let parting = Arc::new(Parting::new());
    let planted = parting.clone();
    let called = Arc::new(Gate::new());
    let gate = called.clone();
    let server = serve(pool(4, 4), move |_: &mut Request| {
        planted.clone().plant();
        gate.arrive();
        Response::text(until_the_stop())
    });
    let mut client = ask(&server, "/");
    called.wait_for(1, "the handler to be called");
    let stopping = thread::spawn(move || server.stop(Duration::from_secs(60)));
    let answer = client.answer().expect("an answer that was under way when the stop began");
    assert_eq!(answer.text(), "finished", "an answer that was under way when the stop began");
    drop(client); // so that the server need not linger for it
    let stopped = stopping.join();
    parting.done();
    assert!(stopped.is_ok(), "1 of 4 threads sent an answer when the stop began, and the stop did not return");
    let was_late = parting.was_late("the thread that sent the answer to end after the stop");
    assert!(!was_late, "the server had stopped, and the thread that sent the answer was still there");
    gate::until("the process to have as many threads as before the server", || gate::threads() == before);
}

/// A body whose last piece is sent when the server has begun to stop.
fn until_the_stop() -> Body {
    Body::written(async |mut sink| {
        while !sink.is_stopping() {
            sink.sleep(Duration::from_millis(1)).await;
        }
        sink.send("finished").await;
        Ok(())
    })
    .with_length(8)
}
