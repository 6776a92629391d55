//! Heads that are none, or that two readers could read in two ways: refused as a whole, and the connection with them.

use super::super::Client;
use super::super::Subject;
use super::witness::{LAST, SMUGGLED, Witness, unhurried};
use crate::{Limits, Request};

fn get(fields: impl AsRef<[u8]>) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\n", fields.as_ref(), b"\r\n\r\n"].concat()
}

/// Lines that are no fields, or must not be taken for one.
const BAD_FIELDS: &[&[u8]] = &[
    // Whitespace before the colon, or before the name.
    b"A : b",
    b"A\t: b",
    b" A: b",
    b"\tA: b",
    b"\x0bA: b",
    b" ",
    b"\t",
    // Two lines of one field.
    b"A: b\r\n c",
    b"A: b\r\n\tc",
    b"A: b\r\n ",
    b"A:\r\n b",
    b"A\r\n: b",
    b"A\r\n : b",
    // No name, no colon, neither.
    b": b",
    b":",
    b": ",
    b"A",
    b"GET /smuggled HTTP/1.1",
    b"A b",
    // No end, or another one.
    b"A: b\n",
    b"A: b\nB: c",
    b"A: b\rB: c",
    b"A: b\r",
    b"A: b\r\r",
    b"\r",
    b"\rX",
    b"\rX: y",
    b"\n",
    b"\nA: b",
    b"A\n: b",
    b"A\r: b",
    b"A:\nb",
    // Control characters.
    b"A: b\0",
    b"A: b\0c",
    b"A:\0b",
    b"A\0: b",
    b"\0A: b",
    b"\0",
    b"A: b\x01",
    b"A: \x0bb",
    b"A: b\x0c",
    b"A: b\x1b[1m",
    b"A: b\x7f",
    // Names that are no tokens.
    b"A\x85: b",
    b"A\xa0: b",
    b"\xa0A: b",
    b"\xffA: b",
    b"A\xff: b",
    b"\xc3\x81: b",
    b"A B: c",
    b"(A): b",
    b"A/B: c",
    b"A,B: c",
    b"A;B: c",
    b"A=B: c",
    b"A@B: c",
    b"A?B: c",
    b"<A>: b",
    b"[A]: b",
    b"{A}: b",
    b"A\\B: c",
    b"\"A\": b",
];

pub(super) fn bad_fields(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    for field in BAD_FIELDS {
        witness.refuses(get([b"Host: test\r\n", *field].concat()), &[400]);
        witness.refuses(get([field, b"\r\nHost: test".as_slice()].concat()), &[400]);
    }
    let tokens = "!#$%&'*+-.^_`|~09azAZ";
    witness.accepts(get(format!("Host: test\r\n{tokens}: b\r\nEmpty:\r\nTab:\ta\tb\t")), &["GET / "]);
    values_are_opaque(subject);
}

/// Bytes above 127 are part of a value, and no whitespace, whatever they are in some encoding.
fn values_are_opaque(subject: &Subject) {
    let echo = |request: &mut Request| request.headers().get_bytes("x").map(<[u8]>::to_vec);
    let server = subject.serve(unhurried(), echo);
    let mut client = Client::of(&server);
    for value in [b"\xa0a\x85".as_slice(), b"\xff", b"a\xffb", b"\x85", "é\u{2028}".as_bytes(), b"a \t b"] {
        client.send(get([b"Host: test\r\nX: \t", value, b" \t"].concat()));
        assert_eq!(client.reply().body, value);
    }
}

