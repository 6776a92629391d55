//! One connection: the loop that every request goes through, written once for all backends.
//!
//! # Theory of operation
//!
//! ```text
//!      ┌────────── receive ◀─────────────────────────────┐
//!      │              │ a whole head is in the input     │
//!      │ refused      ▼                                  │ keep-alive
//!      │           handle ──▶ respond ──▶ finish_body ───┘
//!      ▼                         │
//!   last words ──▶ linger ◀──────┘ close
//! ```
//!
//! Answers gather in `output` and are written when the input holds no further whole request: a batch of
//! pipelined requests costs one read and one write. But *whatever waits writes first*, so that no client waits for
//! an answer that is held back: before reading, before a handler's first wait ([`drive`]), before a large body.
//!
//! # Rules
//!
//! 1. This file knows no backend: it awaits a [`Transport`], which waits in its own way.
//! 2. It never looks at a timer. It arms its [`Entry`](crate::deadline::Entry) before it waits; a wait that was cut
//!    short from outside shows in the next `arm` or in `ending`, which is looked at after every read.
//! 3. What the request was, and the link, are kept here too: a handler may swap its `Request` for another, and then
//!    only ends its own connection.

use crate::deadline::{Ending, Phase, Registered};
use crate::error::Refusal;
use crate::http1::encode::{self, Frame, ResponseHead};
use crate::http1::parse::Version;
use crate::link::Link;
use crate::server::Date;
use crate::transport::{TURN, read_at, write_all};
use crate::{Body, Event, Handler, IntoResponse, Request, Response, Status};
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use switchboard_timer::Tick;

/// Bodies up to this length are copied behind their head; longer ones are written from where they lie.
const COPIED: usize = 16 << 10;

/// A handler, erased: one call per connection, none per request.
pub(crate) trait Application: Send + Sync {
    fn converse(
        self: Arc<Self>,
        place: Registered,
        link: Link,
        peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

pub(crate) fn application(handler: impl Handler) -> Arc<dyn Application> {
    Arc::new(Handled(handler))
}

struct Handled<H>(H);

impl<H: Handler> Application for Handled<H> {
    fn converse(
        self: Arc<Self>,
        place: Registered,
        link: Link,
        peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let _place = place; // given up when the conversation ends, however it does
            Conversation::new(link, peer).run(&self.0).await;
        })
    }
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing more is to be sent or received.
    Close,
    /// The client may still be sending: closing at once could destroy the last answer before it is read.
    Linger,
}

/// What the answer needs to know of the request.
#[derive(Clone, Copy)]
struct Terms {
    version: Version,
    is_head: bool,
    keep_alive: bool,
}

struct Conversation {
    link: Link,
    peer: SocketAddr,
    request: Request,
    output: Vec<u8>,
    phase: Phase,
    date: Date,
}

impl Conversation {
    fn new(link: Link, peer: SocketAddr) -> Self {
        let request = Request::of_connection(link.clone(), peer);
        Self { link, peer, request, output: Vec::new(), phase: Phase::FirstByte, date: Date::default() }
    }

    async fn run<H: Handler>(mut self, handler: &H) {
        let end = loop {
            if let Err(end) = self.exchange(handler).await {
                break end;
            }
        };
        if end == End::Linger {
            self.linger().await;
        }
    }

    /// One request and its answer.
    async fn exchange<H: Handler>(&mut self, handler: &H) -> Result<(), End> {
        let terms = self.receive().await?;
        let started = self.link.server.observer.is_some().then(std::time::Instant::now);
        let response = self.handle(handler).await?;
        let (status, length) = (response.status, response.body.len());
        let responded = self.respond(terms, response).await;
        if let Some(started) = started {
            self.link.server.report(&Event::Answered {
                peer: self.peer,
                method: self.request.method(),
                target: self.request.target(),
                status,
                length,
                took: started.elapsed(),
            });
        }
        responded?;
        self.finish_body().await
    }

