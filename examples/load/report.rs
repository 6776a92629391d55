//! What came of a load, for people and for programs.

use super::beside::Fates;
use super::generator::{Errors, Latency, Load, Outcome, Pace};
use super::words::{count, plural, rate};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::fmt;

/// From here on the generator may be what has been measured.
const BUSY: f64 = 0.9;

#[derive(Serialize)]
pub(crate) struct Report {
    url: String,
    connections: usize,
    threads: usize,
    /// Requests a second; `None` in a closed loop.
    rate_asked_for: Option<f64>,
    seconds: f64,
    answered: u64,
    rate: f64,
    errors: Errors,
    /// Requests of an open loop that were due by the end, and that no connection can have been free for.
    behind: u64,
    reconnects: u64,
    bytes: u64,
    bytes_per_second: f64,
    /// `None` if nothing was answered.
    latency_us: Option<Quantiles>,
    /// Of an open loop; in a closed one it is the same.
    latency_uncorrected_us: Option<Quantiles>,
    busy: f64,
    /// Of this machine, as far as this program may have them.
    #[serde(skip)]
    cores: usize,
    #[serde(flatten)]
    beside: Fates,
}

/// In microseconds.
#[derive(Serialize)]
struct Quantiles {
    p50: u64,
    p90: u64,
    p99: u64,
    p99_9: u64,
    max: u64,
}

impl Report {
    pub(crate) fn new(url: String, load: &Load, outcome: &Outcome, beside: Fates) -> Self {
        let rate_asked_for = match load.pace {
            Pace::Open { rate } => Some(rate),
            Pace::Closed => None,
        };
        let is_open = rate_asked_for.is_some();
        let Latency { corrected, uncorrected } = &outcome.latency[0];
        let per_second = |count: u64| if outcome.seconds > 0.0 { count as f64 / outcome.seconds } else { 0.0 };
        Report {
            url,
            connections: load.connections,
            threads: load.threads,
            rate_asked_for,
            seconds: outcome.seconds,
            answered: outcome.answered,
            rate: per_second(outcome.answered),
            errors: outcome.errors.clone(),
            behind: if is_open { outcome.owed.saturating_sub(load.connections as u64) } else { 0 },
            reconnects: outcome.reconnects,
            bytes: outcome.bytes,
            bytes_per_second: per_second(outcome.bytes),
            latency_us: Quantiles::new(corrected),
            latency_uncorrected_us: Quantiles::new(uncorrected).filter(|_| is_open),
            busy: outcome.busy,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            beside,
        }
    }
}

impl Quantiles {
    fn new(latency: &Histogram<u64>) -> Option<Self> {
        let [p50, p90, p99, p99_9] = [0.5, 0.9, 0.99, 0.999].map(|quantile| latency.value_at_quantile(quantile));
        (!latency.is_empty()).then(|| Quantiles { p50, p90, p99, p99_9, max: latency.max() })
    }
}

impl Report {
    fn is_bound_by_the_generator(&self) -> bool {
        self.busy > BUSY
    }

    /// Who is behind what an open loop has asked for. A generator without a pause has not found out about the server.
    fn behind(&self) -> Option<String> {
        let requests = plural(self.behind, "request");
        match (self.behind, self.is_bound_by_the_generator()) {
            (0, _) => None,
            (_, true) => Some(format!("{requests} due and not sent; the generator cannot keep up, and not the server")),
            (_, false) => Some(format!("{requests} due and no connection free; the server does not keep up")),
        }
    }

