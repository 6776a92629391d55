//! Where a message ends: what two readers could read in two ways is refused, never repaired, and what stands behind it
//! is not read at all.

use super::super::Subject;
use super::witness::{Witness, unhurried};
use crate::Limits;

/// A POST with some fields, up to the end of its head.
pub(super) fn post(fields: impl AsRef<[u8]>) -> Vec<u8> {
    [b"POST / HTTP/1.1\r\nHost: test\r\n", fields.as_ref(), b"\r\n\r\n"].concat()
}

pub(super) fn chunked(body: impl AsRef<[u8]>) -> Vec<u8> {
    [post("Transfer-Encoding: chunked"), body.as_ref().to_vec()].concat()
}

/// The end of a body for one reader, and a body of five bytes for another.
pub(super) const END: &str = "0\r\n\r\n";

pub(super) fn cl_and_te(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    let fields = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Content-Length: 44\r\nTransfer-Encoding: chunked",
        "content-length:5\r\nTRANSFER-ENCODING:CHUNKED",
        "Content-Length: 5\r\nTransfer-Encoding:\tchunked",
        "Content-Length: 5\r\nTransfer-Encoding: identity",
        "Content-Length: 5\r\nTransfer-Encoding:",
        "Content-Length:\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: xchunked",
        "Content-Length: 5\r\nTransfer-Encoding : chunked",
        "Content-Length: 5\r\n Transfer-Encoding: chunked",
        "Content-Length: 5\r\nX: y\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nX: y\rTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding\r\n: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: \x0bchunked",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: Transfer-Encoding",
    ];
    for fields in fields {
        witness.refuses([post(fields), END.into()].concat(), &[400]);
    }
    let other_names = "Content-Length: 5\r\nTransfer_Encoding: chunked\r\nX-Transfer-Encoding: chunked";
    witness.accepts([post(other_names), END.into()].concat(), &[r"POST / 0\r\n\r\n"]);
}

pub(super) fn te_in_http_1_0(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    for fields in [
        "Transfer-Encoding: chunked",
        "Connection: keep-alive\r\nTransfer-Encoding: chunked",
        "Connection: keep-alive\r\nTransfer-Encoding: identity",
        "Connection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
    ] {
        witness.refuses(format!("POST / HTTP/1.0\r\nHost: test\r\n{fields}\r\n\r\n{END}"), &[400]);
    }
}

pub(super) fn invalid_content_length(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    let values: &[&[u8]] = &[
        b"",
        b" ",
        b"+5",
        b"-5",
        b"-0",
        b"0x5",
        b"5_0",
        b"5.0",
        b"5e0",
        b"5h",
        b"5;",
        b"5,",
        b",5",
        b"5, 5",
        b"5, 6",
        b"5 0",
        b"\"5\"",
        b"five",
        b"5\0",
        b"\x005",
        b"\x0b5",
        b"5\x85",
        b"\x855",
        b"5\xa0",
        b"\xa05",
        b"\xff5",
        b"5\xc2\xa0",
        b"\xd9\xa5",
        b"5\r\n 0",
        b"5\r",
        b"5\n",
        b"18446744073709551616",
        b"18446744073709551621",
        b"99999999999999999999999999",
        b"0\r\nContent-Length: 5",
        b"5\r\nContent-Length: 0",
        b"5\r\nContent-Length: 5",
        b"5\r\nContent-Length: +5",
        b"5\r\nContent-Length:",
    ];
    for value in values {
        let head = post([b"Content-Length: ", *value].concat());
        witness.refuses([head, b"12345".to_vec()].concat(), &[400]);
    }
    for value in ["9223372036854775807", "9223372036854775808", "18446744073709551615"] {
        witness.refuses(post(format!("Content-Length: {value}")), &[413]);
    }
    for value in ["5", "005", "5 \t", "\t5"] {
        witness.accepts([post(format!("Content-Length: {value}")), END.into()].concat(), &[r"POST / 0\r\n\r\n"]);
    }
}

pub(super) fn te_not_exactly_chunked_last(subject: &Subject) {
    let witness = Witness::of(subject, unhurried());
    let values: &[&[u8]] = &[
        b"",
        b" ",
        b",",
        b"identity",
        b"gzip",
        b"cow",
        b"gzip, chunked",
        b"chunked, gzip",
        b"chunked, identity",
        b"chunked, chunked",
        b",chunked",
        b", chunked",
        b"chunked,",
        b"chunked;q=1",
        b"chunked;",
        b"chunked x",
        b"xchunked",
        b"chunkedx",
        b"chunke",
        b"\"chunked\"",
        b"chunked\0",
        b"\0chunked",
        b"\x0bchunked",
        b"chunked\x0c",
        b"\x85chunked",
        b"chunked\x85",
        b"\xa0chunked",
        b"chunked\xa0",
        b"\xffchunked",
        b"chun\r\n ked",
        b"\r\n chunked",
        b"chunked\r\nTransfer-Encoding: chunked",
        b"chunked\r\nTransfer-Encoding: identity",
        b"identity\r\nTransfer-Encoding: chunked",
        b"\r\nTransfer-Encoding: chunked",
        b"chunked\r\nTransfer-Encoding: cow",
    ];
    for value in values {
        let head = post([b"Transfer-Encoding: ", *value].concat());
        witness.refuses([head, END.into()].concat(), &[400, 501]);
    }
    for value in ["chunked", "CHUNKED", "chunKed \t", "\t chunked"] {
        witness.accepts([post(format!("Transfer-Encoding: {value}")), END.into()].concat(), &["POST / "]);
    }
}

