//! What a case is, and the groups of them.
//!
//! A case is named by its bytes. `-nnn` becomes its number, of the same length, so lengths can be counted here. What
//! stands where a body may be is [`SMUGGLED`], a whole request.

use crate::{bodies, heads};

/// A client's bytes, all of which it sends at once.
pub(crate) struct Case {
    bytes: Vec<u8>,
}

/// Its name, and what makes its cases.
type Group = (&'static str, fn() -> Vec<Case>);

/// What a group is made of: texts with bytes that are no text.
pub(crate) type Texts = &'static [&'static [u8]];

/// 43 bytes, 0x2b.
pub(crate) const SMUGGLED: &[u8] = b"GET /smuggled-nnn HTTP/1.1\r\nHost: front\r\n\r\n";

const AFTER: &[u8] = b"GET /after-nnn HTTP/1.1\r\nHost: front\r\n\r\n\
    GET /last-nnn HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n";

pub(crate) const GROUPS: [Group; 11] = [
    ("transfer_encoding", bodies::transfer_encoding),
    ("content_length", bodies::content_length),
    ("both_lengths", bodies::both_lengths),
    ("chunk_size", bodies::chunk_size),
    ("chunk_end", bodies::chunk_end),
    ("method", heads::method),
    ("request_line", heads::request_line),
    ("field", heads::field),
    ("host", heads::host),
    ("expect", heads::expect),
    ("connection", heads::connection),
];

impl Case {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self { bytes: [&parts.concat(), AFTER].concat() }
    }

    /// A POST whose head has `lines`, without the last CR LF, behind its Host.
    pub(crate) fn post(lines: &[u8], body: &[u8]) -> Self {
        Self::new(&[b"POST /case-nnn HTTP/1.1\r\nHost: front\r\n", lines, b"\r\n\r\n", body])
    }

    /// There is nothing to misread in it.
    pub(crate) fn plain() -> Self {
        Self::post(b"Content-Length: 5", b"plain")
    }

    /// Its bytes, in short.
    pub(crate) fn name(&self) -> String {
        let own = &self.bytes[..self.bytes.len() - AFTER.len()];
        own.escape_ascii().to_string().replace(&SMUGGLED.escape_ascii().to_string(), "<smuggled>")
    }

    pub(crate) fn tagged(&self, tag: &str) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for at in 0..bytes.len() {
            if bytes[at..].starts_with(b"-nnn") {
                bytes[at..at + tag.len()].copy_from_slice(tag.as_bytes());
            }
        }
        bytes
    }
}

pub(crate) fn cases(texts: Texts, case: impl Fn(&[u8]) -> Case) -> Vec<Case> {
    texts.iter().map(|text| case(text)).collect()
}

/// [`SMUGGLED`] in a chunk, as it should be.
pub(crate) fn chunked() -> Vec<u8> {
    [b"2b\r\n", SMUGGLED, b"\r\n0\r\n\r\n"].concat()
}
