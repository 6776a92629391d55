//! Tables of good and bad heads; every one of them whole and split at every byte.

use super::*;

fn limits() -> Limits {
    Limits { request_line: 40, head_size: 200, fields: 4, ..Limits::default() }
}

type Parsed = (String, String, Option<String>, Version, Vec<(String, String)>, Framing);

/// Parses `wire`, of which first `split` bytes and then all are there.
fn parse(wire: &str, split: usize) -> Result<Option<Parsed>, Refusal> {
    let mut scan = Scan::default();
    let wire = wire.as_bytes();
    let found = match scan.find_head(&wire[..split], &limits())? {
        Some(found) => Some(found),
        None => scan.find_head(wire, &limits())?,
    };
    let Some(found) = found else { return Ok(None) };
    let mut headers = Headers::new();
    let mut line = RequestLine::NONE;
    let end = headers.receive(&wire[found.clone()], |text, fields| head(text, &limits(), &mut line, fields))?;
    assert_eq!(end, found.len());
    let framing = framing(&headers, line.version)?;
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ok(Some((
        string(line.method.of(headers.text())),
        string(line.path.of(headers.text())),
        line.query.map(|query| string(query.of(headers.text()))),
        line.version,
        headers.iter().map(|(name, value)| (name.to_string(), string(value))).collect(),
        framing,
    )))
}

fn parse_at_every_split(wire: &str) -> Result<Option<Parsed>, Refusal> {
    let whole = parse(wire, wire.len());
    // A head that has not been searched for its end is taken apart if it is whole, and only then.
    if let Ok(parsed) = &whole
        && !wire.starts_with("\r\n")
    {
        let mut line = RequestLine::NONE;
        let unsearched = head(wire.as_bytes(), &limits(), &mut line, &mut Vec::new());
        assert_eq!(unsearched.is_ok(), parsed.is_some(), "{wire:?}");
    }
    for split in 0..wire.len() {
        assert_eq!(parse(wire, split), whole, "split at {split}: {wire:?}");
    }
    whole
}

#[track_caller]
fn refused(wire: &str) -> Refusal {
    match parse_at_every_split(wire) {
        Err(refusal) => refusal,
        other => panic!("{wire:?} gave {other:?}"),
    }
}

#[test]
fn a_request_in_full() {
    let wire = "\r\nPOST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nEmpty:\r\nX-y:\t a b \t\r\nContent-Length: 5\r\n\r\nhello";
    let (method, path, query, version, fields, framing) = parse_at_every_split(wire).unwrap().unwrap();
    assert_eq!((method.as_str(), path.as_str(), query.as_deref()), ("POST", "/a%20b", Some("c=d")));
    assert_eq!(version, Version::Http11);
    let expected = [("Host", "x"), ("Empty", ""), ("X-y", "a b"), ("Content-Length", "5")];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_string(), value.to_string())));
    let body = Length::Exactly(5);
    assert_eq!(framing, Framing { body, keep_alive: true, expects_continue: false });
}

