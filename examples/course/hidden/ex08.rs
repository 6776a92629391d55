//! What else is checked of exercise 8, green threads.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex08_green.rs"]
mod ex08_green;

use course::check::{self, Check};
use course::client::Client;
use course::gate;
use ex08_green::Green;
use std::process::ExitCode;
use std::time::Duration;
use switchboard::{Limits, Request, Server};

fn main() -> ExitCode {
    check::main(&[Check {
        name: "thousand_idle",
        points: 1,
        does: "keeps 1,000 connections open, counts the threads of the process, and has all of them ask again",
        read: "Step 2: a coroutine",
        run: thousand_idle,
    }])
}

/// As many as the open-file limit allows: each takes a descriptor at either end.
fn many() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files = files.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(256);
    (files.saturating_sub(100) / 2).min(1_000)
}

fn thousand_idle() {
    let ages = Duration::from_secs(600); // no limit is what this is about
    let limits = Limits { first_byte: ages, idle: ages, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").expect("a port").limits(limits);
    let before = gate::threads();
    let running = server.spawn(Green::new().expect("a backend"), |_: &mut Request| "here").expect("a server");
    let mut clients = vec![Client::connect(running.addr())];
    clients[0].get("/"); // now all threads have been started that are
    let started = gate::threads();
    for _ in 1..many() {
        let mut client = Client::connect(running.addr());
        assert_eq!(client.get("/").text(), "here");
        clients.push(client);
    }
    if let (Some(before), Some(started), Some(now)) = (before, started, gate::threads()) {
        let (count, of_server) = (clients.len(), started - before);
        let more = now.saturating_sub(started);
        assert!(more <= 8, "{count} connections took {more} threads more than one does, which took {of_server}");
    }
    for client in clients.iter_mut().rev() {
        assert_eq!(client.get("/").text(), "here");
    }
}
