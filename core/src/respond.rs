//! The answering half of the connection loop: from a [`Response`] to bytes on the transport.
//!
//! The framing is decided here, once, from what the body knows of its length and what the client can read; so is
//! whether the connection goes on. Small bodies are copied behind their head and wait for company; large ones are
//! written from where they lie, in turns that each have the send limit.

use crate::connection::{Conversation, End, Terms};
use crate::drive::{Interrupted, drive, write_out};
use crate::http1::encode::{self, Frame, ResponseHead};
use crate::http1::parse::Version;
use crate::stream::ROOM;
use crate::transport::{TURN, read_at};
use crate::word::{Ending, Phase};
use crate::{Body, Event, Producer, Response, Status, buffers};
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

/// Bodies up to this length are copied behind their head; longer ones are written from where they lie.
const COPIED: usize = 16 << 10;

impl Conversation {
    /// Appends the answer to the output, and writes what is too large to be held back.
    pub(crate) async fn respond(&mut self, terms: Terms, response: &mut Response) -> Result<(), End> {
        let (frame, keep) = self.put_head(terms, response);
        let is_sent = !terms.is_head && !response.status.is_bodyless();
        let body = &mut response.body;
        // While a long answer goes out, the client has time to send more.
        let is_quick = !matches!(body, Body::Stream(_)) && body.len().is_some_and(|len| len < TURN as u64);
        if is_sent {
            let mut sent = Ok(());
            match copied(body) {
                Some(bytes) => self.output.extend_from_slice(bytes),
                None => sent = self.send_body(body, frame).await,
            }
            self.request.body().release();
            if let Err(end) = sent {
                self.flush().await?; // answers to earlier requests may still be in there
                return Err(end);
            }
        }
        // A producer may have swapped the request: then there is no telling what would follow.
        let keep = keep && self.request.body_ref().belongs_to(&self.link);
        if !keep || self.output.len() >= TURN {
            self.flush().await?;
        }
        self.link.entry.count_served();
        if keep {
            return Ok(());
        }
        let may_close = !terms.keep_alive && (is_quick || !is_sent) && self.has_heard_all();
        Err(if may_close { End::Close } else { End::Linger })
    }

    /// Appends the head of the answer. Answers how the body is framed, and whether the connection goes on behind it.
    fn put_head(&mut self, terms: Terms, response: &Response) -> (Frame, bool) {
        let Response { status, ref headers, ref content_type, ref body, close, .. } = *response;
        let frame = match body.len() {
            _ if status == Status::NO_CONTENT => Frame::Nothing,
            _ if status == Status::RESET_CONTENT => Frame::Length(0),
            Some(0) | None if status == Status::NOT_MODIFIED => Frame::Nothing,
            Some(length) => Frame::Length(length),
            None if terms.version >= Version::Http11 => Frame::Chunked,
            None => Frame::UntilClose,
        };
        let deadlines = &self.link.server.deadlines;
        let keep = terms.keep_alive && !close && frame != Frame::UntilClose && self.can_go_on();
        let keep = keep && !deadlines.is_wanted(&self.link.entry);
        if !keep {
            deadlines.note_leaving(&self.link.entry);
        }
        let connection = match (keep, terms.version) {
            // Whoever sends Upgrade names it here (RFC 9110 section 7.8).
            (false, _) if status == Status::UPGRADE_REQUIRED => Some("close, upgrade"),
            (true, _) if status == Status::UPGRADE_REQUIRED => Some("upgrade"),
            (false, _) => Some("close"),
            (true, Version::Http10) => Some("keep-alive"),
            (true, Version::Http11) => None,
        };
        self.end_interim();
        let now = self.link.server.clock.now();
        self.now = Some(now);
        self.link.server.refresh(&mut self.date, now);
        let content_type = content_type.as_deref();
        let head = ResponseHead { status, headers, content_type, frame, connection, date: &self.date.text };
        encode::response_head(&mut self.output, &head);
        (frame, keep)
    }

