//! Messages: how requests are told apart, and what every response is like.

use super::{Client, Subject};
use crate::{Limits, Request, Response};

fn echo_target(request: &mut Request) -> String {
    format!("{} {} {}", request.method(), request.target(), String::from_utf8_lossy(request.bytes()))
}

pub(super) fn a_request_may_be_split_anywhere(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_target);
    let wire = b"POST /a?b HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n\
        3;x\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n";
    let mut client = Client::of(&server);
    client.send(wire);
    let whole = client.reply();
    assert_eq!((whole.status, whole.text()), (200, "POST /a?b abcde"));
    for split in 1..wire.len() {
        client.send(&wire[..split]);
        std::thread::yield_now(); // the loop's own tests split for certain; here the socket may do as it likes
        client.send(&wire[split..]);
        assert_eq!(client.reply(), whole, "split at {split}");
    }
    for byte in wire {
        client.send([*byte]);
    }
    assert_eq!(client.reply(), whole, "byte by byte");
}

pub(super) fn pipelined_requests_are_answered_in_order(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_target);
    let mut client = Client::of(&server);
    let batch: String = (0..16).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
    client.send(batch);
    for n in 0..16 {
        assert_eq!(client.reply().text(), format!("GET /{n} "));
    }
}

pub(super) fn keep_alive(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_target);
    let cases = [
        ("HTTP/1.1", "", None),
        ("HTTP/1.1", "Connection: close\r\n", Some("close")),
        ("HTTP/1.0", "", Some("close")),
        ("HTTP/1.0", "Connection: keep-alive\r\n", Some("keep-alive")),
    ];
    for (version, field, connection) in cases {
        let mut client = Client::of(&server);
        let request = format!("GET / {version}\r\nHost: test\r\n{field}\r\n");
        client.send(&request);
        let reply = client.reply();
        assert_eq!((reply.status, reply.field("connection")), (200, connection), "{request:?}");
        if connection == Some("close") {
            client.closed();
        } else {
            client.send(&request);
            assert_eq!(client.reply(), reply);
        }
    }
}

pub(super) fn head_has_no_body(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| match request.path() {
        "/none" => Response::new(crate::Status::NO_CONTENT),
        "/same" => Response::text("ignored").with_status(crate::Status::NOT_MODIFIED),
        _ => Response::text("Hello"),
    });
    let mut client = Client::of(&server);
    let requests = ["GET /", "HEAD /", "GET /none", "GET /same", "HEAD /none", "GET /"];
    client.send(requests.map(|line| format!("{line} HTTP/1.1\r\nHost: test\r\n\r\n")).concat());
    assert_eq!(client.reply().text(), "Hello");
    assert_eq!(client.head().field("content-length"), Some("5"));
    assert_eq!(client.head().field("content-length"), None);
    assert_eq!(client.head().status, 304);
    assert_eq!(client.head().status, 204);
    assert_eq!(client.reply().text(), "Hello", "nothing but heads before it");
}

pub(super) fn bad_requests_are_refused_and_closed(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_target);
    let long = "x".repeat(9_000);
    let cases = [
        ("GET\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost : test\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\nHost: test\n\n".into(), 400),
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".into(), 400),
        (format!("GET /{long} HTTP/1.1\r\nHost: test\r\n\r\n"), 414),
        (format!("GET / HTTP/1.1\r\nHost: test\r\nA: {long}\r\nB: {long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nHost: test\r\n{}\r\n", "A: b\r\n".repeat(100)), 431),
        ("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n".into(), 501),
        ("POST / HTTP/1.1\r\nHost: test\r\nExpect: money\r\n\r\n".into(), 417),
        ("GET / HTTP/2.0\r\nHost: test\r\n\r\n".into(), 505),
    ];
    for (request, status) in cases {
        let mut client = Client::of(&server);
        client.send(&request);
        let reply = client.reply();
        assert_eq!((reply.status, reply.field("connection")), (status, Some("close")), "{request:?}");
        assert!(reply.text().starts_with(&format!("{status} ")), "the reason is told: {reply:?}");
        client.closed();
    }
}

pub(super) fn a_refusal_reaches_a_client_that_still_sends(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_target);
    let mut client = Client::of(&server);
    client.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
    client.send(vec![b'x'; 500_000]);
    assert_eq!(client.reply().status, 400);
    client.closed(); // by an orderly end, not by a reset that could have overtaken the answer
}

pub(super) fn the_date_is_sent(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_target);
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let text = String::from_utf8(client.rest()).expect("a text");
    let date = text.lines().find_map(|line| line.strip_prefix("date: ")).expect("a date");
    assert!(date.len() == 29 && date.ends_with(" GMT") && date[5..].contains(" 20"), "{date}");
}

pub(super) fn framing_is_not_the_handlers(subject: &Subject) {
    let server = subject.serve(Limits::default(), |_: &mut Request| {
        let response = Response::text("Hello").with_header("Content-Length", "3");
        response.with_header("Transfer-Encoding", "chunked").with_header("Connection", "close").with_header("X", "y")
    });
    let mut client = Client::of(&server);
    let reply = client.get("/");
    assert_eq!((reply.text(), reply.field("connection"), reply.field("x")), ("Hello", None, Some("y")));
    assert_eq!(client.get("/"), reply);
}
