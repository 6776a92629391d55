//! A listing as a body: read, sorted and rendered, as much of it at once as fits.
//!
//! # Theory of operation
//!
//! ```text
//!   up to 256 entries      read while answering, sorted    a body of known length
//!   up to the limit        read by the first read, sorted  streamed
//!   more                   in the order of the disk        streamed while it is read
//! ```
//!
//! A stream is read where it may block. It never holds more than the limit's entries, one more, and one piece of text,
//! so a directory may have any number. If it cannot be read to its end, the connection is cut: half a listing must not
//! pass for a whole one.

use super::Format;
use super::order::Order;
use crate::entries::Entry;
use crate::places::{Place, Places};
use std::collections::VecDeque;
use std::io::{self, Cursor, Read};
use switchboard_core::Body;

/// How many entries are read while answering: all of a usual directory, and few enough to hold nobody up for long.
const AT_ONCE: usize = 256;
/// How much text is made at once, in bytes.
const PIECE: usize = 16 << 10;

/// The listing of `entries` in this format, sorted if there are at most `limit`.
pub(super) fn body(
    entries: impl Iterator<Item = io::Result<Entry>> + Send + 'static,
    order: Order,
    limit: usize,
    sorting: &Places,
    format: Box<dyn Format>,
) -> io::Result<Body> {
    let (rest, piece, place) = (Box::new(entries.fuse()), Cursor::default(), None);
    let mut stream =
        Stream { order, limit, place, format, ready: VecDeque::new(), rest, piece, stage: Stage::Beginning };
    if !stream.collect(limit.min(AT_ONCE))? {
        stream.place = sorting.take();
        return Ok(Body::reader(stream));
    }
    let mut page = Vec::new();
    stream.read_to_end(&mut page)?;
    Ok(page.into())
}

struct Stream {
    order: Order,
    limit: usize,
    /// That of a large listing among those that are sorted; without it, it is not.
    place: Option<Place>,
    format: Box<dyn Format>,
    /// Those that were read and are not rendered.
    ready: VecDeque<Entry>,
    rest: Box<dyn Iterator<Item = io::Result<Entry>> + Send>,
    /// What is rendered and not taken.
    piece: Cursor<String>,
    stage: Stage,
}

/// What is rendered next.
#[derive(PartialEq, Eq)]
enum Stage {
    Beginning,
    Entries,
    Nothing,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.stage == Stage::Nothing {
                return Ok(read);
            }
            self.piece = Cursor::new(self.render()?);
        }
    }
}

impl Stream {
    /// Whether there are no more than `most` entries; then all of them are ready.
    fn collect(&mut self, most: usize) -> io::Result<bool> {
        while self.ready.len() <= most {
            match self.rest.next() {
                Some(entry) => self.ready.push_back(entry?),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    fn render(&mut self) -> io::Result<String> {
        let mut text = String::with_capacity(PIECE + 1024);
        if self.stage == Stage::Beginning {
            let has_place = self.place.is_some() || self.ready.len() <= AT_ONCE;
            let is_sorted = has_place && self.collect(self.limit)?;
            if is_sorted {
                self.order.sort(self.ready.make_contiguous());
            }
            self.format.begin(is_sorted, &mut text);
            self.stage = Stage::Entries;
        }
        while text.len() < PIECE {
            match self.ready.pop_front().map(Ok).or_else(|| self.rest.next()) {
                Some(entry) => self.format.entry(&entry?, &mut text),
                None => {
                    self.format.end(&mut text);
                    self.stage = Stage::Nothing;
                    break;
                }
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::Lines;
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use switchboard_core::{Request, block_on};

    /// Entries named by the numbers below `count`, the largest first, and how many of them have been asked for.
    fn entries(count: usize) -> (impl Iterator<Item = io::Result<Entry>> + Send + 'static, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let entry = move |number: usize| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(Entry { name: number.to_string().into(), is_directory: false, len: 1, modified: None })
        };
        ((0..count).rev().map(entry), asked)
    }

    fn lines(numbers: impl Iterator<Item = usize>) -> String {
        numbers.map(|number| format!("{number}\n")).collect()
    }

    fn text(body: Body) -> String {
        let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        String::from_utf8(block_on(body.collect(&mut request)).unwrap()).unwrap()
    }

    #[test]
    fn how_much_is_read_at_once() {
        for (count, limit, has_length, is_sorted) in [
            (0, 20_000, true, true),
            (256, 20_000, true, true),
            (257, 20_000, false, true),
            (20_000, 20_000, false, true),
            (20_001, 20_000, false, false),
            (5, 5, true, true),
            (6, 5, false, false),
            (1, 0, false, false),
            (0, 0, true, true),
        ] {
            let (entries, asked) = entries(count);
            let body = body(entries, Order::of(None), limit, &Places::new(1), Box::new(Lines)).unwrap();
            assert_eq!(body.len().is_some(), has_length, "{count} of {limit}");
            assert!(asked.load(Ordering::Relaxed) <= limit.min(AT_ONCE) + 1, "{count} of {limit}");
            let expected = if is_sorted { lines(0..count) } else { lines((0..count).rev()) };
            assert!(text(body) == expected, "{count} of {limit}");
        }
    }

    #[test]
    fn what_is_not_sorted_is_read_as_it_is_taken() {
        let (entries, asked) = entries(1_000_000);
        let Body::Stream(mut producer) = body(entries, Order::of(None), 10, &Places::new(1), Box::new(Lines)).unwrap()
        else {
            panic!("a large listing is a stream")
        };
        let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut piece = Vec::new();
        let more = block_on(std::future::poll_fn(|cx| producer.poll_produce(cx, &mut request, &mut piece))).unwrap();
        assert!(more && piece.starts_with(b"999999\n999998\n"));
        assert!(asked.load(Ordering::Relaxed) <= PIECE / "999999\n".len() + 1, "no more than a piece needs");
    }

    #[test]
    fn a_directory_that_cannot_be_read_to_its_end_is_an_error() {
        let failing = |after| entries(after).0.chain([Err(io::Error::other("the disk is gone"))]);
        let body = |after| body(failing(after), Order::of(None), 20_000, &Places::new(1), Box::new(Lines));
        assert_eq!(body(256).unwrap_err().to_string(), "the disk is gone");
        for after in [257, 20_001, 50_000] {
            let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            let error = block_on(body(after).unwrap().collect(&mut request)).unwrap_err();
            assert_eq!(error.to_string(), "the disk is gone", "after {after}");
        }
    }

    #[test]
    fn so_many_large_ones_are_sorted_at_once() {
        let places = Places::new(1);
        let body = |count| body(entries(count).0, Order::of(None), 20_000, &places, Box::new(Lines)).unwrap();
        let (first, second, small) = (body(300), body(300), body(200));
        assert!(text(second) == lines((0..300).rev()) && text(small) == lines(0..200));
        assert!(text(first) == lines(0..300));
        assert!(text(body(300)) == lines(0..300), "its place is free again");
    }
}
