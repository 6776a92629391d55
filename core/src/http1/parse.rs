//! A request's head: where it ends, what it says, and how the body behind it is framed (RFC 9112 sections 2
//! to 6).
//!
//! # Theory of operation
//!
//! 1. [`head`] takes a complete head apart into spans. Nearly every head arrives whole, so this is tried first; what
//!    it cannot accept is looked at again by the book:
//! 2. [`Scan::find_head`] looks for the empty line that ends the head. It goes line by line and remembers where
//!    it stopped, so a head that arrives a byte at a time is searched once, and a line that is too long or does
//!    not end in CR LF is refused as soon as that can be seen. Then comes [`head`].
//! 3. [`framing`] reads the fields that decide where the message ends. What is ambiguous is refused, never
//!    repaired: a second reader in front of us could have read it otherwise.
//!
//! Everything is refused with the status and the reason the client is told.

use super::syntax;
use crate::error::Refusal;
use crate::headers::{Field, Headers, Span};
use crate::{Limits, Status};
use std::fmt;
use std::ops::Range;

const TOO_LONG_A_LINE: Refusal = Refusal::new(Status::URI_TOO_LONG, "the request line is too long");
const TOO_LONG_A_HEAD: Refusal = Refusal::new(Status::REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too long");
const TOO_MANY_FIELDS: Refusal = Refusal::new(Status::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are too many fields");

const UNENCODED: &str = "the request target has characters that must be percent-encoded";

/// How far a head has been searched for its end.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    start: usize,
    line: usize,
    searched: usize,
    lines: usize,
}

impl Scan {
    /// Whether nothing of a head has been searched yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.searched == 0
    }

    /// The head at the front of `bytes`, once it is complete; the scan is then ready for the next one. Empty
    /// lines before a request line are skipped (RFC 9112 section 2.2), at the expense of the head's size.
    pub(crate) fn find_head(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<Range<usize>>, Refusal> {
        while let Some(newline) = syntax::find(&bytes[self.searched..], b'\n') {
            let end = self.searched + newline + 1;
            let Some(line) = bytes[self.line..end].strip_suffix(b"\r\n") else {
                return Err(Refusal::bad_request("a line does not end in CR LF"));
            };
            self.check(line.len(), end, limits)?;
            (self.line, self.searched) = (end, end);
            match (line.is_empty(), self.lines) {
                (true, 0) => self.start = end,
                (true, _) => return Ok(Some(std::mem::take(self).start..end)),
                (false, fields) if fields > limits.fields => return Err(TOO_MANY_FIELDS),
                (false, _) => self.lines += 1,
            }
        }
        self.searched = bytes.len();
        let line = &bytes[self.line..];
        self.check(line.strip_suffix(b"\r").unwrap_or(line).len(), bytes.len(), limits)?;
        Ok(None)
    }

    fn check(&self, line: usize, head: usize, limits: &Limits) -> Result<(), Refusal> {
        if self.lines == 0 && line > limits.request_line {
            return Err(TOO_LONG_A_LINE);
        }
        if head > limits.head_size {
            return Err(TOO_LONG_A_HEAD);
        }
        Ok(())
    }
}

/// The version of HTTP that a client speaks; its text is as in a request line.
///
/// ```
/// use switchboard::Version;
///
/// assert_eq!(Version::Http10.to_string(), "HTTP/1.0");
/// assert!(Version::Http10 < Version::Http11);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// 1.0.
    Http10,
    /// 1.1, and any later 1.x, which is read as 1.1 (RFC 9110 section 2.5).
    Http11,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        })
    }
}

/// The request line, as spans of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestLine {
    pub(crate) method: Span,
    /// The target as it was sent.
    pub(crate) target: Span,
    /// The path of the target, still percent-encoded; empty for an absolute form without one.
    pub(crate) path: Span,
    /// The query without its question mark.
    pub(crate) query: Option<Span>,
    pub(crate) version: Version,
}

impl RequestLine {
    /// Before any request has been received.
    pub(crate) const NONE: Self = {
        let none = Span::NONE;
        Self { method: none, target: none, path: none, query: None, version: Version::Http11 }
    };
}

/// Takes the head at the front of `text` apart, into `line` and `fields`; answers where it ends. After an error neither
/// means anything.
///
/// The caller has seen to it that the head is complete, or takes a refusal for the answer that it may not be.
#[inline(never)] // within the connection's future its loops lack registers: 250 instructions for a browser's head
pub(crate) fn head(
    text: &[u8],
    limits: &Limits,
    line: &mut RequestLine,
    fields: &mut Vec<Field>,
) -> Result<usize, Refusal> {
    let mut start = request_line(text, line)?;
    if start - 2 > limits.request_line {
        return Err(TOO_LONG_A_LINE);
    }
    while !text[start..].starts_with(b"\r\n") {
        start = field(text, start, fields)?;
        if fields.len() > limits.fields {
            return Err(TOO_MANY_FIELDS);
        }
    }
    let end = start + 2;
    if end > limits.head_size { Err(TOO_LONG_A_HEAD) } else { Ok(end) }
}