    /// Takes the next head from the input, reading as long as it is not complete.
    async fn receive(&mut self) -> Result<Terms, End> {
        loop {
            match self.request.take_head(&self.link.server.limits) {
                Ok(true) => break,
                Ok(false) => self.await_head().await?,
                Err(refusal) => return Err(self.refuse(refusal).await),
            }
        }
        if self.link.arm(Phase::Handler, Tick::MAX).is_err() {
            return Err(self.time_out().await);
        }
        self.phase = Phase::Handler;
        let is_head = self.request.method() == "HEAD";
        let framing = self.request.framing();
        Ok(Terms { version: self.request.line().version, is_head, keep_alive: framing.keep_alive })
    }

    /// Waits for more of a head, after answering what can be answered.
    async fn await_head(&mut self) -> Result<(), End> {
        self.flush().await?;
        let limits = &self.link.server.limits;
        let began = !self.request.body_ref().input().is_empty();
        let (phase, limit) = match self.phase {
            _ if began => (Phase::Head, limits.head),
            Phase::FirstByte => (Phase::FirstByte, limits.first_byte),
            _ => (Phase::Idle, limits.idle),
        };
        // A head has one deadline from its first byte to its last, however it drips.
        if phase != self.phase {
            self.link.arm_for(phase, limit).map_err(|_| End::Close)?;
            self.phase = phase;
        }
        // After arming: either we see the stop, or the stop sees us waiting.
        if !began && self.link.server.deadlines.is_stopping() {
            return Err(End::Close);
        }
        let body = self.request.body();
        let read = poll_fn(|cx| body.poll_fill(cx, 0)).await;
        if self.link.entry.ending().is_some() {
            return Err(self.time_out().await);
        }
        match read {
            Ok(0) | Err(_) => Err(End::Close),
            Ok(_) => Ok(()),
        }
    }

    /// Has the handler answer. While it waits, held-back answers go out; a panic is a 500; an abort ends it.
    async fn handle<H: Handler>(&mut self, handler: &H) -> Result<Response, End> {
        let outcome = {
            let mut answer = pin!(handler.handle(&mut self.request));
            drive(&self.link, &mut self.output, |cx, _| answer.as_mut().poll(cx)).await
        };
        match outcome {
            Ok(response) => Ok(response),
            Err(Interrupted::Ended) => Err(End::Close),
            Err(Interrupted::Panicked) => {
                self.link.server.report(&Event::Panicked { peer: self.peer, target: self.request.target() });
                Ok(Status::INTERNAL_SERVER_ERROR.into_response().with_close())
            }
        }
    }

    /// Appends the answer to the output, and writes what is too large to be held back.
    async fn respond(&mut self, terms: Terms, response: Response) -> Result<(), End> {
        let Response { status, headers, content_type, body, close } = response;
        let frame = match body.len() {
            _ if status == Status::NO_CONTENT => Frame::Nothing,
            None if status == Status::NOT_MODIFIED => Frame::Nothing,
            Some(0) if status == Status::NOT_MODIFIED => Frame::Nothing,
            Some(length) => Frame::Length(length),
            None if terms.version >= Version::Http11 => Frame::Chunked,
            None => Frame::UntilClose,
        };
        let keep = terms.keep_alive && !close && frame != Frame::UntilClose && self.can_go_on();
        let connection = match (keep, terms.version) {
            (false, _) => Some("close"),
            (true, Version::Http10) => Some("keep-alive"),
            (true, Version::Http11) => None,
        };
        self.request.body().forget_continue();
        self.link.server.refresh(&mut self.date);
        let content_type = content_type.as_deref();
        let head = ResponseHead {
            status,
            headers: &headers,
            content_type,
            frame,
            connection,
            date: &self.date.text,
        };
        encode::response_head(&mut self.output, &head);
        self.link.entry.count_served();
        if !terms.is_head && !status.is_bodyless() {
            self.send_body(body, frame).await?;
        }
        if keep && self.output.len() < TURN {
            return Ok(());
        }
        self.flush().await?;
        match keep {
            true => Ok(()),
            false if self.has_heard_all() => Err(End::Close),
            false => Err(End::Linger),
        }
    }

