//! Replays the load that khttpd's authors measured, `htstress -n 100000 -c 1 -t 4`, on every backend, and prints a
//! table.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench seed` takes about a minute for each backend. `-- --backend
//! threads --backend workqueue:max=64 --rounds 9` measures others, or more often; `-- --test` runs everything once,
//! with 200 requests each, and measures nothing.
//!
//! # Rules
//!
//! 1. A request is a connection of its own: `GET / HTTP/1.0`, and the reply read to its end. Four are in flight. It
//!    counts if the reply is complete and right; a single one that is not fails the run.
//! 2. The server is a process of its own, fresh for every figure, on one core; the load has another core. So a backend
//!    that asks how many CPUs there are is told: one. What a backend gains by running on many is not measured here.
//! 3. Rounds go over all backends, so that a busy neighbour meets them alike. A figure is the median of the rounds,
//!    with the lowest and the highest; a ratio is one of medians, to the first backend of the list.
//! 4. The server's CPU time is what compares backends. Requests per second do so only while the load's core has time
//!    to spare: how busy both kept their cores is printed below the table. Where neither comes near 90 %, both
//!    waited, mostly for something else that ran there: measure again when the machine is quiet.

mod load;
mod report;
mod server;
mod system;

use clap::{Parser, value_parser};
use report::Sample;
use server::Child;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;
use switchboard::AnyBackend;

/// Before a server is measured.
const WARM_UP: u32 = 1_000;

/// Of `--test`, for each backend.
const TEST: u32 = 200;

/// One new connection per request, four at a time: CPU time and requests per second of every backend
#[derive(Parser)]
struct Options {
    /// Rounds over all backends
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    rounds: u32,

    /// Requests that are measured, per round and backend
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    requests: u32,

    /// What is measured, given once for each; the others are compared to the first
    #[arg(long = "backend", value_name = "BACKEND", default_values = AnyBackend::names())]
    backends: Vec<String>,

    /// One round of 200 requests each, to see that they are answered
    #[arg(long)]
    test: bool,

    /// What cargo passes to every bench
    #[arg(long, hide = true)]
    bench: bool,

    /// Makes this process the server
    #[arg(long, hide = true, value_name = "BACKEND")]
    serve: Option<String>,

    /// The server's CPU
    #[arg(long, hide = true, requires = "serve")]
    cpu: Option<usize>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let ended = match &options.serve {
        Some(backend) => server::serve(backend, options.cpu),
        None => replay(&options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn replay(options: &Options) -> Result<(), Box<dyn Error>> {
    let (rounds, requests) = if options.test { (1, TEST) } else { (options.rounds, options.requests) };
    let cpus = system::two_cpus();
    if let Some([_, of_load]) = cpus {
        system::pin(of_load)?;
    }
    let mut figures: Vec<(&str, Vec<Sample>)> = options.backends.iter().map(|name| (&**name, Vec::new())).collect();
    for round in 1..=rounds {
        for (backend, samples) in &mut figures {
            let sample = measure(backend, requests, cpus.map(|[of_server, _]| of_server));
            samples.push(sample.map_err(|error| format!("{backend}, round {round}: {error}"))?);
        }
    }
    if options.test {
        println!("seed: all of {requests} requests were answered by each of: {}", options.backends.join(", "));
    } else {
        report::print(&system::environment(cpus), &figures, requests);
    }
    Ok(())
}

/// One server's figures.
fn measure(backend: &str, requests: u32, cpu: Option<usize>) -> Result<Sample, Box<dyn Error>> {
    let server = Child::start(backend, cpu)?;
    load::run(server.addr(), requests.min(WARM_UP)).map_err(|error| format!("warming up: {error}"))?;
    let used = || [system::cpu_seconds(server.id()), system::cpu_seconds(std::process::id())];
    let (before, start) = (used(), Instant::now());
    load::run(server.addr(), requests)?;
    let (after, took) = (used(), start.elapsed().as_secs_f64());
    let [of_server, of_load] = [0, 1].map(|side| Some(after[side]? - before[side]?));
    Ok(Sample {
        cpu: of_server.map(|seconds| seconds * 1e6 / f64::from(requests)),
        rate: f64::from(requests) / took,
        busy: of_server.zip(of_load).map(|(server, load)| [server / took, load / took]),
    })
}
