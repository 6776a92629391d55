//! Connections and servers: at once, in order, broken by a handler, and at their end.

use super::{Client, Gate, PATIENCE, Subject, gated};
use crate::{Limits, Request, Server, asynchronous};
use std::future::poll_fn;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::{Duration, Instant};

pub(super) fn connections_run_at_once(subject: &Subject) {
    let gate = Arc::new(Gate::default());
    gate.close(usize::MAX);
    let server = subject.serve(Limits::default(), gated(&gate));
    let mut clients: Vec<_> = (0..8).map(|_| Client::of(&server)).collect();
    for (ticket, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /{ticket} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }
    gate.wait_for(clients.len());
    for (ticket, client) in clients.iter_mut().enumerate().rev() {
        gate.open_to(ticket);
        assert_eq!(client.reply().text(), "Hello");
    }
}

pub(super) fn a_panic_costs_its_own_request(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| {
        if request.path() == "/panic" {
            std::panic::resume_unwind(Box::new("a panic without a message on stderr"));
        }
        "Hello"
    });
    let mut other = Client::of(&server);
    other.get("/");
    let mut client = Client::of(&server);
    client.get("/");
    let reply = client.get("/panic");
    assert_eq!((reply.status, reply.field("connection")), (500, Some("close")));
    client.closed();
    assert_eq!(other.get("/").text(), "Hello");
    assert_eq!(Client::of(&server).get("/").text(), "Hello");
    assert_eq!(server.shutdown(PATIENCE).stuck, 0);
}

pub(super) fn a_swapped_request_costs_its_own_connection(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| {
        let other = Request::parse("HEAD /other HTTP/1.0\r\n\r\n").expect("a request");
        *request = other;
        "Hello"
    });
    let mut client = Client::of(&server);
    let reply = client.get("/");
    assert_eq!((reply.text(), reply.field("connection")), ("Hello", Some("close")));
    client.closed();
}

pub(super) fn connections_beyond_the_limit_wait(subject: &Subject) {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = seen.clone();
    let server = subject.serve(Limits { connections: 2, ..Limits::default() }, move |request: &mut Request| {
        counter.fetch_add(usize::from(request.path() == "/third"), Relaxed);
        "Hello"
    });
    let mut first = Client::of(&server);
    let mut second = Client::of(&server);
    assert_eq!((first.get("/").status, second.get("/").status), (200, 200));
    let mut third = Client::of(&server);
    third.send("GET /third HTTP/1.1\r\nHost: test\r\n\r\n");
    for _ in 0..100 {
        assert_eq!(second.get("/").status, 200, "those inside are not disturbed");
        assert_eq!(seen.load(Relaxed), 0, "the third is not served while two are inside");
    }
    drop(first);
    assert_eq!(third.reply().text(), "Hello", "it was waiting, not turned away");
}

pub(super) fn shutdown_reports_idle_active_and_stuck(subject: &Subject) {
    let gate = Arc::new(Gate::default());
    gate.close(2);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let server = subject.run(Server::from_listener(listener), Limits::default(), gated(&gate));
    let mut idle = Client::of(&server);
    idle.get("/");
    let mut active = Client::of(&server);
    active.send("GET /1 HTTP/1.1\r\nHost: test\r\n\r\n");
    let mut stuck = Client::of(&server);
    stuck.send("GET /0 HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(2);
    subject.wait_for_idle(&server, 1);

    let limit = Duration::from_millis(500);
    let since = Instant::now();
    let stopping = std::thread::spawn(move || server.shutdown(limit));
    idle.closed(); // at once: the stop has begun
    gate.open_to(1);
    let reply = active.reply();
    assert_eq!((reply.text(), reply.field("connection")), ("Hello", Some("close")));
    active.closed();
    let report = stopping.join().expect("a report");
    assert!(since.elapsed() >= limit, "the stuck connection had its time");
    let counts = (report.served, report.idle_closed, report.drained, report.aborted, report.stuck);
    assert_eq!(counts, (2, 1, 1, 0, 1), "{report}");
    drop(TcpListener::bind(addr).expect("the port is free again"));
    gate.open_to(0);
    stuck.ended();
}

pub(super) fn shutdown_reaches_a_handler_that_waits(subject: &Subject) {
    let gate = Arc::new(Gate::default());
    let arrived = gate.clone();
    let waits_for_ever = crate::with(arrived, async |arrived: &Arc<Gate>, _: &mut Request| {
        arrived.pass(0);
        poll_fn(|_| Poll::<()>::Pending).await;
    });
    let server = subject.serve(Limits::default(), waits_for_ever);
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(1);
    let report = server.shutdown(Duration::ZERO);
    assert_eq!((report.aborted, report.stuck), (1, 0), "{report}");
    client.ended();
}

pub(super) fn shutdown_lets_active_requests_finish(subject: &Subject) {
    let handler = asynchronous(async |request: &mut Request| request.read_body().await.map(<[u8]>::to_vec));
    let server = subject.serve(Limits::default(), handler);
    let mut half_a_body = Client::of(&server);
    half_a_body.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(half_a_body.reply().status, 100, "it is in the middle of a request");
    let mut idle = Client::of(&server);
    idle.get("/");
    subject.wait_for_idle(&server, 1);
    let stopping = std::thread::spawn(move || server.shutdown(PATIENCE));
    idle.closed(); // the stop has begun
    half_a_body.send("hello");
    let reply = half_a_body.reply();
    assert_eq!((reply.text(), reply.field("connection")), ("hello", Some("close")));
    let report = stopping.join().expect("a report");
    assert_eq!((report.idle_closed, report.drained, report.aborted, report.stuck), (1, 1, 0, 0), "{report}");
}

pub(super) fn shutdown_lets_a_download_finish(subject: &Subject) {
    const MUCH: usize = 32 << 20; // more than the sockets' buffers take
    let server = subject.serve(Limits::default(), |request: &mut Request| match request.path() {
        "/much" => vec![b'x'; MUCH],
        _ => Vec::new(),
    });
    let mut idle = Client::of(&server);
    idle.get("/");
    let mut download = Client::of(&server);
    download.send("GET /much HTTP/1.1\r\nHost: test\r\n\r\n");
    download.head();
    subject.wait_for_idle(&server, 1);
    let stopping = std::thread::spawn(move || server.shutdown(PATIENCE));
    idle.closed(); // the stop has begun
    assert_eq!(download.rest().len(), MUCH);
    let report = stopping.join().expect("a report");
    assert_eq!((report.idle_closed, report.drained, report.served), (1, 1, 2), "{report}");
}

pub(super) fn a_dropped_server_is_gone(subject: &Subject) {
    let server = subject.serve(Limits::default(), |_: &mut Request| "Hello");
    let addr = server.addr();
    let mut client = Client::of(&server);
    client.get("/");
    drop(server);
    client.closed();
    drop(TcpListener::bind(addr).expect("the port is free again"));
}