#[test]
fn the_forms_of_a_target() {
    let cases = [
        ("GET /", "/", None),
        ("GET /?", "/", Some("")),
        ("GET /a?b?c", "/a", Some("b?c")),
        ("GET http://h:80/a?b", "/a", Some("b")),
        ("GET HTTP://h", "", None),
        ("GET http://h?q", "", Some("q")),
        ("OPTIONS *", "*", None),
        ("GET /é", "/é", None),
    ];
    for (line, path, query) in cases {
        let parsed = parse(&format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n"), 0).unwrap().unwrap();
        assert_eq!((parsed.1.as_str(), parsed.2.as_deref()), (path, query), "{line}");
    }
}

#[test]
fn request_lines_that_are_refused() {
    let cases = [
        ("GET", 400),
        ("GET /", 400),
        ("GET HTTP/1.1", 400),
        ("GET  HTTP/1.1", 400),
        (" GET / HTTP/1.1", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET / HTTP/1.1 ", 400),
        ("GET / x HTTP/1.1", 400),
        ("GET\t/ HTTP/1.1", 400),
        ("G(T / HTTP/1.1", 400),
        ("GET a HTTP/1.1", 400),
        ("GET * HTTP/1.1", 400),
        ("OPTIONS *? HTTP/1.1", 400),
        ("GET ftp://h/ HTTP/1.1", 400),
        ("GET https://h/ HTTP/1.1", 421),
        ("GET http://:80/ HTTP/1.1", 400),
        ("GET http:///a HTTP/1.1", 400),
        ("GET http://a@b/ HTTP/1.1", 400),
        ("GET /# HTTP/1.1", 400),
        ("GET /\x7f HTTP/1.1", 400),
        ("GET / HTTP/1.1\r", 400),
        ("GET / http/1.1", 400),
        ("GET / HTTP/1", 400),
        ("GET / HTTP/1.10", 400),
        ("GET / HTTP/+1.1", 400),
        ("GET / HTTP/2.0", 505),
        ("GET / HTTP/9.9", 505),
        ("CONNECT h:80 HTTP/1.1", 501),
        ("CONNECT / HTTP/1.1", 501),
        ("GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1", 414),
    ];
    for (line, status) in cases {
        let refusal = refused(&format!("{line}\r\nHost: h\r\n\r\n"));
        assert_eq!(refusal.status.code(), status, "{line:?}: {refusal}");
    }
}

#[test]
fn fields_that_are_refused() {
    let cases = [
        ("Host : h", 400),
        (" Host: h", 400),
        ("Host: h\r\n folded", 400),
        ("Host: h\r\n\tfolded", 400),
        ("Host: h\r\nnone", 400),
        ("Host: h\r\n: x", 400),
        ("Host: h\r\nA\0: x", 400),
        ("Host: h\r\nA: x\0", 400),
        ("Host: h\r\nA: x\ry", 400),
        ("Host: h\nA: x", 400),
        ("Host: h\r\nHost: h", 400),
        ("Host: h h", 400),
        ("A: b", 400),
        ("Host: h\r\nContent-Length: +1", 400),
        ("Host: h\r\nContent-Length:", 400),
        ("Host: h\r\nContent-Length: 1, 1", 400),
        ("Host: h\r\nContent-Length: 0x1", 400),
        ("Host: h\r\nContent-Length: 18446744073709551616", 400),
        ("Host: h\r\nContent-Length: 1\r\nContent-Length: 1", 400),
        ("Host: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400),
        ("Host: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        ("Host: h\r\nTransfer-Encoding: chunked, chunked", 400),
        ("Host: h\r\nTransfer-Encoding: gzip, chunked", 501),
        ("Host: h\r\nTransfer-Encoding: identity", 501),
        ("Host: h\r\nTransfer-Encoding:", 400),
        ("Host: h\r\nExpect: 200-ok", 417),
        ("Host: h\r\nA: b\r\nA: b\r\nA: b\r\nA: b", 431),
    ];
    for (fields, status) in cases {
        let refusal = refused(&format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n"));
        assert_eq!(refusal.status.code(), status, "{fields:?}: {refusal}");
    }
    let long = format!("GET / HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", "x".repeat(200));
    assert_eq!(refused(&long).status.code(), 431);
    let refusal = refused("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(refusal.status.code(), 400, "HTTP/1.0 has no Transfer-Encoding");
}

#[test]
fn the_limits_let_through_what_they_name() {
    let line = "GET /aaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1";
    assert_eq!(line.len(), limits().request_line);
    let head = format!("{line}\r\nHost: h\r\nA: b\r\nA: b\r\nA: b\r\n\r\n");
    assert!(parse_at_every_split(&head).unwrap().is_some());
    let fill = "x".repeat(limits().head_size - 32);
    let head = format!("GET / HTTP/1.1\r\nHost: h\r\nA: {fill}\r\n\r\n");
    assert_eq!(head.len(), limits().head_size);
    assert!(parse_at_every_split(&head).unwrap().is_some());
}

#[test]
fn an_unfinished_head_is_not_refused() {
    for wire in ["", "\r\n", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r"] {
        assert_eq!(parse_at_every_split(wire), Ok(None), "{wire:?}");
    }
}

#[test]
fn what_the_connection_field_means() {
    let cases = [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, CLOSE\r\n", false),
        ("1.1", "Connection: x\r\nConnection: close\r\n", false),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.5", "", true),
    ];
    for (version, connection, keep_alive) in cases {
        let wire = format!("GET / HTTP/{version}\r\nHost: h\r\n{connection}\r\n");
        assert_eq!(parse(&wire, 0).unwrap().unwrap().5.keep_alive, keep_alive, "{wire:?}");
    }
}

#[test]
fn only_http_1_1_can_expect() {
    for (version, expects) in [("1.1", true), ("1.0", false)] {
        let wire = format!("PUT / HTTP/{version}\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n");
        assert_eq!(parse(&wire, 0).unwrap().unwrap().5.expects_continue, expects);
    }
}
