//! The chunked coding, decoded piece by piece from whatever has arrived (RFC 9112 section 7.1).
//!
//! ```text
//!           hex digit          space, `;`, CR       LF, size > 0         size bytes
//!     Size ───────────▶ Size ────────────▶ Extension ───────────▶ Data ────────────▶ DataEnd
//!                                             │ LF, size = 0        ▲                   │ CR LF
//!                                             ▼                     └───── Size ◀───────┘
//!                                          Trailer ── empty line ──▶ End
//! ```
//!
//! The decoder keeps no bytes: it says how many of the given ones are data and how many it has used up. A size is at
//! most 16 hexadecimal digits, and nothing is resynchronised after an error. Extensions and trailers are dropped; each
//! are bounded by `Limits::chunk_overhead`. Extensions have to keep to their grammar, and trailers to be fields: else a
//! request that was forgotten behind a body could pass for them.

use super::syntax;
use crate::Limits;

/// Where in the coding the next byte stands.
#[derive(Debug, Clone)]
pub(crate) struct Chunked {
    state: State,
    extensions: usize,
    trailers: usize,
    allowed: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the digits of a size, after `digits` of them.
    Size {
        size: u64,
        digits: u8,
    },
    /// Behind the digits, up to the end of the line.
    Extension {
        size: u64,
        part: Extension,
    },
    Data {
        left: u64,
    },
    /// Before the CR, or the LF, that ends a chunk's data.
    DataEnd {
        cr: bool,
    },
    /// In the trailers. `cr`: the last byte was a CR.
    Trailer {
        part: Part,
        cr: bool,
    },
    End,
}

/// Where in `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (RFC 9112 section 7.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extension {
    /// In whitespace, which a semicolon has to follow.
    Gap,
    Semicolon,
    Name,
    /// In whitespace behind a name.
    NameGap,
    Equals,
    Token,
    Quoted,
    /// Behind a backslash in a quoted string.
    Escape,
    QuoteEnd,
    /// The last byte was the CR of the line's end.
    Cr,
}

impl Extension {
    /// The grammar as a table; `None`: the byte cannot stand here.
    fn after(self, byte: u8) -> Option<Self> {
        let is_token = syntax::is_token(&[byte]);
        match (self, byte) {
            (Self::Gap, b' ' | b'\t') => Some(Self::Gap),
            (Self::Gap | Self::Name | Self::NameGap | Self::Token | Self::QuoteEnd, b';') => Some(Self::Semicolon),
            (Self::Semicolon, b' ' | b'\t') => Some(Self::Semicolon),
            (Self::Semicolon | Self::Name, _) if is_token => Some(Self::Name),
            (Self::Name | Self::NameGap, b' ' | b'\t') => Some(Self::NameGap),
            (Self::Name | Self::NameGap, b'=') => Some(Self::Equals),
            (Self::Equals, b' ' | b'\t') => Some(Self::Equals),
            (Self::Equals | Self::Token, _) if is_token => Some(Self::Token),
            (Self::Equals, b'"') => Some(Self::Quoted),
            (Self::Quoted, b'"') => Some(Self::QuoteEnd),
            (Self::Quoted, b'\\') => Some(Self::Escape),
            (Self::Quoted | Self::Escape, _) if syntax::is_field_value(&[byte]) => Some(Self::Quoted),
            (Self::Token | Self::QuoteEnd, b' ' | b'\t') => Some(Self::Gap),
            (Self::Name | Self::Token | Self::QuoteEnd, b'\r') => Some(Self::Cr),
            _ => None,
        }
    }
}

/// Where in a trailer line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    Name,
    Value,
}

/// What the front of the given bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// `skip` bytes of framing, then `len` bytes of the body.
    Data { skip: usize, len: usize },
    /// All of it is framing: more must be read.
    Incomplete,
    /// `used` bytes of framing, and that is the end of the body.
    End { used: usize },
}

impl Chunked {
    pub(crate) fn new(limits: &Limits) -> Self {
        let state = State::Size { size: 0, digits: 0 };
        Self { state, extensions: 0, trailers: 0, allowed: limits.chunk_overhead }
    }