/// Takes the request line apart; answers where the line behind it starts.
fn request_line(text: &[u8], line: &mut RequestLine) -> Result<usize, Refusal> {
    let method = 0..syntax::run(text, &syntax::TCHAR);
    if method.is_empty() || text.get(method.end) != Some(&b' ') {
        return Err(misshapen(text, "the method is not a token"));
    }
    let start = method.end + 1;
    let path_end = start + syntax::encoded(&text[start..], &syntax::PATH);
    let target_end = match text.get(path_end) {
        Some(b'?') => path_end + syntax::run(&text[path_end..], &syntax::QUERY),
        _ => path_end,
    };
    let target = start..target_end;
    if target.is_empty() || text.get(target_end) != Some(&b' ') || !syntax::is_text(&text[target.clone()]) {
        return Err(misshapen(text, UNENCODED));
    }
    let (version, end) = version(text, target_end + 1)?;
    let path = path_start(&text[method.clone()], &text[target.clone()])?;
    *line = RequestLine {
        method: Span::new(method),
        target: Span::new(target),
        path: Span::new(start + path..path_end),
        query: (path_end < target_end).then(|| Span::new(path_end + 1..target_end)),
        version,
    };
    Ok(end)
}

/// Why a request line is refused: what it lacks, before what is wrong with a part of it.
#[cold]
fn misshapen(text: &[u8], reason: &'static str) -> Refusal {
    let line = line_at(text, 0);
    let first = line.iter().position(|&byte| byte == b' ');
    let last = line.iter().rposition(|&byte| byte == b' ');
    match (first, last) {
        (Some(first), Some(last)) if last > first + 1 => Refusal::bad_request(reason),
        _ => Refusal::bad_request("the request line is not \"method SP target SP version\""),
    }
}

/// The line at `start`, without its CR LF.
fn line_at(text: &[u8], start: usize) -> &[u8] {
    let rest = &text[start..];
    let line = &rest[..syntax::find(rest, b'\n').unwrap_or(rest.len())];
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The version at `start`, and where the line behind it starts.
fn version(text: &[u8], start: usize) -> Result<(Version, usize), Refusal> {
    const OTHER: Refusal = Refusal::bad_request("the version is not \"HTTP/1.1\"");
    if text[start..].starts_with(b"HTTP/1.1\r\n") {
        return Ok((Version::Http11, start + 10)); // nearly always
    }
    let line = line_at(text, start);
    let end = start + line.len();
    let version = match line {
        b"HTTP/1.0" => Version::Http10,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Version::Http11,
        [b'H', b'T', b'T', b'P', b'/', b'0' | b'2'..=b'9', b'.', b'0'..=b'9'] => {
            return Err(Refusal::new(Status::HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.0 and HTTP/1.1 are spoken here"));
        }
        other if other.contains(&b' ') => return Err(Refusal::bad_request(UNENCODED)),
        _ => return Err(OTHER),
    };
    if text[end..].starts_with(b"\r\n") { Ok((version, end + 2)) } else { Err(OTHER) }
}

/// Where the path starts in a target. The forms of a target (RFC 9112 section 3.2) are `/path?query`,
/// `http://host/path?query`, and `*` with OPTIONS.
fn path_start(method: &[u8], target: &[u8]) -> Result<usize, Refusal> {
    match target {
        _ if method == b"CONNECT" => {
            Err(Refusal::new(Status::NOT_IMPLEMENTED, "this server is no proxy: CONNECT is not implemented"))
        }
        [b'/', ..] => Ok(0),
        b"*" if method == b"OPTIONS" => Ok(0),
        _ => authority_end(target),
    }
}

/// Where the authority of an absolute form ends.
fn authority_end(target: &[u8]) -> Result<usize, Refusal> {
    const FORM: Refusal = Refusal::bad_request("the request target is neither a path nor an http URI");
    const SECURE: Refusal =
        Refusal::new(Status::MISDIRECTED_REQUEST, "an https URI on a connection that is not secure");
    let is_of = |scheme: &str| target.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme.as_bytes()));
    if is_of("https://") {
        return Err(SECURE); // RFC 9110 section 7.4
    }
    let scheme = if is_of("http://") { "http://".len() } else { return Err(FORM) };
    let rest = &target[scheme..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    if end == 0 || !syntax::is_host(&rest[..end]) {
        return Err(Refusal::bad_request("the request target has no valid host"));
    }
    Ok(scheme + end)
}

/// Appends the field at `start` to `fields`; answers where the line behind it starts.
fn field(text: &[u8], start: usize, fields: &mut Vec<Field>) -> Result<usize, Refusal> {
    let colon = start + syntax::run(&text[start..], &syntax::TCHAR);
    if colon == start || text.get(colon) != Some(&b':') {
        return Err(nameless(line_at(text, start)));
    }
    let rest = &text[colon + 1..];
    let (value, behind) = rest.split_at(syntax::field_value(rest));
    if !behind.starts_with(b"\r\n") {
        return Err(Refusal::bad_request("a field's value has a control character"));
    }
    let end = text.len() - behind.len();
    let value = syntax::trim_start(value);
    let value_start = end - value.len();
    let value_end = value_start + syntax::trim_end(value).len();
    fields.push(Field { name: Span::new(start..colon), value: Span::new(value_start..value_end) });
    Ok(end + 2)
}

/// Why a line that does not begin with a name and a colon is refused.
#[cold]
fn nameless(line: &[u8]) -> Refusal {
    Refusal::bad_request(match line {
        [b' ' | b'\t', ..] => "a field is folded over two lines, or begins with a space",
        line if line.contains(&b':') => "a field's name is not a token, or a space precedes its colon",
        _ => "a field has no colon",
    })
}

/// Where a message's body ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Exactly(u64),
    Chunked,
}

/// What the fields say about the message and the connection behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    pub(crate) body: Length,
    /// Whether the client wants the connection kept (RFC 9112 section 9.3).
    pub(crate) keep_alive: bool,
    /// Whether the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1).
    pub(crate) expects_continue: bool,
}

