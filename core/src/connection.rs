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

use crate::drive::{Interrupted, drive};
use crate::error::Refusal;
use crate::http1::parse::Version;
use crate::link::Link;
use crate::place::Registered;
use crate::server::{Date, Stopwatch};
use crate::unharmed::unharmed;
use crate::word::{Ending, Phase};
use crate::{Body, Event, Handler, IntoResponse, Request, Response, Status};
use std::future::{Future, poll_fn};
use std::net::{Shutdown, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use switchboard_timer::Tick;

/// The most that an idle connection keeps of the buffer for answers.
const IDLE: usize = 4 << 10;

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
            let mut conversation = Conversation::new(link, peer);
            conversation.run(&self.0).await;
        })
    }
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing more is to be sent or received.
    Close,
    /// An answer could not be sent to its end.
    CutOff,
    /// The client may still be sending: closing at once could destroy the last answer before it is read.
    Linger,
    /// The client is told what was wrong with what it sent; then as [`Linger`](End::Linger).
    Refuse(Refusal),
}

/// What the answer needs to know of the request.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) version: Version,
    pub(crate) is_head: bool,
    pub(crate) keep_alive: bool,
}

pub(crate) struct Conversation {
    pub(crate) link: Link,
    pub(crate) peer: SocketAddr,
    pub(crate) request: Request,
    /// Answers that are held back for company.
    pub(crate) output: Vec<u8>,
    pub(crate) date: Date,
    /// When the last answer's head was made, as long as nothing has been waited for since: two looks at the clock for
    /// a request instead of three.
    pub(crate) now: Option<Tick>,
}

impl Conversation {
    fn new(link: Link, peer: SocketAddr) -> Self {
        let request = Request::of_connection(link.clone(), peer);
        Self { link, peer, request, output: Vec::new(), date: Date::default(), now: None }
    }

    async fn run<H: Handler>(&mut self, handler: &H) {
        let mut end = loop {
            if let Err(end) = self.exchange(handler).await {
                break end;
            }
        };
        if let End::Refuse(refusal) = end {
            end = self.refuse(refusal).await;
        }
        if let End::Linger | End::Refuse(_) = end {
            self.linger().await;
        }
    }

    /// One request and its answer.
    async fn exchange<H: Handler>(&mut self, handler: &H) -> Result<(), End> {
        let terms = self.receive().await?;
        self.answer(handler, terms).await?;
        if self.request.body_ref().is_finished() {
            self.request.body().release(); // as nearly always
            return Ok(());
        }
        self.finish_body().await
    }

    async fn answer<H: Handler>(&mut self, handler: &H, terms: Terms) -> Result<(), End> {
        let started = self.link.server.stopwatch();
        let mut answer = None; // lies here, and is not handed on from result to result: 72 instructions less
        if self.request.concerns_the_server() {
            answer = Some(Response::new(Status::NO_CONTENT)); // there is nothing in it that a handler could know
        } else {
            self.handle(handler, &mut answer).await?;
        }
        let Some(response) = &mut answer else { return Err(End::Close) };
        if let Some(upgrade) = response.upgrade.take() {
            return self.upgrade(terms, response, upgrade, started).await;
        }
        let responded = self.respond(terms, response).await;
        self.note_answered(terms, response, started, &responded);
        if let Body::Stream(_) = response.body {
            unharmed(|| drop(std::mem::take(&mut response.body))); // what a user wrote
        }
        responded
    }

    pub(crate) fn note_answered(
        &self,
        terms: Terms,
        response: &Response,
        started: Option<Stopwatch>,
        responded: &Result<(), End>,
    ) {
        if let Some(started) = started {
            self.link.server.report(&Event::Answered {
                peer: self.peer,
                method: self.request.method(),
                target: self.request.target(),
                version: terms.version,
                headers: self.request.headers(),
                status: response.status,
                length: if terms.is_head { Some(0) } else { response.body.len() },
                took: started.elapsed(),
                is_complete: *responded != Err(End::CutOff),
            });
        }
    }

    /// Takes the next head from the input, reading as long as it is not complete.
    async fn receive(&mut self) -> Result<Terms, End> {
        self.request.body().reset_limits();
        loop {
            match self.request.take_head(&self.link.server.limits) {
                Ok(true) => break,
                Ok(false) => self.await_head().await?,
                Err(refusal) => return Err(End::Refuse(refusal)),
            }
        }
        self.link.arm(Phase::Handler, Tick::MAX).map_err(too_late)?;
        let is_head = self.request.is_head();
        let version = self.request.line().version;
        self.link.entry.take_interim(version >= Version::Http11);
        Ok(Terms { version, is_head, keep_alive: self.request.framing().keep_alive })
    }

