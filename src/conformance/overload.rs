//! More clients than connections may be open, and what the server tells of itself.

use super::deadlines::{much, patient};
use super::{AGES, Client, Gate, Subject};
use crate::{Limits, Overload, Request, Running, asynchronous, blocking};
use std::sync::Arc;
use std::time::Duration;

/// Runs `beyond` while one connection is open and no more may be.
fn when_full(subject: &Subject, overload: Overload, beyond: impl Fn(&Running)) {
    let server =
        subject.serve(Limits { connections: 1, overload, linger: AGES, ..patient() }, |_: &mut Request| "Hello");
    let mut inside = Client::of(&server);
    assert_eq!(inside.get("/").text(), "Hello");
    for _ in 0..3 {
        beyond(&server);
        assert_eq!(inside.get("/").text(), "Hello", "who is inside is not disturbed");
    }
    assert_eq!(server.stats().overloaded, 3);
    assert_eq!(server.stats().accepted, 1);
    drop(inside);
    subject.wait_for(&server, "no connection", |stats| stats.open() == 0);
    assert_eq!(Client::of(&server).get("/").text(), "Hello", "there is room again");
}

pub(super) fn overload_can_reject(subject: &Subject) {
    when_full(subject, Overload::Reject, |server| {
        let before = server.stats().overloaded;
        let mut client = Client::of(server);
        subject.wait_for(server, "one more that was turned away", |stats| stats.overloaded > before);
        // Its request comes after the answer, which must reach it all the same.
        let reply = client.get("/");
        assert_eq!((reply.status, reply.field("connection")), (503, Some("close")));
        assert!(client.try_send("more"), "the connection was reset, which can destroy an answer that was not read yet");
        client.closed();
    });
}

pub(super) fn overload_can_close(subject: &Subject) {
    when_full(subject, Overload::Close, |server| Client::of(server).closed());
}

pub(super) fn stats_tell_what_connections_do(subject: &Subject) {
    let gate = Arc::new(Gate::default());
    gate.close(1);
    let (much, at_gate) = (much(), gate.clone());
    let handler = blocking(move |request: &mut Request| {
        if request.path() == "/wait" {
            at_gate.pass(0);
        }
        much(request)
    });
    let server = subject.serve(Limits { linger: AGES, ..patient() }, handler);
    let starts = [
        "",
        "GET / HT",
        "GET /wait HTTP/1.1\r\nHost: test\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab",
        "GET /much HTTP/1.1\r\nHost: test\r\n\r\n",
        "no request\r\n\r\n",
    ];
    let mut clients = starts.map(|start| {
        let mut client = Client::of(&server);
        client.send(start);
        client
    });
    let mut idle = Client::of(&server);
    idle.get("/");
    subject.wait_for(&server, "one of each", |stats| {
        let phases = [stats.silent, stats.head, stats.handler, stats.body, stats.send, stats.linger, stats.idle];
        phases == [1; 7] && stats.open() == 7
    });
    let stats = server.stats();
    assert_eq!((stats.queued, stats.waiting, stats.accepted), (0, 0, 7));
    assert_eq!((stats.errors.refused, stats.errors.panicked, stats.errors.rejected), (1, 0, 0));
    gate.open_to(0);
    assert_eq!(clients[2].reply().text(), "Hello");
    subject.wait_for(&server, "two idle", |stats| (stats.idle, stats.handler) == (2, 0));
}

pub(super) fn stats_count_limits(subject: &Subject) {
    let limit = Duration::from_millis(100);
    let all_short = Limits { first_byte: limit, head: limit, idle: limit, body: limit, ..patient() };
    let server = subject.serve(
        all_short,
        asynchronous(async |request: &mut Request| {
            request.read_body().await.map(<[u8]>::len).map(|len| len.to_string())
        }),
    );
    let starts =
        ["", "G", "GET / HTTP/1.1\r\nHost: test\r\n\r\n", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n"];
    for start in starts {
        let mut client = Client::of(&server);
        client.send(start);
        client.ended();
    }
    subject.wait_for(&server, "an end", |stats| stats.open() == 0);
    let timeouts = server.stats().timeouts;
    let counts = [timeouts.first_byte, timeouts.head, timeouts.idle, timeouts.body, timeouts.queued, timeouts.send];
    assert_eq!(counts, [1, 1, 1, 1, 0, 0]);
}
