//! What is counted, and when: only what ends within the measured time counts.

use super::Outcome;
use super::errors::{Error, Errors};
use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long a step of the series is.
const STEP: Duration = Duration::from_millis(50);

/// The longest latency that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(120);

/// Latencies in microseconds, with three significant digits.
#[derive(Clone)]
pub(crate) struct Latency {
    /// From when requests were due. In a closed loop that is when they were sent.
    pub(crate) corrected: Histogram<u64>,
    /// From when requests were sent: what a client sees that is not there while it waits.
    pub(crate) uncorrected: Histogram<u64>,
}

/// The measured time, from the start of the run in nanoseconds. It begins and ends while threads look at it.
pub(super) struct Window {
    begin: AtomicU64,
    end: AtomicU64,
}

/// What a thread has counted.
pub(super) struct Tally {
    answered: u64,
    bytes: u64,
    pub(super) reconnects: u64,
    pub(super) errors: Errors,
    latency: Vec<Latency>,
    /// The longest of class 0 in each step, in microseconds; `None` where none ended.
    series: Vec<Option<u64>>,
    pub(super) owed: u64,
    waited: Duration,
    busy: f64,
}

/// One answer.
pub(super) struct Sample {
    pub(super) class: usize,
    pub(super) due: Duration,
    pub(super) sent: Duration,
    pub(super) now: Duration,
    pub(super) bytes: u64,
}

impl Latency {
    fn new() -> Self {
        let most = LONGEST.as_micros() as u64;
        let empty = Histogram::new_with_bounds(1, most, 3).expect("bounds that are in order, and three digits");
        Latency { corrected: empty.clone(), uncorrected: empty }
    }

    fn add(&mut self, other: &Self) {
        for (sum, part) in [(&mut self.corrected, &other.corrected), (&mut self.uncorrected, &other.uncorrected)] {
            sum.add(part).expect("histograms with the same bounds");
        }
    }
}

impl Window {
    pub(super) fn new() -> Self {
        Window { begin: AtomicU64::new(u64::MAX), end: AtomicU64::new(u64::MAX) }
    }

    pub(super) fn begin(&self, now: Duration) {
        self.begin.store(now.as_nanos() as u64, Relaxed);
    }

    pub(super) fn end(&self, now: Duration) {
        self.end.store(now.as_nanos() as u64, Relaxed);
    }

    /// The beginning.
    pub(super) fn first(&self) -> Duration {
        Duration::from_nanos(self.begin.load(Relaxed))
    }

    /// The end, or now if that is earlier.
    pub(super) fn last(&self, now: Duration) -> Duration {
        now.min(Duration::from_nanos(self.end.load(Relaxed)))
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.load(Relaxed) != u64::MAX
    }

    /// How long it was, when it is over.
    pub(super) fn length(&self) -> Duration {
        Duration::from_nanos(self.end.load(Relaxed).saturating_sub(self.begin.load(Relaxed)))
    }

    pub(super) fn holds(&self, now: Duration) -> bool {
        let now = now.as_nanos() as u64;
        self.begin.load(Relaxed) <= now && now < self.end.load(Relaxed)
    }

    /// What of it lies between two times.
    pub(super) fn clip(&self, from: Duration, to: Duration) -> Duration {
        let from = (from.as_nanos() as u64).max(self.begin.load(Relaxed));
        let to = (to.as_nanos() as u64).min(self.end.load(Relaxed));
        Duration::from_nanos(to.saturating_sub(from))
    }
}

impl Tally {
    pub(super) fn new(classes: usize) -> Self {
        Tally {
            answered: 0,
            bytes: 0,
            reconnects: 0,
            errors: Errors::default(),
            latency: vec![Latency::new(); classes],
            series: Vec::new(),
            owed: 0,
            waited: Duration::ZERO,
            busy: 0.0,
        }
    }

    pub(super) fn answer(&mut self, sample: &Sample, window: &Window) {
        if !window.holds(sample.now) {
            return;
        }
        let [from_due, from_sent] = [sample.due, sample.sent].map(|then| micros(sample.now.saturating_sub(then)));
        self.answered += 1;
        self.bytes += sample.bytes;
        self.latency[sample.class].corrected.saturating_record(from_due);
        self.latency[sample.class].uncorrected.saturating_record(from_sent);
        if sample.class == 0 {
            self.step(from_due, sample.now, window);
        }
    }