    /// Waits for more of a head, after answering what can be answered.
    async fn await_head(&mut self) -> Result<(), End> {
        self.flush().await?;
        let began = self.request.has_begun();
        let limits = &self.link.server.limits;
        match (self.link.entry.phase(), began) {
            // A head has one deadline from its first byte to its last, however it drips.
            (Phase::Head, true) | (Phase::FirstByte | Phase::Idle, false) => {}
            (_, true) => self.link.arm_for(Phase::Head, limits.head).map_err(too_late)?,
            (_, false) => self.link.arm_for(Phase::Idle, limits.idle).map_err(too_late)?,
        }
        if !began {
            self.become_idle();
        }
        let body = self.request.body();
        let read = poll_fn(|cx| body.poll_fill(cx, 0)).await;
        match (read, self.link.entry.ending()) {
            (_, Some(ending)) => Err(too_late(ending)),
            (Ok(0) | Err(_), None) => Err(End::Close),
            (Ok(_), None) => Ok(()),
        }
    }

    fn become_idle(&mut self) {
        self.request.body().shrink();
        self.output.shrink_to(IDLE);
        // We have armed: either we see the stop here, or it sees us waiting. What has been received is still read.
        if self.link.server.deadlines.is_stopping() {
            let _ = self.link.transport.shutdown(Shutdown::Read);
        }
    }

    /// Has the handler answer. While it waits, held-back answers go out; a panic is a 500; an abort ends it.
    async fn handle<H: Handler>(&mut self, handler: &H, answer: &mut Option<Response>) -> Result<(), End> {
        let outcome = {
            let (request, answer) = (&mut self.request, &mut *answer);
            // Also its making is in `drive`.
            let mut handling = pin!(async move { *answer = Some(handler.handle(request).await) });
            let send = self.link.server.limits.send;
            drive(&self.link, &mut self.output, send, |cx, _| handling.as_mut().poll(cx)).await
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(Interrupted::Ended) => Err(End::Close),
            Err(Interrupted::Panicked) => {
                self.panicked();
                *answer = Some(Status::INTERNAL_SERVER_ERROR.into_response().with_close());
                Ok(())
            }
        }
    }

    pub(crate) fn panicked(&self) -> End {
        self.link.server.report(&Event::Panicked { peer: self.peer, target: self.request.target() });
        End::CutOff
    }

    /// Reads away what is left of the request's body.
    pub(crate) async fn finish_body(&mut self) -> Result<(), End> {
        self.request.body().release();
        if self.request.body_ref().is_finished() {
            return Ok(());
        }
        self.flush().await?;
        self.link.entry.owe_output(false);
        let drained = self.request.body().drain().await;
        drained.map_err(|_| End::Linger)
    }

    /// Tells the client what was wrong with what it sent.
    async fn refuse(&mut self, refusal: Refusal) -> End {
        let Refusal { status, reason } = refusal;
        self.link.server.report(&Event::Refused { peer: self.peer, status, reason });
        let is_head = self.request.begins_like_head();
        let terms = Terms { version: Version::Http11, is_head, keep_alive: false };
        match self.respond(terms, &mut refusal.into_response().with_close()).await {
            Err(end) => end,
            Ok(()) => End::Linger,
        }
    }

    /// Ends our side and reads on, so that the client sees the last answer and no reset (RFC 9112 section 9.6).
    pub(crate) async fn linger(&mut self) {
        let limit = self.request.limits().linger;
        let until = self.link.server.clock.after(limit);
        let _ = self.link.transport.shutdown(Shutdown::Write);
        // If it has been ended from outside, its timer goes on to shut both sides.
        let _ = self.link.arm_for(Phase::Linger, limit);
        let body = self.request.body();
        while let Ok(1..) = poll_fn(|cx| body.poll_discard(cx)).await {
            if self.link.server.clock.now() >= until {
                return;
            }
        }
    }
}

/// The last words to a client that was too slow with a head; none to one that was merely silent.
fn too_late(ending: Ending) -> End {
    match ending {
        Ending::Expired(Phase::Head) => {
            End::Refuse(Refusal::new(Status::REQUEST_TIMEOUT, "the head did not arrive in time"))
        }
        Ending::Expired(_) | Ending::Aborted => End::Close,
    }
}
