//! Cases whose bodies, or the fields that say where these end, can be read in two ways.

use crate::cases::{Case, SMUGGLED, Texts, cases, chunked};

/// The head of a body that ends at once, or goes on with [`SMUGGLED`] if it has a length.
fn ended() -> Vec<u8> {
    [b"0\r\n\r\n", SMUGGLED].concat()
}

const CODINGS: Texts = &[
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: CHUNKED",
    b"Transfer-Encoding:chunked",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding\t: chunked",
    b"Transfer-Encoding:\tchunked\t",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding: chunked\x0c",
    b"Transfer-Encoding: chunked\0",
    b"Transfer-Encoding: \0chunked",
    b"Transfer-Encoding\0: chunked",
    b"Transfer-Encoding: \x85chunked",
    b"Transfer-Encoding: chunked\xa0",
    b"Transfer-Encoding: \xffchunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunkedx",
    b"Transfer-Encoding: \"chunked\"",
    b"Transfer-Encoding: chunked;q=1",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: ,chunked",
    b"Transfer-Encoding: chunked,",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding:",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding:",
    b"Transfer-Encoding:\r\n chunked",
    b"Transfer-Encoding: chunked\r\n x",
    b"X: y\r\n Transfer-Encoding: chunked",
    b"X: y\nTransfer-Encoding: chunked",
    b"X: y\rTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\rX: y",
    b"Transfer_Encoding: chunked",
    b"Transfer-Encoding chunked",
];

pub(crate) fn transfer_encoding() -> Vec<Case> {
    let mut all = cases(CODINGS, |coding| Case::post(coding, &chunked()));
    let old = b"POST /case-nnn HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
    all.push(Case::new(&[old, &chunked()]));
    all
}

/// Each spelling with a length: once the body ends before [`SMUGGLED`] if the coding counts, once if the length does.
pub(crate) fn both_lengths() -> Vec<Case> {
    let long: &[u8] = b"Content-Length: 48\r\n"; // all of `ended`
    let short: &[u8] = b"\r\nContent-Length: 4"; // the first line of `chunked`
    let mut all = cases(CODINGS, |coding| Case::post(&[long, coding].concat(), &ended()));
    all.extend(cases(CODINGS, |coding| Case::post(&[coding, short].concat(), &chunked())));
    let old = b"POST /case-nnn HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n";
    all.push(Case::new(&[old, long, b"\r\n", &ended()]));
    all.push(Case::new(&[old, b"Content-Length: 4\r\n\r\n", &chunked()]));
    all
}

const LENGTHS: Texts = &[
    b"Content-Length: 43",
    b"Content-Length: 043",
    b"Content-Length: +43",
    b"Content-Length: -43",
    b"Content-Length: -1",
    b"Content-Length: 0x2b",
    b"Content-Length: 2b",
    b"Content-Length: 43_",
    b"Content-Length: 4_3",
    b"Content-Length: 43.0",
    b"Content-Length: 43;x",
    b"Content-Length: 4 3",
    b"Content-Length: 43 0",
    b"Content-Length: 0 43",
    b"Content-Length:  43\t ",
    b"Content-Length:\x0b43",
    b"Content-Length: 43\x0c",
    b"Content-Length: 43\0",
    b"Content-Length: 43\xa0",
    b"Content-Length: \x8543",
    b"Content-Length: \"43\"",
    b"Content-Length:",
    b"Content-Length: 43, 43",
    b"Content-Length: 43,",
    b"Content-Length: 43, 0",
    b"Content-Length: 0, 43",
    b"Content-Length: 43\r\nContent-Length: 43",
    b"Content-Length: 43\r\nContent-Length: 0",
    b"Content-Length: 0\r\nContent-Length: 43",
    b"Content-Length: 43\r\nContent-Length:",
    b"Content-Length: 18446744073709551659", // 43 beyond 2^64
    b"Content-Length: 4294967339",           // 43 beyond 2^32
    b"Content-Length: 99999999999999999999999999999999999999999",
    b"Content-Length : 43",
    b"Content-Length\t: 43",
    b"Content-Length\0: 43",
    b"Content_Length: 43",
    b"Content-Length 43",
    b"Content-Length:\r\n 43",
    b"Content-Length: 0\r\n 43",
    b"Content-Length: 4\r\n 3",
    b"X: y\r\n Content-Length: 43",
    b"X: y\nContent-Length: 43",
    b"X: y\rContent-Length: 43",
    b"Content-Length: 0\nX: y",
    b"Content-Length: 43\rX: y",
    b"Content-Length: 0",
    b"X: no length",
];

