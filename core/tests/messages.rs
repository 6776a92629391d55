//! Messages on the loop, in memory and in virtual time: good ones and bad ones, each whole, split at every byte, and
//! with the next request right behind it; and the deadlines, to the millisecond.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchboard_core::internals::{Client, Simulation};
use switchboard_core::{IntoResponse, Limits, Request, Response, asynchronous, with};

/// The next request, which must be seen where the one before ends, and nowhere else.
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: test\r\n\r\n";

/// The targets and bodies that a handler has seen.
type Seen = Arc<Mutex<Vec<String>>>;

async fn record(seen: &Seen, request: &mut Request) -> Response {
    let line = format!("{} {}", request.method(), request.target());
    let body = match request.read_body().await {
        Ok(body) => String::from_utf8_lossy(body).into_owned(),
        Err(error) => return error.into_response(),
    };
    seen.lock().expect("no panic").push(format!("{line} {body}"));
    Response::text(body)
}

/// What is seen and answered of `pieces`: the requests, and the statuses of the final responses.
fn run(pieces: &[&[u8]]) -> (Vec<String>, Vec<u16>) {
    let seen = Seen::default();
    let simulation = Simulation::new(Limits::default(), with(seen.clone(), record));
    let mut client = simulation.connect();
    pieces.iter().for_each(|piece| client.send(piece));
    let text = String::from_utf8(client.receive()).expect("a text");
    let statuses = text.split("HTTP/1.1 ").skip(1).filter_map(|reply| reply[..3].parse().ok());
    let statuses = statuses.filter(|&status| status >= 200).collect();
    let seen = seen.lock().expect("no panic").clone();
    (seen, statuses)
}

/// The same, however `wire` is split in two.
fn run_split(wire: &[u8]) -> (Vec<String>, Vec<u16>) {
    let whole = run(&[wire]);
    for at in 1..wire.len() {
        assert_eq!(run(&[&wire[..at], &wire[at..]]), whole, "split at {at}: {}", wire.escape_ascii());
    }
    let bytes: Vec<&[u8]> = wire.chunks(1).collect();
    assert_eq!(run(&bytes), whole, "byte by byte: {}", wire.escape_ascii());
    whole
}

