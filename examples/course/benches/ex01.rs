//! What is measured of exercise 1: nanoseconds for a head, beside the framework's own parser.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex01_parse.rs"]
mod ex01_parse;

use course::bench::{self, Bench, Measured};
use ex01_parse::{Parse, parse};
use std::hint::black_box;
use std::time::Instant;

const CURL: &str = "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.5\r\nAccept: */*\r\n\r\n";

/// What a browser sends when somebody follows a link.
const BROWSER: &str = "GET /articles/2026/index.html?page=2 HTTP/1.1\r\nHost: localhost:8080\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nUpgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nSec-Fetch-User: ?1\r\n\
    Priority: u=0, i\r\n\r\n";

fn main() {
    bench::main(vec![
        bench("your parser, a head of curl", 40_000, || is_done(CURL)),
        bench("switchboard's, a head of curl", 40_000, || is_good(CURL)),
        bench("your parser, a head of a browser", 20_000, || is_done(BROWSER)),
        bench("switchboard's, a head of a browser", 20_000, || is_good(BROWSER)),
        bench("your parser, a head of a browser a byte at a time", 100, || {
            let begins = |cut| matches!(parse(black_box(&BROWSER.as_bytes()[..cut])), Parse::Partial);
            (0..BROWSER.len()).all(begins) && is_done(BROWSER)
        }),
    ])
}

fn is_done(head: &str) -> bool {
    matches!(black_box(parse(black_box(head.as_bytes()))), Parse::Done(..))
}

fn is_good(head: &str) -> bool {
    black_box(switchboard::Request::parse(black_box(head))).is_ok()
}

/// `read` reads one head, and says whether it was good.
fn bench(name: &str, heads: u64, read: impl Fn() -> bool + 'static) -> Bench {
    let run = move || {
        let begin = Instant::now();
        let errors = (0..heads).filter(|_| !read()).count() as u64;
        Measured { figure: begin.elapsed().as_nanos() as f64 / heads as f64, operations: heads, errors }
    };
    Bench { name: name.into(), unit: "ns", run: Box::new(run) }
}
