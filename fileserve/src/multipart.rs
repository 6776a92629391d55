//! Several ranges in one answer: `multipart/byteranges` (RFC 9110 section 14.6, RFC 2046 section 5.1).
//!
//! # Rules
//!
//! 1. What will be sent is laid out beforehand, as texts and stretches of the content, so that its length is known: it
//!    is the sum of theirs.
//! 2. Bytes are read when they are sent, up to [`PIECE`] at a time: the parts of a large file are never in memory.
//! 3. The boundary is made for each answer, of 128 bits that nobody can foresee, so no content was made to hold it.
//! 4. If the content ends before a part does, the answer is cut: its length has been promised.

use crate::content::Content;
use crate::range::Part;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::Range;
use std::task::{Context, Poll};
use switchboard_core::{Producer, Request};

/// The most bytes of the content that are made at once.
const PIECE: u64 = 16 << 10;

/// The body of a 206 with several parts. Each has its Content-Range; the answer itself must have none (RFC 9110
/// section 15.3.7.2), but [`Multipart::content_type`].
#[derive(Debug)]
pub(crate) struct Multipart {
    content: Content,
    boundary: String,
    length: u64,
    /// What is still to be sent.
    pieces: VecDeque<Piece>,
}

#[derive(Debug)]
enum Piece {
    /// What stands between the parts.
    Text(String),
    /// Bytes of the content.
    Content(Range<u64>),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Content(range) => range.end - range.start,
        }
    }
}

impl Multipart {
    /// `parts` of a `content` that has `len` bytes and is of the type `media_type`.
    pub(crate) fn new(content: Content, media_type: &str, len: u64, parts: Vec<Part>) -> Self {
        let boundary = unforeseeable();
        let mut pieces = VecDeque::with_capacity(2 * parts.len() + 1);
        let mut line_end = ""; // of the part before
        for Part { first, last } in parts {
            pieces.push_back(Piece::Text(format!(
                "{line_end}--{boundary}\r\nContent-Type: {media_type}\r\n\
                Content-Range: bytes {first}-{last}/{len}\r\n\r\n"
            )));
            pieces.push_back(Piece::Content(first..last + 1));
            line_end = "\r\n";
        }
        pieces.push_back(Piece::Text(format!("{line_end}--{boundary}--\r\n")));
        let length = pieces.iter().map(Piece::len).sum();
        Self { content, boundary, length, pieces }
    }

    /// The Content-Type of the answer.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// Appends the next piece; whether there are more.
    fn produce(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        match self.pieces.pop_front() {
            Some(Piece::Text(text)) => out.extend_from_slice(text.as_bytes()),
            Some(Piece::Content(range)) => {
                let middle = range.end.min(range.start + PIECE);
                self.read(range.start..middle, out)?;
                if middle < range.end {
                    self.pieces.push_front(Piece::Content(middle..range.end));
                }
            }
            None => {}
        }
        Ok(!self.pieces.is_empty())
    }

    /// Appends these bytes of the content.
    fn read(&self, range: Range<u64>, out: &mut Vec<u8>) -> io::Result<()> {
        let (before, wanted) = (out.len(), (range.end - range.start) as usize);
        out.resize(before + wanted, 0);
        let read = self.content.read_at(&mut out[before..], range.start);
        out.truncate(before + *read.as_ref().unwrap_or(&0));
        if read? < wanted {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file became shorter while it was sent"));
        }
        Ok(())
    }
}

impl Producer for Multipart {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        Poll::Ready(self.produce(out))
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }
}

