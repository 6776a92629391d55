//! What can be measured: names, units, and which way is better.

use serde::{Deserialize, Serialize};

/// A quantity of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    /// Right answers in a second.
    Rate,
    /// The server's CPU time for each right answer, in microseconds, the kernel's share included.
    Cpu,
    /// Latency within which half of the requests were answered, in microseconds; so the next ones.
    P50,
    P90,
    P99,
    P999,
    Max,
    /// Bytes of answers in a second.
    Throughput,
    /// Voluntary context switches for each answer: a thread of the server waited.
    Voluntary,
    /// Involuntary ones: it was made to wait for others.
    Involuntary,
    /// System calls of the server for each answer; counted in a run of its own, for counting slows it down.
    Syscalls,
    /// The most threads the server had.
    Threads,
    /// The most memory the server had resident, in bytes.
    Memory,
    /// By how much each open connection made that grow, in bytes.
    MemoryEach,
    /// Idle connections the server still kept at the end, in per cent.
    Kept,
    /// Server CPU in a second in which it has nothing to do but keep connections, in microseconds.
    IdleCpu,
    /// How often in a second the thread of the timer woke up.
    Wakeups,
    /// How long after its deadline a timer fired, in microseconds: half of them, 99 per cent, and the latest.
    LateP50,
    LateP99,
    LateMax,
    /// Moving a timer to a later deadline, in nanoseconds.
    Modify,
    /// When slow clients were ended, in milliseconds after they began.
    CutAfter,
    /// Slow clients that were ended within the time it took, in per cent.
    Cut,
    /// From the order to stop to the end of the server, in milliseconds.
    Stop,
    /// Requests that had been sent before the order to stop and got no answer.
    Lost,
    /// Connections that came while a listener's queue was full, on the whole machine.
    Overflows,
    /// Share of its time in which the busiest thread of the load generator had something to do, in per cent.
    Generator,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
    /// It only explains.
    Neither,
}

/// How a number is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    Micros,
    Millis,
    Nanos,
    Bytes,
    BytesPerSecond,
    Percent,
    Count,
}

impl Measure {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 27] = [
        Self::Rate,
        Self::Cpu,
        Self::P50,
        Self::P90,
        Self::P99,
        Self::P999,
        Self::Max,
        Self::Throughput,
        Self::Voluntary,
        Self::Involuntary,
        Self::Syscalls,
        Self::Threads,
        Self::Memory,
        Self::MemoryEach,
        Self::Kept,
        Self::IdleCpu,
        Self::Wakeups,
        Self::LateP50,
        Self::LateP99,
        Self::LateMax,
        Self::Modify,
        Self::CutAfter,
        Self::Cut,
        Self::Stop,
        Self::Lost,
        Self::Overflows,
        Self::Generator,
    ];

    /// A few words for the head of a column.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Rate => "requests/s",
            Self::Cpu => "server CPU a request",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Max => "max",
            Self::Throughput => "bytes/s",
            Self::Voluntary => "voluntary switches a request",
            Self::Involuntary => "involuntary switches a request",
            Self::Syscalls => "system calls a request",
            Self::Threads => "threads",
            Self::Memory => "memory",
            Self::MemoryEach => "memory a connection",
            Self::Kept => "connections kept",
            Self::IdleCpu => "CPU in an idle second",
            Self::Wakeups => "timer wake-ups/s",
            Self::LateP50 => "late, p50",
            Self::LateP99 => "late, p99",
            Self::LateMax => "late, max",
            Self::Modify => "a timer moved",
            Self::CutAfter => "slow clients ended after",
            Self::Cut => "slow clients ended",
            Self::Stop => "time to stop",
            Self::Lost => "requests lost",
            Self::Overflows => "accept queue overflows (machine)",
            Self::Generator => "generator busy",
        }
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::Rate | Self::Wakeups => Unit::PerSecond,
            Self::Cpu | Self::P50 | Self::P90 | Self::P99 | Self::P999 | Self::Max => Unit::Micros,
            Self::IdleCpu | Self::LateP50 | Self::LateP99 | Self::LateMax => Unit::Micros,
            Self::CutAfter | Self::Stop => Unit::Millis,
            Self::Modify => Unit::Nanos,
            Self::Memory | Self::MemoryEach => Unit::Bytes,
            Self::Throughput => Unit::BytesPerSecond,
            Self::Kept | Self::Cut | Self::Generator => Unit::Percent,
            Self::Voluntary | Self::Involuntary | Self::Syscalls => Unit::Count,
            Self::Threads | Self::Lost | Self::Overflows => Unit::Count,
        }
    }

    pub(crate) fn better(self) -> Better {
        match self {
            Self::Rate | Self::Throughput | Self::Kept | Self::Cut => Better::Higher,
            Self::Threads | Self::CutAfter | Self::Generator | Self::Overflows => Better::Neither,
            _ => Better::Lower,
        }
    }

    /// Whether a generator that has no time left decides it, and not the server.
    pub(crate) fn is_the_generators(self) -> bool {
        matches!(self, Self::Rate | Self::Throughput | Self::P50 | Self::P90 | Self::P99 | Self::P999 | Self::Max)
    }
}