impl Framing {
    /// Before any request has been received.
    pub(crate) const NONE: Self = Self { body: Length::Exactly(0), keep_alive: false, expects_continue: false };
}

/// Reads the fields that frame the message.
pub(crate) fn framing(headers: &Headers, version: Version) -> Result<Framing, Refusal> {
    let (mut host, mut length, mut coding) = (None, None, None);
    let mut connection = Connection::default();
    let mut expects_continue = false;
    for (name, value) in headers.fields() {
        // The length sorts out nearly every other field without comparing it.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                once(&mut host, value, "there is more than one Host")?;
            }
            6 if name.eq_ignore_ascii_case(b"expect") => expects_continue = expectation(value, version)?,
            10 if name.eq_ignore_ascii_case(b"connection") => connection.add(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                once(&mut length, value, "there is more than one Content-Length")?;
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                once(&mut coding, value, "there is more than one Transfer-Encoding")?;
            }
            _ => {}
        }
    }
    match host {
        None if version >= Version::Http11 => return Err(Refusal::bad_request("there is no Host")),
        Some(host) if !syntax::is_host(host) => return Err(Refusal::bad_request("the Host is not valid")),
        _ => {}
    }
    Ok(Framing {
        body: body_length(length, coding, version)?,
        keep_alive: !connection.close && (connection.keep_alive || version >= Version::Http11),
        expects_continue,
    })
}

fn once<'a>(seen: &mut Option<&'a [u8]>, value: &'a [u8], twice: &'static str) -> Result<(), Refusal> {
    match seen.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::bad_request(twice)),
    }
}

fn body_length(length: Option<&[u8]>, coding: Option<&[u8]>, version: Version) -> Result<Length, Refusal> {
    match (length, coding) {
        (None, None) => Ok(Length::Exactly(0)),
        (Some(digits), None) => {
            let length = syntax::decimal(digits).map(Length::Exactly);
            length.ok_or(Refusal::bad_request("the Content-Length is not a number"))
        }
        (Some(_), Some(_)) => Err(Refusal::bad_request("Content-Length and Transfer-Encoding contradict each other")),
        (None, Some(_)) if version < Version::Http11 => Err(Refusal::bad_request("HTTP/1.0 has no Transfer-Encoding")),
        (None, Some(coding)) => transfer_coding(coding),
    }
}

fn transfer_coding(codings: &[u8]) -> Result<Length, Refusal> {
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    if is_chunked(codings) {
        Ok(Length::Chunked)
    } else if codings.split(|&byte| byte == b',').map(syntax::trim).all(|one| one.is_empty() || is_chunked(one)) {
        Err(Refusal::bad_request("the Transfer-Encoding is not \"chunked\", once"))
    } else {
        Err(Refusal::new(Status::NOT_IMPLEMENTED, "the only Transfer-Encoding understood is chunked"))
    }
}

fn expectation(value: &[u8], version: Version) -> Result<bool, Refusal> {
    if value.eq_ignore_ascii_case(b"100-continue") {
        return Ok(version >= Version::Http11);
    }
    Err(Refusal::new(Status::EXPECTATION_FAILED, "the only expectation understood is 100-continue"))
}

/// The options of the Connection fields that concern us.
#[derive(Default)]
struct Connection {
    close: bool,
    keep_alive: bool,
}

impl Connection {
    fn add(&mut self, value: &[u8]) {
        for option in value.split(|&byte| byte == b',').map(syntax::trim) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