/// 128 bits in hexadecimal, from what the system gives to hash tables as their secret.
fn unforeseeable() -> String {
    let random = RandomState::new();
    format!("{:016x}{:016x}", random.hash_one(0), random.hash_one(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::Arc;
    use std::task::Waker;
    use switchboard_core::{Body, block_on};

    fn request() -> Request {
        Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap()
    }

    fn part(first: u64, last: u64) -> Part {
        Part { first, last }
    }

    /// 100 KB in which line ends and dashes are frequent.
    fn bytes() -> Vec<u8> {
        (0..100_000_u32)
            .map(|at| b"\r\n--0123456789abcdef"[(at.wrapping_mul(2_654_435_761) >> 27) as usize % 20])
            .collect()
    }

    /// What a client makes of the body: the fields of each part, and its bytes.
    fn parse<'a>(content_type: &str, mut body: &'a [u8]) -> Vec<(Vec<&'a str>, &'a [u8])> {
        let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
        let delimiter = format!("\r\n--{boundary}");
        body = body.strip_prefix(&delimiter.as_bytes()[2..]).expect("a delimiter at the beginning");
        let mut parts = Vec::new();
        while let Some(rest) = body.strip_prefix(b"\r\n") {
            let head = find(rest, b"\r\n\r\n");
            let end = find(rest, delimiter.as_bytes());
            let fields = std::str::from_utf8(&rest[..head]).expect("a head").split("\r\n").collect();
            parts.push((fields, &rest[head + 4..end]));
            body = &rest[end + delimiter.len()..];
        }
        assert_eq!(body, b"--\r\n", "the end");
        parts
    }

    fn find(bytes: &[u8], wanted: &[u8]) -> usize {
        bytes.windows(wanted.len()).position(|window| window == wanted).expect("it is there")
    }

    #[test]
    fn a_client_finds_the_parts_in_their_order() {
        let bytes = bytes();
        let asked = [(50_000, 99_999), (0, 0), (7, 16_390), (20_000, 36_383)];
        for content in Content::examples(&bytes) {
            let parts = asked.map(|(first, last)| part(first, last)).to_vec();
            let multipart = Multipart::new(content, "text/plain; charset=utf-8", 100_000, parts);
            let (content_type, length) = (multipart.content_type(), multipart.length());
            let body = block_on(Body::stream(multipart).collect(&mut request())).unwrap();
            assert_eq!(length, Some(body.len() as u64));
            let parts = parse(&content_type, &body);
            assert_eq!(parts.len(), asked.len());
            for ((fields, part), (first, last)) in parts.iter().zip(asked) {
                let range = format!("Content-Range: bytes {first}-{last}/100000");
                assert_eq!(fields, &["Content-Type: text/plain; charset=utf-8", &range]);
                assert!(*part == &bytes[first as usize..=last as usize], "{range}: other bytes");
            }
        }
    }

    #[test]
    fn a_little_at_a_time() {
        for content in Content::examples(&bytes()) {
            let mut multipart =
                Multipart::new(content, "text/plain", 100_000, vec![part(0, 59_999), part(70_000, 70_000)]);
            let mut more = true;
            while more {
                let mut piece = Vec::new();
                let mut cx = Context::from_waker(Waker::noop());
                let Poll::Ready(produced) = multipart.poll_produce(&mut cx, &mut request(), &mut piece) else {
                    panic!("nothing is waited for")
                };
                more = produced.unwrap();
                assert!(!piece.is_empty() && piece.len() as u64 <= PIECE, "{} bytes", piece.len());
            }
        }
    }

    #[test]
    fn a_content_that_ends_early_is_an_error() {
        for content in Content::examples(&bytes()[..30_000]) {
            let multipart = Multipart::new(content, "text/plain", 100_000, vec![part(0, 1), part(10, 30_000)]);
            let collected = block_on(Body::stream(multipart).collect(&mut request()));
            assert_eq!(collected.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn what_stands_between_the_parts_to_the_byte() {
        let content = Content::Memory(Arc::from(*b"Hello, World!"));
        let multipart = Multipart::new(content, "text/plain", 13, vec![part(0, 4), part(7, 11)]);
        let boundary = multipart.boundary.clone();
        let body = block_on(Body::stream(multipart).collect(&mut request())).unwrap();
        let expected = "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-4/13\r\n\r\nHello\r\n\
            --B\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-11/13\r\n\r\nWorld\r\n--B--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected.replace("--B", &format!("--{boundary}")));
    }

    #[test]
    fn boundaries_differ_and_are_long() {
        let boundaries: HashSet<String> = (0..100).map(|_| unforeseeable()).collect();
        assert_eq!(boundaries.len(), 100);
        assert!(boundaries.iter().all(|boundary| boundary[..16] != boundary[16..]));
        assert!(
            boundaries.iter().all(|boundary| boundary.len() == 32 && boundary.bytes().all(|b| b.is_ascii_hexdigit()))
        );
    }
}
