//! Interim responses, which go out in front of the final one: 100 (Continue) and 103 (Early Hints) (RFC 9110 section
//! 15.2, RFC 8297).
//!
//! # Rules
//!
//! 1. They go to HTTP/1.1 clients only, and only while no final answer has been begun.
//! 2. The 100 is sent when the body is first waited for, and not if the body has come without it.
//! 3. What has been begun is sent to its end: a rest goes out in front of the final answer.

use crate::http1::encode::CONTINUE;
use crate::http1::parse::{Framing, Version};
use crate::transport::Transport;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

#[derive(Debug, Default)]
pub(crate) struct Interim {
    /// The client waits for a 100 before it sends its body.
    is_awaited: bool,
    may_be_sent: bool,
    unsent: Vec<u8>,
}

impl Interim {
    /// Begins with a request.
    pub(crate) fn begin(&mut self, framing: Framing, version: Version) {
        self.is_awaited = framing.expects_continue;
        self.may_be_sent = version >= Version::Http11;
        self.unsent.clear();
    }

    /// Whether the client waits for a 100 before it sends its body.
    pub(crate) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    pub(crate) fn may_be_sent(&self) -> bool {
        self.may_be_sent
    }

    /// Has an encoded interim response sent.
    pub(crate) fn push(&mut self, response: &[u8]) {
        self.unsent.extend_from_slice(response);
    }

    /// Sends the 100, if it is waited for.
    pub(crate) fn poll_continue(&mut self, transport: &dyn Transport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.is_awaited) {
            self.push(CONTINUE);
        }
        self.poll_send(transport, cx)
    }

    /// Sends what there is to send.
    pub(crate) fn poll_send(&mut self, transport: &dyn Transport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = ready!(transport.poll_write(cx, &[IoSlice::new(&self.unsent)]))?;
            self.unsent.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }

    /// The final answer takes their place; what is left of them goes in front of it, into `output`.
    pub(crate) fn end(&mut self, output: &mut Vec<u8>) {
        (self.is_awaited, self.may_be_sent) = (false, false);
        output.append(&mut self.unsent);
    }
}
