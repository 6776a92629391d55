//! The command line, and the load it asks for.

use super::beside::{Beside, Crowd};
use super::generator::{Ask, Load, Pace, Span};
use super::url::Url;
use super::words::{count, exact, plural, seconds};
use clap::Parser;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

/// Puts a load on a server and says what came of it
///
/// Without --rate each connection asks again as soon as it has its answer. With it, requests are due at fixed times,
/// and latencies count from then.
#[derive(Parser)]
#[command(name = "load", version)]
pub(crate) struct Options {
    /// http://HOST:PORT/PATH
    pub(crate) url: Url,

    /// Connections [default: 64, or 4 with --seed-replay]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: Option<u32>,

    /// Seconds that are measured
    ///
    /// A request from before them that has no answer by their end counts as unanswered. So where they are fewer than
    /// those of --timeout, answers that take longer than they do count as unanswered, though they might still come.
    #[arg(short, long, default_value = "5", value_name = "SECS", value_parser = some_time)]
    duration: Duration,

    /// Seconds before that, which are not
    #[arg(long, default_value = "1", value_name = "SECS", value_parser = time)]
    warm_up: Duration,

    /// So many requests, all measured, instead of a time [with --seed-replay: 100000]
    #[arg(short = 'n', long, value_name = "N", conflicts_with_all = ["duration", "warm_up"])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,

    /// So many requests a second, whatever the answers do (an open loop)
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,

    /// A connection for each request
    #[arg(long)]
    reconnect: bool,

    /// The load of khttpd's htstress: HTTP/1.0, a connection for each request
    #[arg(long, conflicts_with_all = ["duration", "warm_up", "rate"])]
    seed_replay: bool,

    #[command(flatten)]
    crowd: Crowd,

    /// Set a field of the requests; may be given several times
    #[arg(long, value_name = "NAME: VALUE", value_parser = field)]
    header: Vec<String>,

    /// Seconds to wait for a connection, or an answer; also until all idle clients are there
    #[arg(long, default_value = "5", value_name = "SECS", value_parser = some_time)]
    pub(crate) timeout: Duration,

    /// Threads of this program
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,

    /// The result as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Also load a server on another machine, if its owner has agreed
    #[arg(long)]
    anywhere: bool,
}

impl Options {
    /// Where the load may go; there is at least one address.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        self.url.resolve(self.anywhere)
    }

    pub(crate) fn load(&self, addr: SocketAddr) -> Result<Load, Box<dyn Error>> {
        let connections = self.connections.map_or(if self.seed_replay { 4 } else { 64 }, |count| count as usize);
        let span = match self.requests.or(self.seed_replay.then_some(100_000)) {
            Some(count) => Span::Requests(count),
            None => Span::Time { warm_up: self.warm_up, measured: self.duration },
        };
        allow_descriptors(connections + self.crowd.count())?;
        Ok(Load {
            addr,
            connections,
            threads: (self.threads as usize).min(connections),
            mix: vec![Ask { request: self.request(), expected: None, class: 0 }],
            pace: self.rate.map_or(Pace::Closed, |rate| Pace::Open { rate }),
            reconnect: self.is_reconnecting(),
            span,
            timeout: self.timeout,
        })
    }

    pub(crate) fn beside(&self, addr: SocketAddr) -> Result<Beside, Box<dyn Error>> {
        Ok(self.crowd.come(addr, &self.bytes("HTTP/1.1", ""), self.timeout)?)
    }

    /// What is going to happen.
    pub(crate) fn words(&self, load: &Load) -> String {
        let how = match self.rate {
            Some(1.0) => "1 request a second".into(),
            Some(rate) => format!("{} requests a second", exact(rate)),
            None => "each asks again when it has its answer".into(),
        };
        let what = if self.is_reconnecting() { ", a connection for each request" } else { "" };
        let long = match load.span {
            Span::Requests(count) => plural(count, "request"),
            Span::Time { warm_up: Duration::ZERO, measured } => seconds(measured),
            Span::Time { warm_up, measured } => {
                format!("{}, after a warm-up of {}", seconds(measured), seconds(warm_up))
            }
        };
        let (connections, threads) = (count(load.connections as u64), plural(load.threads as u64, "thread"));
        format!("{} for {long}\nconnections: {connections} on {threads}; {how}{what}", self.url)
    }

    fn is_reconnecting(&self) -> bool {
        self.reconnect || self.seed_replay
    }

    fn request(&self) -> Vec<u8> {
        match (self.seed_replay, self.reconnect) {
            (true, _) => self.bytes("HTTP/1.0", ""),
            (_, true) => self.bytes("HTTP/1.1", "Connection: close\r\n"),
            (false, false) => self.bytes("HTTP/1.1", ""),
        }
    }

    fn bytes(&self, version: &str, more: &str) -> Vec<u8> {
        let Url { authority, path } = &self.url;
        let mut head = format!("GET {path} {version}\r\n");
        if !self.header.iter().any(|field| field.to_ascii_lowercase().starts_with("host:")) {
            head += &format!("Host: {authority}\r\n");
        }
        head += more;
        self.header.iter().for_each(|field| head += &format!("{field}\r\n"));
        (head + "\r\n").into_bytes()
    }
}

