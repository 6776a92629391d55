//! Compression while the content is sent, with gzip (RFC 1952).
//!
//! The content is read, and compressed, where reading may block. Who wants to keep the result is given it at the end,
//! so that the same is not compressed twice; what is not worth keeping is not gathered either.

use crate::content::Content;
use flate2::Compression;
use flate2::read::GzEncoder;
use std::io::{self, Read};
use switchboard_core::Body;

/// The first `len` bytes of `content`, compressed. If it turns out to be shorter, the answer is cut.
///
/// When all of it has been compressed, and that is at most `keep` bytes, `done` is called with them, once. `None` only
/// in a build without compression.
pub(crate) fn body(
    content: Content,
    len: u64,
    done: impl FnOnce(Vec<u8>) + Send + 'static,
    keep: usize,
) -> Option<Body> {
    let compressed = GzEncoder::new(Source { content, read: 0, len }, Compression::default());
    Some(Body::reader(Kept { reader: compressed, keep, kept: Some((Vec::new(), done)) }))
}

/// The first `len` bytes of a content.
struct Source {
    content: Content,
    /// How many have been read.
    read: u64,
    len: u64,
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.len - self.read).unwrap_or(usize::MAX).min(buf.len());
        let read = self.content.read_at(&mut buf[..wanted], self.read)?;
        if read < wanted {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file became shorter while it was compressed"));
        }
        self.read += read as u64;
        Ok(read)
    }
}

/// Keeps what passes through, as long as that is not too much.
struct Kept<R, F> {
    reader: R,
    /// The most bytes to keep.
    keep: usize,
    /// What has passed, and who is given it at the end.
    kept: Option<(Vec<u8>, F)>,
}

impl<R: Read, F: FnOnce(Vec<u8>)> Read for Kept<R, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buf)?;
        let is_end = read == 0 && !buf.is_empty();
        if let Some((mut bytes, done)) = self.kept.take() {
            if is_end {
                done(bytes);
            } else if bytes.len() + read <= self.keep {
                bytes.extend_from_slice(&buf[..read]);
                self.kept = Some((bytes, done));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::sync::mpsc;
    use switchboard_core::{Request, block_on};

    /// 100 KB that compress to less than half.
    fn bytes() -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"abcdefgh"[(state >> 29) as usize]
        };
        (0..100_000).map(|_| next()).collect()
    }

    /// What the client gets, and what is kept; `None` if `done` was never called.
    fn compress(content: Content, len: u64, keep: usize) -> (io::Result<Vec<u8>>, Option<Vec<u8>>) {
        let (done, kept) = mpsc::channel();
        let body = body(content, len, move |bytes| done.send(bytes).unwrap(), keep).expect("it is built in");
        assert_eq!(body.len(), None, "nobody knows its length beforehand");
        let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let sent = block_on(body.collect(&mut request));
        (sent, kept.try_recv().ok())
    }

    fn decompress(compressed: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        GzDecoder::new(compressed).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_client_gets_the_same_and_so_does_who_keeps_it() {
        let bytes = bytes();
        for content in Content::examples(&bytes) {
            let (sent, kept) = compress(content, 100_000, usize::MAX);
            let sent = sent.unwrap();
            assert!(sent.len() < 50_000, "{} bytes", sent.len());
            assert!(decompress(&sent) == bytes);
            assert!(kept == Some(sent));
        }
    }

    #[test]
    fn no_more_than_was_asked_for() {
        let bytes = bytes();
        for content in Content::examples(&bytes) {
            assert!(decompress(&compress(content, 50_001, 0).0.unwrap()) == bytes[..50_001]);
        }
    }

    #[test]
    fn nothing_is_something_as_well() {
        for content in Content::examples(b"") {
            let (sent, kept) = compress(content, 0, 100);
            assert_eq!(decompress(sent.as_ref().unwrap()), b"");
            assert_eq!(kept, sent.ok());
        }
    }

    #[test]
    fn too_much_is_not_kept() {
        for content in Content::examples(&bytes()) {
            let len = compress(content.clone(), 100_000, 0).0.unwrap().len();
            let is_kept = |keep| compress(content.clone(), 100_000, keep).1.is_some();
            assert_eq!([0, 1, len - 1, len].map(is_kept), [false, false, false, true]);
        }
    }

    #[test]
    fn what_is_too_much_is_not_gathered() {
        let zeros = io::repeat(0).take(1_000);
        let mut kept = Kept { reader: zeros, keep: 100, kept: Some((Vec::new(), |_| panic!("it is too much"))) };
        let mut gathered = Vec::new();
        let mut buf = [0; 40];
        while kept.read(&mut buf).unwrap() > 0 {
            gathered.push(kept.kept.as_ref().map(|(bytes, _)| bytes.len()));
        }
        assert_eq!(gathered[..3], [Some(40), Some(80), None]);
        assert!(gathered[3..].iter().all(Option::is_none));
    }

    #[test]
    fn the_end_is_told_once_and_by_a_read_that_had_room() {
        let mut ends = 0;
        let mut kept = Kept { reader: &b"abc"[..], keep: 3, kept: Some((Vec::new(), |_| ends += 1)) };
        kept.read_exact(&mut [0; 3]).unwrap();
        assert_eq!(kept.read(&mut []).unwrap(), 0);
        assert!(kept.kept.is_some(), "an empty buffer says nothing about the end");
        assert_eq!([kept.read(&mut [0]).unwrap(), kept.read(&mut [0]).unwrap()], [0, 0]);
        assert_eq!(ends, 1);
    }

    #[test]
    fn a_content_that_ends_early_is_an_error_and_not_kept() {
        for content in Content::examples(&bytes()) {
            let (sent, kept) = compress(content, 100_001, usize::MAX);
            assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(kept, None);
        }
    }
}
