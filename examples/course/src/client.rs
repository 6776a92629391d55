//! A client of HTTP/1.1 that a check can take by the hand: it writes what it is told, and reads one answer.
//!
//! Nothing waits longer than [`PATIENCE`]; what fails is told as a text, for a check to panic with.

use crate::gate::PATIENCE;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    /// What has been read behind the last answer.
    rest: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head, with the status line.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a field, by its name in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as a text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    pub fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&addr, PATIENCE)
            .unwrap_or_else(|error| panic!("a client could not connect to the server: {error}"));
        let set = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        set.and_then(|()| stream.set_nodelay(true)).expect("options that every socket has");
        Self { stream, rest: Vec::new() }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Says that nothing more will be sent.
    pub fn finish(&self) {
        let _ = self.stream.shutdown(Shutdown::Write); // one that is gone already is finished
    }

    /// Sends a `GET` for `path`, and reads the answer.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn get(&mut self, path: &str) -> Answer {
        let sent = self.send(format!("GET {path} HTTP/1.1\r\nHost: course\r\n\r\n"));
        sent.unwrap_or_else(|error| panic!("a request for {path} could not be sent: {error}"));
        self.answer().unwrap_or_else(|error| panic!("a request for {path} got no answer: {error}"))
    }

    /// Reads one answer, whose length its head tells, or else its connection's end.
    ///
    /// # Errors
    ///
    /// What the system says; `UnexpectedEof` if the connection ends before the answer does.
    pub fn answer(&mut self) -> io::Result<Answer> {
        self.answer_to("GET")
    }

    /// As [`answer`](Client::answer); that to a `HEAD` has no body, whatever its head tells.
    ///
    /// # Errors
    ///
    /// As [`answer`](Client::answer).
    pub fn answer_to(&mut self, method: &str) -> io::Result<Answer> {
        let end = loop {
            match self.rest.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if self.read_more()? == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => {}
            }
        };
        let head = String::from_utf8_lossy(&self.rest[..end - 4]).into_owned();
        self.rest.drain(..end);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("not an answer: {head:?}")))?;
        let mut answer = Answer { status, head, body: Vec::new() };
        let has_body = method != "HEAD" && status >= 200 && status != 204 && status != 304;
        let length = answer.field("Content-Length").and_then(|length| length.parse::<usize>().ok());
        match length.filter(|_| has_body) {
            Some(length) => {
                while self.rest.len() < length {
                    if self.read_more()? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                answer.body = self.rest.drain(..length).collect();
            }
            None if has_body => {
                while self.read_more()? > 0 {}
                answer.body = std::mem::take(&mut self.rest);
            }
            None => {}
        }
        Ok(answer)
    }

    /// Waits for the end of the connection.
    ///
    /// # Errors
    ///
    /// If it is reset, or something comes instead, or nothing.
    pub fn ended(&mut self) -> io::Result<()> {
        match self.read_more()? {
            0 if self.rest.is_empty() => Ok(()),
            _ => Err(io::Error::other(format!("more came: {:?}", String::from_utf8_lossy(&self.rest)))),
        }
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 << 10];
        let read = self.stream.read(&mut buffer).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                let what = format!("nothing came within {} s; is somebody at work on it?", PATIENCE.as_secs());
                io::Error::new(error.kind(), what)
            }
            _ => error,
        })?;
        self.rest.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}