/// Values of Host that are no host with an optional port, or are not alone.
const BAD_HOSTS: &[&[u8]] = &[
    b"a b",
    b"a, b",
    b"a/",
    b"a/b",
    b"a?b",
    b"a#b",
    b"a\\b",
    b"@a",
    b"user@a",
    b"user:password@a",
    b"http://a",
    b"//a",
    b"a:b",
    b"a:80:80",
    b"a:-1",
    b"a:+80",
    b"a:8 0",
    b"a: 80",
    b":80",
    b":",
    b"a :80",
    b"a:80x",
    b"a:0x50",
    b"::1",
    b"[::1",
    b"::1]",
    b"[::1]x",
    b"[::1]:x",
    b"[::1]:80:80",
    b"[]",
    b"[a]",
    b"[1]",
    b"[::g]",
    b"[::1%25lo]",
    b"[[::1]]",
    b"a[b]",
    b"a%",
    b"a%2",
    b"a%zz",
    b"a\"b\"",
    b"<a>",
    b"a^b",
    b"a`b",
    b"a|b",
    b"{a}",
    b"a\x85",
    b"\xa0a",
    b"\xff",
    "bücher.example".as_bytes(),
    b"a\0",
    b"a\r\n b",
    b"a\r\nHost: a",
    b"a\r\nHost: b",
    b"\r\nHost: a",
    b"a\r\nhOST:",
];

pub(super) fn host_missing_duplicate_or_invalid(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    for target in ["/", "http://test/", "http://test", "http://test?q"] {
        witness.refuses(format!("GET {target} HTTP/1.1\r\n\r\n"), &[400]);
        witness.refuses(format!("GET {target} HTTP/1.1\r\nX-Host: a\r\nA: b\r\n\r\n"), &[400]);
    }
    let lines = ["GET / HTTP/1.1", "GET http://test/ HTTP/1.1", "GET / HTTP/1.0"];
    for (line, host) in lines.iter().flat_map(|line| BAD_HOSTS.iter().map(move |host| (line, host))) {
        witness.refuses([line.as_bytes(), b"\r\nHost: ", host, b"\r\n\r\n"].concat(), &[400]);
    }
    for host in
        ["", "test", "TEST.example.", "test:80", "test:", "a_b-c.d", "a%20b", "127.0.0.1:1", "[::1]", "[::1]:80"]
    {
        witness.accepts(get(format!("Host: {host}")), &["GET / "]);
    }
    witness.accepts(b"GET http://other:1/a HTTP/1.1\r\nHost: test\r\n\r\n", &["GET http://other:1/a "]);
    witness.accepts(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &["GET / "]);
}

