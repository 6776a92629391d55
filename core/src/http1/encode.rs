//! What goes out in front of a body: status line, fields, chunk frames (RFC 9112 sections 4, 6 and 7).
//!
//! Framing is written here and nowhere else: a handler's own Content-Length, Transfer-Encoding, Connection, Upgrade and
//! Date (and Keep-Alive and Proxy-Connection, which are Connection's) are left out, so it cannot contradict what is
//! sent.

use super::date::DateText;
use crate::{Headers, Status};

/// The answer to a connection that could not be started.
pub(crate) const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: 67\r\n\r\n\
    503 Service Unavailable: the server cannot take the connection now\n";

/// Says that the body may come (RFC 9110 section 15.2.1).
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How the end of a response's body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// There is no body and no length: 204.
    Nothing,
    Length(u64),
    Chunked,
    /// The connection ends with it: a body of unknown length to an HTTP/1.0 client.
    UntilClose,
}

/// Everything a response's head is made of.
pub(crate) struct ResponseHead<'a> {
    pub(crate) status: Status,
    pub(crate) headers: &'a Headers,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) frame: Frame,
    /// `close` or `keep-alive`, where it must be said.
    pub(crate) connection: Option<&'a str>,
    pub(crate) date: &'a DateText,
}

/// Appends a head to `out`. Every line ends where the next begins: fewer, longer pieces to copy.
pub(crate) fn response_head(out: &mut Vec<u8>, head: &ResponseHead<'_>) {
    match head.status {
        Status::OK => out.extend_from_slice(b"HTTP/1.1 200 OK\r\ndate: "),
        other => out.extend_from_slice(format!("HTTP/1.1 {} {}\r\ndate: ", other.code(), other.reason()).as_bytes()),
    }
    out.extend_from_slice(head.date);
    match head.frame {
        Frame::Length(length) => {
            out.extend_from_slice(b"\r\ncontent-length: ");
            decimal(out, length);
        }
        Frame::Chunked => out.extend_from_slice(b"\r\ntransfer-encoding: chunked"),
        Frame::Nothing | Frame::UntilClose => {}
    }
    if let Some(content_type) = head.content_type {
        out.extend_from_slice(b"\r\ncontent-type: ");
        out.extend_from_slice(content_type.as_bytes());
    }
    if let Some(connection) = head.connection {
        out.extend_from_slice(b"\r\nconnection: ");
        out.extend_from_slice(connection.as_bytes());
    }
    if head.status == Status::UPGRADE_REQUIRED {
        upgrade(out, head.headers);
    }
    fields(out, head.headers);
    out.extend_from_slice(b"\r\n\r\n");
}

/// Appends the head that ends HTTP on a connection, with the fields that say what comes instead.
pub(crate) fn switching_head(out: &mut Vec<u8>, headers: &Headers) {
    out.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade");
    upgrade(out, headers);
    fields(out, headers);
    out.extend_from_slice(b"\r\n\r\n");
}

/// Appends the protocols that are meant.
fn upgrade(out: &mut Vec<u8>, headers: &Headers) {
    if let Some(protocols) = headers.get_bytes("upgrade") {
        out.extend_from_slice(b"\r\nupgrade: ");
        out.extend_from_slice(protocols);
    }
}

/// Appends a 103 (RFC 8297).
pub(crate) fn early_hints(out: &mut Vec<u8>, hints: &Headers) {
    out.extend_from_slice(b"HTTP/1.1 103 Early Hints");
    fields(out, hints);
    out.extend_from_slice(b"\r\n\r\n");
}

/// Appends fields, each behind the end of the line before.
fn fields(out: &mut Vec<u8>, headers: &Headers) {
    for (name, value) in headers.fields().filter(|(name, _)| !is_ours(name)) {
        for part in [b"\r\n", name, b": ", value] {
            out.extend_from_slice(part);
        }
    }
}

/// Whether a field is written by the server, and a handler's own left out.
fn is_ours(name: &[u8]) -> bool {
    let ours: [&[u8]; 7] = [
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"date",
        b"upgrade",
        b"keep-alive",
        b"proxy-connection",
    ];
    ours.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

/// Appends what ends a chunked body (RFC 9112 section 7.1.2).
pub(crate) fn last_chunk(out: &mut Vec<u8>, trailers: &Headers) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.fields().filter(|(name, _)| !is_of_the_head(name)) {
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Whether a field must be known before the body, and so is no trailer: it frames, routes or encodes the message, or
/// says who may have it, and for how long (RFC 9110 section 6.5.1).
fn is_of_the_head(name: &[u8]) -> bool {
    const OTHERS: [&str; 21] = [
        "age",
        "authorization",
        "cache-control",
        "content-encoding",
        "content-range",
        "content-type",
        "cookie",
        "expires",
        "host",
        "location",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "range",
        "retry-after",
        "set-cookie",
        "te",
        "trailer",
        "vary",
        "www-authenticate",
    ];
    is_ours(name) || OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
}

/// Appends one chunk to `out`; nothing for no data, which would end the body.
pub(crate) fn chunk(out: &mut Vec<u8>, data: &[u8]) {
    if !data.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends a number, without the formatting machinery: once per response.
fn decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_in_full() {
        let mut headers = Headers::new();
        headers.append("ETag", "\"x\"").unwrap();
        headers.append("Content-Length", "7").unwrap();
        let mut out = Vec::new();
        response_head(
            &mut out,
            &ResponseHead {
                status: Status::OK,
                headers: &headers,
                content_type: Some("text/plain"),
                frame: Frame::Length(1234567890),
                connection: Some("close"),
                date: b"Sun, 06 Nov 1994 08:49:37 GMT",
            },
        );
        let expected = "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 1234567890\r\n\
            content-type: text/plain\r\nconnection: close\r\nETag: \"x\"\r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn chunks() {
        let mut out = Vec::new();
        chunk(&mut out, b"");
        chunk(&mut out, &[b'x'; 17]);
        assert_eq!(out, b"11\r\nxxxxxxxxxxxxxxxxx\r\n");
    }

    #[test]
    fn the_canned_answer_tells_its_own_length() {
        let text = std::str::from_utf8(UNAVAILABLE).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
    }
}
