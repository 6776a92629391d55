//! Measures exercise 2 beside the framework's own threads: with a connection for each request, and with connections
//! that are kept.

#[allow(dead_code, unreachable_pub)] // what is not measured
#[path = "../exercises/ex02_threads.rs"]
mod ex02_threads;

use course::bench::{self, Bench, Measured};
use course::client::Client;
use course::load;
use course::server::serve;
use std::net::SocketAddr;
use std::time::Duration;
use switchboard::{Backend, Request, Threads};

/// As many as khttpd was measured with.
const CLIENTS: usize = 4;

fn main() {
    let yours = || -> Box<dyn Backend> { Box::new(ex02_threads::Threads::new()) };
    let theirs = || -> Box<dyn Backend> { Box::new(Threads::new()) };
    bench::main(vec![
        series("your threads, a connection for each request", yours, load::anew),
        series("its own threads, a connection for each request", theirs, load::anew),
        series("your threads, kept connections", yours, load::kept),
        series("its own threads, kept connections", theirs, load::kept),
    ]);
}

fn series(name: &str, backend: fn() -> Box<dyn Backend>, load: fn(SocketAddr, usize) -> Measured) -> Bench {
    let run = move || {
        let server = serve(backend(), |_: &mut Request| "Hello World!\n");
        Client::connect(server.addr()).get("/"); // or there is nothing to measure
        let measured = load(server.addr(), CLIENTS);
        server.stop(Duration::ZERO);
        measured
    };
    Bench { name: name.into(), unit: "requests/s", run: Box::new(run) }
}
