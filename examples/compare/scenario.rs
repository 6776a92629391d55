//! The ten scenarios: what each asks, what its axis is, and what is looked at first.
//!
//! | | the load | what tells the backends apart |
//! |---|---|---|
//! | S1 | seed replay: 4 clients, a connection for each request, HTTP/1.0 | what a connection costs |
//! | S2 | keep-alive, 1 to 1,024 connections that ask again at once | what a request costs, and how that grows |
//! | S3 | a fixed rate: 50, 70 and 90 % of what the slowest can do | waiting, from when a request was due |
//! | S4 | 0 to 5,000 idle connections, and a few that ask | threads and memory for each |
//! | S5 | clients that send a byte in 100 ms, and a few honest ones | who still serves, and when the slow are cut |
//! | S6 | one handler in ten blocks its thread for 100 ms | whose other requests wait for it |
//! | S7 | one handler in ten computes for 5 ms | fairness |
//! | S8 | files of 1 KiB and 1 MiB, a listing of 1,000 entries | copying |
//! | S9 | requests that sleep on the server's timer, and a timer by itself | wheel or heap |
//! | S10 | a stop with requests on the way, and up to 1,000 idle connections | time, and requests lost |
//!
//! How each is measured is in `trials/`.

use crate::measure::Measure;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Scenario {
    #[serde(rename = "S1")]
    SeedReplay,
    #[serde(rename = "S2")]
    KeepAlive,
    #[serde(rename = "S3")]
    OpenLoop,
    #[serde(rename = "S4")]
    Idle,
    #[serde(rename = "S5")]
    Slow,
    #[serde(rename = "S6")]
    Blocking,
    #[serde(rename = "S7")]
    Computing,
    #[serde(rename = "S8")]
    Files,
    #[serde(rename = "S9")]
    Timers,
    #[serde(rename = "S10")]
    Stop,
}

/// What is said of a scenario.
pub(crate) struct About {
    pub(crate) title: &'static str,
    pub(crate) question: &'static str,
    /// How it is measured, in one or two sentences.
    pub(crate) method: &'static str,
    /// What the axis counts; empty if there is only one point.
    pub(crate) axis: &'static str,
    /// What it is judged by.
    pub(crate) headline: Measure,
    /// The point and variant that stand in the verdict table; the last point, if this one was not measured.
    pub(crate) verdict: (&'static str, f64),
    /// What else its table shows.
    pub(crate) columns: &'static [Measure],
}

impl Scenario {
    pub(crate) const ALL: [Self; 10] = [
        Self::SeedReplay,
        Self::KeepAlive,
        Self::OpenLoop,
        Self::Idle,
        Self::Slow,
        Self::Blocking,
        Self::Computing,
        Self::Files,
        Self::Timers,
        Self::Stop,
    ];

    /// What `--quick` measures.
    pub(crate) const QUICK: [Self; 4] = [Self::SeedReplay, Self::KeepAlive, Self::Idle, Self::Blocking];

    /// `S1` to `S10`.
    pub(crate) fn id(self) -> String {
        format!("S{}", self as usize + 1)
    }

    pub(crate) fn about(self) -> &'static About {
        &ABOUT[self as usize]
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scenario| scenario.id().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("unknown scenario {text:?}; there are S1 to S10"))
    }
}

use Measure as M;

/// What a load can be asked; a column without figures is not shown.
const USUAL: &[Measure] = &[
    M::Rate,
    M::Throughput,
    M::Cpu,
    M::P50,
    M::P90,
    M::P99,
    M::P999,
    M::Max,
    M::Voluntary,
    M::Involuntary,
    M::Syscalls,
    M::Threads,
    M::Memory,
    M::Overflows,
    M::Generator,
];

