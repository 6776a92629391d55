//! Every bound the server keeps, with its default. All are on, and each means the same on every backend.

use std::sync::LazyLock;
use std::time::Duration;

/// The bounds of one server. A duration is met a moment late, never early; one of less than 50 ms, up to 50 ms late.
///
/// ```
/// use std::time::Duration;
/// use switchboard::Limits;
///
/// let limits = Limits { idle: Duration::from_secs(60), ..Limits::default() };
/// assert_eq!(limits.head, Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may wait for the backend to start it; then it is answered 503. 10 s.
    pub queued: Duration,
    /// How long a started connection may send nothing at all; then it is closed. 5 s.
    pub first_byte: Duration,
    /// How long a request's head may take from its first byte to its last; then 408. 10 s.
    pub head: Duration,
    /// How long a connection may stay open between two requests; then it is closed. 5 s.
    pub idle: Duration,
    /// How long the server waits for the next bytes of a body; then 408. 10 s.
    pub body: Duration,
    /// The slowest body accepted, in bytes per second over its whole length, after a first allowance of
    /// [`body`](Limits::body); then 408. Time in which nobody reads the body does not count. 500.
    pub body_rate: u64,
    /// How long a client may take for each 64 KiB of a response; then it is cut off. 30 s.
    pub send: Duration,
    /// How long a client may send nothing in another protocol that its connection was handed over to (see
    /// [`Response::upgrade`](crate::Response::upgrade)); then it is ended. 60 s.
    pub upgrade: Duration,
    /// How long the rest of a body nobody wanted is read, so that the connection can be kept. 5 s.
    pub drain: Duration,
    /// How long a closing connection is still read, so that the client gets to see the answer. 1 s.
    pub linger: Duration,
    /// The longest request line, in bytes; then 414. 8 KiB.
    pub request_line: usize,
    /// The longest head, in bytes; then 431. 16 KiB.
    pub head_size: usize,
    /// The most fields in a head; then 431. 100.
    pub fields: usize,
    /// The most bytes of chunk extensions, and of trailers, in a chunked body; then 400. 16 KiB.
    pub chunk_overhead: usize,
    /// The longest body a plain handler is given, in bytes; then 413. 1 MiB.
    pub body_size: usize,
    /// The most bytes of a body nobody wanted that are read, so that the connection can be kept. 256 KiB.
    pub drain_size: u64,
    /// The most connections open at once. 10,000, or 64 less than the process may have files open, if that is fewer
    /// (half of them, where 128 or fewer may be open).
    pub connections: usize,
    /// What becomes of clients that come when so many are open. [`Overload::Wait`]. Nobody is ended for their sake; on
    /// a backend with a bound, somebody is for those that are accepted and wait (see
    /// [`Backend::capacity`](crate::Backend::capacity)), so this should be above that bound.
    pub overload: Overload,
}

/// What becomes of clients that come when [`Limits::connections`] are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overload {
    /// They wait in the system's queue until a connection ends: nothing is accepted meanwhile.
    #[default]
    Wait,
    /// They are answered 503 at once.
    Reject,
    /// They are closed at once, without an answer: the cheapest.
    Close,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queued: Duration::from_secs(10),
            first_byte: Duration::from_secs(5),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(5),
            body: Duration::from_secs(10),
            body_rate: 500,
            send: Duration::from_secs(30),
            upgrade: Duration::from_secs(60),
            drain: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            request_line: 8 << 10,
            head_size: 16 << 10,
            fields: 100,
            chunk_overhead: 16 << 10,
            body_size: 1 << 20,
            drain_size: 256 << 10,
            connections: *CONNECTIONS,
            overload: Overload::default(),
        }
    }
}

impl Limits {
    /// The smallest of the durations a connection can be armed with: how far ahead the timer may look.
    pub(crate) fn shortest(&self) -> Duration {
        let Self { queued, first_byte, head, idle, body, send, upgrade, drain, linger, .. } = *self;
        let all = [queued, first_byte, head, idle, body, send, upgrade, drain, linger];
        all.into_iter().min().unwrap_or_default().max(FINEST)
    }
}

/// The timer looks at every connection at least once in the shortest limit. Shorter ones than this are met up to this
/// late, or the timer would be busy with looking.
const FINEST: Duration = Duration::from_millis(50);

/// The system is asked once.
static CONNECTIONS: LazyLock<usize> = LazyLock::new(default_connections);

fn default_connections() -> usize {
    const WANTED: usize = 10_000;
    const FOR_OTHER_FILES: usize = 64;
    match open_file_limit() {
        Some(files) => (files - FOR_OTHER_FILES.min(files / 2)).clamp(1, WANTED),
        None => WANTED,
    }
}

/// The soft limit of open files; `None` where the system does not say or has none.
fn open_file_limit() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_looks_as_often_as_the_shortest_limit_wants() {
        let short = Duration::from_millis(100);
        let shorten: [fn(&mut Limits) -> &mut Duration; 9] = [
            |limits| &mut limits.queued,
            |limits| &mut limits.first_byte,
            |limits| &mut limits.head,
            |limits| &mut limits.idle,
            |limits| &mut limits.body,
            |limits| &mut limits.send,
            |limits| &mut limits.upgrade,
            |limits| &mut limits.drain,
            |limits| &mut limits.linger,
        ];
        for (nth, of) in shorten.into_iter().enumerate() {
            let mut limits = Limits::default();
            *of(&mut limits) = short;
            assert_eq!(limits.shortest(), short, "the limit number {nth}");
        }
    }
}