#[test]
fn good_requests_are_read_alike_however_they_come() {
    let cases = [
        // RFC 9112 section 2.1, 3.2.1, 3.2.2, 3.2.4.
        (
            "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n\
                Accept-Language: en, mi\r\n\r\n",
            "GET /hello.txt ",
        ),
        ("GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "GET /where?q=now "),
        (
            "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
            "GET http://www.example.org/pub/WWW/TheProject.html ",
        ),
        (
            "OPTIONS http://www.example.org:8001 HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n",
            "OPTIONS http://www.example.org:8001 ",
        ),
        // RFC 9112 section 7.1 and RFC 9110 section 6.5.
        (
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                4\r\nWiki\r\n7;a=b\r\npedia i\r\n0\r\nExpires: 0\r\n\r\n",
            "POST / Wikipedia i",
        ),
        (
            "POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding:\tCHUNKED \r\n\r\n00a\r\n0123456789\r\n000\r\n\r\n",
            "POST / 0123456789",
        ),
        ("\r\n\r\nPUT /x HTTP/1.1\r\nHost:\r\nContent-Length: 0000000000000000000000003\r\n\r\nabc", "PUT /x abc"),
        (
            "M-SEARCH /~a;b=c/%C3%A9 HTTP/1.1\r\nHost: [::1]:80\r\nEmpty:\r\nX: \t a \t b \t\r\n\r\n",
            "M-SEARCH /~a;b=c/%C3%A9 ",
        ),
        ("GET /é?[]{}|^`\\%zz HTTP/1.9\r\nHost: a\r\nObs: \u{e9}\r\n\r\n", "GET /é?[]{}|^`\\%zz "),
        ("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nab", "POST / ab"),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n", "GET / "),
    ];
    for (request, seen) in cases {
        let (requests, statuses) = run_split(format!("{request}{NEXT}").as_bytes());
        assert_eq!(requests, [seen, "GET /next "], "{request:?}");
        assert_eq!(statuses, [200, 200], "{request:?}");
    }
}

#[test]
fn bad_requests_are_refused_however_they_come_and_nothing_behind_them_is_read() {
    let heads = [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET /\r\nHost: h\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400),
        ("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /a\"b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /a<b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /a% HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /?a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET http://h/ HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: h\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nhello", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, x\r\n\r\n", 417),
        ("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    ];
    let chunks = [
        "\r\n",
        "g\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n",
        "1\na\r\n0\r\n\r\n",
        "1;\r\na\r\n0\r\n\r\n",
        "1\r\nab0\r\n\r\n",
        "1\r\na\r\n00000000000000000\r\n\r\n",
        "0\r\nXXGET / HTTP/1.1\r\n\r\n",
        "0\r\n x\r\n\r\n",
        "ffffffffffffffff1\r\n",
    ];
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bodies = chunks.map(|body| (format!("{chunked}{body}"), 400));
    let heads = heads.map(|(head, status)| (head.to_string(), status));
    for (request, status) in heads.into_iter().chain(bodies) {
        let (requests, statuses) = run_split(format!("{request}{NEXT}").as_bytes());
        assert_eq!((requests, statuses), (Vec::new(), vec![status]), "{request:?}");
    }
}

#[test]
fn what_comes_before_a_bad_request_is_answered() {
    let (requests, statuses) = run_split(format!("{NEXT}{NEXT}GET / HTTP/3\r\n\r\n{NEXT}").as_bytes());
    assert_eq!((requests.len(), statuses), (2, vec![200, 200, 400]));
}

/// How many milliseconds a connection lasts, when `act` is done each time some have passed.
fn lasts(simulation: &Simulation, client: &mut Client, every: u64, mut act: impl FnMut(&mut Client)) -> u64 {
    let mut passed = 0;
    while !client.is_told_the_end() {
        assert!(passed < 10_000_000, "it lasts for ever");
        simulation.advance(Duration::from_millis(1));
        passed += 1;
        if passed % every == 0 {
            act(client);
        }
        client.run();
    }
    passed
}

#[test]
fn deadlines_are_met_to_the_millisecond() {
    let simulation = || {
        Simulation::new(
            Limits::default(),
            asynchronous(async |request: &mut Request| request.read_body().await.map(|body| body.len().to_string())),
        )
    };
    let never = u64::MAX;
    let head = "GET / HTTP/1.1\r\nHost: test\r\n";
    let post = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n";
    let cases: [(&str, u64, &str, u64, &str); 8] = [
        // What is sent at once; what is sent every so often; how long that lasts, and how it ends.
        ("", never, "", 5_000, ""),
        ("", 100, "\r\n", 5_000, ""),
        ("G", never, "", 10_000, "408"),
        (head, 500, "A: b\r\n", 10_000, "408"),
        (NEXT, never, "", 5_000, "200"),
        (post, never, "", 10_000, "408"),
        // A byte a second: the allowance of ten seconds, and 2 ms for each byte.
        (post, 1_000, "x", 10_020, "408"),
        (post, 9_999, "x", 10_002, "408"),
    ];
    for (first, every, again, lasting, status) in cases {
        let simulation = simulation();
        let mut client = simulation.connect();
        client.send(first);
        let took = lasts(&simulation, &mut client, every, |client| client.send(again));
        let text = String::from_utf8(client.receive()).expect("a text");
        assert_eq!((took, text.get(9..12).unwrap_or_default()), (lasting, status), "{first:?}, then {again:?}");
    }
}

#[test]
fn a_client_that_takes_nothing_is_ended_and_one_that_takes_enough_is_not() {
    let simulation = Simulation::new(Limits::default(), |_: &mut Request| vec![b'x'; 1_000_000]);
    let mut client = simulation.connect();
    client.set_window(1_000);
    client.send(NEXT);
    assert_eq!(lasts(&simulation, &mut client, u64::MAX, |_| ()), 30_000);

    let mut client = simulation.connect();
    client.set_window(3_000);
    client.send(NEXT);
    let mut received = 0;
    for _ in 0..400 {
        simulation.advance(Duration::from_secs(1)); // a turn of 64 KiB takes 22 s
        received += client.receive().len();
        client.run();
    }
    assert!(received > 1_000_000, "cut off after {received} bytes");
}
