//! Cases whose heads can be read in two ways.

use crate::cases::{Case, SMUGGLED, Texts, cases, chunked};

/// Each with a body, to a handler that reads it and to one that does not.
const METHODS: Texts = &[
    b"GET",
    b"HEAD",
    b"OPTIONS",
    b"DELETE",
    b"TRACE",
    b"PUT",
    b"PATCH",
    b"POST",
    b"CONNECT",
    b"PROPFIND",
    b"SMUGGLE",
    b"get",
    b"G@T",
    b"GE\tT",
    b"G\0T",
    b"GET\xa0",
    b"\"GET\"",
    b"M-SEARCH",
    b"X~!#$%&'*+.^_`|",
];

pub(crate) fn method() -> Vec<Case> {
    let (length, coding) = (&b"Content-Length: 43\r\n"[..], &b"Transfer-Encoding: chunked\r\n"[..]);
    let mut all = Vec::new();
    for path in [&b"/case-nnn"[..], b"/unread-nnn"] {
        for (fields, body) in [(length, SMUGGLED), (coding, &chunked()), (b"", SMUGGLED)] {
            let rest = [path, b" HTTP/1.1\r\nHost: front\r\n", fields, b"\r\n", body].concat();
            all.extend(cases(METHODS, |method| Case::new(&[method, b" ", &rest])));
        }
    }
    all
}

const REQUEST_LINES: Texts = &[
    b"GET /case-nnn HTTP/1.1\r\n",
    b"GET  /case-nnn HTTP/1.1\r\n",
    b"GET /case-nnn  HTTP/1.1\r\n",
    b"GET /case-nnn HTTP/1.1 \r\n",
    b" GET /case-nnn HTTP/1.1\r\n",
    b"GET\t/case-nnn\tHTTP/1.1\r\n",
    b"GET\x0b/case-nnn HTTP/1.1\r\n",
    b"GET /case-nnn\x0cHTTP/1.1\r\n",
    b"GET\n/case-nnn HTTP/1.1\r\n",
    b"GET /case-nnn\rHTTP/1.1\r\n",
    b"\r\nGET /case-nnn HTTP/1.1\r\n",
    b"\r\n\r\n\r\nGET /case-nnn HTTP/1.1\r\n",
    b"\nGET /case-nnn HTTP/1.1\r\n",
    b"\rGET /case-nnn HTTP/1.1\r\n",
    b"GET /case-nnn HTTP/1.1\n",
    b"GET /case-nnn HTTP/1.1\r",
    b"GET /case-nnn HTTP/1.1\r\r\n",
    b"GET /case-nnn\r\n",
    b"GET /case-nnn \r\n",
    b"GET /case-nnn HTTP/0.9\r\n",
    b"GET /case-nnn HTTP/1.0\r\n",
    b"GET /case-nnn HTTP/1.2\r\n",
    b"GET /case-nnn HTTP/1.10\r\n",
    b"GET /case-nnn HTTP/01.1\r\n",
    b"GET /case-nnn HTTP/1.\r\n",
    b"GET /case-nnn HTTP/1\r\n",
    b"GET /case-nnn HTTP/1,1\r\n",
    b"GET /case-nnn HTTP/+1.1\r\n",
    b"GET /case-nnn HTTP/1.1x\r\n",
    b"GET /case-nnn http/1.1\r\n",
    b"GET /case-nnn HTTP/2.0\r\n",
    b"GET /case-nnn HTTP/9.9\r\n",
    b"GET /case-nnn HTTQ/1.1\r\n",
    b"GET /case-nnn RTSP/1.1\r\n",
    b"GET /case-nnn /smuggled-nnn HTTP/1.1\r\n",
    b"GET /case-nnn HTTP/1.1 HTTP/1.1\r\n",
    b"GET case-nnn HTTP/1.1\r\n",
    b"GET *-nnn HTTP/1.1\r\n",
    b"GET ?-nnn HTTP/1.1\r\n",
    b"GET //case-nnn HTTP/1.1\r\n",
    b"GET /x/../case-nnn HTTP/1.1\r\n",
    b"GET /%2e%2e/case-nnn HTTP/1.1\r\n",
    b"GET /case-nnn%00 HTTP/1.1\r\n",
    b"GET /case-nnn%0d%0a%0d%0aGET%20/smuggled HTTP/1.1\r\n",
    b"GET /case-nnn% HTTP/1.1\r\n",
    b"GET /case-nnn\0 HTTP/1.1\r\n",
    b"GET /case-nnn\x7f HTTP/1.1\r\n",
    b"GET /case-nnn\xff HTTP/1.1\r\n",
    b"GET /case-nnn\xc3\xa9 HTTP/1.1\r\n",
    b"GET /case-nnn#fragment HTTP/1.1\r\n",
    b"GET /case-nnn?#fragment HTTP/1.1\r\n",
    b"GET /case-nnn?a?b HTTP/1.1\r\n",
    b"GET /case-nnn\\x HTTP/1.1\r\n",
    b"GET /case-nnn;x=\"{|}<>^`\" HTTP/1.1\r\n",
    b"GET http:/case-nnn HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /case-nnn HTTP/1.1\r\n",
];