    /// The final answer begins.
    pub(crate) fn end_interim(&mut self) {
        self.link.entry.take_interim(false);
        if self.request.body_ref().belongs_to(&self.link) {
            self.request.body().interim().end(&mut self.output);
        }
    }

    /// Whether another request could follow this one.
    fn can_go_on(&self) -> bool {
        let body = self.request.body_ref();
        body.belongs_to(&self.link)
            && body.is_drainable()
            && !self.link.server.deadlines.is_stopping()
            && self.link.entry.ending().is_none()
    }

    /// Whether the client has sent nothing that was not read, as far as can be told without asking the system.
    fn has_heard_all(&self) -> bool {
        let body = self.request.body_ref();
        body.belongs_to(&self.link) && body.is_finished() && body.input().is_exhausted()
    }

    async fn send_body(&mut self, body: &mut Body, frame: Frame) -> Result<(), End> {
        self.now = None; // it may take its time
        match body {
            Body::File { file, offset, len } => self.send_file(file, *offset, *len).await,
            // Boxed, so that a connection does not hold the room for it all its life.
            Body::Stream(producer) => Box::pin(self.send_stream(&mut **producer, frame)).await,
            body => self.write(body.in_memory()).await,
        }
    }

    /// The first turn of a file goes out with the head, in one write; a small file is all in it, and waits for company.
    async fn send_file(&mut self, file: &File, mut offset: u64, mut len: u64) -> Result<(), End> {
        let first = TURN.saturating_sub(self.output.len()).min(usize::try_from(len).unwrap_or(TURN));
        let mut turn = buffers::take(TURN);
        let read = read_at(file, &mut turn[..first], offset).map_err(|error| self.body_failed(&error))?;
        if read <= COPIED {
            self.output.extend_from_slice(&turn[..read]);
        } else {
            self.write(&turn[..read]).await?;
        }
        buffers::give(turn);
        if read < first {
            return Err(self.wrong_length(len, read as u64)); // the client must see that it is cut
        }
        let promised = len;
        (offset, len) = (offset + first as u64, len - first as u64);
        if len > 0 {
            self.flush().await?;
        }
        let mut taken = TURN; // of this turn
        while len > 0 {
            if taken >= TURN {
                self.arm_send().map_err(|_| End::CutOff)?;
                taken = 0;
            }
            let sent = poll_fn(|cx| self.link.transport.poll_send_file(cx, file, offset, len)).await;
            match sent {
                Ok(0) => return Err(self.wrong_length(promised, promised - len)),
                Err(error) if is_the_clients(&error) => return Err(End::CutOff),
                Err(error) => return Err(self.body_failed(&error)),
                Ok(sent) => {
                    taken += sent;
                    self.link.note_progress();
                    (offset, len) = (offset + sent as u64, len - sent as u64);
                }
            }
        }
        Ok(())
    }

    async fn send_stream(&mut self, producer: &mut dyn Producer, frame: Frame) -> Result<(), End> {
        let mut outlet = Outlet { frame, produced: 0 };
        let mut piece = Vec::new();
        let send = self.request.limits().send;
        loop {
            let before = outlet.produced;
            let request = &mut self.request;
            let produced = drive(&self.link, &mut self.output, send, |cx, output| {
                let produced = producer.poll_produce(cx, request, &mut piece);
                if !matches!(produced, Poll::Ready(Err(_))) {
                    outlet.put(output, &mut piece); // also if it waits: what there is goes out before
                }
                produced
            });
            let more = match produced.await {
                Ok(Ok(more)) => more,
                Ok(Err(error)) => return Err(self.body_failed(&error)),
                Err(interrupted) => return Err(self.interrupted(interrupted)),
            };
            if let Frame::Length(promised) = frame
                && (outlet.produced > promised || !more && outlet.produced < promised)
            {
                return Err(self.wrong_length(promised, outlet.produced));
            }
            if !more {
                break;
            }
            if self.output.len() >= ROOM {
                self.flush().await?;
            } else if outlet.produced == before {
                self.flush().await?;
                self.give_way().await?; // a producer that makes nothing must not keep others waiting
            }
        }
        if frame == Frame::Chunked {
            let trailers = drive(&self.link, &mut self.output, send, |_, _| Poll::Ready(producer.trailers()));
            let trailers = trailers.await.map_err(|interrupted| self.interrupted(interrupted))?;
            encode::last_chunk(&mut self.output, &trailers);
        }
        Ok(())
    }

