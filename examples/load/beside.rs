//! Who is connected beside the load: idle clients, and slow ones.

use super::generator::{Errors, Idle, Manner, Slow, SlowClients};
use super::words::count;
use serde::Serialize;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// What a slow reader takes each time.
const READS: Manner = Manner::Reads { bytes: 1024 };

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
#[derive(Default, Serialize)]
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
    not_opened: usize,
    alive: usize,
    errors: Errors,
}

#[derive(Default, Serialize)]
struct SlowFate {
    /// At the end.
    connected: usize,
    not_connected: usize,
    /// By the server. A sender always is, for it never comes to its end.
    cut_off: usize,
    cut_off_with_an_answer: usize,
    /// Readers that have read all of their answer.
    at_their_end: usize,
    /// Of those that were cut off, how long the one that lasted longest was connected.
    longest_ms: f64,
    errors: Errors,
}

impl Crowd {
    pub(crate) fn count(&self) -> usize {
        self.idle + self.slow_senders + self.slow_readers
    }

    /// Connects them. `request` is what a client asks. The idle ones are there within `timeout`, or never; the slow
    /// ones come while the load goes on.
    pub(crate) fn come(self, addr: SocketAddr, request: &[u8], timeout: Duration) -> io::Result<Beside> {
        let slow = |count, request: &[u8], manner| {
            let every = Duration::from_millis(100);
            Slow::start(SlowClients { addr, count, request: request.into(), every, manner, reopen: true })
        };
        let unended = [request.strip_suffix(b"\r\n").unwrap_or(request), b"X-Slow: "].concat();
        Ok(Beside {
            idle: Idle::open(addr, self.idle, request, timeout)?,
            senders: slow(self.slow_senders, &unended, Manner::Sends)?,
            readers: slow(self.slow_readers, request, READS)?,
            crowd: self,
        })
    }
}

impl Beside {
    pub(crate) fn finish(self) -> io::Result<Fates> {
        let Beside { idle, senders, readers, crowd } = self;
        let errors = idle.errors().clone();
        let (opened, alive) = (idle.opened(), idle.alive());
        let idle = IdleFate { opened, not_opened: crowd.idle.saturating_sub(opened), alive, errors };
        Ok(Fates {
            idle: (crowd.idle > 0).then_some(idle),
            slow_senders: SlowFate::of(crowd.slow_senders, senders, Manner::Sends)?,
            slow_readers: SlowFate::of(crowd.slow_readers, readers, READS)?,
        })
    }
}

impl SlowFate {
    /// That of so many; `None` if there were to be none.
    fn of(count: usize, slow: Slow, manner: Manner) -> io::Result<Option<Self>> {
        let outcome = slow.finish()?;
        let ends: Vec<_> = outcome.ended.iter().map(|ended| (ended.after, ended.status.is_some())).collect();
        let mut fate = SlowFate {
            connected: outcome.open.len(),
            not_connected: count.saturating_sub(outcome.open.len()),
            errors: outcome.errors,
            ..SlowFate::default()
        };
        ends.iter().for_each(|&(after, has_answer)| fate.ended(after, has_answer, manner));
        Ok((count > 0).then_some(fate))
    }

    fn ended(&mut self, after: Duration, has_answer: bool, manner: Manner) {
        if has_answer && manner != Manner::Sends {
            self.at_their_end += 1;
            return;
        }
        self.cut_off += 1;
        self.cut_off_with_an_answer += usize::from(has_answer);
        self.longest_ms = self.longest_ms.max(after.as_secs_f64() * 1000.0);
    }

    fn words(&self, manner: Manner) -> String {
        let number = |number: usize| count(number as u64);
        let mut words = match (self.connected, self.not_connected) {
            (connected, 0) => format!("{} connected at the end", number(connected)),
            (connected, others) => {
                format!("{} of {} connected at the end", number(connected), number(connected + others))
            }
        };
        if self.at_their_end > 0 {
            words +=
                &format!("; {} had read all of their answer before and have come again", number(self.at_their_end));
        }
        words += &match self.cut_off {
            0 => "; none had been cut off".to_string(),
            cut_off => format!("; {} had been cut off before and have come again", number(cut_off)),
        };
        if self.cut_off > 0 && manner == Manner::Sends {
            words += &format!(", {} of them with an answer", number(self.cut_off_with_an_answer));
        }
        if self.cut_off > 0 {
            words += &format!(", after {:.1} s at most", self.longest_ms / 1000.0);
        }
        if self.errors.total() > 0 {
            words += &format!("; errors: {}", self.errors);
        }
        words
    }
}

impl IdleFate {
    fn words(&self) -> String {
        let [opened, alive, not_opened] = [self.opened, self.alive, self.not_opened].map(|number| count(number as u64));
        let there = format!("{opened} opened, {alive} of them still there at the end");
        if self.not_opened == 0 { there } else { format!("{there}; {not_opened} could not be opened: {}", self.errors) }
    }
}

impl fmt::Display for Fates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("idle", self.idle.as_ref().map(IdleFate::words)),
            ("slow senders", self.slow_senders.as_ref().map(|fate| fate.words(Manner::Sends))),
            ("slow readers", self.slow_readers.as_ref().map(|fate| fate.words(READS))),
        ];
        lines.iter().try_for_each(|(name, words)| match words {
            Some(words) => write!(f, "\n{name}: {words}"),
            None => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 20, so many of which are connected at the end.
    fn fate(connected: usize, ends: &[(f64, bool)], manner: Manner) -> String {
        let mut fate = SlowFate { connected, not_connected: 20 - connected, ..SlowFate::default() };
        ends.iter().for_each(|&(after, answer)| fate.ended(Duration::from_secs_f64(after), answer, manner));
        fate.words(manner)
    }

    #[test]
    fn slow_clients_are_cut_off_or_not() {
        let none = "20 connected at the end; none had been cut off";
        assert_eq!([fate(20, &[], Manner::Sends), fate(20, &[], READS)], [none, none]);
        let senders = "15 of 20 connected at the end; 2 had been cut off before and have come again, \
                       1 of them with an answer, after 10.0 s at most";
        assert_eq!(fate(15, &[(10.0, true), (9.0, false)], Manner::Sends), senders);
        let readers = "20 connected at the end; 1 had read all of their answer before and have come again; \
                       1 had been cut off before and have come again, after 9.0 s at most";
        assert_eq!(fate(20, &[(10.0, true), (9.0, false)], READS), readers);
    }

    #[test]
    fn idle_clients_that_are_not_let_in_are_counted() {
        let crowd = |idle| Crowd { idle, slow_senders: 0, slow_readers: 0 };
        let fates = |idle| {
            let addr = ([127, 0, 0, 1], 1).into();
            let beside = crowd(idle).come(addr, b"GET / HTTP/1.1\r\n\r\n", Duration::from_secs(60)).unwrap();
            beside.finish().unwrap().to_string()
        };
        assert_eq!(fates(0), "");
        let refused = "\nidle: 0 opened, 0 of them still there at the end; 3 could not be opened: 3 refused";
        assert_eq!(fates(3), refused);
    }

    #[test]
    fn idle_clients_are_not_waited_for_longer_than_the_timeout() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let crowd = Crowd { idle: 2, slow_senders: 0, slow_readers: 0 };
        let request = b"GET / HTTP/1.1\r\n\r\n";
        let beside = crowd.come(silent.local_addr().unwrap(), request, Duration::from_millis(5)).unwrap();
        let words = beside.finish().unwrap().to_string();
        assert!(words.ends_with("; 2 could not be opened: 2 timeout"), "{words}");
    }
}