/// Request lines that are none, with the status each is told.
const BAD_LINES: &[(&[u8], u16)] = &[
    // Versions.
    (b"GET /", 400),
    (b"GET / ", 400),
    (b"GET / HTTP", 400),
    (b"GET / HTTP/", 400),
    (b"GET / HTTP/1", 400),
    (b"GET / HTTP/1.", 400),
    (b"GET / HTTP/.1", 400),
    (b"GET / HTTP/11", 400),
    (b"GET / HTTP/1.10", 400),
    (b"GET / HTTP/1.1.1", 400),
    (b"GET / HTTP/1.1x", 400),
    (b"GET / HTTP/01.1", 400),
    (b"GET / HTTP/+1.1", 400),
    (b"GET / HTTP/1.-1", 400),
    (b"GET / HTTP/1._1", 400),
    (b"GET / HTTP/0x1.1", 400),
    (b"GET / HTTP/1.a", 400),
    (b"GET / HTTP/1,1", 400),
    (b"GET / HTTP /1.1", 400),
    (b"GET / HTTP/ 1.1", 400),
    (b"GET / http/1.1", 400),
    (b"GET / HTTPS/1.1", 400),
    (b"GET / HTP/1.1", 400),
    (b"GET / ICY/1.1", 400),
    (b"GET / HTTP/1.1 HTTP/1.1", 400),
    (b"GET / HTTP/1.1 ", 400),
    (b"GET / HTTP/1.1\t", 400),
    (b"GET / HTTP/1.1\0", 400),
    (b"GET / HTTP/1.1\r", 400),
    (b"GET / HTTP/1.1\rX", 400),
    (b"GET / HTTP/1.1\xa0", 400),
    (b"GET / \xa0HTTP/1.1", 400),
    (b"GET / HTTP/0.9", 505),
    (b"GET / HTTP/2.0", 505),
    (b"GET / HTTP/3.0", 505),
    (b"GET / HTTP/9.9", 505),
    (b"PRI / HTTP/2.0", 505),
    // Methods.
    (b"", 400),
    (b"/ HTTP/1.1", 400),
    (b" / HTTP/1.1", 400),
    (b" GET / HTTP/1.1", 400),
    (b"\tGET / HTTP/1.1", 400),
    (b"\0GET / HTTP/1.1", 400),
    (b"GE\0T / HTTP/1.1", 400),
    (b"GET\0 / HTTP/1.1", 400),
    (b"G(T / HTTP/1.1", 400),
    (b"GET, / HTTP/1.1", 400),
    (b"GET: / HTTP/1.1", 400),
    (b"GET/ / HTTP/1.1", 400),
    (b"\"GET\" / HTTP/1.1", 400),
    (b"\xa0GET / HTTP/1.1", 400),
    (b"GET\x85 / HTTP/1.1", 400),
    (b"G\xc3\x89T / HTTP/1.1", 400),
    (b"CONNECT test:80 HTTP/1.1", 501),
    (b"CONNECT / HTTP/1.1", 501),
    // What stands for a space, and what does not.
    (b"GET  / HTTP/1.1", 400),
    (b"GET /  HTTP/1.1", 400),
    (b"GET\t/ HTTP/1.1", 400),
    (b"GET /\tHTTP/1.1", 400),
    (b"GET\n/ HTTP/1.1", 400),
    (b"GET /\nHTTP/1.1", 400),
    (b"GET\n/\nHTTP/1.1", 400),
    (b"GET\r/ HTTP/1.1", 400),
    (b"GET /\rHTTP/1.1", 400),
    (b"GET\x0b/\x0bHTTP/1.1", 400),
    (b"GET\x0c/\x0cHTTP/1.1", 400),
    (b"GET\xa0/\xa0HTTP/1.1", 400),
    // Targets.
    (b"GET HTTP/1.1", 400),
    (b"GET  HTTP/1.1", 400),
    (b"GET a HTTP/1.1", 400),
    (b"GET * HTTP/1.1", 400),
    (b"GET ?a HTTP/1.1", 400),
    (b"GET #a HTTP/1.1", 400),
    (b"GET test:80 HTTP/1.1", 400),
    (b"GET ../a HTTP/1.1", 400),
    (b"GET \\a HTTP/1.1", 400),
    (b"GET http: HTTP/1.1", 400),
    (b"GET http:/a HTTP/1.1", 400),
    (b"GET http:// HTTP/1.1", 400),
    (b"GET http:///a HTTP/1.1", 400),
    (b"GET http://a:b/ HTTP/1.1", 400),
    (b"GET http://a@b/ HTTP/1.1", 400),
    (b"GET http://[::1/ HTTP/1.1", 400),
    (b"GET ftp://test/ HTTP/1.1", 400),
    (b"GET https://test/ HTTP/1.1", 421),
    (b"GET http://:80/ HTTP/1.1", 400),
    (b"GET file:///etc/passwd HTTP/1.1", 400),
    (b"GET javascript:alert(1) HTTP/1.1", 400),
    (b"OPTIONS *? HTTP/1.1", 400),
    (b"OPTIONS ** HTTP/1.1", 400),
    (b"GET /a b HTTP/1.1", 400),
    (b"GET /a#b HTTP/1.1", 400),
    (b"GET /\"a\" HTTP/1.1", 400),
    (b"GET /<a> HTTP/1.1", 400),
    (b"GET /\\a HTTP/1.1", 400),
    (b"GET /% HTTP/1.1", 400),
    (b"GET /%2 HTTP/1.1", 400),
    (b"GET /%zz HTTP/1.1", 400),
    (b"GET /%u002f HTTP/1.1", 400),
    (b"GET /\0 HTTP/1.1", 400),
    (b"GET /\x01 HTTP/1.1", 400),
    (b"GET /\x7f HTTP/1.1", 400),
    (b"GET /a\0.txt HTTP/1.1", 400),
    (b"GET /?a\0 HTTP/1.1", 400),
    (b"GET /\x85 HTTP/1.1", 400),
    (b"GET /\xa0 HTTP/1.1", 400),
    (b"GET /\xff HTTP/1.1", 400),
    (b"GET /\xc0\xaf HTTP/1.1", 400),
];