    /// What to do if the generator is what has been measured.
    fn advice(&self) -> Option<&'static str> {
        if !self.is_bound_by_the_generator() || self.answered == 0 {
            return None;
        }
        Some(match (self.threads < self.cores, self.threads < self.connections) {
            (true, true) => "the server might do more than these figures say; give the generator more --threads",
            // Each thread has a connection at least.
            (true, false) => {
                "the server might do more than these figures say; give the generator more --threads and --connections"
            }
            (false, _) => "the generator has all cores: the figures are as much its own as the server's",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { seconds, errors, reconnects, bytes_per_second, busy, beside, .. } = self;
        let (per_second, answers) = (rate(self.rate), plural(self.answered, "right answer"));
        writeln!(f, "rate: {per_second} a second ({answers} in {seconds:.2} s); errors: {errors}")?;
        if let Some(behind) = self.behind() {
            writeln!(f, "behind: {behind}")?;
        }
        if *reconnects > 0 {
            let reconnects = count(*reconnects);
            writeln!(f, "reconnects: {reconnects}, where the server ended a connection between two requests")?;
        }
        match (&self.latency_us, &self.latency_uncorrected_us) {
            (None, _) => writeln!(f, "latency: –, nothing was answered")?,
            (Some(latency), None) => writeln!(f, "latency: {latency}")?,
            (Some(latency), Some(uncorrected)) => {
                writeln!(f, "latency: {latency} (corrected: from when a request was due)")?;
                writeln!(f, "         {uncorrected} (uncorrected: from when it was sent)")?;
            }
        }
        writeln!(f, "transfer: {:.2} MB a second", bytes_per_second / 1e6)?;
        write!(f, "generator: busy {:.0} % of the time{beside}", busy * 100.0)?;
        self.advice().map_or(Ok(()), |advice| write!(f, "\ngenerator-bound: {advice}"))
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quantiles { p50, p90, p99, p99_9, max } = self;
        let [p50, p90, p99, p99_9, max] = [p50, p90, p99, p99_9, max].map(|micros| Time(*micros));
        write!(f, "p50 {p50}, p90 {p90}, p99 {p99}, p99.9 {p99_9}, max {max}")
    }
}

/// Microseconds, in a unit that fits.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros @ ..1000 => write!(f, "{micros} µs"),
            micros @ ..1_000_000 => write!(f, "{:.2} ms", micros as f64 / 1e3),
            micros => write!(f, "{:.2} s", micros as f64 / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            url: "http://127.0.0.1:1/".into(),
            connections: 64,
            threads: 1,
            rate_asked_for: Some(1e6),
            seconds: 1.0,
            answered: 118_293,
            rate: 118_293.4,
            errors: Errors::default(),
            behind: 0,
            reconnects: 0,
            bytes: 0,
            bytes_per_second: 0.0,
            latency_us: Some(Quantiles { p50: 1, p90: 2, p99: 3000, p99_9: 4000, max: 5_000_000 }),
            latency_uncorrected_us: None,
            busy: 0.5,
            cores: 2,
            beside: Fates::default(),
        }
    }

    #[test]
    fn what_is_not_there_has_no_latency() {
        let histogram = Histogram::new(3).unwrap();
        let nothing = Report { answered: 0, rate: 0.0, latency_us: Quantiles::new(&histogram), busy: 1.0, ..report() };
        let text = nothing.to_string();
        assert!(
            text.contains("(0 right answers in") && text.contains("\nlatency: –, nothing was answered\n"),
            "{text}"
        );
        assert!(!text.contains("generator-bound"), "{text}");
        let json = serde_json::to_value(&nothing).unwrap();
        assert!(json["latency_us"].is_null() && json["latency_uncorrected_us"].is_null(), "{json}");
        assert!(report().to_string().contains("latency: p50 1 µs, p90 2 µs, p99 3.00 ms, p99.9 4.00 ms, max 5.00 s\n"));
    }

    #[test]
    fn a_busy_generator_is_not_the_servers_fault() {
        let behind = |behind, busy| Report { behind, busy, ..report() }.to_string();
        let server = "behind: 1 request due and no connection free; the server does not keep up\n";
        let generator = "behind: 2,000 requests due and not sent; the generator cannot keep up, and not the server\n";
        assert!(behind(1, 0.5).contains(server) && behind(2000, 0.97).contains(generator));
        assert!(!behind(0, 0.97).contains("behind"));
    }

    #[test]
    fn advice_can_be_followed() {
        let advice = |busy, threads, connections| Report { busy, threads, connections, ..report() }.advice();
        assert_eq!(advice(0.9, 1, 64), None);
        assert!(advice(0.91, 1, 64).is_some_and(|text| text.ends_with(" more --threads")));
        assert!(advice(0.91, 1, 1).is_some_and(|text| text.ends_with(" more --threads and --connections")));
        assert!(advice(0.91, 2, 64).is_some_and(|text| text.starts_with("the generator has all cores")));
    }

    #[test]
    fn programs_are_told_what_was_asked_for() {
        let json = serde_json::to_value(report()).unwrap();
        let asked = ["url", "connections", "threads", "rate_asked_for"].map(|name| json[name].to_string());
        assert_eq!(asked, ["\"http://127.0.0.1:1/\"", "64", "1", "1000000.0"]);
    }
}
