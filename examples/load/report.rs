//! What came of a load, for people and for programs.

use super::beside::Fates;
use super::generator::{Errors, Latency, Load, Outcome, Pace};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::fmt;

/// From here on the generator may be what has been measured.
const BUSY: f64 = 0.9;

#[derive(Serialize)]
pub(crate) struct Report {
    seconds: f64,
    answered: u64,
    rate: f64,
    errors: Errors,
    /// Requests of an open loop that were due by the end, and that no connection can have been free for.
    behind: u64,
    reconnects: u64,
    bytes: u64,
    bytes_per_second: f64,
    latency_us: Quantiles,
    /// Only in an open loop; otherwise it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_uncorrected_us: Option<Quantiles>,
    busy: f64,
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
    pub(crate) fn new(load: &Load, outcome: &Outcome, beside: Fates) -> Self {
        let is_open = matches!(load.pace, Pace::Open { .. });
        let Latency { corrected, uncorrected } = &outcome.latency[0];
        let per_second = |count: u64| if outcome.seconds > 0.0 { count as f64 / outcome.seconds } else { 0.0 };
        Report {
            seconds: outcome.seconds,
            answered: outcome.answered,
            rate: per_second(outcome.answered),
            errors: outcome.errors.clone(),
            behind: if is_open { outcome.owed.saturating_sub(load.connections as u64) } else { 0 },
            reconnects: outcome.reconnects,
            bytes: outcome.bytes,
            bytes_per_second: per_second(outcome.bytes),
            latency_us: Quantiles::new(corrected),
            latency_uncorrected_us: is_open.then(|| Quantiles::new(uncorrected)),
            busy: outcome.busy,
            beside,
        }
    }
}

impl Quantiles {
    fn new(latency: &Histogram<u64>) -> Self {
        let [p50, p90, p99, p99_9] = [0.5, 0.9, 0.99, 0.999].map(|quantile| latency.value_at_quantile(quantile));
        Quantiles { p50, p90, p99, p99_9, max: latency.max() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { seconds, answered, rate, errors, behind, reconnects, bytes_per_second, busy, .. } = self;
        writeln!(f, "rate: {rate:.1} a second ({answered} right answers in {seconds:.2} s); errors: {errors}")?;
        if *behind > 0 {
            writeln!(
                f,
                "behind: {behind} requests were due and no connection was free for them; the server does not keep up"
            )?;
        }
        if *reconnects > 0 {
            writeln!(f, "reconnects: {reconnects}, where the server ended a connection between two requests")?;
        }
        match &self.latency_uncorrected_us {
            None => writeln!(f, "latency: {}", self.latency_us)?,
            Some(uncorrected) => {
                writeln!(f, "latency: {} (corrected: from when a request was due)", self.latency_us)?;
                writeln!(f, "         {uncorrected} (uncorrected: from when it was sent)")?;
            }
        }
        writeln!(f, "transfer: {:.2} MB a second", bytes_per_second / 1e6)?;
        write!(f, "generator: busy {:.0} % of the time{}", busy * 100.0, self.beside)?;
        if *busy > BUSY {
            write!(f, "\ngenerator-bound: the server might do more than these figures say; give it more --threads")?;
        }
        Ok(())
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
