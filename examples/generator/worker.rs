//! A thread of the generator: a poller, some of the connections, and its part of the schedule.
//!
//! # Theory of operation
//!
//! A round of the loop sends what is due, waits for events, and answers each. In a closed loop the event that brings
//! an answer sends the next request, so a request costs a write, a read, and its share of a poll.
//!
//! # Rules
//!
//! 1. A client with a request is *asked*, from when it takes one to its answer or error. One without is *free*: it is
//!    in the queue `free` as soon as it can take one.
//! 2. A socket is replaced while its own event is handled, or between two polls. So an event is never taken for one of
//!    the socket before.
//! 3. An attempt that failed is repeated after [`PAUSE`], in the queue `down`; after an answer that ended its
//!    connection there is no pause.
//! 4. Nothing that a server does ends the loop.

use super::connection::{Connection, Progress, Ready};
use super::errors::Error;
use super::schedule::{Pace, Ramp, Schedule};
use super::tally::{Sample, Tally, micros};
use super::{Ask, Run};
use mio::{Events, Poll, Token, Waker};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How long a server that does not take a connection is left alone.
const PAUSE: Duration = Duration::from_millis(10);

/// A read takes so much.
const BUFFER: usize = 64 << 10;

/// Of the waker that says that it begins, and that it is over.
const WAKER: Token = Token(usize::MAX);

pub(super) struct Worker<'a> {
    run: &'a Run<'a>,
    poll: Poll,
    clients: Vec<Client<'a>>,
    schedule: Schedule,
    free: VecDeque<usize>,
    /// Who is to connect, and from when on, in order.
    down: VecDeque<(Duration, usize)>,
    ramp: Ramp,
    asked: usize,
    tally: Tally,
    buffer: Box<[u8]>,
    /// When clients are looked through for those that wait too long.
    look: Duration,
}

struct Client<'a> {
    connection: Connection,
    asked: Option<Asked<'a>>,
    /// Its next request in the mix.
    turn: usize,
    /// When it began to wait for its connection or its answer.
    since: Duration,
    is_in_queue: bool,
    /// It has been connected before.
    is_known: bool,
    /// Its connection has had an answer, and can end before the next request comes to the server.
    is_reused: bool,
}

struct Asked<'a> {
    ask: &'a Ask,
    due: Duration,
    sent: Duration,
    is_repeated: bool,
}

impl<'a> Worker<'a> {
    /// The thread of this number, with every so many-th connection.
    pub(super) fn new(run: &'a Run<'a>, thread: usize) -> io::Result<Self> {
        let load = run.load;
        let client = |number| Client {
            connection: Connection::new(load.reconnect),
            asked: None,
            turn: number % load.mix.len(),
            since: Duration::ZERO,
            is_in_queue: false,
            is_known: false,
            is_reused: false,
        };
        let clients: Vec<_> = (thread..load.connections).step_by(load.threads).map(client).collect();
        Ok(Worker {
            run,
            poll: Poll::new()?,
            schedule: Schedule::new(load.pace, thread, load.threads),
            free: VecDeque::with_capacity(clients.len()),
            down: (0..clients.len()).map(|index| (Duration::ZERO, index)).collect(),
            ramp: Ramp::new(load.threads),
            asked: 0,
            tally: Tally::new(load.classes()),
            buffer: vec![0; BUFFER].into(),
            look: Duration::ZERO,
            clients,
        })
    }