pub(crate) fn content_length() -> Vec<Case> {
    cases(LENGTHS, |length| Case::post(length, SMUGGLED))
}

/// What stands before the data of a chunk of 43 bytes.
const SIZES: Texts = &[
    b"2b\r\n",
    b"2B\r\n",
    b"00000000000002b\r\n",
    b"0000000000000002b\r\n",
    b"1000000000000002b\r\n", // modulo 2^64 it would be right
    b"10000002b\r\n",         // modulo 2^32
    b"ffffffffffffffff\r\n",
    b"0x2b\r\n",
    b"+2b\r\n",
    b"-2b\r\n",
    b"2b_\r\n",
    b"2_b\r\n",
    b"2bg\r\n",
    b"2b,\r\n",
    b"2b junk\r\n",
    b"2b 0\r\n",
    b"\r\n",
    b";x\r\n",
    b" 2b\r\n",
    b"2b \r\n",
    b"2b\t\r\n",
    b"2b\x0b\r\n",
    b"2b\0\r\n",
    b"2b\xa0\r\n",
    b"2b;name=value\r\n",
    b"2b ; name=\"a;b\"\r\n",
    b"2b;\r\n",
    b"2b;a\rb\r\n",
    b"2b;a\nb\r\n",
    b"2b;a\0b\r\n",
    b"2b;\n",
    b"2b;\rX",
    b"2b\n",
    b"2b\r",
    b"2b\rX",
    b"2b\r\r\n",
    b"2b\n\r\n",
    b"0;\n2b\r\n",
    b"2a\r\n",
    b"2c\r\n",
    b"0\r\n\r\n",
    b"4\r\n2b\r\n\r\n",
];

pub(crate) fn chunk_size() -> Vec<Case> {
    cases(SIZES, |size| {
        let body = [size, SMUGGLED, b"\r\n0\r\n\r\n"].concat();
        Case::post(b"Transfer-Encoding: chunked", &body)
    })
}

/// What stands between the data of a chunk and [`SMUGGLED`].
const ENDS: Texts = &[
    b"\r\n0\r\n\r\n",
    b"\r\n000\r\n\r\n",
    b"\r\n0;name=value\r\n\r\n",
    b"\r\n0 \r\n\r\n",
    b"\r\n0x0\r\n\r\n",
    b"\r\n-0\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"\n0\r\n\r\n",
    b"\r0\r\n\r\n",
    b"XX0\r\n\r\n",
    b"0\r\n\r\n",
    b"\r\r\n0\r\n\r\n",
    b"\r\n0\r\nXX",
    b"\r\n0\r\n\rX",
    b"\r\n0\r\n\n",
    b"\r\n0\r\n\r",
    b"\r\n0\n\n",
    b"\r\n0\n\r\n",
    b"\r\n0\r\r\n\r\n",
    b"\r\n0\r\n",
    b"\r\n0;a\nb\r\n\r\n",
    b"\r\n0\r\nA: b\r\n\r\n",
    b"\r\n0\r\nA: b\n\r\n",
    b"\r\n0\r\nA: b\n\n",
    b"\r\n0\r\nA: b\r\r\n\r\n",
    b"\r\n0\r\nA: b\rC: d\r\n\r\n",
    b"\r\n0\r\nA: b\0\r\n\r\n",
    b"\r\n0\r\nA : b\r\n\r\n",
    b"\r\n0\r\n: b\r\n\r\n",
    b"\r\n0\r\nno colon\r\n\r\n",
    b"\r\n0\r\n folded\r\n\r\n",
    b"\r\n0\r\nContent-Length: 43\r\n\r\n",
    b"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"\r\n0\r\nHost: other\r\n\r\n",
];

pub(crate) fn chunk_end() -> Vec<Case> {
    cases(ENDS, |end| {
        let body = [b"4\r\ndata", end, SMUGGLED].concat();
        Case::post(b"Transfer-Encoding: chunked", &body)
    })
}
