//! What is checked of exercise 1, an incremental parser for the heads of requests.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex01_parse.rs"]
mod ex01_parse;

use course::check::{self, Check};
use ex01_parse::{Parse, Request, parse};
use std::process::ExitCode;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "good_heads_are_read",
            points: 1,
            does: "reads a table of good heads, and compares all that they say",
            read: "Step 1: a good head",
            run: good_heads_are_read,
        },
        Check {
            name: "a_head_may_come_in_pieces",
            points: 1,
            does: "cuts good heads off at every byte: each beginning is Partial",
            read: "Step 2: a part of a head",
            run: a_head_may_come_in_pieces,
        },
        Check {
            name: "what_follows_the_head_is_left",
            points: 1,
            does: "reads three heads from the same bytes, and one with a body of 20 KiB behind it",
            read: "Step 3: what follows",
            run: what_follows_the_head_is_left,
        },
        Check {
            name: "bad_request_lines_are_refused",
            points: 1,
            does: "reads a table of whole heads whose request lines are wrong",
            read: "Step 4: refusals",
            run: bad_request_lines_are_refused,
        },
        Check {
            name: "bad_fields_are_refused",
            points: 1,
            does: "reads a table of whole heads with fields that are wrong, missing or contradict each other",
            read: "Step 4: refusals",
            run: bad_fields_are_refused,
        },
        Check {
            name: "a_bad_line_is_refused_at_once",
            points: 1,
            does: "sends a wrong line with its end, and nothing behind it",
            read: "Step 5: at once",
            run: a_bad_line_is_refused_at_once,
        },
    ])
}

/// Heads, and what they say: method, target, minor version, fields.
type Good = (&'static str, &'static str, &'static str, u8, &'static [(&'static str, &'static str)]);

const GOOD: &[Good] = &[
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", 1, &[("Host", "a")]),
    ("GET / HTTP/1.0\r\n\r\n", "GET", "/", 0, &[]),
    ("get /a%20b?c=d&e HTTP/1.1\r\nhOST:a:80\r\n\r\n", "get", "/a%20b?c=d&e", 1, &[("hOST", "a:80")]),
    (
        "M-SEARCH * HTTP/1.1\r\nHost: a\r\nEmpty:\r\nX: \t b  c:d\t \r\nX: e\r\n\r\n",
        "M-SEARCH",
        "*",
        1,
        &[("Host", "a"), ("Empty", ""), ("X", "b  c:d"), ("X", "e")],
    ),
    (
        "POST http://a/b HTTP/1.1\r\ncontent-length: 18446744073709551615\r\nHost:b\r\n!#$%&'*+-.^_`|~: x\ty\r\n\r\n",
        "POST",
        "http://a/b",
        1,
        &[("content-length", "18446744073709551615"), ("Host", "b"), ("!#$%&'*+-.^_`|~", "x\ty")],
    ),
    (
        "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "PUT",
        "/a",
        1,
        &[("Host", "a"), ("Transfer-Encoding", "chunked")],
    ),
];

