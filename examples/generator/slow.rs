//! Clients that take their time, on a thread of their own: those that send a head byte by byte, and those that take an
//! answer sip by sip.
//!
//! What is told of each is after how long the server ended it, and how. A reader can only notice an end that overtakes
//! what it has not read, which is a reset; any other comes behind what lies in the buffers of the two systems.

use super::connection::{Connection, Progress, Ready};
use super::errors::{Error, Errors};
use super::schedule::Ramp;
use mio::{Events, Poll, Token, Waker};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const OVER: Token = Token(usize::MAX);

/// Who they are, and what they do.
#[derive(Clone)]
pub(crate) struct SlowClients {
    pub(crate) addr: SocketAddr,
    pub(crate) count: usize,
    /// What is asked. Of a sender it is the beginning of a head, which it goes on with for ever.
    pub(crate) request: Vec<u8>,
    /// How often each does something.
    pub(crate) every: Duration,
    pub(crate) manner: Manner,
    /// Whether there is a new one for each that has come to its end.
    pub(crate) reopen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A byte each time.
    Sends,
    /// Asks at once; takes so many bytes of the answer each time.
    Reads { bytes: usize },
}

/// How one came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Since it was connected.
    pub(crate) after: Duration,
    /// Of an answer that came to its end; without one, the connection ended silently or in the middle.
    pub(crate) status: Option<u16>,
}

/// What came of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlowOutcome {
    pub(crate) ended: Vec<Ended>,
    /// Those that were still there: since when each was connected.
    pub(crate) open: Vec<Duration>,
    /// Those that were not taken in the first place, or got something else than HTTP.
    pub(crate) errors: Errors,
}

/// Slow clients at work. They go when it is dropped.
pub(crate) struct Slow {
    is_over: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<io::Result<SlowOutcome>>>,
}

struct Worker {
    plan: SlowClients,
    poll: Poll,
    clients: Vec<Client>,
    /// Who is to connect.
    down: VecDeque<usize>,
    ramp: Ramp,
    since: Instant,
    outcome: SlowOutcome,
    buffer: Vec<u8>,
}

struct Client {
    connection: Connection,
    since: Instant,
    sent: usize,
    is_down: bool,
}

impl Slow {
    pub(crate) fn start(plan: SlowClients) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), OVER)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let now = Instant::now();
        let client = |_| Client { connection: Connection::new(false), since: now, sent: 0, is_down: true };
        let clients = (0..plan.count).map(client).collect();
        let down = (0..plan.count).collect();
        let buffer = match plan.manner {
            Manner::Sends => vec![0; 4096],
            Manner::Reads { bytes } => vec![0; bytes.max(1)],
        };
        let worker = Worker {
            plan,
            poll,
            clients,
            down,
            ramp: Ramp::new(1),
            since: now,
            outcome: SlowOutcome::default(),
            buffer,
        };
        let seen = is_over.clone();
        let thread = std::thread::Builder::new().name("slow clients".into()).spawn(move || worker.work(&seen))?;
        Ok(Slow { is_over, waker, thread: Some(thread) })
    }

    /// Ends them, and says what came of them.
    pub(crate) fn finish(mut self) -> io::Result<SlowOutcome> {
        self.end();
        let thread = self.thread.take().expect("it is taken here only");
        thread.join().expect("slow clients do not panic, whatever a server does")
    }

    fn end(&self) {
        self.is_over.store(true, Relaxed);
        let _ = self.waker.wake(); // or at the next step
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.end();
    }
}

