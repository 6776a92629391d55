//! The chunked coding, taken apart as it comes.
//!
//! It is a machine with a state per place in the grammar, so it can be stopped at any byte. What is not data is
//! counted: extensions and trailers that go on for ever end at [`MOST_BESIDES`].

/// Bytes that are not data, from one piece of data to the next.
const MOST_BESIDES: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Chunked {
    place: Place,
    /// What of the chunk is still to come.
    left: u64,
    besides: usize,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the size, of which there have been so many digits.
    Size(u8),
    Extension,
    /// Behind the CR of the size's line.
    SizeEnds,
    Data,
    /// Behind the data, where CR and LF belong.
    DataEnds,
    DataEnded,
    /// In a trailer's line; whether it is empty so far.
    Trailer(bool),
    /// Behind a CR there.
    TrailerEnds(bool),
    Whole,
}

impl Chunked {
    pub(super) fn new() -> Self {
        Chunked { place: Place::Size(0), left: 0, besides: 0 }
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.place, Place::Whole)
    }

    /// The data that comes next, which may be none, and what is behind it; `None` if this is not chunked.
    pub(super) fn take<'a>(&mut self, input: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut rest = input;
        loop {
            match (self.place, rest) {
                (Place::Whole, _) | (_, []) => return Some((&[], rest)),
                (Place::Data, _) => return Some(self.data(rest)),
                (_, [byte, behind @ ..]) => {
                    self.step(*byte)?;
                    rest = behind;
                }
            }
        }
    }

    fn data<'a>(&mut self, input: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let length = usize::try_from(self.left).map_or(input.len(), |left| left.min(input.len()));
        self.left -= length as u64;
        self.besides = 0;
        if self.left == 0 {
            self.place = Place::DataEnds;
        }
        input.split_at(length)
    }

    fn step(&mut self, byte: u8) -> Option<()> {
        self.besides += 1;
        self.place = match (self.place, byte) {
            _ if self.besides > MOST_BESIDES => return None,
            (Place::Size(digits @ 0..=15), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.left = self.left << 4 | u64::from(char::from(byte).to_digit(16)?);
                Place::Size(digits + 1)
            }
            (Place::Size(1..), b';' | b' ' | b'\t') => Place::Extension,
            (Place::Size(1..) | Place::Extension, b'\r') => Place::SizeEnds,
            (Place::Extension, b' '.. | b'\t') => Place::Extension,
            (Place::SizeEnds, b'\n') if self.left == 0 => Place::Trailer(true),
            (Place::SizeEnds, b'\n') => Place::Data,
            (Place::DataEnds, b'\r') => Place::DataEnded,
            (Place::DataEnded, b'\n') => Place::Size(0),
            (Place::Trailer(is_empty), b'\r') => Place::TrailerEnds(is_empty),
            (Place::Trailer(_), b' '.. | b'\t') => Place::Trailer(false),
            (Place::TrailerEnds(true), b'\n') => Place::Whole,
            (Place::TrailerEnds(false), b'\n') => Place::Trailer(true),
            _ => return None,
        };
        Some(())
    }
}