    pub(super) fn error(&mut self, error: Error, now: Duration, window: &Window) {
        if window.holds(now) {
            self.errors.count(error);
        }
    }

    pub(super) fn reconnect(&mut self, now: Duration, window: &Window) {
        if window.holds(now) {
            self.reconnects += 1;
        }
    }

    /// Enters into the series that a request has waited so long by now.
    pub(super) fn step(&mut self, micros: u64, now: Duration, window: &Window) {
        let step = (window.clip(Duration::ZERO, now).as_nanos() / STEP.as_nanos()) as usize;
        if step >= self.series.len() {
            self.series.resize(step + 1, None);
        }
        self.series[step] = self.series[step].max(Some(micros));
    }

    /// The thread has waited for something to do.
    pub(super) fn wait(&mut self, from: Duration, to: Duration, window: &Window) {
        self.waited += window.clip(from, to);
    }

    /// The thread has nothing more to do.
    pub(super) fn conclude(&mut self, now: Duration, window: &Window) {
        let whole = window.clip(Duration::ZERO, now);
        if !whole.is_zero() {
            self.busy = 1.0 - (self.waited.as_secs_f64() / whole.as_secs_f64()).min(1.0);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.bytes += other.bytes;
        self.reconnects += other.reconnects;
        self.errors.add(&other.errors);
        self.owed += other.owed;
        self.busy = self.busy.max(other.busy);
        self.latency.iter_mut().zip(&other.latency).for_each(|(sum, part)| sum.add(part));
        let steps = self.series.len().max(other.series.len());
        self.series.resize(steps, None);
        self.series.iter_mut().zip(&other.series).for_each(|(longest, micros)| *longest = (*longest).max(*micros));
    }

    pub(super) fn outcome(mut self, measured: Duration) -> Outcome {
        if self.answered == 0 && self.errors.total() == 0 {
            // Nothing at all came in the measured time: that is not a rate of 0 without errors.
            (0..std::mem::take(&mut self.owed)).for_each(|_| self.errors.count(Error::Unanswered));
        }
        let steps = self.series.iter().enumerate();
        let series =
            steps.filter_map(|(step, micros)| Some(((STEP * step as u32).as_millis() as f64, (*micros)? as f64)));
        Outcome {
            seconds: measured.as_secs_f64(),
            answered: self.answered,
            bytes: self.bytes,
            reconnects: self.reconnects,
            owed: self.owed,
            strangers: 0,
            series: series.collect(),
            errors: self.errors,
            latency: self.latency,
            busy: self.busy,
        }
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn sample(class: usize, due: u32, sent: u32, now: u32) -> Sample {
        Sample { class, due: due * MS, sent: sent * MS, now: now * MS, bytes: 10 }
    }

    #[test]
    fn what_ends_in_the_measured_time_counts() {
        let (window, mut tally) = (Window::new(), Tally::new(2));
        tally.answer(&sample(0, 0, 0, 99), &window);
        tally.error(Error::Wrong, 99 * MS, &window);
        window.begin(100 * MS);
        tally.answer(&sample(0, 10, 90, 100), &window);
        tally.answer(&sample(0, 110, 115, 120), &window);
        tally.answer(&sample(1, 110, 110, 199), &window);
        tally.answer(&sample(0, 190, 190, 200), &window);
        tally.error(Error::Wrong, 199 * MS, &window);
        tally.wait(50 * MS, 125 * MS, &window);
        window.end(200 * MS);
        tally.answer(&sample(0, 0, 0, 200), &window);
        tally.error(Error::Wrong, 200 * MS, &window);
        tally.wait(175 * MS, 250 * MS, &window);
        tally.conclude(250 * MS, &window);

        let outcome = tally.outcome(100 * MS);
        assert_eq!((outcome.answered, outcome.bytes, outcome.errors.total()), (4, 40, 1));
        assert_eq!(longest(&outcome.latency), [(90_000, 10_000), (89_000, 89_000)]);
        assert_eq!(outcome.series, [(0.0, 90_000.0), (100.0, 10_000.0)]);
        assert!((outcome.busy - 0.5).abs() < 1e-9, "{}", outcome.busy);
    }

    /// The longest of each class, in whole milliseconds: corrected, and not.
    fn longest(latency: &[Latency]) -> Vec<(u64, u64)> {
        let whole = |histogram: &Histogram<u64>| histogram.max() / 1000 * 1000;
        latency.iter().map(|latency| (whole(&latency.corrected), whole(&latency.uncorrected))).collect()
    }
}
