//! More clients than places: who keeps one and asks for nothing, or takes its time, is let go when others wait; who
//! works is not, and nobody is while nobody waits.
//!
//! These cases run on the subject's narrow backend, if it has one. On one without a bound nobody waits for a place, and
//! all the same the client that works is served.

use super::deadlines::{much, patient};
use super::{AGES, Client, Gate, Subject, gated};
use crate::{Limits, Request, Running};
use std::sync::Arc;
use std::time::Duration;

/// Clients that only keep a place.
const MANY: usize = 50;

/// No limit but the pressure ends anybody.
fn unhurried() -> Limits {
    Limits { linger: AGES, ..patient() }
}

fn hello(_: &mut Request) -> &'static str {
    "Hello"
}

/// Gets ten answers, on a new connection whenever it is told that the old one is over.
fn work(server: &Running) {
    let mut client = Client::of(server);
    for _ in 0..10 {
        let reply = client.get("/");
        assert_eq!((reply.status, reply.text()), (200, "Hello"));
        if reply.field("connection") == Some("close") {
            client = Client::of(server);
        }
    }
}

pub(super) fn idle_clients_starve_nobody(subject: &Subject) {
    let server = subject.serve_narrow(unhurried(), hello);
    let mut idle: Vec<_> = (0..MANY).map(|_| Client::of(&server)).collect();
    for client in &mut idle {
        assert_eq!(client.get("/").text(), "Hello", "also those before it are idle");
    }
    work(&server);
    let stats = server.stats();
    assert_eq!(stats.requests, MANY as u64 + 10);
    assert_eq!(stats.timeouts.idle, 0, "nobody was ended by a limit");
    assert_eq!(stats.waiting, 0);
}

pub(super) fn silent_clients_starve_nobody(subject: &Subject) {
    let server = subject.serve_narrow(unhurried(), hello);
    let silent: Vec<_> = (0..MANY / 5).map(|_| Client::of(&server)).collect();
    work(&server);
    end_all(subject, silent, |client| client.closed());
}

pub(super) fn half_requests_starve_nobody(subject: &Subject) {
    let server = subject.serve_narrow(unhurried(), hello);
    let start = |number| match number % 2 {
        0 => "GET / HT",
        _ => "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab",
    };
    let mut half: Vec<_> = (0..MANY).map(|_| Client::of(&server)).collect();
    for (number, client) in half.iter_mut().enumerate() {
        client.send(start(number));
    }
    work(&server);
    end_all(subject, half, |mut client| {
        assert_eq!(client.reply().status, 408);
    });
}

pub(super) fn clients_that_read_nothing_starve_nobody(subject: &Subject) {
    let server = subject.serve_narrow(unhurried(), much());
    let mut deaf: Vec<_> = (0..MANY).map(|_| Client::of(&server)).collect();
    for client in &mut deaf {
        client.send("GET /much HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    work(&server);
    end_all(subject, deaf, Client::ended);
}

/// Those that only kept a place have lost it, if places are bounded; `end` says how.
fn end_all(subject: &Subject, clients: Vec<Client>, end: impl Fn(Client)) {
    if subject.narrow_capacity() < clients.len() {
        let kept = subject.narrow_capacity(); // at most so many still have theirs
        let ended = clients.len() - kept;
        clients.into_iter().take(ended).for_each(end);
    }
}

pub(super) fn who_works_is_not_ended_for_others(subject: &Subject) {
    let gate = Arc::new(Gate::default());
    gate.close(2);
    let limits = Limits { queued: Duration::from_secs(1), ..unhurried() };
    let server = subject.serve_narrow(limits, gated(&gate));
    let mut at_work: Vec<_> = (0..2).map(|_| Client::of(&server)).collect();
    for (number, client) in at_work.iter_mut().enumerate() {
        client.send(format!("GET /{number} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }
    gate.wait_for(2);
    let reply = Client::of(&server).get("/");
    if subject.narrow_capacity() == 2 {
        assert_eq!((reply.status, reply.field("connection")), (503, Some("close")), "it waited in vain");
        assert_eq!(server.stats().timeouts.queued, 1);
    } else {
        assert_eq!(reply.status, 200);
    }
    let mut waits = Client::of(&server);
    waits.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    subject
        .wait_for(&server, "one that waits, if places are bounded", |stats| stats.waiting == 1 || stats.requests == 2);
    gate.open_to(0);
    let mut closing = 0; // of the two
    for mut client in at_work {
        let reply = client.reply();
        assert_eq!(reply.text(), "Hello");
        closing += u64::from(reply.field("connection") == Some("close"));
    }
    let expected = if subject.narrow_capacity() == 2 { 1 } else { 0 };
    assert_eq!(closing, expected, "whose answer is out first makes room");
    assert_eq!(waits.reply().text(), "Hello");
    assert_eq!(server.stats().shed, closing, "as many as waited");
}

pub(super) fn a_reader_that_gets_on_is_not_ended_for_others(subject: &Subject) {
    let limits = Limits { queued: Duration::from_secs(1), ..unhurried() };
    let server = subject.serve_narrow(limits, much());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let mut reader = Client::of(&server);
            reader.send("GET /much HTTP/1.1\r\nHost: test\r\n\r\n");
            let length: usize = reader.head().field("content-length").expect("a length").parse().expect("a length");
            scope.spawn(move || {
                let slowly = 512 << 10; // in a tenth of a second; faster afterwards
                for _ in 0..15 {
                    reader.take(slowly);
                    std::thread::sleep(Duration::from_millis(100));
                }
                reader.take(length - 15 * slowly);
            });
        }
        let reply = Client::of(&server).get("/");
        let expected = if subject.narrow_capacity() == 2 { 503 } else { 200 };
        assert_eq!(reply.status, expected, "both places are taken, and not for nothing");
    });
    assert_eq!(server.stats().shed, 0);
}

pub(super) fn nobody_is_ended_while_there_is_room(subject: &Subject) {
    let server = subject.serve(unhurried(), hello);
    let mut kept: Vec<_> = (0..6).map(|_| Client::of(&server)).collect();
    for _ in 0..50 {
        for client in &mut kept {
            assert_eq!(client.get("/").field("connection"), None, "there is room");
        }
        let mut brief = Client::of(&server);
        brief.send("GET / HTTP/1.0\r\n\r\n");
        brief.rest();
    }
    assert_eq!(server.stats().shed, 0);
}
