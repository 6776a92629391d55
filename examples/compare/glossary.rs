//! How to read a report, for every kind of it: what a range is, when a difference is claimed, what the words mean,
//! and what these numbers cannot say.

use crate::standing::{FEWEST, GENERATOR_BOUND};
use crate::words;

/// A heading, and a few sentences.
pub(crate) type Entry = (&'static str, String);

/// How the numbers came about, and what is made of them.
pub(crate) fn method() -> Vec<Entry> {
    vec![
        (
            "Medians and ranges",
            "Each number is the median of several short samples, taken in rounds: every case is measured once before \
             any is measured again, in an order of its own each time. The range goes from the lowest sample to the \
             highest; in charts it is the thin line through a bar or a point."
                .to_string(),
        ),
        (
            "When a difference is claimed",
            "A backend is clearly better than another if their ranges do not overlap and their medians are at least \
             10 % apart. Anything less is no clear difference. A rank is one more than the number of backends that \
             are clearly better; with a = others have the same, and with a dash there is none, for a reason that is \
             given."
                .into(),
        ),
        (
            "What is not ranked",
            format!(
                "A backend whose answers differ from the others', one that failed to answer some requests or \
                 let go of idle connections, and one with fewer than {FEWEST} samples, or whose samples do not \
                 set it apart from others that are clearly apart: in the charts their marks are hollow, and the \
                 reason stands below. Errors stand beside every rate."
            ),
        ),
        (
            "Generator-bound",
            format!(
                "If the load generator was busy for more than {GENERATOR_BOUND:.0} % of its time, its speed was \
                 measured and not the server's. Rates and latencies are not ranked then; the server's CPU time is."
            ),
        ),
        (
            "Coordinated omission",
            "A client that waits for an answer before it asks again sends nothing while the server stalls, so a \
             stall counts once, however many would have come meanwhile. In S3, requests are due at fixed times \
             whatever the server does, and their latency counts from then. The dotted lines count from when they \
             were really sent: what is between the two is what such a client does not see."
                .into(),
        ),
        (
            "The limits of one machine",
            "Everything went over the loopback of one machine: no network, no loss, no distance. Compare these \
             numbers with each other, not with numbers from elsewhere; and measure your own load before you decide."
                .into(),
        ),
    ]
}

/// Words that are used without being explained each time.
pub(crate) fn terms() -> Vec<Entry> {
    vec![
        (
            "p50, p99",
            "Half of the answers came within p50, and 99 of 100 within p99; the hundredth took longer. So p99 tells \
             how the unlucky fare."
                .to_string(),
        ),
        (
            "Closed loop, open loop",
            "Closed: each connection asks again as soon as it has its answer, so a slow server is asked less often. \
             Open: requests come at a fixed rate, whatever the server does."
                .into(),
        ),
        (
            "Voluntary and involuntary context switches",
            "Voluntary: a thread of the server had nothing to do and waited. Involuntary: it was made to wait, \
             because others wanted its core. Each costs some CPU time."
                .into(),
        ),
        (
            "Accept queue",
            "Where the system keeps new connections until the server takes them. When it is full, a client's attempt \
             is dropped, and it tries again about a second later."
                .into(),
        ),
        (
            "Let go",
            "The server closed a connection that was idle, to have its thread for another client. The client has to \
             connect again when it wants something."
                .into(),
        ),
        (
            "The simplest first",
            format!(
                "Of several that are as good, the one that is easiest to explain is named first. The order is {}.",
                words::SIMPLEST_FIRST.join(", ")
            ),
        ),
    ]
}
