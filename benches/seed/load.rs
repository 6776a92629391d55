//! The load: one connection per request, four at a time, every reply read to its end and compared.
//!
//! One thread and `poll` serve all four connections. Four threads with blocking sockets, as `htstress -t 4` has it,
//! got 12,700 requests a second of `threads` in the place of 15,300, and took 56 µs of the load's core for each in
//! the place of 49 (medians of seven interleaved rounds of 20,000 on a quiet machine of two cores, one for the
//! server). Only the connect may block, which over the loopback it does not: the handshake is over within the call.
//! Connecting without blocking came to the same (15,000, 48 µs) and takes more code.
//!
//! # The client's ports
//!
//! The server closes first, so it is its end that stays in TIME_WAIT for a minute, and the client's port is free at
//! once. Linux takes every other port of the ephemeral range as long as it can, which is 14,116 of them by default,
//! so within 100,000 requests each is taken some seven times. The SYN then meets the server's old end in TIME_WAIT,
//! and replaces it because its time stamp is newer (RFC 6191). Hence ports do not run out, however long a run is:
//! 840,000 requests to one server left 14,116 ends behind, and not one SYN had to be sent again. The next server
//! listens on another port.
//!
//! # Rules
//!
//! 1. Requests are handed out from one counter. Each ends as answered or as a failure of one class.
//! 2. Nothing is waited for longer than [`PATIENCE`]: when for that long none of the open connections has anything to
//!    read, they are given up and the load ends. No reply is read beyond [`MOST`] bytes. Should a connect block after
//!    all, it lasts until the system gives up (two minutes).

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

const CONNECTIONS: usize = 4;

/// As htstress sends it.
const REQUEST: &[u8] = b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n";

/// More than any right reply has.
const MOST: usize = 1_024;

const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// Asks `requests` times.
///
/// # Errors
///
/// If not every reply was complete and right: how many failed, and how.
pub(crate) fn run(addr: SocketAddr, requests: u32) -> Result<(), Box<dyn Error>> {
    let mut load = Load { addr, requests, asked: 0, failed: [0; Class::NAMES.len()], first: None };
    let mut open = Vec::with_capacity(CONNECTIONS);
    while open.len() < CONNECTIONS
        && let Some(exchange) = load.ask()
    {
        open.push(exchange);
    }
    while !open.is_empty() {
        let ready = wait(&open)?;
        if !ready.contains(&true) {
            open.iter().for_each(|_| load.fail(Failure(Class::TimedOut, "nothing arrives any more".into())));
            break;
        }
        // Backwards, so that what takes the place of one that is over has been looked at, or is new.
        for index in (0..open.len()).rev().filter(|index| ready[*index]) {
            let Some(outcome) = open[index].read() else { continue };
            outcome.unwrap_or_else(|failure| load.fail(failure));
            open.swap_remove(index);
            open.extend(load.ask());
        }
    }
    if load.first.is_some() { Err(load.into()) } else { Ok(()) }
}

/// Which of the exchanges can be read; none, if it took too long.
fn wait(open: &[Exchange]) -> io::Result<Vec<bool>> {
    let mut sockets: Vec<_> = open.iter().map(|exchange| PollFd::new(&exchange.stream, PollFlags::IN)).collect();
    retry_on_intr(|| poll(&mut sockets, Some(&PATIENCE)))?;
    Ok(sockets.iter().map(|socket| !socket.revents().is_empty()).collect())
}

/// The counters.
#[derive(Debug)]
struct Load {
    addr: SocketAddr,
    requests: u32,
    asked: u32,
    /// By class.
    failed: [u32; Class::NAMES.len()],
    first: Option<Failure>,
}

impl Load {
    /// Sends the next request; `None` after the last.
    fn ask(&mut self) -> Option<Exchange> {
        while self.asked < self.requests {
            self.asked += 1;
            match Exchange::begin(self.addr) {
                Ok(exchange) => return Some(exchange),
                Err(failure) => self.fail(failure),
            }
        }
        None
    }

    fn fail(&mut self, failure: Failure) {
        self.failed[failure.0 as usize] += 1;
        self.first.get_or_insert(failure);
    }
}

impl Error for Load {}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed: u32 = self.failed.iter().sum();
        let classes: Vec<_> = Class::NAMES.iter().zip(self.failed).map(|(name, n)| format!("{name} {n}")).collect();
        write!(f, "{failed} of {} requests failed ({}", self.asked, classes.join(", "))?;
        if self.asked < self.requests {
            write!(f, "; {} more were not sent", self.requests - self.asked)?;
        }
        match &self.first {
            Some(Failure(class, reason)) => write!(f, "); the first: {}: {reason}", Class::NAMES[*class as usize]),
            None => write!(f, ")"),
        }
    }
}

/// How a request fails.
#[derive(Debug, Clone, Copy)]
enum Class {
    /// No connection.
    Connect,
    /// An error while sending or receiving.
    Reset,
    /// The reply ended too early.
    Short,
    /// Another reply.
    Wrong,
    /// Nothing for too long.
    TimedOut,
}

impl Class {
    const NAMES: [&str; 5] = ["connect", "reset", "short", "wrong", "timed out"];
}

#[derive(Debug)]
struct Failure(Class, String);

/// A request that is under way.
struct Exchange {
    stream: TcpStream,
    reply: [u8; MOST],
    filled: usize,
}

impl Exchange {
    fn begin(addr: SocketAddr) -> Result<Self, Failure> {
        let connected = TcpStream::connect(addr);
        let mut stream = connected.map_err(|error| Failure(Class::Connect, error.to_string()))?;
        let sent = stream.write_all(REQUEST).and_then(|()| stream.set_nonblocking(true));
        sent.map_err(|error| Failure(Class::Reset, error.to_string()))?;
        Ok(Self { stream, reply: [0; MOST], filled: 0 })
    }

    /// Reads what there is; `None` as long as more is to come.
    fn read(&mut self) -> Option<Result<(), Failure>> {
        loop {
            match self.stream.read(&mut self.reply[self.filled..]) {
                Ok(0) => return Some(judge(&self.reply[..self.filled])),
                Ok(read) if self.filled + read == MOST => {
                    return Some(Err(Failure(Class::Wrong, "it goes on and on".into())));
                }
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Some(Err(Failure(Class::Reset, error.to_string()))),
            }
        }
    }
}

/// A reply that has ended.
fn judge(reply: &[u8]) -> Result<(), Failure> {
    const BODY: &[u8] = crate::server::BODY.as_bytes();
    let text = || format!("{:?}", String::from_utf8_lossy(reply));
    let is_ok = reply.starts_with(b"HTTP/1.1 200 ") || reply.starts_with(b"HTTP/1.0 200 ");
    let head = reply.windows(4).position(|four| four == b"\r\n\r\n");
    match head.map(|end| &reply[end + 4..]) {
        Some(BODY) if is_ok => Ok(()),
        Some(body) if !is_ok || !BODY.starts_with(body) => Err(Failure(Class::Wrong, text())),
        _ => Err(Failure(Class::Short, text())),
    }
}
