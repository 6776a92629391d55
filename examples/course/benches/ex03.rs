//! Measures exercise 3: pools of several sizes, with a connection for each request, beside a thread for each
//! connection; and with connections that are kept.

#[allow(dead_code, unreachable_pub)] // what is not measured
#[path = "../exercises/ex03_pool.rs"]
mod ex03_pool;

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
    let pools = [1, 2, 4, 8].map(|threads| {
        let name = format!("your pool of {threads}, a connection for each request");
        series(name, move || pool(threads), load::anew)
    });
    let mut all: Vec<Bench> = pools.into();
    let spawn = || -> Box<dyn Backend> { Box::new(Threads::new()) };
    all.push(series("a thread for each, a connection for each request".into(), spawn, load::anew));
    all.push(series("your pool of 8, kept connections".into(), || pool(8), load::kept));
    bench::main(all);
}

fn pool(threads: usize) -> Box<dyn Backend> {
    Box::new(ex03_pool::Pool::new(threads, 1024).expect("a pool"))
}

fn series(
    name: String,
    backend: impl Fn() -> Box<dyn Backend> + 'static,
    load: fn(SocketAddr, usize) -> Measured,
) -> Bench {
    let run = move || {
        let server = serve(backend(), |_: &mut Request| "Hello World!\n");
        Client::connect(server.addr()).get("/"); // or there is nothing to measure
        let measured = load(server.addr(), CLIENTS);
        server.stop(Duration::ZERO);
        measured
    };
    Bench { name, unit: "requests/s", run: Box::new(run) }
}
