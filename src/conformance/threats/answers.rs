//! What is answered, whoever asks: no body where none may be, no field that a handler did not mean, no fault of the
//! server for one of the client.

use super::super::deadlines::much;
use super::super::{Client, Subject};
use super::witness::{LAST, Told, unhurried};
use crate::{Body, Headers, Limits, Producer, Request, Response, Running, Status};
use std::io;
use std::task::{Context, Poll};

/// A body in two pieces.
struct Pieces(u8);

impl Producer for Pieces {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n\r\n"); // what a client would take for an answer
        self.0 -= 1;
        Poll::Ready(Ok(self.0 > 0))
    }
}

pub(super) fn head_and_304_before_pipelined_requests(subject: &Subject) {
    let much = much();
    let server = subject.serve(unhurried(), move |request: &mut Request| {
        let status = request.query().and_then(|query| query.parse().ok()).map_or(Status::OK, Status::new);
        let response = match request.path() {
            "/empty" => Response::new(status),
            "/stream" => Response::text(Body::stream(Pieces(2))),
            "/much" => much(request),
            _ => Response::text("Hello"),
        };
        response.with_status(status)
    });
    let mut bodiless = Vec::new();
    for path in ["/", "/empty", "/stream", "/much"] {
        bodiless.extend([200, 206, 302, 404, 405, 416, 500, 204, 205, 304].map(|status| ("HEAD", path, status)));
        bodiless.extend([204, 304].map(|status| ("GET", path, status)));
    }
    let get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    for (method, path, status) in bodiless {
        let line = format!("{method} {path}?{status} HTTP/1.1\r\nHost: test\r\n");
        let _told = Told(line.as_bytes());
        let mut client = Client::of(&server);
        client.send(format!("{get}{line}\r\n{get}{line}\r\n{line}Connection: close\r\n\r\n"));
        for _ in 0..2 {
            assert_eq!(client.reply().text(), "Hello");
            let head = client.head();
            assert_eq!(head.status, status, "nothing but a head");
            assert!(!matches!(status, 204 | 304) || head.field("transfer-encoding").is_none(), "{head:?}");
        }
        assert_eq!(client.head().status, status, "nor at the end");
        client.closed();
    }
    let mut client = Client::of(&server);
    client.send("HEAD / HTTP/1.0\r\n\r\n");
    assert_eq!(client.head().field("content-length"), Some("5"));
    client.closed();
    let mut client = Client::of(&server);
    client.send("HEAD / HTTP/1.1\r\n\r\n");
    assert_eq!(client.head().status, 400, "a refusal is an answer too");
    client.closed();
}

/// Values that would end the field, or are none.
const SPLITTING: &[&str] = &[
    "a\r\nSet-Cookie: b",
    "a\nSet-Cookie: b",
    "a\rSet-Cookie: b",
    "a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "a\r\n b",
    "\r\n\r\na",
    "\r\na",
    "a\0b",
    "a\x0bb",
    "a\x7f",
    "a\r\n",
];

const SPLITTING_NAMES: &[&str] =
    &["", "Set-Cookie: b\r\nA", "A\r\nSet-Cookie", "A\n", "\rA", "A:", "A B", " A", "A ", "A\0", "\u{e9}", "A\u{a0}"];

pub(super) fn response_splitting(subject: &Subject) {
    let server = subject.serve(unhurried(), |_: &mut Request| {
        let mut response = Response::text("Hello").with_header("B", "c");
        let mut refused = 0;
        for value in SPLITTING {
            refused += u32::from(response.headers_mut().append("A", value).is_err());
            refused += u32::from(response.headers_mut().insert("B", value).is_err());
            refused += u32::from(Response::redirect(Status::FOUND, value).is_err());
        }
        for name in SPLITTING_NAMES {
            refused += u32::from(response.headers_mut().append(name, "c").is_err());
            refused += u32::from(Headers::new().insert(name, "c").is_err());
        }
        response.with_header("Refused", refused.to_string())
    });
    let mut client = Client::of(&server);
    let reply = client.get("/");
    let names: Vec<_> = reply.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(reply.field("b"), Some("c"), "a field stays when its replacement is refused");
    let all = 3 * SPLITTING.len() + 2 * SPLITTING_NAMES.len();
    assert_eq!(reply.field("refused"), Some(all.to_string().as_str()), "{reply:?}");
    assert_eq!(names.iter().filter(|name| matches!(**name, "a" | "set-cookie" | "")).count(), 0, "{names:?}");
    client.send(LAST);
    assert_eq!(client.reply().body, b"Hello", "nothing came behind the first");
    client.closed();
}

/// Bytes that mean something somewhere in a message.
const MEANINGFUL: &[&[u8]] = &[b"\r", b"\n", b"\r\n", b"\0", b":", b"\t", b" ", b"\xff", b"/", b"%", b"9"];

pub(super) fn no_5xx_for_clients_faults(subject: &Subject) {
    let server = subject.serve(Limits { body_size: 100, ..unhurried() }, |request: &mut Request| {
        let found = request.path() == "/a" && request.headers().get("range").is_some();
        if found { Ok(request.bytes().to_vec()) } else { Err(Status::NOT_FOUND) }
    });
    let whole = b"PUT /a?b HTTP/1.1\r\nHost: test\r\nRange: c\r\nTransfer-Encoding: chunked\r\n\r\n\
        1;d=e\r\nf\r\n0\r\ng: h\r\n\r\n";
    for at in 0..=whole.len() {
        let (before, behind) = whole.split_at(at);
        for which in [at, 5 * at + 3] {
            answered(&server, &[before, MEANINGFUL[which % MEANINGFUL.len()], behind].concat());
        }
        answered(&server, before); // and nothing behind
    }
    for body in ["Content-Length: 101", "Content-Length: 5\r\n\r\nabc", "Content-Length: 99999999999999999999"] {
        answered(&server, format!("POST / HTTP/1.1\r\nHost: test\r\n{body}\r\n\r\n").as_bytes());
    }
}

/// Sends `wire` and nothing more. Whatever comes back, no status of it says that the server is at fault, but for the
/// two that RFC 9110 sections 15.6.2 and 15.6.6 want for what is not implemented.
fn answered(server: &Running, wire: &[u8]) {
    let _told = Told(wire);
    let mut client = Client::of(server);
    client.send(wire);
    client.end();
    let answers = client.rest();
    let text = String::from_utf8_lossy(&answers);
    for status_line in text.split("HTTP/1.1 ").skip(1) {
        let status: u16 = status_line[..3].parse().expect("a status");
        assert!(status < 500 || matches!(status, 501 | 505), "{text}");
    }
}
