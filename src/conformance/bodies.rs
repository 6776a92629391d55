//! Bodies in both directions: whole, in pieces, too long, broken, and while answers are held back.

use super::{AGES, Client, Subject};
use crate::{Body, BodyError, IntoResponse, Limits, Producer, Request, Response, asynchronous};
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

fn echo(request: &mut Request) -> Vec<u8> {
    request.bytes().to_vec()
}

/// Bytes in which every position shows.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

pub(super) fn request_bodies_arrive_whole(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo);
    let mut client = Client::of(&server);
    for len in [0, 1, 8 << 10, 100_000, 1 << 20] {
        let body = pattern(len);
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {len}\r\n\r\n"));
        client.send(&body);
        assert_eq!(client.reply().body, body, "{len} bytes");
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        for chunk in body.chunks(10_000) {
            client.send(format!("{:x}\r\n", chunk.len()));
            client.send(chunk);
            client.send("\r\n");
        }
        client.send("0\r\n\r\n");
        assert_eq!(client.reply().body, body, "{len} bytes, chunked");
    }
}

async fn count(request: &mut Request) -> Result<String, BodyError> {
    let mut sum = 0u64;
    while let Some(piece) = request.body().chunk().await? {
        sum += piece.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    }
    Ok(sum.to_string())
}

pub(super) fn request_bodies_can_be_read_piece_by_piece(subject: &Subject) {
    let server = subject.serve(Limits::default(), asynchronous(count));
    let mut client = Client::of(&server);
    let body = pattern(3 << 20); // more than a plain handler would get
    let sum: u64 = body.iter().map(|&byte| u64::from(byte)).sum();
    for _ in 0..2 {
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", body.len()));
        client.send(&body);
        assert_eq!(client.reply().text(), sum.to_string());
    }
}

pub(super) fn a_body_too_large_is_413(subject: &Subject) {
    let server = subject.serve(Limits { body_size: 10, ..Limits::default() }, echo);
    for request in [
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
    ] {
        let mut client = Client::of(&server);
        client.send(request);
        assert_eq!(client.reply().status, 413, "{request:?}");
    }
    let mut client = Client::of(&server);
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n0123456789");
    assert_eq!(client.reply().text().len(), 10, "the limit itself is allowed");
}

pub(super) fn a_broken_body_is_400(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo);
    for chunks in ["x\r\n", "-1\r\n", "1\r\nab\r\n", "fffffffffffffffff\r\n"] {
        let mut client = Client::of(&server);
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
        let reply = client.reply();
        assert_eq!((reply.status, reply.field("connection")), (400, Some("close")), "{chunks:?}");
        client.closed();
    }
}

pub(super) fn expect_continue(subject: &Subject) {
    let server = subject.serve(
        Limits::default(),
        asynchronous(async |request: &mut Request| match request.path() {
            "/refuse" => Ok("no, thank you".into_response()),
            _ => request.read_body().await.map(|body| body.to_vec().into_response()),
        }),
    );
    let expect =
        |path: &str| format!("POST {path} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    let mut client = Client::of(&server);
    client.send(expect("/"));
    assert_eq!(client.reply().status, 100, "asked for once the handler reads");
    client.send("hello");
    assert_eq!(client.reply().text(), "hello");

    client.send(expect("/") + "hello");
    assert_eq!(client.reply().text(), "hello", "what has come need not be asked for");

    client.send(expect("/refuse"));
    let reply = client.reply();
    assert_eq!((reply.text(), reply.field("connection")), ("no, thank you", Some("close")), "not asked for");
    client.closed();
}

pub(super) fn an_unread_body_is_drained_or_closes(subject: &Subject) {
    let ignore = asynchronous(async |request: &mut Request| request.method().to_string());
    let server = subject.serve(Limits { drain_size: 100_000, ..Limits::default() }, ignore);
    let mut client = Client::of(&server);
    for framing in ["Content-Length: 100000", "Transfer-Encoding: chunked"] {
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\n{framing}\r\n\r\n"));
        assert_eq!(client.reply().text(), "POST", "answered before the body comes");
        if framing.starts_with('T') {
            client.send("186a0\r\n");
        }
        client.send(pattern(100_000));
        if framing.starts_with('T') {
            client.send("\r\n0\r\n\r\n");
        }
        assert_eq!(client.get("/").text(), "GET", "the body was not taken for a request");
    }
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100001\r\n\r\n");
    assert_eq!(client.reply().field("connection"), Some("close"));
    client.ended();
}

pub(super) fn an_answer_is_not_held_back_by_a_wait(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo);
    let mut client = Client::of(&server);
    let post = |len: usize| format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {len}\r\n\r\n");
    client.send(post(5) + "first" + &post(6));
    assert_eq!(client.reply().text(), "first", "sent before the second body is waited for");
    client.send("second");
    assert_eq!(client.reply().text(), "second");
}

