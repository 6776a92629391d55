//! Connections that have asked once and then say nothing.
//!
//! They are opened by the hundred, since a listener's queue holds no more, and without a thread: when they are all
//! there, nothing of them runs.

use super::connection::{Connection, Progress, Ready};
use super::errors::{Error, Errors};
use mio::{Events, Poll, Token};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// So many are on their way at once.
const BATCH: usize = 100;

/// Idle keep-alive connections. They close when it is dropped.
pub(crate) struct Idle {
    kept: Vec<Connection>,
    opened: usize,
    late: usize,
    errors: Errors,
}

/// Those that are being opened.
struct Opening<'a> {
    addr: SocketAddr,
    request: &'a [u8],
    poll: Poll,
    clients: Vec<Option<Connection>>,
    /// How many have been begun, and how many of these are neither kept nor lost.
    begun: usize,
    under_way: usize,
    idle: Idle,
    buffer: Box<[u8]>,
}

impl Idle {
    /// Opens so many, each of which asks once. When all have their answers, or have failed, or after `timeout`, those
    /// with an answer are kept.
    pub(crate) fn open(addr: SocketAddr, count: usize, request: &[u8], timeout: Duration) -> io::Result<Self> {
        let idle = Idle { kept: Vec::with_capacity(count), opened: 0, late: 0, errors: Errors::default() };
        let clients = (0..count).map(|_| None).collect();
        let buffer = vec![0; 64 << 10].into();
        let mut opening = Opening { addr, request, poll: Poll::new()?, clients, begun: 0, under_way: 0, idle, buffer };
        opening.run(Instant::now() + timeout)?;
        Ok(opening.idle)
    }

    /// How many have had their answer.
    pub(crate) fn opened(&self) -> usize {
        self.opened
    }

    /// How many had neither an answer nor a failure when the time was over.
    pub(crate) fn late(&self) -> usize {
        self.late
    }

    /// How many of these the server has not closed by now.
    pub(crate) fn alive(&self) -> usize {
        self.kept.iter().filter(|connection| connection.is_silent()).count()
    }

    /// What became of the others.
    pub(crate) fn errors(&self) -> &Errors {
        &self.errors
    }
}

impl Opening<'_> {
    fn run(&mut self, deadline: Instant) -> io::Result<()> {
        let mut events = Events::with_capacity(BATCH);
        loop {
            while self.under_way < BATCH && self.begun < self.clients.len() {
                self.begin();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.under_way == 0 || left.is_zero() {
                break;
            }
            match self.poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                self.on_event(event.token().0, event.into());
            }
        }
        let unanswered = self.clients.iter_mut().filter_map(Option::take).count();
        self.idle.late = unanswered + self.clients.len() - self.begun;
        (0..self.idle.late).for_each(|_| self.idle.errors.count(Error::Timeout));
        Ok(())
    }

    fn begin(&mut self) {
        let index = self.begun;
        self.begun += 1;
        let mut connection = Connection::new(false);
        match connection.open(self.addr, self.poll.registry(), Token(index)) {
            Err(error) => self.idle.errors.count(error),
            Ok(()) => {
                connection.ask();
                self.clients[index] = Some(connection);
                self.under_way += 1;
            }
        }
    }

    fn on_event(&mut self, index: usize, ready: Ready) {
        let Some(connection) = &mut self.clients[index] else { return };
        let outcome = connection.exchange(self.request, &mut self.buffer, ready);
        if outcome == Ok(Progress::More) {
            return;
        }
        self.under_way -= 1;
        let connection = self.clients[index].take();
        match outcome {
            Err(error) => self.idle.errors.count(error),
            Ok(Progress::Whole { is_open: true }) => {
                self.idle.opened += 1;
                self.idle.kept.extend(connection);
            }
            Ok(_) => self.idle.opened += 1, // the server ends it, and so does the client
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_server::{RIGHT, answer_all, head, serve};
    use super::*;
    use std::io::Write;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn those_that_the_server_closes_are_told_from_those_it_keeps() {
        let mut turn = 0;
        let addr = serve(move |mut stream| {
            turn += 1;
            let is_kept = turn % 2 == 0;
            std::thread::spawn(move || {
                if is_kept {
                    answer_all(stream, RIGHT)
                } else {
                    head(&mut stream).and_then(|_| stream.write_all(RIGHT))
                }
            });
            Ok(())
        });
        let idle = Idle::open(addr, BATCH + 50, b"GET / HTTP/1.1\r\n\r\n", LONG).unwrap();
        assert_eq!((idle.opened(), idle.errors().to_string().as_str()), (BATCH + 50, "none"));
        while idle.alive() > BATCH / 2 + 25 {
            std::thread::yield_now(); // until the ends have come
        }
        assert_eq!(idle.alive(), BATCH / 2 + 25);
    }

    #[test]
    fn what_is_refused_is_counted() {
        let idle = Idle::open(([127, 0, 0, 1], 1).into(), 3, b"GET / HTTP/1.1\r\n\r\n", LONG).unwrap();
        assert_eq!((idle.opened(), idle.alive(), idle.errors().to_string().as_str()), (0, 0, "3 refused"));
        let addr = serve(|stream| answer_all(stream, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"));
        let idle = Idle::open(addr, 1, b"GET / HTTP/1.1\r\n\r\n", LONG).unwrap();
        assert_eq!((idle.opened(), idle.errors().to_string().as_str()), (0, "1 5xx"));
        assert_eq!(idle.late(), 0);
    }

    #[test]
    fn whom_the_time_was_too_short_for_is_late() {
        let addr = serve(|mut stream| std::io::Read::read_to_end(&mut stream, &mut Vec::new()).map(|_| ()));
        let idle = Idle::open(addr, 3, b"GET / HTTP/1.1\r\n\r\n", Duration::from_millis(1)).unwrap();
        assert_eq!((idle.opened(), idle.late(), idle.errors().to_string().as_str()), (0, 3, "3 timeout"));
    }
}