fn request(&(_, method, target, minor, fields): &Good) -> Request {
    let fields = fields.iter().map(|&(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    Request { method: method.into(), target: target.into(), version: (1, minor), fields }
}

fn good_heads_are_read() {
    for good in GOOD {
        let (head, expected) = (good.0, request(good));
        match parse(head.as_bytes()) {
            Parse::Done(request, used) => {
                assert_eq!(request, expected, "{head:?} was read as the first of these");
                assert_eq!(used, head.len(), "{head:?} has {} bytes, of which {used} were used", head.len());
            }
            other => panic!("{head:?} is good and whole, and gave {other:?}"),
        }
    }
}

fn a_head_may_come_in_pieces() {
    for good in GOOD {
        let head = good.0;
        for cut in 0..head.len() {
            let come = &head[..cut];
            match parse(come.as_bytes()) {
                Parse::Partial => {}
                other => panic!("{come:?} is how {head:?} begins, and gave {other:?} instead of Partial"),
            }
        }
        assert!(matches!(parse(head.as_bytes()), Parse::Done(..)), "{head:?} was not read once it had come whole");
    }
}

fn what_follows_the_head_is_left() {
    let three: String = GOOD.iter().take(3).map(|good| good.0).collect();
    let mut rest = three.as_bytes();
    for good in GOOD.iter().take(3) {
        match parse(rest) {
            Parse::Done(request, used) => {
                assert_eq!(request.target, good.2, "read from {:?}", rest.escape_ascii().to_string());
                assert_eq!(used, good.0.len(), "so many bytes were used of {:?}", rest.escape_ascii().to_string());
                rest = &rest[used..];
            }
            other => panic!("{:?} begins with a whole head, and gave {other:?}", rest.escape_ascii().to_string()),
        }
    }
    let mut bytes = GOOD[0].0.as_bytes().to_vec();
    bytes.resize(20 << 10, b'\n');
    match parse(&bytes) {
        Parse::Done(_, used) => assert_eq!(used, GOOD[0].0.len(), "so many bytes were used; behind them is a body"),
        other => panic!("a good head with a body of 20 KiB behind it gave {other:?}"),
    }
}

/// Fails unless `bytes` are refused with this status.
fn refused(bytes: &str, status: u16) {
    match parse(bytes.as_bytes()) {
        Parse::Err(seen) => assert_eq!(seen, status, "{bytes:?} is refused, but with the first of these statuses"),
        Parse::Partial => panic!("{bytes:?} gave Partial: it waits for more, instead of refusing it with {status}"),
        Parse::Done(request, _) => panic!("{bytes:?} was not refused with {status}, but read as {request:?}"),
    }
}

fn bad_request_lines_are_refused() {
    let cases = [
        ("GET /", 400),
        ("GET", 400),
        ("", 400),
        (" GET / HTTP/1.1", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET /  HTTP/1.1", 400),
        ("GET / HTTP/1.1 ", 400),
        ("GET /a b HTTP/1.1", 400),
        ("GET\t/ HTTP/1.1", 400),
        ("G(T / HTTP/1.1", 400),
        ("GET /\u{7f} HTTP/1.1", 400),
        ("GET /\0 HTTP/1.1", 400),
        ("GET / HTTP/1.1\r", 400),
        ("GET / http/1.1", 400),
        ("GET / HTTP/1", 400),
        ("GET / HTTP/1.10", 400),
        ("GET / HTTP/x.1", 400),
        ("GET / HTTP/2.0", 505),
        ("GET / HTTP/0.9", 505),
    ];
    for (line, status) in cases {
        refused(&format!("{line}\r\nHost: a\r\n\r\n"), status);
    }
}

fn bad_fields_are_refused() {
    let cases = [
        "A: b",                        // no Host
        "Host: a\r\nhost: a",          // two
        "Host : a",                    // a space before the colon
        "Host: a\r\nA\t: b",           // a tab
        "Host: a\r\n folded",          // a folded line
        "Host: a\r\n\tfolded: x",      // with a tab
        " Host: a",                    // the first of them
        "Host: a\r\nno colon",         // that one, too
        "Host: a\r\n: b",              // no name
        "Host: a\r\nA(b): c",          // a name that is no token
        "Host: a\r\nA: b\0c",          // a control character
        "Host: a\r\nA: b\rc",          // a CR by itself
        "Host: a\r\nA: b\r",           // the same before the end
        "Host: a\r\nA: b\u{7f}",       // DEL
        "Host: a\nA: b",               // an LF by itself
        "Host: a\r\nA: b\n",           // the same, before an empty line
        "Host: a\r\nContent-Length: ", // not a number
        "Host: a\r\nContent-Length: +1",
        "Host: a\r\nContent-Length: 0x1",
        "Host: a\r\nContent-Length: 1, 1",
        "Host: a\r\nContent-Length: 18446744073709551616", // not in 64 bits
        "Host: a\r\nContent-Length: 1\r\nContent-Length: 1",
        "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        "Host: a\r\nTransfer-Encoding: chunked\r\ncontent-length: 1",
    ];
    for fields in cases {
        refused(&format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n"), 400);
    }
    refused("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    refused("GET / HTTP/1.2\r\n\r\n", 400);
}

fn a_bad_line_is_refused_at_once() {
    let cases = [
        ("GET /\r\n", 400),
        ("GET / HTTP/2.0\r\n", 505),
        ("GET / HTTP/1.1\r\nA(b): c\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\nA: b", 400),
    ];
    for (bytes, status) in cases {
        refused(bytes, status);
    }
}