pub(super) fn illegal_version_method_or_target(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    for (line, status) in BAD_LINES {
        witness.refuses([line, b"\r\nHost: test\r\n\r\n".as_slice()].concat(), &[*status]);
    }
    for line in ["get /", "GETX /", "!#$%&'*+-.^_`|~09 /", "GET //a//b", "GET /%00?%", "GET http://test", "GET /a;b=c"]
    {
        witness.accepts(format!("{line} HTTP/1.1\r\nHost: test\r\n\r\n"), &[&format!("{line} ")]);
    }
    witness.accepts("GET / HTTP/1.9\r\nHost: test\r\n\r\n", &["GET / "]);
    witness.accepts("\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n\r\n", &["GET / "]);
}

pub(super) fn garbage_behind_a_good_request(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    let good = b"POST /good HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    for garbage in [b"\0".as_slice(), b"\x16\x03\x01\x02\0\x01\n", b"hello\r\n", b"GET /\n", b"\xff\xfe", b" ", b"x"] {
        let wire = [good, garbage, b"\r\n\r\n"].concat();
        witness.refuses_after(&["POST /good hello"], wire, &[400]);
    }
    let mut client = Client::of(&witness.server);
    client.send([LAST, SMUGGLED].concat());
    assert_eq!(client.reply().text(), "GET /last ");
    client.closed();
    assert_eq!(witness.seen.take(), ["GET /last "], "nothing is read behind a request that closes");
    let good_and_good = [good.as_slice(), good].concat();
    witness.accepts(&good_and_good, &["POST /good hello", "POST /good hello"]);
    witness.accepts([&good_and_good, b"\r\n".as_slice()].concat(), &["POST /good hello", "POST /good hello"]);
}

pub(super) fn endless_heads(subject: &Subject) {
    let limits = Limits { request_line: 200, head_size: 1_000, fields: 10, ..unhurried() };
    let witness = Witness::of(subject, limits);
    let much = "x".repeat(100_000);
    let line = "GET / HTTP/1.1\r\nHost: test\r\n";
    for (wire, statuses) in [
        (much.clone(), &[414][..]),
        (format!("GET /{much} HTTP/1.1\r\nHost: test\r\n\r\n"), &[414]),
        (format!("GET /?{much}"), &[414]),
        (format!("GET / HTTP/1.1{much}"), &[414]),
        (format!("GET {} HTTP/1.1\r\n\r\n", " ".repeat(100_000)), &[414]),
        ("\r\n".repeat(50_000), &[431]),
        (format!("{line}{much}"), &[431]),
        (format!("{line}A: {much}"), &[431]),
        (format!("{line}A:{}", " ".repeat(100_000)), &[431]),
        (format!("{line}{much}: b\r\n\r\n"), &[431]),
        (format!("{line}A: {much}\r\n\r\n"), &[431]),
        (line.to_string() + &"A: b\r\n".repeat(10_000), &[431]),
        (line.to_string() + &"A:\r\n".repeat(10) + "\r\n", &[431]),
    ] {
        witness.refuses(wire, statuses);
    }
    let target = format!("/{}", "x".repeat(200 - "GET / HTTP/1.1".len()));
    witness.accepts(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"), &[&format!("GET {target} ")]);
    let filled = "x".repeat(1_000 - line.len() - "A: \r\n\r\n".len());
    witness.accepts(format!("{line}A: {filled}\r\n\r\n"), &["GET / "]);
    witness.accepts(line.to_string() + &"A:\r\n".repeat(9) + "\r\n", &["GET / "]);
    // By default a request line of the 8,000 bytes that RFC 9112 section 3 recommends is served.
    let witness = Witness::of(subject, unhurried());
    let target = format!("/{}", "x".repeat(8_000 - "GET / HTTP/1.1".len()));
    witness.accepts(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"), &[&format!("GET {target} ")]);
}
