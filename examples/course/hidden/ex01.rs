//! What is checked of exercise 1, an incremental parser for the heads of requests, without its being shown.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex01_parse.rs"]
mod ex01_parse;

use course::check::{self, Check};
use ex01_parse::{Parse, parse};
use std::process::ExitCode;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "limits_are_kept",
            points: 1,
            does: "sends heads that are as long as they may be, longer ones, and ones that never end",
            read: "Step 6: limits",
            run: limits_are_kept,
        },
        Check {
            name: "any_bytes_are_read_alike_in_any_pieces",
            points: 1,
            does: "puts every byte everywhere, and reads 10,000 damaged heads whole and in part",
            read: "Step 7: any bytes",
            run: any_bytes_are_read_alike_in_any_pieces,
        },
    ])
}

// Not those of the file that is checked.
const MAX_LINE: usize = 8192;
const MAX_HEAD: usize = 16_384;
const MAX_FIELDS: usize = 100;

fn limits_are_kept() {
    let line = |len: usize| format!("GET /{} HTTP/1.1", "a".repeat(len - "GET / HTTP/1.1".len()));
    let with_line = |len: usize| format!("{}\r\nHost: a\r\n\r\n", line(len));
    accepted(&with_line(MAX_LINE), "a request line of 8,192 bytes");
    refused(&with_line(MAX_LINE + 1), 414, "a request line of 8,193 bytes");
    refused(&line(MAX_LINE + 1000), 414, "a request line of which 9,192 bytes have come, and not its end");

    let before = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
    let of_size = |len: usize| format!("{before}{}\r\n\r\n", "b".repeat(len - before.len() - 4));
    accepted(&of_size(MAX_HEAD), "a head of 16,384 bytes");
    refused(&of_size(MAX_HEAD + 1), 431, "a head of 16,385 bytes");
    refused(&of_size(MAX_HEAD + 1000), 431, "a head of 17,384 bytes");
    let endless = format!("{before}{}", "b".repeat(MAX_HEAD));
    refused(&endless, 431, "a field of which more than 16 KiB have come, and not its end");
    let short_ones = format!("GET / HTTP/1.1\r\n{}", format!("A: {}\r\n", "b".repeat(995)).repeat(17));
    refused(&short_ones, 431, "17 fields of 1,000 bytes each, and not the head's end");

    let fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(count - 1));
    accepted(&fields(MAX_FIELDS), "a head of 100 fields");
    refused(&fields(MAX_FIELDS + 1), 431, "a head of 101 fields");
}

fn accepted(head: &str, what: &str) {
    match parse(head.as_bytes()) {
        Parse::Done(_, used) => assert_eq!(used, head.len(), "so many bytes were used of {what}"),
        Parse::Partial => panic!("{what} gave Partial, though it is whole"),
        Parse::Err(status) => panic!("{what} is allowed, and was refused with {status}"),
    }
}

fn refused(head: &str, status: u16, what: &str) {
    match parse(head.as_bytes()) {
        Parse::Err(seen) => assert_eq!(seen, status, "{what} is refused, but with the first of these statuses"),
        Parse::Partial => panic!("{what} gave Partial: more of it is awaited, instead of refusing it with {status}"),
        Parse::Done(..) => panic!("{what} was accepted, instead of refused with {status}"),
    }
}

fn any_bytes_are_read_alike_in_any_pieces() {
    for byte in 0..=u8::MAX {
        every_byte_in_its_place(byte);
    }
    let mut random = Random(0x5EED);
    for _ in 0..10_000 {
        let bytes = damaged(&mut random);
        let whole = read(&bytes);
        for _ in 0..8 {
            same_in_part(&bytes, random.below(bytes.len() + 1), &whole);
        }
    }
}

/// This byte in a value, a target and a name.
fn every_byte_in_its_place(byte: u8) {
    let head = |before: &str, behind: &str| [before.as_bytes(), &[byte], behind.as_bytes()].concat();
    let in_value = head("GET / HTTP/1.1\r\nHost: a\r\nA: b", "c\r\n\r\n");
    let expected = [b'b', byte, b'c'];
    match read(&in_value) {
        Parse::Done(request, _) if byte == b'\t' || !byte.is_ascii_control() => {
            assert_eq!(request.fields[1].1, expected, "the value of A in {}", shown(&in_value));
        }
        Parse::Err(400) if byte.is_ascii_control() && byte != b'\t' => {}
        other => panic!("{} gave {other:?}", shown(&in_value)),
    }
    let in_target = head("GET /a", "b HTTP/1.1\r\nHost: a\r\n\r\n");
    let in_name = head("GET / HTTP/1.1\r\nHost: a\r\nA", "b: c\r\n\r\n");
    let is_name = is_good_in_a_name(byte);
    let places = [(in_target, byte.is_ascii_graphic(), is_plain_in_a_target(byte)), (in_name, is_name, is_name)];
    for (head, may_be_good, is_good) in places {
        match read(&head) {
            Parse::Done(..) if may_be_good => {}
            Parse::Err(400) if !is_good => {}
            other => panic!("{} gave {other:?}", shown(&head)),
        }
    }
}

/// Those that nobody refuses. Of the other visible characters, some may be taken or not (RFC 3986).
fn is_plain_in_a_target(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte)
}

/// Those of a token; and a colon, behind which a value begins.
fn is_good_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&byte)
}

/// What comes first may be refused or not; but it must not be Done before its end, nor refused and then accepted.
fn same_in_part(bytes: &[u8], cut: usize, whole: &Parse) {
    let part = read(&bytes[..cut]);
    let is_right = match (whole, &part) {
        (Parse::Done(_, used), Parse::Partial) => cut < *used,
        (Parse::Done(_, used), done) => cut >= *used && done == whole,
        (Parse::Partial, part) => *part == Parse::Partial,
        (Parse::Err(_), part) => !matches!(part, Parse::Done(..)),
    };
    let come = shown(&bytes[..cut]);
    assert!(is_right, "{} gave {whole:?}, though its first {cut} bytes, {come}, gave {part:?}", shown(bytes));
}

/// What `parse` says; a panic is told with what it was given.
fn read(bytes: &[u8]) -> Parse {
    let read = std::panic::catch_unwind(|| parse(bytes));
    read.unwrap_or_else(|_| panic!("parse panicked, given {}", shown(bytes)))
}

fn shown(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// A good head or two with up to four bytes changed, doubled, lost or cut off.
fn damaged(random: &mut Random) -> Vec<u8> {
    const HEADS: [&str; 3] = [
        "GET /a?b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
        "GET / HTTP/1.0\r\nX:\t y z \r\n\r\n",
    ];
    const LIKELY: &[u8] = b"\r\n\r\n \t:/019A\0\x7f\x80\xc3\xff";
    let mut bytes = HEADS[random.below(3)].as_bytes().to_vec();
    if random.below(2) == 0 {
        bytes.extend_from_slice(HEADS[random.below(3)].as_bytes());
    }
    for _ in 0..random.below(5) {
        let (at, byte) = (random.below(bytes.len()), LIKELY[random.below(LIKELY.len())]);
        match random.below(8) {
            0..3 => bytes[at] = byte,
            3..5 => bytes.insert(at, byte),
            5 if bytes.len() > 1 => drop(bytes.remove(at)),
            7 => bytes.truncate(at + 1),
            _ => bytes.insert(at, bytes[at]),
        }
    }
    bytes
}

/// The same numbers each time: xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