    /// Decodes up to the first piece of data. The caller takes `skip + len` or `used` bytes away (all of them
    /// if incomplete) and calls again with what follows.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<Piece, &'static str> {
        for (at, &byte) in bytes.iter().enumerate() {
            if let State::Data { left } = self.state {
                let len = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                self.state = match left - len as u64 {
                    0 => State::DataEnd { cr: false },
                    left => State::Data { left },
                };
                return Ok(Piece::Data { skip: at, len });
            }
            self.state = self.after(byte)?;
            if self.state == State::End {
                return Ok(Piece::End { used: at + 1 });
            }
        }
        Ok(Piece::Incomplete)
    }

    fn after(&mut self, byte: u8) -> Result<State, &'static str> {
        match (self.state, byte) {
            (State::Size { size, digits }, _) if byte.is_ascii_hexdigit() => {
                if digits == 16 {
                    return Err("a chunk's size has more than 16 digits");
                }
                let digit = (byte as char).to_digit(16).map_or(0, u64::from);
                Ok(State::Size { size: size << 4 | digit, digits: digits + 1 })
            }
            (State::Size { digits: 0, .. }, _) => Err("a chunk has no size"),
            (State::Size { size, .. }, b'\r') => Ok(State::Extension { size, part: Extension::Cr }),
            (State::Size { size, .. }, b';') => Ok(State::Extension { size, part: Extension::Semicolon }),
            (State::Size { size, .. }, b' ' | b'\t') => Ok(State::Extension { size, part: Extension::Gap }),
            (State::Size { .. }, _) => Err("a chunk's size is not hexadecimal"),

            (State::Extension { size: 0, part: Extension::Cr }, b'\n') => {
                Ok(State::Trailer { part: Part::Start, cr: false })
            }
            (State::Extension { size, part: Extension::Cr }, b'\n') => Ok(State::Data { left: size }),
            (State::Extension { size, part }, _) => {
                let part = part.after(byte).ok_or("a chunk's size is followed by neither CR LF nor an extension")?;
                self.extensions += 1;
                let state = State::Extension { size, part };
                if self.extensions <= self.allowed { Ok(state) } else { Err("the chunk extensions are too long") }
            }

            (State::DataEnd { cr: false }, b'\r') => Ok(State::DataEnd { cr: true }),
            (State::DataEnd { cr: true }, b'\n') => Ok(State::Size { size: 0, digits: 0 }),
            (State::DataEnd { .. }, _) => Err("a chunk is longer than its size"),

            (State::Trailer { part: Part::Start, cr: true }, b'\n') => Ok(State::End),
            (State::Trailer { cr: true, .. }, b'\n') => Ok(State::Trailer { part: Part::Start, cr: false }),
            (State::Trailer { part: part @ (Part::Start | Part::Value), cr: false }, b'\r') => {
                Ok(State::Trailer { part, cr: true })
            }
            (State::Trailer { part, cr: false }, _) => {
                let part = match part {
                    Part::Start | Part::Name if syntax::is_token(&[byte]) => Part::Name,
                    Part::Name if byte == b':' => Part::Value,
                    Part::Value if syntax::is_field_value(&[byte]) => Part::Value,
                    _ => return Err("a trailer is not a field"),
                };
                self.trailers += 1;
                let state = State::Trailer { part, cr: false };
                if self.trailers <= self.allowed { Ok(state) } else { Err("the trailers are too long") }
            }
            (State::Trailer { .. }, _) => Err("a trailer line does not end in CR LF"),

            (State::Data { .. } | State::End, _) => unreachable!("decode handles these"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `wire`, given in pieces of `step` bytes; the body and how many bytes were left over.
    fn decode(wire: &[u8], step: usize) -> Result<(Vec<u8>, usize), &'static str> {
        let limits = Limits { chunk_overhead: 24, ..Limits::default() };
        let mut decoder = Chunked::new(&limits);
        let (mut body, mut start, mut end) = (Vec::new(), 0, 0);
        loop {
            match decoder.decode(&wire[start..end])? {
                Piece::Data { skip, len } => {
                    body.extend_from_slice(&wire[start + skip..start + skip + len]);
                    start += skip + len;
                }
                Piece::End { used } => return Ok((body, wire.len() - start - used)),
                Piece::Incomplete if end == wire.len() => return Err("incomplete"),
                Piece::Incomplete => (start, end) = (end, (end + step).min(wire.len())),
            }
        }
    }

    #[test]
    fn bodies_decode_alike_however_they_are_split() {
        let cases: [(&[u8], &[u8]); 7] = [
            (b"0\r\n\r\n", b""),
            (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
            (b"3\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n", b"abc0123456789"),
            (b"3;name=value\r\nabc\r\n0\r\n\r\n", b"abc"),
            (b"3 ; x\r\nabc\r\n0\r\nDigest: 1\r\nB: 2\r\n\r\n", b"abc"),
            (b"1;a\t= \"\\\"; \xe9\" ; b\r\na\r\n0;c=d;e\r\n\r\n", b"a"),
            (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
        ];
        for (wire, body) in cases {
            for step in 1..=wire.len() {
                assert_eq!(decode(wire, step), Ok((body.to_vec(), 0)), "{step}: {}", wire.escape_ascii());
            }
        }
        assert_eq!(decode(b"0\r\n\r\nGET /", 99), Ok((Vec::new(), 5)), "what follows is the next request's");
    }

    #[test]
    fn broken_bodies_are_refused_however_they_are_split() {
        let cases: &[&[u8]] = &[
            b"\r\n\r\n",
            b";x\r\n\r\n",
            b"g\r\n",
            b"-1\r\n",
            b"+1\r\na\r\n",
            b"0x1\r\na\r\n",
            b"1_0\r\n",
            b"12345678123456781\r\n",
            b"1\na\r\n0\r\n\r\n",
            b"1\rXa\r\n0\r\n\r\n",
            b"1\r\nab\r\n0\r\n\r\n",
            b"1\r\na\n0\r\n\r\n",
            b"1\r\na0\r\n\r\n",
            b"1;\0\r\na\r\n",
            b"1;a=bbbbbbbbbbbbbbbbbbbbbbbbb\r\na\r\n",
            b"0\r\nTrailer: 12345678901234567\r\n\r\n",
            b"1;\r\na\r\n0\r\n\r\n",
            b"1; \r\na\r\n0\r\n\r\n",
            b"1;a \r\na\r\n0\r\n\r\n",
            b"1;a=\r\na\r\n0\r\n\r\n",
            b"1;=b\r\na\r\n0\r\n\r\n",
            b"1;a=b c\r\na\r\n0\r\n\r\n",
            b"1;a==b\r\na\r\n0\r\n\r\n",
            b"1;a=\"b\r\na\r\n0\r\n\r\n",
            b"1;a=\"b\"c\r\na\r\n0\r\n\r\n",
            b"1;a=\"\0\"\r\na\r\n0\r\n\r\n",
            b"1;a\n\r\na\r\n0\r\n\r\n",
            b"1;a\rX\r\na\r\n0\r\n\r\n",
            b"1;GET / HTTP/1.1\r\na\r\n0\r\n\r\n",
            b"0\r\nA: b\n\r\n",
            b"0\r\n\rX",
            b"1 junk\r\na\r\n0\r\n\r\n",
            b"1 1\r\na\r\n0\r\n\r\n",
            b"1 \r\na\r\n0\r\n\r\n",
            b"0 junk\r\n\r\n",
            b"0\r\nno colon\r\n\r\n",
            b"0\r\nnocolon\r\n\r\n",
            b"0\r\n: x\r\n\r\n",
            b"0\r\nA : x\r\n\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\nXXGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        ];
        for wire in cases {
            for step in 1..=wire.len() {
                let error = decode(wire, step).expect_err("broken");
                assert_ne!(error, "incomplete", "{step}: {}", wire.escape_ascii());
            }
        }
    }
}
