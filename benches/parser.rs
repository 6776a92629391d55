//! Our parser of heads beside `httparse`, on the same three requests: a small one, a browser's, and one with 4 KiB of
//! cookies.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench parser` takes ten seconds. Rounds alternate between the two;
//! a figure is a round's nanoseconds per head, and a ratio is that of a round's two figures. httparse finds out at run
//! time which vector instructions the machine has (AVX2, SSE4.2); ours is plain Rust, compiled for the baseline.
//!
//! `parse` is what httparse does: the line and the fields as spans or slices, into memory that is there. `receive` is
//! what a connection does: beside that, a copy of the head, and the framing read from its fields.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::time::Instant;
use switchboard_benches::summary;
use switchboard_core::Limits;
use switchboard_core::internals::HeadParser;

const ROUNDS: usize = 101;
/// Bytes parsed for one figure.
const WORK: usize = 2 << 20;

const SMALL: &str = "GET /hello HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n";

const BROWSER: &str = "GET /articles/2026/11/concurrency?page=2&sort=newest HTTP/1.1\r\n\
    Host: www.example.com\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n\
    sec-ch-ua: \"Chromium\";v=\"142\", \"Not A(Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\n\
    sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n\
    Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n\
    Referer: https://www.example.com/articles\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nCookie: session=4f1c2d3e5a6b7c8d9e0f; theme=dark\r\n\
    If-None-Match: \"6553f100-1a2b\"\r\n\r\n";

fn cookies() -> String {
    let cookies: Vec<String> = (0..64).map(|n| format!("name_{n:04}={:052x}", n * 0x9e37_79b9_7f4a_u64)).collect();
    format!("GET / HTTP/1.1\r\nHost: www.example.com\r\nCookie: {}\r\nAccept: */*\r\n\r\n", cookies.join("; "))
}

/// Nanoseconds for one call of `parse`, which answers how long the head is.
fn measure(head: &[u8], mut parse: impl FnMut(&[u8]) -> usize) -> f64 {
    let times = WORK / head.len();
    let since = Instant::now();
    for _ in 0..times {
        assert_eq!(parse(black_box(head)), head.len());
    }
    since.elapsed().as_nanos() as f64 / times as f64
}

fn httparse(head: &[u8]) -> usize {
    let mut fields = [const { MaybeUninit::uninit() }; 100]; // as hyper does: the quickest way there is
    let mut request = httparse::Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(head, &mut fields).map(|status| status.unwrap());
    black_box(&request);
    parsed.expect("a good head")
}

fn main() {
    let rounds = if std::env::args().any(|argument| argument == "--test") { 1 } else { ROUNDS };
    let cookies = cookies();
    println!("| request | bytes | httparse, ns | `parse`, ns | ratio | lowest | highest | `receive`, ns | ratio |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, head) in [("small", SMALL), ("a browser's", BROWSER), ("4 KiB of cookies", &cookies)] {
        let head = head.as_bytes();
        let mut ours = HeadParser::new(Limits::default());
        let (mut peer, mut parse, mut receive) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            peer.push(measure(head, httparse));
            parse.push(measure(head, |head| ours.parse(head).expect("a good head")));
            receive.push(measure(head, |head| ours.receive(head).expect("a good head")));
        }
        let ratios = |own: &[f64]| summary(&own.iter().zip(&peer).map(|(own, peer)| own / peer).collect::<Vec<_>>());
        let (ratio, lowest, highest) = ratios(&parse);
        println!(
            "| {name} | {} | {:.0} | {:.0} | {ratio:.2} | {lowest:.2} | {highest:.2} | {:.0} | {:.2} |",
            head.len(),
            summary(&peer).0,
            summary(&parse).0,
            summary(&receive).0,
            ratios(&receive).0
        );
    }
}
