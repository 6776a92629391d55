//! Clients that are slow, that stop, that are many, that go away, and a system that has no more files: each is met by
//! the limit that is about it, and costs the others nothing.

use super::super::deadlines::{LIMIT, hello, much, patient, pause};
use super::super::{Client, PATIENCE, Subject};
use crate::{Body, Handler, Limits, Producer, Request, Response, Running, asynchronous};
use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// No limit of sizes ends who is slow.
fn slow(limits: Limits) -> Limits {
    let (request_line, head_size, fields) = (usize::MAX, usize::MAX, usize::MAX);
    Limits { request_line, head_size, fields, linger: Duration::from_millis(50), ..limits }
}

/// A client for each drip, which sends its start, and then its piece again and again, slowly, until the server has let
/// go of it. Others are served meanwhile.
fn drip(server: &Running, drips: &[(&str, &str)]) {
    let since = Instant::now();
    let start = |&(start, piece)| (started(server, start), piece);
    let mut clients: Vec<_> = drips.iter().map(start).collect();
    while !clients.is_empty() {
        pause(LIMIT / 10);
        clients.retain_mut(|(client, piece)| {
            let goes_on = client.try_send(*piece);
            assert!(goes_on || since.elapsed() >= LIMIT, "early: {piece:?}");
            goes_on
        });
        assert_eq!(Client::of(server).get("/").text(), "Hello", "others are served meanwhile");
        assert!(since.elapsed() < PATIENCE, "what is sent must not move the deadline");
    }
}

/// A client for each start, which sends it, and then nothing. Each gets answers of these statuses, and its end; others
/// are served meanwhile.
fn stall(server: &Running, starts: &[impl AsRef<str>], statuses: &[u16]) {
    let since = Instant::now();
    let clients: Vec<_> = starts.iter().map(|start| started(server, start.as_ref())).collect();
    assert_eq!(Client::of(server).get("/").text(), "Hello", "others are served meanwhile");
    for (mut client, start) in clients.into_iter().zip(starts) {
        let seen: Vec<_> = statuses.iter().map(|_| client.reply().status).collect();
        assert_eq!(seen, statuses, "{:?}", start.as_ref());
        client.ended();
        assert!(since.elapsed() >= LIMIT, "early: {:?}", start.as_ref());
    }
}

fn started(server: &Running, start: &str) -> Client {
    let mut client = Client::of(server);
    client.send(start);
    client
}

pub(super) fn slow_heads(subject: &Subject) {
    let limits = Limits { first_byte: LIMIT, head: LIMIT, idle: LIMIT, ..patient() };
    let server = subject.serve(slow(limits), hello);
    let second = format!("{GET}GET / HTTP/1.1\r\n");
    drip(
        &server,
        &[
            ("", "\r\n"),                       // empty lines for ever
            (GET, "\r\n"),                      // and behind an answer
            ("", "x"),                          // a method
            ("GET / HTTP/1.1\r\n", "A: b\r\n"), // fields, each of them whole
            (&second, "A: b\r\n"),              // not the first head
        ],
    );
    stall(&server, &["G", "\r\nG", "GET / HTTP/1.1\r\nA: ", "GET / HTTP/1.1\r\nHost: test\r\n\r"], &[408]);
    stall(&server, &[&second], &[200, 408]);
}

/// Reads the body, except where the path says that nobody does.
fn reading() -> impl Handler {
    asynchronous(async |request: &mut Request| match request.path() {
        "/unread" => Ok("Hello"),
        _ => request.read_body().await.map(|_| "Hello"),
    })
}