/// Raises the limit of open files to what is needed, as far as this user may.
#[cfg(unix)]
fn allow_descriptors(connections: usize) -> Result<(), Box<dyn Error>> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    const OTHERS: u64 = 32; // the poller's, the standard streams
    let needed = connections as u64 + OTHERS;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if needed > hard {
        let most = hard.saturating_sub(OTHERS);
        return Err(format!("{connections} connections are more than the open-file limit allows here: {most}").into());
    }
    if needed > soft {
        setrlimit(Resource::RLIMIT_NOFILE, needed, hard)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn allow_descriptors(_connections: usize) -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn time(text: &str) -> Result<Duration, &'static str> {
    const MOST: f64 = 86_400.0;
    match text.parse() {
        Ok(seconds @ 0.0..=MOST) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("it is a number of seconds, up to a day"),
    }
}

/// As many that something can happen in them.
fn some_time(text: &str) -> Result<Duration, &'static str> {
    const LEAST: Duration = Duration::from_millis(10);
    time(text).and_then(|time| if time < LEAST { Err("it is at least 0.01 s") } else { Ok(time) })
}

fn rate(text: &str) -> Result<f64, &'static str> {
    const MOST: f64 = 1e9;
    match text.parse() {
        Ok(rate @ 0.001..=MOST) => Ok(rate),
        _ => Err("it is a number of requests a second"),
    }
}

fn field(text: &str) -> Result<String, &'static str> {
    let name = text.split_once(':').map_or("", |(name, _)| name);
    let is_field = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    let is_line = !text.contains(['\r', '\n', '\0']);
    if is_field && is_line { Ok(text.into()) } else { Err("it is a name, a colon and a value, in one line") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> String {
        let words = format!("load http://127.0.0.1:1/a {line}");
        let options = Options::try_parse_from(words.split(' ')).unwrap();
        options.words(&options.load(ADDR).unwrap())
    }

    const ADDR: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    fn load(line: &str) -> Load {
        let words = format!("load http://127.0.0.1:1/a {line}");
        Options::try_parse_from(words.split(' ').filter(|word| !word.is_empty())).unwrap().load(ADDR).unwrap()
    }

    #[test]
    fn what_is_asked_for_is_what_is_sent() {
        let text = |line| String::from_utf8(load(line).mix[0].request.clone()).unwrap();
        assert_eq!(text(""), "GET /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n");
        assert_eq!(text("--header Host:x --header B:c"), "GET /a HTTP/1.1\r\nHost:x\r\nB:c\r\n\r\n");
        assert_eq!(text("--reconnect"), "GET /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n");
        assert_eq!(text("--seed-replay"), "GET /a HTTP/1.0\r\nHost: 127.0.0.1:1\r\n\r\n");
    }

    #[test]
    fn the_replay_is_that_of_htstress() {
        let replay = load("--seed-replay");
        assert_eq!((replay.connections, replay.span, replay.reconnect), (4, Span::Requests(100_000), true));
        let fewer = load("--seed-replay -n 10 -c 2");
        assert_eq!((fewer.connections, fewer.span), (2, Span::Requests(10)));
    }

    #[test]
    fn a_time_may_be_short_and_there_may_be_no_warm_up() {
        let span = Span::Time { warm_up: Duration::ZERO, measured: Duration::from_millis(10) };
        assert_eq!(load("-d 0.01 --warm-up 0").span, span);
    }

    #[test]
    fn what_is_going_to_happen_is_said() {
        let closed = "http://127.0.0.1:1/a for 5 s, after a warm-up of 1 s\n\
                      connections: 64 on 1 thread; each asks again when it has its answer";
        assert_eq!(words("--timeout 5"), closed);
        let open = "http://127.0.0.1:1/a for 0.5 s\n\
                    connections: 1,000 on 2 threads; 118,293 requests a second, a connection for each request";
        assert_eq!(words("-d 0.5 --warm-up 0 -c 1000 --threads 2 --rate 118293 --reconnect"), open);
        assert!(words("-n 1 --rate 1").contains(" for 1 request\n") && words("-n 2 --rate 1").contains("1 request a"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "-d 1 -n 1",
            "--rate 0",
            "--rate nan",
            "-c 0",
            "-d -1",
            "-d 0",
            "-d 0.009",
            "--timeout 0",
            "--header x",
            "--seed-replay --rate 1",
        ] {
            let words = format!("load http://127.0.0.1:1/ {line}");
            assert!(Options::try_parse_from(words.split(' ')).is_err(), "{line}");
        }
    }
}
