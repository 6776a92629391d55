//! A client that says exactly what it is told to, and reads responses strictly.

use super::PATIENCE;
use crate::Running;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// One connection to a server. Every method panics where a test should fail.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A response as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The fields, names in lower case, without Date.
    pub fields: Vec<(String, String)>,
    /// The body, decoded if it was chunked.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a text")
    }
}

impl Client {
    /// Connects.
    pub fn of(server: &Running) -> Self {
        let stream = TcpStream::connect(server.addr()).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream.set_read_timeout(Some(PATIENCE)).expect("an option");
        stream.set_write_timeout(Some(PATIENCE)).expect("an option");
        Self { stream, received: Vec::new() }
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Sends bytes; whether the server still takes them.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Ends the client's side: nothing more is sent.
    pub fn end(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write); // the server may have ended the connection already
    }

    /// Resets the connection, once something has come that was not read: then closing it does.
    pub fn reset(self) {
        let waiting = uninterrupted(|| self.stream.peek(&mut [0])).expect("something to come");
        assert!(waiting > 0, "the connection has ended");
    }

    /// Sends a GET and reads its response.
    pub fn get(&mut self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.reply()
    }

    /// Reads the response to a GET or POST.
    pub fn reply(&mut self) -> Reply {
        let mut reply = self.head();
        reply.body = match (reply.field("content-length"), reply.field("transfer-encoding")) {
            (Some(length), None) => {
                let length = length.parse().expect("a length");
                self.take(length)
            }
            (None, Some("chunked")) => self.chunks(),
            (None, None) if matches!(reply.status, 100 | 204 | 304) => Vec::new(),
            (None, None) => self.rest(),
            both => panic!("contradictory framing: {both:?}"),
        };
        reply
    }

    /// Reads a response's head only, say of a HEAD.
    pub fn head(&mut self) -> Reply {
        let end = loop {
            match self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if self.read() => {}
                None => panic!("the connection ended within a head: {}", self.received.escape_ascii()),
            }
        };
        let head = String::from_utf8(self.take(end)).expect("a head is text");
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest[..3].parse().ok());
        let fields = lines.take_while(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("not a field: {line:?}"));
            (name.to_ascii_lowercase(), value.to_string())
        });
        let fields = fields.filter(|(name, _)| name != "date").collect();
        let status = status.unwrap_or_else(|| panic!("not a status line: {status_line:?}"));
        Reply { status, fields, body: Vec::new() }
    }

    /// Reads bytes.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            assert!(self.read(), "the connection ended after {} of {count} bytes", self.received.len());
        }
        let behind = self.received.split_off(count);
        std::mem::replace(&mut self.received, behind)
    }

    /// Reads to the end of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.read() {}
        std::mem::take(&mut self.received)
    }

    /// Waits for the server to end the connection, which must bring no further byte.
    pub fn closed(mut self) {
        let rest = self.rest();
        assert!(rest.is_empty(), "bytes where the end should be: {}", rest.escape_ascii());
    }

    /// Waits for the server to end the connection, by a reset or otherwise.
    pub fn ended(mut self) {
        loop {
            match self.try_read() {
                Ok(0) => return,
                Ok(_) => self.received.clear(),
                Err(error) if is_time_out(&error) => {
                    panic!("the connection is still open after {PATIENCE:?}")
                }
                Err(_) => return,
            }
        }
    }

    /// Reads and drops what comes, until it is enough.
    pub fn skip_until(mut self, enough: &AtomicBool) {
        while !enough.load(Relaxed) && self.read() {
            self.received.clear();
        }
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                match self.received.iter().position(|&byte| byte == b'\n') {
                    Some(end) => break end + 1,
                    None => assert!(self.read(), "the connection ended within a chunk's size"),
                }
            };
            let line = self.take(end);
            let size = std::str::from_utf8(&line).expect("a size").trim_end();
            let size = usize::from_str_radix(size, 16).expect("a size");
            body.extend(self.take(size));
            assert_eq!(self.take(2), b"\r\n");
            if size == 0 {
                return body;
            }
        }
    }

    /// Reads what comes next; false at the end.
    fn read(&mut self) -> bool {
        match self.try_read() {
            Ok(read) => read > 0,
            Err(error) if is_time_out(&error) => panic!("nothing came within {PATIENCE:?}"),
            Err(error) => panic!("the connection broke: {error}"),
        }
    }

    fn try_read(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 << 10];
        let read = uninterrupted(|| self.stream.read(&mut buffer))?;
        self.received.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

/// A signal ends a read that has a timeout, for instance the signal that a child process has ended.
fn uninterrupted(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

fn is_time_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