pub(super) fn large_responses_arrive_whole(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| {
        let len = request.path()[1..].parse().expect("a number");
        Response::new(crate::Status::OK).with_body(pattern(len))
    });
    let mut client = Client::of(&server);
    let sizes = [16 << 10, (16 << 10) + 1, 64 << 10, (64 << 10) + 1, 5 << 20];
    client.send(sizes.map(|len| format!("GET /{len} HTTP/1.1\r\nHost: test\r\n\r\n")).concat());
    for len in sizes {
        assert!(client.reply().body == pattern(len), "{len} bytes");
    }
}

/// A file in the folder for temporary files, deleted when it goes.
struct TemporaryFile(std::path::PathBuf);

impl TemporaryFile {
    fn of(bytes: &[u8]) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("switchboard-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        File::create_new(&path).and_then(|mut file| file.write_all(bytes)).expect("a temporary file");
        Self(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // a leftover in the temporary folder is no failure
    }
}

pub(super) fn files_are_sent_as_promised(subject: &Subject) {
    let content = pattern(1_000_000);
    let on_disk = TemporaryFile::of(&content);
    let path = on_disk.0.clone();
    let server = subject.serve(Limits { idle: AGES, ..Limits::default() }, move |request: &mut Request| {
        let (offset, len) = request.path()[1..].split_once('-').expect("offset and length");
        let (offset, len) = (offset.parse().expect("a number"), len.parse().expect("a number"));
        let file = File::open(&path).expect("the file");
        Response::new(crate::Status::OK).with_body(Body::File { file: file.into(), offset, len })
    });
    let mut client = Client::of(&server);
    for (offset, len) in [(0, 0), (0, 1_000), (7, 64 << 10), (0, 1_000_000), (999_999, 1), (123_456, 500_000)] {
        let reply = client.get(&format!("/{offset}-{len}"));
        assert!(reply.body == content[offset..offset + len], "{len} bytes at {offset}");
    }
    for (offset, len) in [(0, 1_000_001), (0, 1_000_000_000), (999_990, 11), (1_000_000, 1)] {
        let mut client = Client::of(&server);
        client.send(format!("GET /{offset}-{len} HTTP/1.1\r\nHost: test\r\n\r\n"));
        assert_eq!(client.head().field("content-length"), Some(len.to_string().as_str()));
        assert!(client.rest() == content[offset..], "a file that ends early closes the connection where it ends");
    }
}

/// Counts down from a number, a line each.
struct Countdown(u32);

impl Producer for Countdown {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        if self.0 == 666 {
            return Poll::Ready(Err(io::Error::other("a number we do not say")));
        }
        out.extend(format!("{}\n", self.0).bytes());
        self.0 -= 1;
        Poll::Ready(Ok(self.0 > 0))
    }
}

pub(super) fn streams_are_chunked_or_close(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| {
        let from = request.path()[1..].parse().expect("a number");
        Response::text(Body::stream(Countdown(from)))
    });
    let expected: String = (1..=500).rev().map(|n| format!("{n}\n")).collect();
    let mut client = Client::of(&server);
    let reply = client.get("/500");
    assert_eq!((reply.text(), reply.field("transfer-encoding")), (expected.as_str(), Some("chunked")));
    client.send("HEAD /500 HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.head().field("content-length"), None);
    assert_eq!(client.get("/1").text(), "1\n", "a HEAD of a stream sends no chunk");

    client.send("GET /500 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let reply = client.reply();
    assert_eq!((reply.text(), reply.field("connection")), (expected.as_str(), Some("close")));

    let mut client = Client::of(&server);
    client.send("GET /700 HTTP/1.1\r\nHost: test\r\n\r\n");
    assert!(!client.rest().ends_with(b"0\r\n\r\n"), "a failed stream must not look finished");
}

/// Sends the request's body back while it arrives.
struct EchoAsItComes;

impl Producer for EchoAsItComes {
    fn poll_produce(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        out: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>> {
        match ready!(request.body().poll_chunk(cx)) {
            Ok(Some(piece)) => {
                out.extend_from_slice(piece);
                Poll::Ready(Ok(true))
            }
            Ok(None) => Poll::Ready(Ok(false)),
            Err(error) => Poll::Ready(Err(io::Error::other(error))),
        }
    }
}

pub(super) fn a_stream_can_read_the_request(subject: &Subject) {
    let handler = asynchronous(async |_: &mut Request| Response::text(Body::stream(EchoAsItComes)));
    let server = subject.serve(Limits::default(), handler);
    let mut client = Client::of(&server);
    for expect in ["", "", "Expect: 100-continue\r\n"] {
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\n{expect}Content-Length: 6\r\n\r\n"));
        assert_eq!(client.head().status, 200, "the head comes before the body is sent");
        client.send("abc");
        assert_eq!(client.take(8), b"3\r\nabc\r\n", "a piece comes back before the next is sent");
        client.send("def");
        assert_eq!(client.take(8), b"3\r\ndef\r\n");
        assert_eq!(client.take(5), b"0\r\n\r\n");
    }
}
