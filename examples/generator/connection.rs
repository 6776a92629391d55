//! A socket that does not block, and the answer that comes on it.
//!
//! The poller tells of a change once, so whoever is told reads until there is nothing left. A read that does not fill
//! the buffer has taken all there was, which saves the read that would say so; unless the end has been announced,
//! because that is told only once too.

use super::answer::Answer;
use super::errors::Error;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::io::{self, Read, Write};
use std::net::SocketAddr;

pub(super) struct Connection {
    socket: Option<TcpStream>,
    is_connected: bool,
    /// How much of the request is written.
    written: usize,
    pub(super) answer: Answer,
    /// Whether an answer is over only when the server has closed, if that is what it is going to do.
    waits_for_close: bool,
}

/// How far an answer is.
#[derive(Debug, PartialEq)]
pub(super) enum Progress {
    More,
    /// It has come, and whether the connection can be asked again.
    Whole {
        is_open: bool,
    },
}

type Received = Result<Progress, Error>;

/// What an event says, on systems that say it.
#[derive(Clone, Copy)]
pub(super) struct Ready {
    /// Something can be read, the end included.
    pub(super) to_read: bool,
    /// The server sends no more.
    pub(super) is_ending: bool,
    pub(super) has_failed: bool,
}

impl From<&Event> for Ready {
    fn from(event: &Event) -> Self {
        let has_failed = event.is_error();
        let is_ending = event.is_read_closed() || has_failed;
        Ready { to_read: event.is_readable() || is_ending, is_ending, has_failed }
    }
}

impl Connection {
    pub(super) fn new(waits_for_close: bool) -> Self {
        Connection { socket: None, is_connected: false, written: 0, answer: Answer::new(), waits_for_close }
    }

    /// Begins to connect; an event tells when that is done.
    pub(super) fn open(&mut self, addr: SocketAddr, registry: &Registry, token: Token) -> Result<(), Error> {
        let open = || {
            let mut socket = TcpStream::connect(addr)?;
            registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
            Ok(socket)
        };
        self.is_connected = false;
        self.socket = Some(open().map_err(|error| Error::of_opening(&error))?);
        Ok(())
    }

    /// Closing takes the socket from the poller as well.
    pub(super) fn close(&mut self) {
        self.socket = None;
        self.is_connected = false;
    }

    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    pub(super) fn is_opening(&self) -> bool {
        self.is_open() && !self.is_connected
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// The first event has come.
    pub(super) fn connected(&mut self, ready: Ready) -> Result<(), Error> {
        if let (true, Some(socket)) = (ready.has_failed, &self.socket)
            && let Some(error) = socket.take_error().unwrap_or_else(Some)
        {
            return Err(Error::of_opening(&error));
        }
        self.is_connected = true;
        Ok(())
    }

    /// Begins a request; `send` sends it.
    pub(super) fn ask(&mut self) {
        self.written = 0;
        self.answer.clear();
    }

    /// Writes what can be written of the rest.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<(), Error> {
        let Some(socket) = &mut self.socket else { return Err(Error::Reset) };
        while self.written < request.len() {
            match socket.write(&request[self.written..]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_not_yet(&error) => break,
                Err(error) => return Err(Error::of_transfer(&error)),
            }
        }
        Ok(())
    }

    /// Reads what there is.
    pub(super) fn receive(&mut self, buffer: &mut [u8], expected: Option<&[u8]>, ready: Ready) -> Received {
        let Some(socket) = &mut self.socket else { return Err(Error::Reset) };
        loop {
            match socket.read(buffer) {
                Ok(0) => return self.answer.end().map(|()| Progress::Whole { is_open: false }),
                Ok(length) => {
                    self.answer.feed(&buffer[..length], expected)?;
                    let answer = &self.answer;
                    if answer.is_whole() && !(self.waits_for_close && answer.closes()) {
                        return Ok(Progress::Whole { is_open: !answer.closes() && !ready.is_ending });
                    }
                    if length < buffer.len() && !ready.is_ending {
                        return Ok(Progress::More);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_not_yet(&error) => return Ok(Progress::More),
                Err(error) => return Err(Error::of_transfer(&error)),
            }
        }
    }

    /// All that one request takes: connecting, sending, and an answer that is none of an error.
    pub(super) fn exchange(&mut self, request: &[u8], buffer: &mut [u8], ready: Ready) -> Received {
        if !self.is_connected {
            self.connected(ready)?;
        }
        self.send(request)?;
        let progress = if ready.to_read { self.receive(buffer, None, ready)? } else { Progress::More };
        if self.answer.is_whole() {
            self.answer.verdict(None)?;
        }
        Ok(progress)
    }

    /// Sends a single byte.
    pub(super) fn drip(&mut self, byte: u8) -> Result<(), Error> {
        self.written = 0;
        self.send(&[byte])
    }

    /// Reads what fits into the buffer, and leaves the rest where it is.
    pub(super) fn sip(&mut self, buffer: &mut [u8]) -> Received {
        let Some(socket) = &mut self.socket else { return Err(Error::Reset) };
        match socket.read(buffer) {
            Ok(0) => self.answer.end().map(|()| Progress::Whole { is_open: false }),
            Ok(length) => {
                self.answer.feed(&buffer[..length], None)?;
                let is_open = !self.answer.closes();
                Ok(if self.answer.is_whole() { Progress::Whole { is_open } } else { Progress::More })
            }
            Err(error) if is_not_yet(&error) || error.kind() == io::ErrorKind::Interrupted => Ok(Progress::More),
            Err(error) => Err(Error::of_transfer(&error)),
        }
    }

    /// Whether nothing has come that nobody has asked for, the end included.
    pub(super) fn is_silent(&self) -> bool {
        let peeked = self.socket.as_ref().map(|socket| socket.peek(&mut [0]));
        matches!(peeked, Some(Err(error)) if is_not_yet(&error))
    }
}

/// A socket that is not connected yet says so in its own way when it is written to.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected)
}
