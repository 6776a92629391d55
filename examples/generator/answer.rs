//! An answer in HTTP/1 as it comes, compared with the one that is expected.
//!
//! # Rules
//!
//! 1. Any split of the input gives the same result.
//! 2. Nothing is copied but a head that does not come in one piece; the body is compared where it lies.
//! 3. What a server sends can be malformed, but it cannot make this panic, or keep more than [`MOST_HEAD`].
//! 4. Whatever two readers could read in two ways is malformed: two lengths, a length and a coding, bare line feeds.
//!
//! One request is under way at a time, so bytes behind an answer were not asked for: they make it malformed too.

use super::chunked::Chunked;
use super::errors::Error;

const MOST_HEAD: usize = 64 << 10;

pub(super) struct Answer {
    part: Part,
    /// What there is of a head that has not come whole.
    head: Vec<u8>,
    status: u16,
    closes: bool,
    /// Of the body so far: how long it is, and whether it is the beginning of the expected one.
    length: usize,
    is_expected: bool,
    /// All that came, heads included.
    bytes: u64,
}

/// What comes next.
#[derive(Debug)]
enum Part {
    Head,
    /// So many bytes of the body.
    Sized(u64),
    Chunked(Chunked),
    /// A body that ends with the connection.
    UntilClose,
    /// Nothing.
    Whole,
}

/// What a head says.
struct Head {
    status: u16,
    body: Part,
    closes: bool,
}

impl Answer {
    pub(super) fn new() -> Self {
        Answer { part: Part::Head, head: Vec::new(), status: 0, closes: false, length: 0, is_expected: true, bytes: 0 }
    }

    /// Forgets this one for the next. (Its room for heads is kept.)
    pub(super) fn clear(&mut self) {
        self.head.clear();
        *self = Answer { head: std::mem::take(&mut self.head), ..Answer::new() };
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.part, Part::Whole)
    }

    /// Of the last head; 0 before there is one.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// Whether the server closes the connection behind it.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes what has come.
    pub(super) fn feed(&mut self, input: &[u8], expected: Option<&[u8]>) -> Result<(), Error> {
        self.bytes += input.len() as u64;
        let mut rest = input;
        while !rest.is_empty() {
            rest = match &mut self.part {
                Part::Head => self.head(rest).ok_or(Error::Malformed)?,
                Part::Sized(left) => {
                    let length = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    *left -= length as u64;
                    if *left == 0 {
                        self.part = Part::Whole;
                    }
                    self.body(&rest[..length], expected);
                    &rest[length..]
                }
                Part::Chunked(chunked) => {
                    let (data, behind) = chunked.take(rest).ok_or(Error::Malformed)?;
                    if chunked.is_whole() {
                        self.part = Part::Whole;
                    }
                    self.body(data, expected);
                    behind
                }
                Part::UntilClose => {
                    self.body(rest, expected);
                    &[]
                }
                Part::Whole => return Err(Error::Malformed),
            };
        }
        Ok(())
    }

    /// The connection has ended.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        match self.part {
            Part::Whole => Ok(()),
            Part::UntilClose => {
                self.part = Part::Whole;
                Ok(())
            }
            Part::Head if self.bytes == 0 => Err(Error::Closed),
            _ => Err(Error::Short),
        }
    }

    /// Whether a whole answer is right.
    pub(super) fn verdict(&self, expected: Option<&[u8]>) -> Result<(), Error> {
        match self.status {
            200..=299 if expected.is_none_or(|body| self.is_expected && self.length == body.len()) => Ok(()),
            400..=499 => Err(Error::Status4xx),
            500..=599 => Err(Error::Status5xx),
            _ => Err(Error::Wrong),
        }
    }

    fn body(&mut self, piece: &[u8], expected: Option<&[u8]>) {
        if let Some(body) = expected {
            self.is_expected = self.is_expected && body.get(self.length..self.length + piece.len()) == Some(piece);
        }
        self.length += piece.len();
    }

    /// Takes a head, or what there is of it, and gives what is behind it; `None` if it is malformed.
    fn head<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        if self.head.is_empty()
            && let Some(end) = end_of_head(input, 0)
        {
            self.read(&input[..end])?;
            return Some(&input[end..]);
        }
        let had = self.head.len();
        let room = (MOST_HEAD - had).min(input.len());
        self.head.extend_from_slice(&input[..room]);
        let Some(end) = end_of_head(&self.head, had.saturating_sub(3)) else {
            return (self.head.len() < MOST_HEAD).then_some(&[]);
        };
        let mut head = std::mem::take(&mut self.head);
        let read = self.read(&head[..end]);
        head.clear();
        self.head = head;
        read.map(|()| &input[end - had..])
    }

    fn read(&mut self, head: &[u8]) -> Option<()> {
        let Head { status, body, closes } = read_head(head)?;
        (self.status, self.closes) = (status, closes);
        match status {
            101 => return None, // nobody has asked for another protocol
            100..=199 => {}     // the answer comes behind it
            _ => self.part = body,
        }
        Some(())
    }
}

/// Where a head is over: behind its empty line. Looked for beginning at `from`.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(line) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        at += line + 1;
        if bytes[..at].ends_with(b"\r\n\r\n") {
            return (at <= MOST_HEAD).then_some(at);
        }
    }
    None
}