    pub(super) fn waker(&self) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), WAKER)
    }

    pub(super) fn work(mut self) -> io::Result<Tally> {
        let mut events = Events::with_capacity(1024);
        while !self.is_over() {
            self.turn(&mut events)?;
        }
        self.conclude(self.run.now());
        Ok(self.tally)
    }

    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        self.begin_what_is_due(self.run.now());
        self.wait(events)?;
        for event in events.iter().filter(|event| event.token() != WAKER) {
            self.on_event(event.token().0, event.into());
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.run.window.is_over() || (self.asked == 0 && self.run.tickets.are_gone())
    }

    /// All that time brings: connections, requests, and the end of patience.
    fn begin_what_is_due(&mut self, now: Duration) {
        if self.run.is_asking.load(Relaxed) {
            self.schedule.begin(now);
        }
        while self.down.front().is_some_and(|(then, _)| *then <= now) && self.ramp.take(now) {
            self.down.pop_front().into_iter().for_each(|(_, index)| self.start(index, now));
        }
        while self.schedule.due(now).is_some() && !self.run.tickets.are_gone() {
            let Some(index) = self.free.pop_front() else { break };
            let client = &mut self.clients[index];
            client.is_in_queue = false;
            if client.asked.is_none() && (client.connection.is_connected() || self.run.load.reconnect) {
                self.ask(index, now);
            }
        }
        if self.look <= now {
            self.look = now + (self.run.load.timeout / 8).clamp(Duration::from_millis(1), Duration::from_millis(100));
            self.end_those_who_wait_too_long(now);
        }
    }

    fn end_those_who_wait_too_long(&mut self, now: Duration) {
        for index in 0..self.clients.len() {
            let client = &self.clients[index];
            let is_waiting = client.asked.is_some() || client.connection.is_opening();
            if is_waiting && now.saturating_sub(client.since) > self.run.load.timeout {
                self.fail(index, Error::Timeout, now);
            }
        }
    }

    /// Waits for events: not at all shortly before a request that somebody is free for.
    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let from = self.run.now();
        let mut longest = self.look.saturating_sub(from);
        if let Some((then, _)) = self.down.front() {
            longest = longest.min(then.saturating_sub(from).max(self.ramp.sleep(from)));
        }
        if let (false, Some(sleep)) = (self.free.is_empty(), self.schedule.sleep(from)) {
            longest = longest.min(sleep);
        }
        match self.poll.poll(events, Some(longest)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        if !longest.is_zero() || events.is_empty() {
            self.tally.wait(from, self.run.now(), &self.run.window);
        }
        Ok(())
    }

    fn open(&mut self, index: usize, now: Duration) {
        let (registry, addr) = (self.poll.registry(), self.run.load.addr);
        let client = &mut self.clients[index];
        client.is_reused = false;
        if client.asked.is_none() {
            client.since = now;
        }
        match client.connection.open(addr, registry, Token(index)) {
            Ok(()) => {}
            Err(error) => self.fail(index, error, now),
        }
    }

    /// When the next request was due, if there is one. Whoever asks has to take it.
    fn take(&mut self, now: Duration) -> Option<Duration> {
        let due = self.schedule.due(now).filter(|_| self.run.tickets.take())?;
        self.schedule.advance();
        Some(due)
    }

    /// Gives a free client its next request and sends it. If there is none, the client waits for one.
    fn ask(&mut self, index: usize, now: Duration) {
        let due = self.take(now);
        let client = &mut self.clients[index];
        let Some(due) = due else {
            if !std::mem::replace(&mut client.is_in_queue, true) {
                self.free.push_back(index);
            }
            return;
        };
        let mix = &self.run.load.mix;
        client.asked = Some(Asked { ask: &mix[client.turn], due, sent: now, is_repeated: false });
        client.turn = (client.turn + 1) % mix.len();
        client.since = now;
        client.connection.ask();
        self.asked += 1;
        if client.connection.is_connected() { self.send(index) } else { self.open(index, now) }
    }

    /// Sends what can be sent. A server that takes no more may have answered all the same.
    fn send(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let Some(asked) = &client.asked else { return };
        if let Err(error) = client.connection.send(&asked.ask.request) {
            let ending = Ready { to_read: true, is_ending: true, has_failed: true };
            self.receive(index, ending);
            if self.clients[index].connection.is_connected() && self.clients[index].asked.is_some() {
                self.fail(index, error, self.run.now());
            }
        }
    }

    fn on_event(&mut self, index: usize, ready: Ready) {
        let client = &mut self.clients[index];
        if !client.connection.is_open() {
            return;
        }
        if !client.connection.is_connected() {
            let connected = client.connection.connected(ready);
            let (now, is_asked) = (self.run.now(), client.asked.is_some());
            if connected.is_ok() && !std::mem::replace(&mut client.is_known, true) {
                self.run.strangers.fetch_sub(1, Relaxed);
            }
            match connected {
                Err(error) => return self.fail(index, error, now),
                Ok(()) if is_asked => self.send(index),
                Ok(()) => self.ask(index, now),
            }
        } else {
            self.send(index); // what is left of it
        }
        if ready.to_read && self.clients[index].connection.is_connected() {
            self.receive(index, ready);
        }
    }

    fn receive(&mut self, index: usize, ready: Ready) {
        let client = &mut self.clients[index];
        let Some(asked) = &client.asked else {
            if !client.connection.is_silent() {
                let now = self.run.now(); // it has ended, or said what nobody has asked for and will end
                self.tally.reconnect(now, &self.run.window);
                self.reopen(index, now);
            }
            return;
        };
        match client.connection.receive(&mut self.buffer, asked.ask.expected.as_deref(), ready) {
            Ok(Progress::More) => {}
            Ok(Progress::Whole { is_open }) => self.complete(index, is_open),
            Err(error) => self.fail(index, error, self.run.now()),
        }
    }

    /// The answer is there.
    fn complete(&mut self, index: usize, is_open: bool) {
        let (now, window) = (self.run.now(), &self.run.window);
        let client = &mut self.clients[index];
        let Some(Asked { ask, due, sent, .. }) = client.asked.take() else { return };
        self.asked -= 1;
        client.is_reused = is_open;
        let answer = &client.connection.answer;
        let sample = Sample { class: ask.class, due, sent, now, bytes: answer.bytes() };
        match answer.verdict(ask.expected.as_deref()) {
            Ok(()) => self.tally.answer(&sample, window),
            Err(error) => self.tally.error(error, now, window),
        }
        if self.run.load.reconnect {
            self.reopen(index, now);
        } else if is_open {
            self.ask(index, now);
        } else {
            self.tally.reconnect(now, window);
            self.reopen(index, now);
        }
    }

    /// A request has come to nothing, or a connection that was meant for one.
    fn fail(&mut self, index: usize, error: Error, now: Duration) {
        if self.repeats(index, error, now) {
            return;
        }
        let is_asked = self.clients[index].asked.take().is_some();
        if is_asked || self.take(now).is_some() {
            self.asked -= usize::from(is_asked);
            self.tally.error(error, now, &self.run.window);
        }
        if error.asks_for_a_pause() {
            self.clients[index].connection.close();
            self.down.push_back((now + PAUSE, index));
        } else {
            self.reopen(index, now);
        }
    }

    /// A server may end a connection between two requests just when the next one is on its way. Then that is asked
    /// again on another connection, once, as clients do (RFC 9112 section 9.3.1), and its time goes on.
    fn repeats(&mut self, index: usize, error: Error, now: Duration) -> bool {
        let client = &mut self.clients[index];
        let has_ended = matches!(error, Error::Closed | Error::Reset);
        if !(has_ended && client.is_reused && client.connection.answer.bytes() == 0) {
            return false;
        }
        let Some(asked) = client.asked.as_mut().filter(|asked| !asked.is_repeated) else { return false };
        asked.is_repeated = true;
        client.connection.close();
        client.connection.ask();
        self.tally.reconnect(now, &self.run.window);
        self.open(index, now);
        true
    }

    /// Begins again with a new connection: at once, or with the next request if each has its own.
    fn reopen(&mut self, index: usize, now: Duration) {
        self.clients[index].connection.close();
        self.start(index, now);
    }

    fn start(&mut self, index: usize, now: Duration) {
        if self.run.load.reconnect { self.ask(index, now) } else { self.open(index, now) }
    }

    /// Counts what is still owed when the time is over. What was sent before the measured time began has been waited
    /// for longer than that, and nobody can say for how long it would have been: it is an error.
    fn conclude(&mut self, now: Duration) {
        let window = &self.run.window;
        let (begin, end) = (window.first(), window.last(now));
        for asked in self.clients.iter().filter_map(|client| client.asked.as_ref()) {
            if asked.sent < begin {
                self.tally.errors.count(Error::Unanswered);
            } else {
                self.tally.owed += 1;
            }
            if asked.ask.class == 0 {
                self.tally.step(micros(end.saturating_sub(asked.due)), end, window);
            }
        }
        let is_open_ended = matches!(self.run.load.pace, Pace::Open { .. }) && !self.run.tickets.are_limited();
        if let Some((count, oldest)) = self.schedule.owed(end).filter(|_| is_open_ended) {
            self.tally.owed += count;
            self.tally.step(micros(end.saturating_sub(oldest)), end, window);
        }
        self.tally.conclude(now, window);
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_server::{RIGHT, answer_all, serve_all};
    use super::super::{Load, Run, Span, Tickets, Window};
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize};
    use std::time::Instant;

    #[test]
    fn nothing_is_asked_before_the_others_are_connected() {
        let ask = Ask { request: b"GET / HTTP/1.1\r\n\r\n".into(), expected: None, class: 0 };
        let load = Load {
            addr: serve_all(|stream| answer_all(stream, RIGHT)),
            connections: 3,
            threads: 1,
            mix: vec![ask],
            pace: Pace::Closed,
            reconnect: false,
            span: Span::Requests(3),
            timeout: Duration::from_secs(60),
        };
        let run = Run {
            load: &load,
            start: Instant::now(),
            window: Window::new(),
            tickets: Tickets(None),
            strangers: AtomicUsize::new(3),
            is_asking: AtomicBool::new(false),
        };
        let (mut worker, mut events) = (Worker::new(&run, 0).unwrap(), Events::with_capacity(8));
        while worker.free.len() < 3 {
            worker.turn(&mut events).unwrap();
        }
        assert_eq!((worker.asked, run.strangers.load(Relaxed)), (0, 0));
        run.is_asking.store(true, Relaxed);
        worker.begin_what_is_due(run.now());
        assert_eq!((worker.asked, worker.free.len()), (3, 0));
    }
}