pub(super) fn slow_bodies(subject: &Subject) {
    let limits = Limits { body: LIMIT, body_rate: 1_000, drain: LIMIT, ..patient() };
    let server = subject.serve(slow(limits), reading());
    let post = |path: &str, rest: &str| format!("POST {path} HTTP/1.1\r\nHost: test\r\n{rest}");
    let long = "Content-Length: 100000\r\n\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n\r\n";
    drip(
        &server,
        &[
            (&post("/", long), "x"),
            (&post("/", chunked), "1\r\nx\r\n"),
            (&post("/", &format!("{chunked}1;")), "x"),
            (&post("/", &format!("{chunked}0\r\n")), "A: b\r\n"),
            (&post("/unread", long), "x"),
        ],
    );
    let chunks =
        ["", "5", "1;", "1;a\r", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n0"].map(|body| chunked.to_string() + body);
    let trailers = ["0\r\n", "0\r\nA", "0\r\nA: b\r\n", "0\r\n\r"].map(|body| chunked.to_string() + body);
    let lengths = ["", "x", &"x".repeat(50_000)].map(|body| long.to_string() + body);
    for rests in [chunks.to_vec(), [trailers.as_slice(), &lengths].concat()] {
        let starts: Vec<_> = rests.iter().map(|rest| post("/", rest)).collect();
        stall(&server, &starts, &[408]);
    }
    let unread = [format!("{long}x"), format!("{chunked}5\r\nhel")].map(|rest| post("/unread", &rest));
    stall(&server, &unread, &[200]);
}

/// A body without an end.
struct Endless;

impl Producer for Endless {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        out.resize(64 << 10, b'x');
        Poll::Ready(Ok(true))
    }
}

/// Says hello, and elsewhere much, endlessly, or a page.
fn generous() -> impl Handler {
    let much = much();
    move |request: &mut Request| match request.path() {
        "/endless" => Response::text(Body::stream(Endless)),
        "/page" => Response::text(vec![b'x'; 16 << 10]),
        _ => much(request),
    }
}

pub(super) fn slow_readers(subject: &Subject) {
    let server = subject.serve(slow(Limits { send: LIMIT, ..patient() }), generous());
    let page = "GET /page HTTP/1.1\r\nHost: test\r\n\r\n";
    drip(
        &server,
        &[
            ("GET /much HTTP/1.1\r\nHost: test\r\n\r\n", GET),
            ("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n", GET),
            ("GET /endless HTTP/1.0\r\n\r\n", "x"),
            (&page.repeat(2_000), page), // each of the answers is small
        ],
    );
}

pub(super) fn idle_and_half_open_connections(subject: &Subject) {
    let server = subject.serve_narrow(Limits { linger: PATIENCE, ..patient() }, generous());
    let starts = [
        "",
        "\r\n",
        "GET / HTTP/1.1\r\nHost: t",
        GET,
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhel",
        "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "GET /much HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /endless HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n", // refused, and the connection lingers
    ];
    let mut open: Vec<_> = starts.iter().chain(&starts[..5]).map(|start| started(&server, start)).collect();
    open[starts.len()..].iter_mut().for_each(Client::end);
    for _ in 0..3 {
        let reply = Client::of(&server).get("/");
        assert_eq!((reply.status, reply.text()), (200, "Hello"));
    }
    let stats = server.stats();
    assert_eq!((stats.errors.panicked, stats.timeouts.queued), (0, 0), "{stats:?}");
    drop(open);
    subject.wait_for(&server, "nobody", |stats| stats.open() == 0);
    assert_eq!(Client::of(&server).get("/").text(), "Hello");
}

pub(super) fn resets_at_any_point(subject: &Subject) {
    let server = subject.serve(slow(patient()), generous());
    let mut other = Client::of(&server);
    let wire =
        "POST /page HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nA: b\r\n\r\n";
    for cut in 0..=wire.len() {
        started(&server, &format!("{GET}{}", &wire[..cut])).reset();
        let mut client = started(&server, &wire[..cut]);
        if cut % 2 == 0 {
            client.end();
            client.ended();
        }
    }
    for path in ["/page", "/much", "/endless"] {
        let get = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        for read in [0, 1, 1_000, 100_000] {
            let mut client = started(&server, &get.repeat(20));
            client.take(read);
            client.reset();
        }
        drop(started(&server, &get)); // perhaps before it is accepted
    }
    assert_eq!(other.get("/").text(), "Hello");
    subject.wait_for(&server, "only the other", |stats| stats.open() == 1);
    assert_eq!(other.get("/").text(), "Hello");
    assert_eq!(server.stats().errors.panicked, 0);
    assert_eq!(server.shutdown(PATIENCE).stuck, 0);
}
