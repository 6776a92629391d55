//! What our own benchmarks and fuzz targets need of the inside (feature `internals`). It promises nothing: it changes
//! whenever the inside does.

mod simulation;

use crate::Limits;
use crate::error::Refusal;
use crate::headers::Headers;
use crate::http1::chunked::{Chunked, Piece};
use crate::http1::parse::{self, RequestLine};
pub use simulation::{Client, Simulation};

/// A parser of heads with its memory, as a connection has one.
#[derive(Debug)]
pub struct HeadParser {
    limits: Limits,
    line: RequestLine,
    headers: Headers,
}

impl HeadParser {
    /// One within `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { limits, line: RequestLine::NONE, headers: Headers::new() }
    }

    /// Takes the head at the front of `bytes` apart; answers where it ends.
    ///
    /// # Errors
    ///
    /// What the client would be told; also a head that is not complete is refused.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let Self { limits, line, headers } = self;
        headers.parse(bytes, |text, fields| parse::head(text, limits, line, fields))
    }

    /// Beside that, keeps a copy of the text and reads the fields that frame the message, as a connection does.
    ///
    /// # Errors
    ///
    /// As for [`parse`](HeadParser::parse).
    pub fn receive(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let Self { limits, line, headers } = self;
        let end = headers.receive(bytes, |text, fields| parse::head(text, limits, line, fields))?;
        parse::framing(headers, line.version)?;
        Ok(end)
    }
}

/// A decoder of the chunked coding.
#[derive(Debug)]
pub struct ChunkedDecoder(Chunked);

impl ChunkedDecoder {
    /// One within `limits`.
    pub fn new(limits: &Limits) -> Self {
        Self(Chunked::new(limits))
    }

    /// Appends what `bytes` has of the body to `body`; answers how many bytes have been used up, and whether the body
    /// has ended.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn decode(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<(usize, bool), &'static str> {
        let mut at = 0;
        loop {
            match self.0.decode(&bytes[at..])? {
                Piece::Data { skip, len } => {
                    body.extend_from_slice(&bytes[at + skip..at + skip + len]);
                    at += skip + len;
                }
                Piece::Incomplete => return Ok((bytes.len(), false)),
                Piece::End { used } => return Ok((at + used, true)),
            }
        }
    }
}