pub(crate) fn request_line() -> Vec<Case> {
    let rest = b"Host: front\r\nContent-Length: 43\r\n\r\n";
    let mut all = cases(REQUEST_LINES, |line| Case::new(&[line, rest, SMUGGLED]));
    all.push(Case::new(&[b"GET /case-nnn\r\n"]));
    all.push(Case::new(&[b"POST /case-nnn\r\n"]));
    all
}

/// Lines before a Content-Length, which a reader may or may not reach.
const FIELDS: Texts = &[
    b"X: y\n",
    b"X: y\r",
    b"X: y\r\r\n",
    b"X: y\n\r\n",
    b"X: y\r\n\rX: y\r\n",
    b"X: y\r\n\n",
    b"X: a\rb\r\n",
    b"X: a\nb\r\n",
    b"X: a\0b\r\n",
    b"X: a\x01\x08\x1b\x7f\r\n",
    b"X: \x85\xa0\xff\r\n",
    b"X:\r\n",
    b"X : y\r\n",
    b"X\t: y\r\n",
    b"X\0: y\r\n",
    b"X\x0b: y\r\n",
    b"X\xa0: y\r\n",
    b"\xa0X: y\r\n",
    b"X Y: z\r\n",
    b"X(Y): z\r\n",
    b"X\rY: z\r\n",
    b"X\r\nY: z\r\n",
    b": y\r\n",
    b":\r\n",
    b" : y\r\n",
    b"nothing\r\n",
    b"nothing\n",
    b"X: y\r\n folded\r\n",
    b"X: y\r\n\tfolded\r\n",
    b"X: y\r\n \r\n",
    b"X:\r\n folded\r\n",
    b" X: y\r\n",
    b"\tX: y\r\n",
    b"\0\r\n",
    b"\x0b\r\n",
    b"X_Y: z\r\n",
    b"GET /smuggled-nnn HTTP/1.1\r\n",
    b"X: GET /smuggled-nnn HTTP/1.1\r\n",
];

pub(crate) fn field() -> Vec<Case> {
    let start = b"POST /case-nnn HTTP/1.1\r\nHost: front\r\n";
    let rest = b"Content-Length: 43\r\n\r\n";
    let mut all = cases(FIELDS, |field| Case::new(&[start, field, rest, SMUGGLED]));
    // And before every other line.
    let (first, rest) = (b"POST /case-nnn HTTP/1.1\r\n", b"Host: front\r\nContent-Length: 43\r\n\r\n");
    all.extend(cases(FIELDS, |field| Case::new(&[first, field, rest, SMUGGLED])));
    let bare = b"POST /case-nnn HTTP/1.1\nHost: front\nContent-Length: 43\n\n";
    all.push(Case::new(&[bare, SMUGGLED]));
    all
}

