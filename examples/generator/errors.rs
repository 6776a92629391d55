//! What can become of a request other than the right answer, by class.
//!
//! # Rules
//!
//! 1. An error is that of one request: n requests end in n right answers and errors.
//! 2. A class says who is at fault. All are the server's but `local`, which is ours; `refused` and `reset` may be the
//!    system's on its behalf.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// Nobody listens there, or nobody can be reached there.
    Refused,
    /// The connection was reset.
    Reset,
    /// It ended before the first byte of an answer that was asked for.
    Closed,
    /// It ended in the middle of an answer.
    Short,
    /// No whole answer in time.
    Timeout,
    /// Asked for before the measured time began, and not answered when it ended.
    Unanswered,
    Status4xx,
    Status5xx,
    /// A whole answer, but neither the expected one nor an error's.
    Wrong,
    /// No answer in HTTP/1, or more than one.
    Malformed,
    /// No port or descriptor: the generator's own fault.
    Local,
}

/// How often each class has been seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Errors {
    refused: u64,
    reset: u64,
    closed: u64,
    short: u64,
    timeout: u64,
    unanswered: u64,
    status_4xx: u64,
    status_5xx: u64,
    wrong: u64,
    malformed: u64,
    local: u64,
}

impl Error {
    /// The class of a failure to open a connection. What the network did not say is our own system's doing.
    pub(super) fn of_opening(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::PermissionDenied => Error::Refused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Error::Reset,
            io::ErrorKind::TimedOut => Error::Timeout,
            _ => Error::Local,
        }
    }

    /// The class of a failure to read or write on one that was open.
    pub(super) fn of_transfer(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Error::Timeout,
            io::ErrorKind::OutOfMemory => Error::Local,
            _ => Error::Reset,
        }
    }

    /// Whether the server should be left alone for a moment before the next attempt.
    pub(super) fn asks_for_a_pause(self) -> bool {
        matches!(self, Error::Refused | Error::Reset | Error::Closed | Error::Local)
    }
}

impl Errors {
    pub(super) fn count(&mut self, error: Error) {
        *match error {
            Error::Refused => &mut self.refused,
            Error::Reset => &mut self.reset,
            Error::Closed => &mut self.closed,
            Error::Short => &mut self.short,
            Error::Timeout => &mut self.timeout,
            Error::Unanswered => &mut self.unanswered,
            Error::Status4xx => &mut self.status_4xx,
            Error::Status5xx => &mut self.status_5xx,
            Error::Wrong => &mut self.wrong,
            Error::Malformed => &mut self.malformed,
            Error::Local => &mut self.local,
        } += 1;
    }

    /// Every class by name, also those that were not seen.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("refused", self.refused),
            ("reset", self.reset),
            ("closed", self.closed),
            ("short", self.short),
            ("timeout", self.timeout),
            ("unanswered", self.unanswered),
            ("4xx", self.status_4xx),
            ("5xx", self.status_5xx),
            ("wrong", self.wrong),
            ("malformed", self.malformed),
            ("local", self.local),
        ]
        .into_iter()
    }

    pub(crate) fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.refused += other.refused;
        self.reset += other.reset;
        self.closed += other.closed;
        self.short += other.short;
        self.timeout += other.timeout;
        self.unanswered += other.unanswered;
        self.status_4xx += other.status_4xx;
        self.status_5xx += other.status_5xx;
        self.wrong += other.wrong;
        self.malformed += other.malformed;
        self.local += other.local;
    }
}

/// `none`, or as in `3 refused, 1 timeout`.
impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen: Vec<String> =
            self.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{count} {name}")).collect();
        if seen.is_empty() { f.write_str("none") } else { f.write_str(&seen.join(", ")) }
    }
}
