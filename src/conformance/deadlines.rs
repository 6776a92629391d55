//! Clients that are late: each is ended by the limit that is about it, never early, while others are served.

use super::{AGES, Client, PATIENCE, Subject};
use crate::{Limits, Request, Response, Running, blocking};
use std::iter::{once, repeat};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(super) const LIMIT: Duration = Duration::from_millis(300);

/// Limits that end nobody within a test.
pub(super) fn patient() -> Limits {
    Limits {
        queued: AGES,
        first_byte: AGES,
        head: AGES,
        idle: AGES,
        body: AGES,
        send: AGES,
        drain: AGES,
        linger: LIMIT,
        ..Limits::default()
    }
}

/// What a slow client does between two bytes.
pub(super) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

pub(super) fn hello(_: &mut Request) -> &'static str {
    "Hello"
}

/// Sends piece after piece, slowly, until the server has let go of the connection.
fn drip(mut client: Client, mut pieces: impl Iterator<Item = &'static str>) {
    let until = Instant::now() + PATIENCE;
    while client.try_send(pieces.next().expect("endless")) {
        assert!(Instant::now() < until, "what is sent must not move the deadline");
        pause(LIMIT / 10);
    }
}

/// Runs `late`, which must not end before [`LIMIT`], while others are served.
fn not_early(server: &Running, late: impl FnOnce()) {
    let since = Instant::now();
    assert_eq!(Client::of(server).get("/").text(), "Hello", "others are served meanwhile");
    late();
    let took = since.elapsed();
    assert!(took >= LIMIT, "ended after {took:?}, which is early");
    assert!(took < PATIENCE, "ended after {took:?}, which another limit must have done");
    assert_eq!(Client::of(server).get("/").text(), "Hello", "others are served afterwards");
}

pub(super) fn a_silent_client_is_ended(subject: &Subject) {
    let server = subject.serve(Limits { first_byte: LIMIT, ..patient() }, hello);
    not_early(&server, || Client::of(&server).closed());
    not_early(&server, || {
        drip(Client::of(&server), repeat("\r\n")); // empty lines are no request
    });
}

pub(super) fn an_idle_client_is_ended(subject: &Subject) {
    let server = subject.serve(Limits { idle: LIMIT, ..patient() }, hello);
    not_early(&server, || {
        let mut client = Client::of(&server);
        client.get("/");
        client.closed();
    });
}

pub(super) fn every_request_moves_the_idle_deadline(subject: &Subject) {
    let limit = 4 * LIMIT;
    let server = subject.serve(Limits { idle: limit, ..patient() }, hello);
    let mut client = Client::of(&server);
    for _ in 0..5 {
        assert_eq!(client.get("/").text(), "Hello");
        pause(limit / 3);
    }
}

pub(super) fn half_a_head_is_408(subject: &Subject) {
    let server = subject.serve(Limits { head: LIMIT, ..patient() }, hello);
    for start in ["G", "\r\nG", "GET / HTTP/1.1\r\nHost: test\r\n"] {
        not_early(&server, || {
            let mut client = Client::of(&server);
            client.send(start);
            let reply = client.reply();
            assert_eq!((reply.status, reply.field("connection")), (408, Some("close")), "after {start:?}");
            client.ended();
        });
    }
    not_early(&server, || {
        let mut client = Client::of(&server);
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\nGET");
        assert_eq!(client.reply().text(), "Hello");
        assert_eq!(client.reply().status, 408, "also behind another request");
    });
}

pub(super) fn a_short_limit_holds_after_a_long_one(subject: &Subject) {
    let server = subject.serve(Limits { head: LIMIT, ..patient() }, hello);
    let mut client = Client::of(&server);
    client.get("/"); // idle now, for ages
    pause(3 * LIMIT);
    not_early(&server, || {
        client.send("G");
        assert_eq!(client.reply().status, 408);
    });
}

pub(super) fn a_dripping_head_is_ended(subject: &Subject) {
    let server = subject.serve(Limits { head: LIMIT, ..patient() }, hello);
    for start in ["GET / HTTP/1.1\r\nA: ", "G"] {
        not_early(&server, || drip(Client::of(&server), once(start).chain(repeat("x"))));
    }
}

