//! Interim responses, which go out in front of the final one: 100 (Continue) and 103 (Early Hints) (RFC 9110 section
//! 15.2, RFC 8297).
//!
//! # Rules
//!
//! 1. They go to HTTP/1.1 clients only, and only while no final answer has been begun: the connection's entry says so,
//!    because a handler may have kept an older request.
//! 2. The 100 is sent when the body is first waited for, and not if the body has come without it.
//! 3. What has been begun is sent to its end: a rest goes out in front of the final answer.

use crate::http1::encode::CONTINUE;
use crate::http1::parse::Framing;
use crate::transport::Transport;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

#[derive(Debug, Default)]
pub(crate) struct Interim {
    /// The client waits for a 100 before it sends its body.
    is_awaited: bool,
    bytes: Vec<u8>,
    /// How many of them have been sent.
    sent: usize,
}

impl Interim {
    /// Begins with a request.
    pub(crate) fn begin(&mut self, framing: Framing) {
        self.is_awaited = framing.expects_continue;
        self.forget();
    }

    fn forget(&mut self) {
        self.bytes.clear();
        self.sent = 0;
    }

    /// Whether the client waits for a 100 before it sends its body.
    pub(crate) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// Has an encoded interim response sent.
    pub(crate) fn push(&mut self, response: &[u8]) {
        self.bytes.extend_from_slice(response);
    }

    /// Has the 100 sent, if it is waited for.
    pub(crate) fn push_continue(&mut self) {
        if std::mem::take(&mut self.is_awaited) {
            self.push(CONTINUE);
        }
    }

    /// Sends what there is to send.
    pub(crate) fn poll_send(&mut self, transport: &dyn Transport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            match ready!(transport.poll_write(cx, &[IoSlice::new(&self.bytes[self.sent..])]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        self.forget();
        Poll::Ready(Ok(()))
    }

    /// The final answer takes their place; what is left of them goes in front of it, into `output`.
    pub(crate) fn end(&mut self, output: &mut Vec<u8>) {
        self.is_awaited = false;
        output.extend_from_slice(&self.bytes[self.sent..]);
        self.forget();
    }
}