impl Worker {
    fn work(mut self, is_over: &AtomicBool) -> io::Result<SlowOutcome> {
        let mut events = Events::with_capacity(256);
        let mut step = Instant::now() + self.plan.every;
        while !is_over.load(Relaxed) {
            self.open_some();
            let mut longest = step.saturating_duration_since(Instant::now());
            if !self.down.is_empty() {
                longest = longest.min(self.ramp.sleep(self.since.elapsed()));
            }
            match self.poll.poll(&mut events, Some(longest)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in events.iter().filter(|event| event.token() != OVER) {
                self.on_event(event.token().0, event.into());
            }
            if Instant::now() >= step {
                step = Instant::now() + self.plan.every;
                (0..self.clients.len()).for_each(|index| self.step(index));
            }
        }
        let still = self.clients.iter().filter(|client| client.connection.is_connected());
        self.outcome.open = still.map(|client| client.since.elapsed()).collect();
        Ok(self.outcome)
    }

    /// As many of those that are down as may connect now.
    fn open_some(&mut self) {
        while !self.down.is_empty() && self.ramp.take(self.since.elapsed()) {
            self.down.pop_front().into_iter().for_each(|index| self.open(index));
        }
    }

    fn open(&mut self, index: usize) {
        let client = &mut self.clients[index];
        (client.sent, client.is_down) = (0, false);
        client.connection.ask();
        if let Err(error) = client.connection.open(self.plan.addr, self.poll.registry(), Token(index)) {
            self.outcome.errors.count(error);
        }
    }

    fn on_event(&mut self, index: usize, ready: Ready) {
        let client = &mut self.clients[index];
        if client.connection.is_opening() {
            client.since = Instant::now();
            if let Err(error) = client.connection.connected(ready) {
                client.connection.close();
                return self.outcome.errors.count(error);
            }
        }
        if !client.connection.is_connected() {
            return;
        }
        let received = match self.plan.manner {
            Manner::Sends if ready.to_read => client.connection.receive(&mut self.buffer, None, ready),
            Manner::Sends => Ok(Progress::More),
            Manner::Reads { .. } if ready.has_failed => Err(Error::Reset),
            Manner::Reads { .. } => client.connection.send(&self.plan.request).map(|()| Progress::More),
        };
        self.after(index, received);
    }

    /// The next byte, or the next sip; or a new client for one that has gone.
    fn step(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if !client.connection.is_connected() {
            let has_gone = !client.connection.is_open() && !client.is_down;
            if has_gone && self.plan.reopen {
                client.is_down = true;
                self.down.push_back(index);
            }
            return;
        }
        let received = match self.plan.manner {
            Manner::Reads { .. } => client.connection.sip(&mut self.buffer),
            Manner::Sends => {
                let byte = self.plan.request.get(client.sent).copied().unwrap_or(b'x');
                client.sent += 1;
                let ending = Ready { to_read: true, is_ending: true, has_failed: true };
                match client.connection.drip(byte) {
                    Ok(()) => Ok(Progress::More),
                    Err(_) => client.connection.receive(&mut self.buffer, None, ending), // there may be an answer
                }
            }
        };
        self.after(index, received);
    }

    fn after(&mut self, index: usize, received: Result<Progress, Error>) {
        let client = &mut self.clients[index];
        let status = match received {
            Ok(Progress::More) => return,
            Ok(Progress::Whole { .. }) => Some(client.connection.answer.status()),
            Err(Error::Closed | Error::Short | Error::Reset) => None,
            Err(error) => {
                client.connection.close();
                return self.outcome.errors.count(error);
            }
        };
        self.outcome.ended.push(Ended { after: client.since.elapsed(), status });
        client.connection.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_server::{RIGHT, head, serve};
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::mpsc;

    /// How two of them end, one after the other, on a server that treats the first and the second so.
    fn ends(manner: Manner, treat: fn(&mut TcpStream, usize) -> io::Result<()>) -> Vec<Option<u16>> {
        let (third, is_third) = mpsc::channel();
        let mut turn = 0;
        let addr = serve(move |mut stream| {
            turn += 1;
            match turn {
                1 | 2 => treat(&mut stream, turn),
                _ => {
                    stream.read_exact(&mut [0])?;
                    let _ = third.send(()); // nobody waits for the fourth
                    stream.read_to_end(&mut Vec::new()).map(|_| ())
                }
            }
        });
        let request = b"GET / HTTP/1.1\r\n\r\n".into();
        let every = Duration::from_millis(1);
        let slow = Slow::start(SlowClients { addr, count: 1, request, every, manner, reopen: true }).unwrap();
        is_third.recv().unwrap();
        let outcome = slow.finish().unwrap();
        assert_eq!((outcome.open.len(), outcome.errors.total()), (1, 0));
        outcome.ended.iter().map(|ended| ended.status).collect()
    }

    #[test]
    fn senders_send_byte_by_byte_and_learn_how_they_end() {
        let statuses = ends(Manner::Sends, |stream, turn| {
            let mut head = [0; 18];
            for byte in &mut head {
                assert_eq!(stream.read(std::slice::from_mut(byte))?, 1);
            }
            assert_eq!(&head, b"GET / HTTP/1.1\r\n\r\n");
            if turn == 1 { stream.write_all(b"HTTP/1.1 408 Slow\r\nContent-Length: 0\r\n\r\n") } else { Ok(()) }
        });
        assert_eq!(statuses, [Some(408), None]);
    }

    #[test]
    fn readers_come_to_the_end_or_are_cut_off() {
        let statuses = ends(Manner::Reads { bytes: 16 }, |stream, turn| {
            head(stream)?;
            stream.write_all(if turn == 1 { RIGHT } else { &RIGHT[..RIGHT.len() - 1] })
        });
        assert_eq!(statuses, [Some(200), None]);
    }
}