pub(super) fn a_stalled_body_is_408(subject: &Subject) {
    let server = subject.serve(Limits { body: LIMIT, ..patient() }, hello);
    let fast_at_first = format!("Content-Length: 200000\r\n\r\n{}", "x".repeat(100_000));
    for start in [
        "Content-Length: 5\r\n\r\n",
        "Content-Length: 5\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        &fast_at_first,
    ] {
        not_early(&server, || {
            let mut client = Client::of(&server);
            client.send(format!("POST / HTTP/1.1\r\nHost: test\r\n{start}"));
            assert_eq!(client.reply().status, 408, "after {start:?}");
            client.ended();
        });
    }
}

pub(super) fn a_dripping_body_is_ended(subject: &Subject) {
    let server = subject.serve(Limits { body: LIMIT, body_rate: 1_000, ..patient() }, hello);
    not_early(&server, || {
        let mut client = Client::of(&server);
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
        drip(client, repeat("x"));
    });
}

const MUCH: usize = 64 << 20; // more than the sockets' buffers take

/// Says hello, and elsewhere much.
pub(super) fn much() -> impl Fn(&mut Request) -> Response + Send + Sync + 'static {
    let much: Arc<[u8]> = vec![b'x'; MUCH].into(); // for all of them
    move |request| match request.path() {
        "/" | "/wait" => Response::text("Hello"),
        _ => Response::text(much.clone()),
    }
}

pub(super) fn a_client_that_never_reads_is_ended(subject: &Subject) {
    let server = subject.serve(Limits { send: LIMIT, ..patient() }, much());
    not_early(&server, || {
        let mut client = Client::of(&server);
        client.send("GET /much HTTP/1.1\r\nHost: test\r\n\r\n");
        drip(client, repeat("GET / HTTP/1.1\r\nHost: test\r\n\r\n")); // its end shows without reading
    });
}

pub(super) fn a_slow_reader_that_reads_is_served(subject: &Subject) {
    let limit = 4 * LIMIT;
    let server = subject.serve(Limits { send: limit, ..patient() }, much());
    let mut client = Client::of(&server);
    client.send("GET /much HTTP/1.1\r\nHost: test\r\n\r\n");
    client.head();
    let since = Instant::now();
    for _ in 0..64 {
        client.take(MUCH / 64);
        pause(limit / 40);
    }
    assert!(since.elapsed() > limit, "it was slower over all than the limit for one turn");
    assert_eq!(client.get("/").text(), "Hello");
}

pub(super) fn a_reader_slower_than_the_buffers_is_served(subject: &Subject) {
    let limit = 4 * LIMIT;
    let server = subject.serve(Limits { send: limit, ..patient() }, much());
    let mut client = Client::of(&server);
    client.send("GET /much HTTP/1.1\r\nHost: test\r\n\r\n");
    client.head();
    let (quickly, slowly) = (MUCH / 4, 128 << 10);
    client.take(quickly); // lets the system enlarge the buffers on both sides
    let since = Instant::now();
    let mut taken = quickly;
    while since.elapsed() < 3 * limit {
        client.take(slowly); // far less than the system waits for before it wakes a writer
        taken += slowly;
        pause(limit / 8);
    }
    client.take(MUCH - taken);
    assert_eq!(client.get("/").text(), "Hello");
}

pub(super) fn a_busy_handler_has_no_deadline(subject: &Subject) {
    let all_short = Limits { first_byte: LIMIT, head: LIMIT, idle: LIMIT, body: LIMIT, send: LIMIT, ..patient() };
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let busy = blocking(move |request: &mut Request| {
        if request.path() == "/busy" {
            let _ = gate.lock().expect("one busy request at a time").recv_timeout(PATIENCE);
        }
        "Hello"
    });
    let server = subject.serve(all_short, busy);
    let mut client = Client::of(&server);
    client.send("GET /busy HTTP/1.1\r\nHost: test\r\n\r\n");
    for _ in 0..3 {
        not_early(&server, || Client::of(&server).closed()); // that long, and each shows that the timer is at work
    }
    release.send(()).expect("the handler waits");
    assert_eq!(client.reply().text(), "Hello");
    client.closed(); // and afterwards the idle limit holds
}