/// Reads a head that ends with its empty line.
fn read_head(head: &[u8]) -> Option<Head> {
    let mut lines = head.split(|byte| *byte == b'\n').map_while(|line| line.strip_suffix(b"\r"));
    let (status, is_1_0) = read_status(lines.next()?)?;
    let (mut length, mut is_chunked, mut close, mut keep) = (None, false, false, false);
    let mut seen = 0;
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        seen += line.len() + 2;
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if !name.iter().all(u8::is_ascii_graphic) || name.is_empty() {
            return None;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let number = read_number(value)?;
            length = (*length.get_or_insert(number) == number).then_some(number);
            length?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            is_chunked = value.eq_ignore_ascii_case(b"chunked") && !is_chunked;
            is_chunked.then_some(())?;
        } else if name.eq_ignore_ascii_case(b"connection") {
            let has =
                |word: &[u8]| value.split(|byte| *byte == b',').any(|w| w.trim_ascii().eq_ignore_ascii_case(word));
            close |= has(b"close");
            keep |= has(b"keep-alive");
        }
    }
    let first = head.iter().position(|byte| *byte == b'\n')? + 1;
    if first + seen + 2 != head.len() {
        return None; // a bare line feed somewhere
    }
    let body = match (status, is_chunked, length) {
        (_, true, Some(_)) => return None,
        (204 | 304, ..) | (_, false, Some(0)) => Part::Whole,
        (_, true, None) => Part::Chunked(Chunked::new()),
        (_, false, Some(length)) => Part::Sized(length),
        (_, false, None) => Part::UntilClose,
    };
    let closes = close || is_1_0 && !keep || matches!(body, Part::UntilClose);
    Some(Head { status, body, closes })
}

/// The status, and whether this is HTTP/1.0.
fn read_status(line: &[u8]) -> Option<(u16, bool)> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let ([minor @ b'0'..=b'9', b' ', a @ b'1'..=b'9', b, c], behind) = rest.split_first_chunk()? else { return None };
    let is_ended = behind.first().is_none_or(|byte| *byte == b' ');
    let is_number = [b, c].iter().all(|byte| byte.is_ascii_digit()) && is_ended;
    let status = [a, b, c].iter().fold(0, |number, digit| number * 10 + u16::from(digit.wrapping_sub(b'0')));
    is_number.then_some((status, *minor == b'0'))
}

fn read_number(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status, and whether the connection ends behind it.
    type Seen = Result<(u16, bool), Error>;

    /// What comes of an answer in pieces and the end of the connection behind it.
    fn outcome(pieces: &[&[u8]], expected: Option<&[u8]>) -> Seen {
        let mut answer = Answer::new();
        for piece in pieces {
            answer.feed(piece, expected)?;
        }
        answer.end()?;
        answer.verdict(expected)?;
        Ok((answer.status(), answer.closes()))
    }

    #[test]
    fn every_split_gives_the_same() {
        let cases: &[(&str, Seen)] = &[
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok((200, false))),
            ("HTTP/1.1 200\r\ncontent-LENGTH:5 \r\nConnection: x, Close\r\n\r\nhello", Ok((200, true))),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok((200, true))),
            ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", Ok((200, false))),
            ("HTTP/1.1 200 OK\r\n\r\nhello", Ok((200, true))),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n\
                 Transfer-Encoding: chunked\r\n\r\n2;x=\"y\"\r\nhe\r\n03\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
                Ok((200, false)),
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo", Err(Error::Wrong)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell", Err(Error::Wrong)),
            ("HTTP/1.1 200 OK\r\n\r\nhello!", Err(Error::Wrong)),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Err(Error::Wrong)),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", Err(Error::Status4xx)),
            ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", Err(Error::Status5xx)),
            ("", Err(Error::Closed)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Err(Error::Short)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", Err(Error::Short)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Err(Error::Short)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", Err(Error::Malformed)),
        ];
        for (text, result) in cases {
            let bytes = text.as_bytes();
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(outcome(&pieces, Some(b"hello")), *result, "{text:?} at {first} and {second}");
                }
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(outcome(&single, Some(b"hello")), *result, "{text:?} by bytes");
        }
    }

    #[test]
    fn what_is_not_http_is_malformed() {
        let ok = "HTTP/1.1 200 OK\r\n";
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let cases = [
            "SSH-2.0-x\r\n\r\n".to_string(),
            "HTTP/2 200 OK\r\n\r\n".into(),
            "HTTP/1.1 20 OK\r\n\r\n".into(),
            "HTTP/1.1 2000 OK\r\n\r\n".into(),
            "HTTP/1.1 101 Switching\r\n\r\n".into(),
            "HTTP/1.1 200 OK\nA: b\r\n\r\n".into(),
            format!("{ok}A: b\nC: d\r\n\r\n"),
            format!("{ok}no colon\r\n\r\n"),
            format!("{ok}A: b\r\n folded: c\r\n\r\n"),
            format!("{ok}Content-Length: -1\r\n\r\n"),
            format!("{ok}Content-Length: \r\n\r\n"),
            format!("{ok}Content-Length: 18446744073709551616\r\n\r\n"),
            format!("{ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            format!("{ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            format!("{ok}Transfer-Encoding: gzip, chunked\r\n\r\n"),
            format!("{chunked}\r\n"),
            format!("{chunked}x\r\n"),
            format!("{chunked}1\nx"),
            format!("{chunked}1\r\nxy"),
            format!("{chunked}11111111111111111\r\n"),
            format!("{chunked}1;{}", "x".repeat(MOST_HEAD)),
            format!("{ok}A: {}", "x".repeat(MOST_HEAD)),
        ];
        for text in cases {
            let shown = &text[..text.len().min(100)];
            assert_eq!(outcome(&[text.as_bytes()], None), Err(Error::Malformed), "{shown:?}");
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(outcome(&single, None), Err(Error::Malformed), "{shown:?} by bytes");
        }
    }
}