    /// Whether another request could follow this one.
    fn can_go_on(&self) -> bool {
        let body = self.request.body_ref();
        body.belongs_to(&self.link)
            && body.is_drainable(&self.link.server.limits)
            && !self.link.server.deadlines.is_stopping()
            && self.link.entry.ending().is_none()
    }

    /// Whether the client has sent nothing that was not read.
    fn has_heard_all(&self) -> bool {
        let body = self.request.body_ref();
        body.belongs_to(&self.link) && body.is_finished() && body.input().is_empty()
    }

    async fn send_body(&mut self, body: Body, frame: Frame) -> Result<(), End> {
        match body {
            Body::File { file, offset, len } => self.send_file(&file, offset, len).await,
            Body::Stream(mut producer) => self.send_stream(&mut *producer, frame).await,
            body => match body.in_memory() {
                short if short.len() <= COPIED => {
                    self.output.extend_from_slice(short);
                    Ok(())
                }
                long => self.write(long).await,
            },
        }
    }

    /// The first turn of a file goes out behind the head, in one write; a small file is all in it.
    async fn send_file(&mut self, file: &File, mut offset: u64, mut len: u64) -> Result<(), End> {
        let head = self.output.len();
        let first = TURN.saturating_sub(head).min(usize::try_from(len).unwrap_or(TURN));
        self.output.resize(head + first, 0);
        let read = read_at(file, &mut self.output[head..], offset).map_err(|_| End::Close)?;
        self.output.truncate(head + read);
        if read < first {
            // The file has become shorter than its promised length: the client must see that it is cut.
            self.flush().await?;
            return Err(End::Close);
        }
        (offset, len) = (offset + first as u64, len - first as u64);
        if len > 0 {
            self.flush().await?;
        }
        while len > 0 {
            self.arm_send().map_err(|_| End::Close)?;
            let turn = len.min(TURN as u64);
            let sent = poll_fn(|cx| self.link.transport.poll_send_file(cx, file, offset, turn)).await;
            match sent {
                Ok(0) | Err(_) => return Err(End::Close),
                Ok(sent) => (offset, len) = (offset + sent as u64, len - sent as u64),
            }
        }
        Ok(())
    }

    async fn send_stream(&mut self, producer: &mut dyn crate::Producer, frame: Frame) -> Result<(), End> {
        let mut piece = Vec::new();
        loop {
            piece.clear();
            let request = &mut self.request;
            let produced = drive(&self.link, &mut self.output, |cx, output| {
                let produced = producer.poll_produce(cx, request, &mut piece);
                if produced.is_pending() && !piece.is_empty() {
                    // What there is goes out before the wait.
                    append(output, &piece, frame);
                    piece.clear();
                }
                produced
            });
            let more = match produced.await {
                Ok(Ok(more)) => more,
                Ok(Err(_)) | Err(_) => return Err(End::Close),
            };
            append(&mut self.output, &piece, frame);
            if !more {
                break;
            }
            if self.output.len() >= COPIED {
                self.flush().await?;
            }
        }
        if frame == Frame::Chunked {
            self.output.extend_from_slice(encode::LAST_CHUNK);
        }
        Ok(())
    }

    /// Reads away what is left of the request's body.
    async fn finish_body(&mut self) -> Result<(), End> {
        if self.request.body_ref().is_finished() {
            return Ok(());
        }
        self.flush().await?;
        self.link.entry.owe_output(false);
        let drained = self.request.body().drain(&self.link.server.limits).await;
        self.phase = Phase::Body;
        drained.map_err(|_| End::Linger)
    }

    /// Writes the answers held back.
    async fn flush(&mut self) -> Result<(), End> {
        if self.output.is_empty() {
            return Ok(());
        }
        self.write(&[]).await
    }

    /// Writes the answers held back, and `body` behind them.
    async fn write(&mut self, body: &[u8]) -> Result<(), End> {
        self.phase = Phase::Send;
        let written = write_out(&self.link, &mut self.output, body).await;
        written.map_err(|_| End::Close)
    }