impl Unit {
    /// A number for people: three digits that count, and its unit.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{}/s", short(value)),
            Self::Nanos => scaled(value, 1e3, &["ns", "µs", "ms", "s"]),
            Self::Micros => scaled(value, 1e3, &["µs", "ms", "s"]),
            Self::Millis => scaled(value, 1e3, &["ms", "s"]),
            Self::Bytes => scaled(value, 1024.0, &["B", "KiB", "MiB", "GiB"]),
            Self::BytesPerSecond => scaled(value, 1024.0, &["B/s", "KiB/s", "MiB/s", "GiB/s"]),
            Self::Percent => format!("{} %", digits(value)),
            Self::Count => short(value),
        }
    }
}

/// In the largest of the units of which there is at least one.
fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut units = units.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for larger in units {
        // What would be rounded up to a whole step is one.
        if value.abs() < step * 0.9995 {
            break;
        }
        value /= step;
        unit = larger;
    }
    format!("{} {unit}", digits(value))
}

/// With thousands apart: `12,300`, or `0.21`.
fn short(value: f64) -> String {
    if value.abs() < 1000.0 {
        return digits(value);
    }
    let scale = 10f64.powf(value.abs().log10().floor() - 2.0).max(1.0);
    let text = format!("{:.0}", (value / scale).round() * scale);
    let (sign, number) = text.strip_prefix('-').map_or(("", text.as_str()), |number| ("-", number));
    let mut grouped = String::from(sign);
    for (index, digit) in number.chars().enumerate() {
        if index > 0 && (number.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Three digits that count, below a thousand; but none for a round number that needs none.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        zero if zero < 0.0005 => 0,
        whole if (whole - whole.round()).abs() < 1e-9 => 0,
        small if small < 1.0 => 2,
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_three_digits_and_a_unit() {
        let cases = [
            (Unit::Micros, 8.4321, "8.43 µs"),
            (Unit::Micros, 999.4, "999 µs"),
            (Unit::Micros, 999.96, "1.00 ms"),
            (Unit::Micros, 104_800.0, "105 ms"),
            (Unit::Micros, 2_500_000.0, "2.50 s"),
            (Unit::PerSecond, 136_501.0, "137,000/s"),
            (Unit::PerSecond, 9_876.0, "9,880/s"),
            (Unit::Bytes, 1024.0, "1 KiB"),
            (Unit::Bytes, 20_800.0, "20.3 KiB"),
            (Unit::Percent, 100.0, "100 %"),
            (Unit::Percent, 1.28, "1.28 %"),
            (Unit::Count, 2.0, "2"),
            (Unit::Count, 5007.0, "5,010"),
            (Unit::Count, 0.0, "0"),
            (Unit::Count, 0.212, "0.21"),
        ];
        for (unit, value, text) in cases {
            assert_eq!(unit.show(value), text);
        }
    }

    #[test]
    fn every_measure_is_listed_once() {
        let mut all = Measure::ALL.to_vec();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), Measure::ALL.len());
        assert_eq!(all.last(), Some(&Measure::Generator), "the last of the enum is in the list");
    }
}
