//! Bodies that nobody wants, or that never end: they are read away within their limits, or the connection ends; what is
//! in them is never taken for a request.

use super::super::{Client, Subject};
use super::framing::{END, chunked, post};
use super::witness::{LAST, SMUGGLED, Seen, Witness, unhurried};
use crate::{Limits, Request, Response, Running, Status, with};

/// More chunk extensions and trailers than [`OVERHEAD`].
fn endless() -> [String; 6] {
    let much = "x".repeat(4 * OVERHEAD);
    [
        format!("1;{much}\r\na\r\n0\r\n\r\n"),
        format!("1;a=\"{much}\"\r\na\r\n0\r\n\r\n"),
        "1;a=b\r\na\r\n".repeat(OVERHEAD) + END,
        format!("1\r\na\r\n0;{much}\r\n\r\n"),
        format!("0\r\nA: {much}\r\n\r\n"),
        "0\r\n".to_string() + &"A: b\r\n".repeat(OVERHEAD) + "\r\n",
    ]
}

const OVERHEAD: usize = 1 << 10;

pub(super) fn endless_chunk_extensions_and_trailers(subject: &Subject) {
    let limits = || Limits { chunk_overhead: OVERHEAD, ..unhurried() };
    let witness = Witness::of(subject, limits());
    for body in endless() {
        witness.refuses(chunked(body), &[400]);
    }
    let fits = "x".repeat(OVERHEAD / 2);
    witness.accepts(chunked(format!("1;{fits}\r\na\r\n0\r\nA: {fits}\r\n\r\n")), &["POST / a"]);

    let (server, seen) = ignoring(subject, limits());
    for body in endless() {
        let mut client = Client::of(&server);
        client.send([&chunked(body), SMUGGLED].concat());
        assert_eq!(client.reply().status, 200, "nobody reads the body, so nobody minds");
        client.closed();
        assert_eq!(seen.take(), ["POST / "]);
    }
}

/// A server whose handler reads no body; the path says the status.
fn ignoring(subject: &Subject, limits: Limits) -> (Running, Seen) {
    let seen = Seen::default();
    let handler = with(seen.clone(), async |seen: &Seen, request: &mut Request| {
        let text = seen.note(request);
        let status = request.path()[1..].parse().map_or(Status::OK, Status::new);
        match Response::redirect(status, "/elsewhere") {
            Ok(redirect) if status == Status::FOUND => redirect,
            _ => Response::text(text).with_status(status),
        }
    });
    (subject.serve(limits, handler), seen)
}

pub(super) fn bodies_nobody_reads(subject: &Subject) {
    let (server, seen) = ignoring(subject, Limits { drain_size: DRAINED as u64, ..unhurried() });
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "COW"];
    let statuses = [204, 302, 304, 404, 405, 412, 416, 500];
    let mut lines: Vec<_> = methods.iter().map(|method| (*method, 200)).collect();
    lines.extend(statuses.iter().flat_map(|&status| [("GET", status), ("HEAD", status)]));
    for (method, status) in lines {
        for size in [SMUGGLED.len(), DRAINED, DRAINED + 1] {
            for is_chunked in [false, true] {
                nobody_reads(&server, &seen, (method, status), size, is_chunked);
            }
        }
    }
}

const DRAINED: usize = 1_000;

/// A body that is a request, as far as its size allows, and a real one behind it.
fn nobody_reads(server: &Running, seen: &Seen, (method, status): (&str, u16), size: usize, is_chunked: bool) {
    let line = format!("{method} /{status}");
    let data = [SMUGGLED, &vec![b'x'; size - SMUGGLED.len()]].concat();
    let (framing, body) = match is_chunked {
        false => (format!("Content-Length: {size}\r\n\r\n"), data),
        true => {
            (format!("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n"), [&data, b"\r\n0\r\n\r\n".as_slice()].concat())
        }
    };
    let head = format!("{line} HTTP/1.1\r\nHost: test\r\n{framing}");
    let mut client = Client::of(server);
    client.send([head.as_bytes(), &body, LAST].concat());
    let has_body = method != "HEAD" && status != 304;
    let reply = if has_body { client.reply() } else { client.head() };
    assert_eq!(reply.status, status, "{head:?}");
    let mut expected = vec![format!("{line} ")];
    if size <= DRAINED {
        assert_eq!(client.reply().text(), "GET /last ", "behind {head:?}");
        expected.push("GET /last ".into());
    }
    client.closed();
    assert_eq!(seen.take(), expected, "{head:?}");
}

pub(super) fn expect_obfuscated(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    let values: &[&[u8]] = &[
        b"",
        b"100",
        b"continue",
        b"y",
        b"100-continued",
        b"x100-continue",
        b"100-continue x",
        b"100-continue;q=1",
        b"100-continue, x",
        b"x, 100-continue",
        b"100-continue,",
        b"\"100-continue\"",
        b"\xa0100-continue",
        b"100-continue\x85",
        b"100-continue\0",
        b"\x0b100-continue",
        b"100-\r\n continue",
        b"100-continue\r\nExpect: x",
        b"x\r\nExpect: 100-continue",
    ];
    for value in values {
        for framing in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
            let head = post([b"Expect: ", *value, b"\r\n", framing.as_bytes()].concat());
            witness.refuses([head, END.into()].concat(), &[400, 417]);
        }
    }
    witness.refuses(post("Expect : 100-continue\r\nContent-Length: 5"), &[400]);
    expectations_change_no_framing(&witness);
    let (server, seen) = ignoring(subject, unhurried());
    let mut client = Client::of(&server);
    let head = post(format!("Expect: 100-continue\r\nContent-Length: {}", SMUGGLED.len()));
    client.send([&head, SMUGGLED, SMUGGLED].concat());
    let reply = client.reply();
    assert_eq!((reply.status, reply.field("connection")), (200, Some("close")), "the body may come or not");
    client.closed();
    assert_eq!(seen.take(), ["POST / "]);
}

/// Who has sent the body already is not told to go on; who has none to send, neither, nor is HTTP/1.0.
fn expectations_change_no_framing(witness: &Witness) {
    for value in ["100-continue", "100-Continue", "\t100-CONTINUE ", "100-continue\r\nExpect: 100-continue"] {
        let head = post(format!("Expect: {value}\r\nContent-Length: 5"));
        let mut client = Client::of(&witness.server);
        client.send(&head);
        assert_eq!(client.reply().status, 100, "{value:?}");
        client.send([END.as_bytes(), SMUGGLED].concat());
        assert_eq!(client.reply().text(), r"POST / 0\r\n\r\n");
        assert_eq!(client.reply().text(), "GET /smuggled ", "which is really one here");
        assert_eq!(witness.seen.take().len(), 2);
    }
    witness.accepts("GET / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n\r\n", &["GET / "]);
    let old = "POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello";
    witness.accepts(old, &["POST / hello"]);
}