const ABOUT: [About; 10] = [
    About {
        title: "A connection for each request",
        question: "What does a connection cost, and what is the step from a thread per connection to a work queue \
                   worth here?",
        method: "Four clients connect, send one HTTP/1.0 request and read until the server closes, as khttpd's \
                 htstress does.",
        axis: "",
        headline: M::Cpu,
        verdict: ("", 4.0),
        columns: USUAL,
    },
    About {
        title: "Kept connections, from few to many",
        question: "What does a request cost on a connection that is kept, and how does that grow with connections?",
        method: "Each connection asks again as soon as it has its answer (a closed loop).",
        axis: "connections",
        headline: M::Cpu,
        verdict: ("", 64.0),
        columns: USUAL,
    },
    About {
        title: "Requests at a fixed rate",
        question: "How long does a client wait when requests keep coming, whatever the server does?",
        method: "Requests are due at even distances over 64 connections (an open loop). The rate is a share of what \
                 the slowest backend answered just before, in a closed loop of 64. Latency counts from when a request \
                 was due.",
        axis: "per cent of the slowest backend's rate",
        headline: M::P99,
        verdict: ("", 90.0),
        columns: USUAL,
    },
    About {
        title: "Idle connections",
        question: "What does an open connection cost that asks for nothing, and do the others notice?",
        method: "So many connections ask once and then stay open; meanwhile one more asks at a fixed, low rate. The \
                 server's idle limit is a minute. Memory is what is resident in the process: a thread's stack inside \
                 the kernel (16 KiB on x86-64) and the buffers of sockets are not in it.",
        axis: "idle connections",
        headline: M::MemoryEach,
        verdict: ("", 5000.0),
        columns: &[M::Kept, M::MemoryEach, M::Threads, M::Memory, M::P50, M::P99, M::Max, M::IdleCpu, M::Wakeups],
    },
    About {
        title: "Slow senders",
        question: "Who still serves while others send a byte every 100 ms, and when are those cut off?",
        method: "So many connections send their head byte by byte, and come again when they are cut; meanwhile four \
                 honest ones ask at a fixed, low rate. A head may take one second.",
        axis: "slow senders",
        headline: M::P99,
        verdict: ("", 300.0),
        columns: &[M::P50, M::P99, M::Max, M::CutAfter, M::Cut, M::Cpu, M::Threads, M::Memory],
    },
    About {
        title: "Handlers that block",
        question: "What happens to the other requests when one handler in ten blocks its thread for 100 ms?",
        method: "6 connections in a closed loop; every tenth request sleeps, without telling the server. `unblock`: \
                 the same piece of work, given to `Request::unblock`. Latency is that of the other nine.",
        axis: "per cent of requests that block",
        headline: M::P99,
        verdict: ("", 10.0),
        columns: USUAL,
    },
    About {
        title: "Handlers that compute",
        question: "How long do short requests wait when one in ten computes for 5 ms?",
        method: "16 connections in a closed loop; every tenth request computes. Latency is that of the other nine.",
        axis: "per cent of requests that compute",
        headline: M::P99,
        verdict: ("", 10.0),
        columns: USUAL,
    },
    About {
        title: "Files and listings",
        question: "What does it cost to serve a small file, a large one, and a page that lists 1,000?",
        method: "A closed loop on a directory without its cache: 64 connections for 1 KiB, 16 for 1 MiB, 8 for the \
                 listing.",
        axis: "",
        headline: M::Cpu,
        verdict: ("1 KiB", 0.0),
        columns: USUAL,
    },
    About {
        title: "Timers",
        question: "Does it matter inside a server whether deadlines are kept in a wheel or in a heap?",
        method: "So many requests sleep on the server's timer for 50 to 150 ms, again and again; how late each woke is \
                 measured by the handler. `structure`: the timer by itself, with so many timers, each moved later in \
                 turn.",
        axis: "sleeping requests",
        headline: M::LateP99,
        verdict: ("wheel", 1000.0),
        columns: &[M::LateP50, M::LateP99, M::LateMax, M::Wakeups, M::Cpu, M::Threads, M::Memory, M::Modify],
    },
    About {
        title: "A graceful stop",
        question: "How long does it take to stop, and is a request lost?",
        method: "32 requests that take 200 ms are on the way, and so many idle connections are open, when the server \
                 is told to stop.",
        axis: "idle connections",
        headline: M::Stop,
        verdict: ("", 1000.0),
        columns: &[M::Stop, M::Lost, M::Kept, M::Threads, M::Memory],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_scenarios() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.id().to_lowercase().parse(), Ok(scenario));
            assert_eq!(serde_json::to_string(&scenario).unwrap(), format!("{:?}", scenario.id()));
            assert!(scenario.about().columns.contains(&scenario.about().headline), "{scenario} shows its headline");
        }
        assert_eq!("S11".parse::<Scenario>(), Err("unknown scenario \"S11\"; there are S1 to S10".into()));
    }
}