    fn interrupted(&self, interrupted: Interrupted) -> End {
        match interrupted {
            Interrupted::Ended => End::CutOff,
            Interrupted::Panicked => self.panicked(),
        }
    }

    /// Lets others go on, and notices an end from outside.
    async fn give_way(&self) -> Result<(), End> {
        let mut gave_way = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut gave_way, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        if self.link.entry.ending().is_some() { Err(End::CutOff) } else { Ok(()) }
    }

    /// The body of an answer that is on its way cannot be had.
    fn body_failed(&self, error: &io::Error) -> End {
        let (peer, target) = (self.peer, self.request.target());
        self.link.server.report(&Event::BodyFailed { peer, target, error });
        End::CutOff
    }

    /// The head of an answer that is on its way has promised another length.
    fn wrong_length(&self, promised: u64, produced: u64) -> End {
        let (peer, target) = (self.peer, self.request.target());
        self.link.server.report(&Event::WrongLength { peer, target, promised, produced });
        // What is whole is not cut; but whoever miscounts is not trusted with the next answer.
        if produced > promised { End::Linger } else { End::CutOff }
    }

    /// Writes the answers held back.
    pub(crate) async fn flush(&mut self) -> Result<(), End> {
        if self.output.is_empty() {
            return Ok(());
        }
        // Not by way of `write`: 100 instructions less, once per request.
        let written = write_out(&self.link, &mut self.output, &[], self.now.take(), self.request.limits().send).await;
        written.map_err(|_| End::CutOff)
    }

    /// Writes the answers held back, and `body` behind them.
    async fn write(&mut self, body: &[u8]) -> Result<(), End> {
        let written = write_out(&self.link, &mut self.output, body, self.now.take(), self.request.limits().send).await;
        written.map_err(|_| End::CutOff)
    }

    fn arm_send(&mut self) -> Result<(), Ending> {
        self.link.arm_for(Phase::Send, self.request.limits().send)
    }
}

/// Errors of sending a file that concern the socket; others concern the file.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    let socket = [BrokenPipe, ConnectionReset, ConnectionAborted, NotConnected, TimedOut, WouldBlock, WriteZero];
    socket.contains(&error.kind())
}

/// The bytes of a body that is copied behind its head.
fn copied(body: &Body) -> Option<&[u8]> {
    match body {
        Body::File { .. } | Body::Stream(_) => None,
        body => Some(body.in_memory()).filter(|bytes| bytes.len() <= COPIED),
    }
}

/// Where the pieces of a stream come out.
struct Outlet {
    frame: Frame,
    produced: u64,
}

impl Outlet {
    /// Moves a piece into `output`; what is more than was promised is dropped.
    fn put(&mut self, output: &mut Vec<u8>, piece: &mut Vec<u8>) {
        match self.frame {
            Frame::Chunked => encode::chunk(output, piece),
            Frame::Length(promised) => {
                let left = usize::try_from(promised.saturating_sub(self.produced)).unwrap_or(usize::MAX);
                output.extend_from_slice(&piece[..left.min(piece.len())]);
            }
            Frame::Nothing | Frame::UntilClose => output.extend_from_slice(piece),
        }
        self.produced += piece.len() as u64;
        piece.clear();
    }
}