    fn arm_send(&mut self) -> Result<(), Ending> {
        self.phase = Phase::Send;
        self.link.arm_for(Phase::Send, self.link.server.limits.send)
    }

    /// Tells the client what was wrong with what it sent.
    async fn refuse(&mut self, refusal: Refusal) -> End {
        let Refusal { status, reason } = refusal;
        self.link.server.report(&Event::Refused { peer: self.peer, status, reason });
        let terms = Terms { version: Version::Http11, is_head: false, keep_alive: false };
        match self.respond(terms, refusal.into_response().with_close()).await {
            Err(end) => end,
            Ok(()) => End::Linger,
        }
    }

    /// The last words to a client that was too slow with a head; none to one that was merely silent.
    async fn time_out(&mut self) -> End {
        if self.link.entry.ending() != Some(Ending::Expired(Phase::Head)) {
            return End::Close;
        }
        self.refuse(Refusal::new(Status::REQUEST_TIMEOUT, "the head did not arrive in time")).await
    }

    /// Ends our side and reads on, so that the client sees the last answer and no reset (RFC 9112 section 9.6).
    async fn linger(&mut self) {
        let limit = self.link.server.limits.linger;
        let until = self.link.server.clock.after(limit);
        let _ = self.link.transport.shutdown(Shutdown::Write);
        // If it has been ended from outside, its timer goes on to shut both sides.
        let _ = self.link.arm_for(Phase::Linger, limit);
        let mut dropped = [0; 1024];
        while let Ok(1..) = poll_fn(|cx| self.link.transport.poll_read(cx, &mut dropped)).await {
            if self.link.server.clock.now() >= until {
                return;
            }
        }
    }
}

/// Writes `output` and then `body`, each turn within the send limit. After an expiry these are the last words, for
/// which the timer has left the write side open a while.
async fn write_out(link: &Link, output: &mut Vec<u8>, body: &[u8]) -> io::Result<()> {
    let limit = link.server.limits.send;
    let written = write_all(&*link.transport, output, body, || match link.arm_for(Phase::Send, limit) {
        Ok(()) | Err(Ending::Expired(Phase::Head | Phase::Body)) => Ok(()),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    });
    let written = written.await;
    output.clear();
    written
}

fn append(output: &mut Vec<u8>, piece: &[u8], frame: Frame) {
    match frame {
        Frame::Chunked => encode::chunk(output, piece),
        _ => output.extend_from_slice(piece),
    }
}

enum Interrupted {
    /// The connection was ended from outside.
    Ended,
    Panicked,
}

/// Polls what a user wrote, to its end. When it waits, the answers in `output` are written first and it is polled
/// again; while it waits, an abort reaches it; a panic stays in here (where panics unwind).
async fn drive<T>(
    link: &Link,
    output: &mut Vec<u8>,
    mut poll: impl FnMut(&mut Context<'_>, &mut Vec<u8>) -> Poll<T>,
) -> Result<T, Interrupted> {
    loop {
        link.entry.owe_output(!output.is_empty());
        let step = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| poll(cx, output)));
            match polled {
                Err(_) => Poll::Ready(Err(Interrupted::Panicked)),
                Ok(Poll::Ready(value)) => Poll::Ready(Ok(Some(value))),
                Ok(Poll::Pending) if !output.is_empty() => Poll::Ready(Ok(None)),
                Ok(Poll::Pending) => {
                    link.entry.park(cx.waker());
                    match link.entry.ending() {
                        Some(Ending::Aborted) => Poll::Ready(Err(Interrupted::Ended)),
                        _ => Poll::Pending,
                    }
                }
            }
        });
        if let Some(value) = step.await? {
            return Ok(value);
        }
        write_out(link, output, &[]).await.map_err(|_| Interrupted::Ended)?;
        link.arm(Phase::Handler, Tick::MAX).map_err(|_| Interrupted::Ended)?;
    }
}