/// A target, and the lines that say which host.
const HOSTS: &[(&[u8], &[u8])] = &[
    (b"/case-nnn", b""),
    (b"/case-nnn", b"Host:\r\n"),
    (b"/case-nnn", b"Host: front\r\nHost: front\r\n"),
    (b"/case-nnn", b"Host: front\r\nHost: other\r\n"),
    (b"/case-nnn", b"Host: front\r\n other\r\n"),
    (b"/case-nnn", b"Host : front\r\n"),
    (b"/case-nnn", b"Host: front, other\r\n"),
    (b"/case-nnn", b"Host: front other\r\n"),
    (b"/case-nnn", b"Host: user@front\r\n"),
    (b"/case-nnn", b"Host: front/smuggled\r\n"),
    (b"/case-nnn", b"Host: front:80:80\r\n"),
    (b"/case-nnn", b"Host: front:http\r\n"),
    (b"/case-nnn", b"Host: front\0\r\n"),
    (b"/case-nnn", b"Host: \xffront\r\n"),
    (b"/case-nnn", b"Host: [::1\r\n"),
    (b"http://front/case-nnn", b"Host: front\r\n"),
    (b"http://other/case-nnn", b"Host: front\r\n"),
    (b"http://front/case-nnn", b"Host: front\r\nHost: front\r\n"),
    (b"http://front/case-nnn", b""),
    (b"HTTP://front/case-nnn", b"Host: front\r\n"),
    (b"https://front/case-nnn", b"Host: front\r\n"),
    (b"ftp://front/case-nnn", b"Host: front\r\n"),
    (b"http://front?-nnn", b"Host: front\r\n"),
    (b"http://user@front/case-nnn", b"Host: front\r\n"),
    (b"http:///case-nnn", b"Host: front\r\n"),
    (b"http://front\\/case-nnn", b"Host: front\r\n"),
    (b"/http://front/case-nnn", b"Host: front\r\n"),
    (b"front:80-nnn", b"Host: front\r\n"),
];

pub(crate) fn host() -> Vec<Case> {
    let rest = [b"Content-Length: 43\r\n\r\n", SMUGGLED].concat();
    let case = |(target, lines): &(&[u8], &[u8])| Case::new(&[b"POST ", target, b" HTTP/1.1\r\n", lines, &rest]);
    HOSTS.iter().map(case).collect()
}

const EXPECTATIONS: Texts = &[
    b"Expect: 100-continue",
    b"Expect: 100-Continue",
    b"Expect:  100-continue\t",
    b"Expect: 100-continue x",
    b"Expect: 100-continue, 100-continue",
    b"Expect: 100-continue\r\nExpect: 100-continue",
    b"Expect: 200-ok",
    b"Expect: ",
    b"Expect:\x0b100-continue",
    b"Expect: y 100-continue",
    b"Expect:\r\n 100-continue",
    b"Expect : 100-continue",
];

pub(crate) fn expect() -> Vec<Case> {
    let mut all = Vec::new();
    for line in [
        &b"POST /case-nnn HTTP/1.1\r\n"[..],
        b"POST /unread-nnn HTTP/1.1\r\n",
        b"GET /case-nnn HTTP/1.1\r\n",
        b"POST /case-nnn HTTP/1.0\r\nConnection: keep-alive\r\n",
    ] {
        let start = [line, b"Host: front\r\n"].concat();
        let length = b"\r\nContent-Length: 43\r\n\r\n";
        all.extend(cases(EXPECTATIONS, |field| Case::new(&[&start, field, length, SMUGGLED])));
        let coding = b"\r\nTransfer-Encoding: chunked\r\n\r\n";
        all.extend(cases(EXPECTATIONS, |field| Case::new(&[&start, field, coding, &chunked()])));
    }
    all
}

const CONNECTIONS: Texts = &[
    b"Connection: content-length",
    b"Connection: close, content-length",
    b"Connection: keep-alive, content-length, transfer-encoding, host",
    b"Connection: transfer-encoding",
    b"Connection: host",
    b"Connection: expect\r\nExpect: 100-continue",
    b"Connection: close",
    b"Connection: close, keep-alive",
    b"Connection: keep-alive\r\nConnection: close",
    b"Connection: \"close\"",
    b"Connection: close\0",
    b"Connection: ,,close",
    b"Proxy-Connection: close",
    b"Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13",
    b"Connection: te\r\nTE: chunked",
    b"TE: trailers, chunked\r\nTrailer: Content-Length",
    b"Keep-Alive: timeout=0, max=0",
];

pub(crate) fn connection() -> Vec<Case> {
    let length: &[u8] = b"\r\nContent-Length: 43";
    let mut all = cases(CONNECTIONS, |field| Case::post(&[field, length].concat(), SMUGGLED));
    let coding: &[u8] = b"\r\nTransfer-Encoding: chunked";
    all.extend(cases(CONNECTIONS, |field| Case::post(&[field, coding].concat(), &chunked())));
    all.extend(cases(CONNECTIONS, |field| Case::post(field, SMUGGLED)));
    all
}