/// Chunked bodies, of which not one is one.
const BROKEN: &[&[u8]] = &[
    // Sizes.
    b"\r\n",
    b"\r\nhello\r\n0\r\n\r\n",
    b";a=b\r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"\t5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5 5\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"-0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"0X0\r\n\r\n",
    b"5_0\r\nhello\r\n0\r\n\r\n",
    b"5h\r\nhello\r\n0\r\n\r\n",
    b"5.\r\nhello\r\n0\r\n\r\n",
    b"5,5\r\nhello\r\n0\r\n\r\n",
    b"\"5\"\r\nhello\r\n0\r\n\r\n",
    b"g\r\nhello\r\n0\r\n\r\n",
    b"\x005\r\nhello\r\n0\r\n\r\n",
    b"5\0\r\nhello\r\n0\r\n\r\n",
    b"\xa05\r\nhello\r\n0\r\n\r\n",
    b"5\xa0\r\nhello\r\n0\r\n\r\n",
    b"5\x85\r\nhello\r\n0\r\n\r\n",
    b"5\xff\r\nhello\r\n0\r\n\r\n",
    b"5\x0b\r\nhello\r\n0\r\n\r\n",
    b"00000000000000005\r\nhello\r\n0\r\n\r\n",
    b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    // Ends of their lines.
    b"5\nhello\r\n0\r\n\r\n",
    b"5\rhello\r\n0\r\n\r\n",
    b"5\rXhello\r\n0\r\n\r\n",
    b"5\r\rhello\r\n0\r\n\r\n",
    b"5\n\rhello\r\n0\r\n\r\n",
    // Extensions.
    b"5;\r\nhello\r\n0\r\n\r\n",
    b"5;a\nhello\r\n0\r\n\r\n",
    b"5;a\rX\r\nhello\r\n0\r\n\r\n",
    b"5 \r;a\r\nhello\r\n0\r\n\r\n",
    b"5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
    b"5;a=\0\r\nhello\r\n0\r\n\r\n",
    // Ends of their data.
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello\r0\r\n\r\n",
    b"5\r\nhello\rX0\r\n\r\n",
    b"5\r\nhello\n\r0\r\n\r\n",
    b"4\r\nhello\r\n0\r\n\r\n",
    b"6\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n\r\n0\r\n\r\n",
    // The last chunk and the trailers.
    b"0\r\nXX",
    b"0\r\n\rX",
    b"0\r\n\n",
    b"0\n\n",
    b"0\n\r\n",
    b"0\r\n\r\r\n",
    b"0\r\nA : b\r\n\r\n",
    b"0\r\nA: b\r\n c\r\n\r\n",
    b"0\r\n A: b\r\n\r\n",
    b"0\r\nA\r\n\r\n",
    b"0\r\n: b\r\n\r\n",
    b"0\r\nA: b\n\r\n",
    b"0\r\nA: b\0\r\n\r\n",
    // What could be resynchronised.
    b"z\r\n0\r\n\r\n",
    b"5\r\nhello\r\nz\r\n5\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello, world\r\n0\r\n\r\n",
];

pub(super) fn chunk_sizes(subject: &Subject) {
    let witness = Witness::of(subject, Limits { body_size: 64, ..unhurried() });
    for body in BROKEN {
        witness.refuses(chunked(body), &[400]);
    }
    let data = "x".repeat(65);
    for size in ["41", "7fffffffffffffff", "8000000000000000", "ffffffffffffffff"] {
        witness.refuses(chunked(format!("{size}\r\n{data}")), &[413]);
        witness.refuses(chunked(format!("5\r\nhello\r\n{size}\r\n{data}")), &[413]);
    }
    for body in [
        "5\r\nhello\r\n0\r\n\r\n",
        "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n",
        "2\r\nhe\r\n3;a;b=c;d=\"\\\"\\r\\n;\"\r\nllo\r\n0;e\r\n\r\n",
        "5 ; a\r\nhello\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: cow\r\n\r\n",
    ] {
        witness.accepts(chunked(body), &["POST / hello"]);
    }
    witness.accepts(chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), &["POST / 01234567890123456789"]);
}
