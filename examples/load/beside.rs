//! Who is connected beside the load: idle clients, and slow ones.

use super::generator::{Errors, Idle, Manner, Slow, SlowClients};
use serde::Serialize;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// How long the idle ones may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many of each.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Crowd {
    /// Hold N idle keep-alive connections beside the load
    #[arg(long, default_value = "0", value_name = "N")]
    idle: usize,

    /// Beside the load, N clients that send their heads one byte per 100 ms
    #[arg(long, default_value = "0", value_name = "N")]
    slow_senders: usize,

    /// Beside the load, N clients that take their answers 1 KiB per 100 ms
    #[arg(long, default_value = "0", value_name = "N")]
    slow_readers: usize,
}

pub(crate) struct Beside {
    idle: Idle,
    senders: Slow,
    readers: Slow,
    crowd: Crowd,
}

/// What became of them.
#[derive(Serialize)]
pub(crate) struct Fates {
    #[serde(skip_serializing_if = "Option::is_none")]
    idle: Option<IdleFate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_senders: Option<SlowFate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_readers: Option<SlowFate>,
}

#[derive(Serialize)]
struct IdleFate {
    opened: usize,
    alive: usize,
    errors: Errors,
}

#[derive(Serialize)]
struct SlowFate {
    open: usize,
    ended: usize,
    ended_with_an_answer: usize,
    longest_ms: f64,
    errors: Errors,
}

impl Crowd {
    pub(crate) fn count(&self) -> usize {
        self.idle + self.slow_senders + self.slow_readers
    }

    /// Connects them. `request` is what a client asks.
    pub(crate) fn come(self, addr: SocketAddr, request: &[u8]) -> io::Result<Beside> {
        let slow = |count, request: &[u8], manner| {
            let every = Duration::from_millis(100);
            Slow::start(SlowClients { addr, count, request: request.into(), every, manner, reopen: true })
        };
        let unended = [request.strip_suffix(b"\r\n").unwrap_or(request), b"X-Slow: "].concat();
        Ok(Beside {
            idle: Idle::open(addr, self.idle, request, PATIENCE)?,
            senders: slow(self.slow_senders, &unended, Manner::Sends)?,
            readers: slow(self.slow_readers, request, Manner::Reads { bytes: 1024 })?,
            crowd: self,
        })
    }
}

impl Beside {
    pub(crate) fn finish(self) -> io::Result<Fates> {
        let (crowd, alive) = (self.crowd, self.idle.alive());
        let idle = IdleFate { opened: self.idle.opened(), alive, errors: self.idle.errors().clone() };
        Ok(Fates {
            idle: (crowd.idle > 0).then_some(idle),
            slow_senders: fate(crowd.slow_senders, self.senders)?,
            slow_readers: fate(crowd.slow_readers, self.readers)?,
        })
    }
}

fn fate(count: usize, slow: Slow) -> io::Result<Option<SlowFate>> {
    let outcome = slow.finish()?;
    let longest = outcome.ended.iter().map(|ended| ended.after).max().unwrap_or_default();
    let fate = SlowFate {
        open: outcome.open.len(),
        ended: outcome.ended.len(),
        ended_with_an_answer: outcome.ended.iter().filter(|ended| ended.status.is_some()).count(),
        longest_ms: longest.as_secs_f64() * 1000.0,
        errors: outcome.errors,
    };
    Ok((count > 0).then_some(fate))
}

impl fmt::Display for Fates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(IdleFate { opened, alive, errors }) = &self.idle {
            write!(f, "\nidle: {opened} opened, {alive} of them still there; errors: {errors}")?;
        }
        for (name, fate) in [("slow senders", &self.slow_senders), ("slow readers", &self.slow_readers)] {
            let Some(SlowFate { open, ended, ended_with_an_answer, longest_ms, errors }) = fate else { continue };
            let after = longest_ms / 1000.0;
            write!(
                f,
                "\n{name}: {open} there; {ended} had come to an end, {ended_with_an_answer} of them with an answer"
            )?;
            write!(f, ", after {after:.1} s at most; errors: {errors}")?;
        }
        Ok(())
    }
}
