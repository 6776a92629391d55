//! The body of a request, read while it arrives.
//!
//! # Rules
//!
//! 1. Nothing is read that nobody asked for: a client is slowed down by the socket's own window.
//! 2. Whoever waits for the client has first made sure that the client waits for nothing: while answers to earlier
//!    requests are held back, a read is `Pending` once, and the connection loop sends them; then the 100 is
//!    sent that the client may expect.
//! 3. A read is armed with a deadline, which is the earlier of [`Limits::body`] from now and the moment the body
//!    falls below [`Limits::body_rate`]; only time spent in reads counts against the rate.
//! 4. The deadline holds while the future that reads lives, whatever else is polled meanwhile; once it is dropped
//!    and the handler waits for something else, the deadline is off.
//! 5. After an error nothing more is read; the connection cannot be used for another request.

use crate::http1::chunked::{Chunked, Piece};
use crate::http1::parse::{Framing, Length};
use crate::input::Input;
use crate::interim::Interim;
use crate::link::Link;
use crate::pace::Pace;
use crate::table::Deadlines;
use crate::word::{Ending, Phase};
use crate::{BodyError, Limits};
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use switchboard_timer::Tick;

/// The most that an idle connection keeps of a body's buffer.
const IDLE: usize = 4 << 10;

/// Reads a request's body; [`Request::body`](crate::Request::body) lends it.
///
/// Where a backend blocks its thread, so does a read: nothing else that the handler waits for gets on meanwhile. What
/// ends a read that takes too long is [`Limits::body`] and [`Limits::body_rate`], on every backend.
///
/// ```
/// use switchboard::{Request, block_on};
///
/// let text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
/// let mut request = Request::parse(text).unwrap();
/// assert_eq!(block_on(request.body().chunk()).unwrap(), Some(&b"ab"[..]));
/// assert_eq!(block_on(request.body().read()).unwrap(), b"c");
/// ```
pub struct RequestBody {
    input: Input,
    rest: Rest,
    /// Bytes of the input that the last chunk was, to be taken away before the next.
    lent: usize,
    whole: Vec<u8>,
    interim: Interim,
    link: Option<Link>,
    /// Where this request's limits differ from the server's.
    limits: Option<Box<Limits>>,
    pace: Pace,
}

/// A read that is under way. Its deadline holds as long as the future that reads lives, whether or not that future
/// is the one that is polled.
struct Reading<'b>(&'b mut RequestBody);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if let Some(link) = &self.0.link {
            link.stop_waiting();
        }
    }
}

/// What is left of the body.
enum Rest {
    Exactly(u64),
    Chunked(Chunked),
    /// It cannot be told any more where it ends.
    Lost,
}

impl RequestBody {
    pub(crate) fn of_connection(link: Link) -> Self {
        Self::new(Input::default(), Some(link))
    }

    /// A body that is there already, with no connection to read more from.
    pub(crate) fn detached(text: &[u8]) -> Self {
        Self::new(Input::of(text), None)
    }

    fn new(input: Input, link: Option<Link>) -> Self {
        Self {
            input,
            rest: Rest::Exactly(0),
            lent: 0,
            whole: Vec::new(),
            interim: Interim::default(),
            link,
            limits: None,
            pace: Pace::default(),
        }
    }

    /// The next piece of the body as it arrives; `None` at its end. There is no limit to how many there are: whoever
    /// keeps them has to count ([`Limits::body_size`] is for bodies that are read whole).
    ///
    /// # Errors
    ///
    /// [`BodyError`], which is also the response to give.
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>, BodyError> {
        let range = self.next_range().await?;
        Ok(range.map(|range| &self.input.filled()[range]))
    }

    /// [`chunk`](RequestBody::chunk) for those who poll, such as a [`Producer`](crate::Producer): once it is
    /// pending, it is polled until it is ready, or the body's deadline goes on.
    ///
    /// # Errors
    ///
    /// As for [`chunk`](RequestBody::chunk).
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<&[u8]>, BodyError>> {
        let range = ready!(self.poll_range(cx))?;
        Poll::Ready(Ok(range.map(|range| &self.input.filled()[range])))
    }

    /// Reads the rest of the body whole, up to [`Limits::body_size`].
    ///
    /// # Errors
    ///
    /// As for [`read_to_limit`](RequestBody::read_to_limit).
    pub async fn read(&mut self) -> Result<&[u8], BodyError> {
        self.read_to_limit(self.limits().body_size).await
    }

    /// Reads the rest of the body whole; [`bytes`](RequestBody::bytes) keeps it.
    ///
    /// # Errors
    ///
    /// [`BodyError`], which is also the response to give; [`BodyError::TooLarge`] if it is longer than `limit`
    /// bytes, at once if the client says so beforehand.
    pub async fn read_to_limit(&mut self, limit: usize) -> Result<&[u8], BodyError> {
        let announced = match self.rest {
            Rest::Exactly(left) => left,
            _ => 0,
        };
        if announced.saturating_add(self.whole.len() as u64) > limit as u64 {
            return Err(BodyError::TooLarge { limit });
        }
        if self.is_finished() && self.lent == 0 {
            return Ok(&self.whole); // as nearly always: a request without a body
        }
        while let Some(range) = self.next_range().await? {
            if self.whole.len() + range.len() > limit {
                self.rest = Rest::Lost; // a piece of it has been read and is not kept
                return Err(BodyError::TooLarge { limit });
            }
            self.whole.extend_from_slice(&self.input.filled()[range]);
        }
        Ok(&self.whole)
    }

    /// What [`read`](RequestBody::read) has collected.
    pub fn bytes(&self) -> &[u8] {
        &self.whole
    }

    pub(crate) fn input(&self) -> &Input {
        &self.input
    }

    /// Begins the body behind a head of `head` bytes.
    pub(crate) fn begin(&mut self, head: usize, framing: Framing) {
        self.input.consume(head);
        self.rest = match framing.body {
            Length::Exactly(length) => Rest::Exactly(length),
            Length::Chunked => Rest::Chunked(Chunked::new(self.limits())),
        };
        self.interim.begin(framing);
        self.pace = Pace::default();
        self.whole.clear();
    }

    /// Whether all of it has been used, so that what follows in the input is the next request.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.rest, Rest::Exactly(0))
    }

    /// Whether the connection can go on behind this body, at the price of reading what is left of it.
    pub(crate) fn is_drainable(&self) -> bool {
        match self.rest {
            Rest::Exactly(0) => true,
            Rest::Exactly(left) => left <= self.limits().drain_size && !self.interim.is_awaited(),
            Rest::Chunked(_) => !self.interim.is_awaited(),
            Rest::Lost => false,
        }
    }

    /// Takes away the piece that was lent last: its reader is gone.
    pub(crate) fn release(&mut self) {
        self.input.consume(std::mem::take(&mut self.lent));
    }

    /// Gives up memory that an idle connection should not hold.
    pub(crate) fn shrink(&mut self) {
        if self.whole.capacity() > IDLE {
            self.whole = Vec::new();
        }
    }

    pub(crate) fn interim(&mut self) -> &mut Interim {
        &mut self.interim
    }

    /// Sends what interim responses there are.
    pub(crate) async fn send_interim(&mut self) -> io::Result<()> {
        let Some(link) = self.link.clone() else { return Ok(()) };
        poll_fn(|cx| link.poll_settled(cx)).await;
        link.arm_for(Phase::Send, self.limits().send)?;
        let _waiting = link.wait_for_client();
        let sent = poll_fn(|cx| self.interim.poll_send(&*link.transport, cx)).await;
        link.arm(Phase::Handler, Tick::MAX)?; // what has ended the connection says more than the socket
        sent
    }

    /// Takes out what has been received and not been used.
    pub(crate) fn take_input(&mut self) -> Input {
        self.release();
        std::mem::take(&mut self.input)
    }

    /// The limits of this request.
    pub(crate) fn limits(&self) -> &Limits {
        static DEFAULT: LazyLock<Limits> = LazyLock::new(Limits::default);
        match (&self.limits, &self.link) {
            (Some(own), _) => own,
            (None, Some(link)) => &link.server.limits,
            (None, None) => &DEFAULT,
        }
    }

    /// From here on they are the server's.
    pub(crate) fn reset_limits(&mut self) {
        self.limits = None;
    }

    pub(crate) fn limits_mut(&mut self) -> &mut Limits {
        let limits = self.limits.take().unwrap_or_else(|| Box::new(self.limits().clone()));
        self.limits.insert(limits)
    }

    /// Reads and drops what is left, within the limits for that.
    pub(crate) async fn drain(&mut self) -> Result<(), BodyError> {
        self.pace = Pace::of_drain();
        let (mut drained, limit) = (0, self.limits().drain_size);
        while let Some(range) = poll_fn(|cx| self.poll_range(cx)).await? {
            drained += range.len() as u64;
            if drained > limit {
                return Err(BodyError::TooLarge { limit: limit as usize });
            }
        }
        Ok(())
    }

    /// Whether this is the body of the connection that `link` is of.
    pub(crate) fn belongs_to(&self, link: &Link) -> bool {
        self.link.as_ref().is_some_and(|own| own.is_same(link))
    }

    /// The connection it is read from.
    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// The server's deadlines; `None` without a connection.
    pub(crate) fn deadlines(&self) -> Option<&Arc<Deadlines>> {
        self.link.as_ref().map(|link| &link.server.deadlines)
    }

    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>, wanted: u64) -> Poll<io::Result<usize>> {
        match &self.link {
            Some(link) => self.input.poll_fill(&*link.transport, cx, wanted),
            None => Poll::Ready(Ok(0)),
        }
    }

    /// Reads what comes and drops it.
    pub(crate) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.consume(self.input.filled().len());
        self.poll_fill(cx, 0)
    }

    async fn next_range(&mut self) -> Result<Option<Range<usize>>, BodyError> {
        let mut reading = Reading(self);
        let Reading(body) = &mut reading;
        poll_fn(|cx| body.poll_range(cx)).await
    }

    /// The next piece of the body, as a range of the input.
    fn poll_range(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Range<usize>>, BodyError>> {
        loop {
            self.input.consume(std::mem::take(&mut self.lent));
            match self.decode() {
                Ok(Piece::Data { skip, len }) => {
                    self.lent = len;
                    self.input.consume(skip);
                    return Poll::Ready(Ok(Some(0..len)));
                }
                Ok(Piece::End { used }) => {
                    self.input.consume(used);
                    self.rest = Rest::Exactly(0);
                    return Poll::Ready(Ok(None));
                }
                Ok(Piece::Incomplete) => self.input.consume(self.input.filled().len()),
                Err(error) => {
                    self.rest = Rest::Lost;
                    return Poll::Ready(Err(error));
                }
            }
            if let Err(error) = ready!(self.poll_more(cx)) {
                self.rest = Rest::Lost;
                return Poll::Ready(Err(error));
            }
        }
    }

    fn decode(&mut self) -> Result<Piece, BodyError> {
        match &mut self.rest {
            Rest::Exactly(0) => Ok(Piece::End { used: 0 }),
            Rest::Exactly(left) => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(self.input.filled().len());
                *left -= len as u64;
                Ok(if len > 0 { Piece::Data { skip: 0, len } } else { Piece::Incomplete })
            }
            Rest::Chunked(decoder) => decoder.decode(self.input.filled()).map_err(BodyError::Malformed),
            Rest::Lost => Err(BodyError::Closed(io::ErrorKind::InvalidData.into())),
        }
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let Some(link) = self.link.clone() else {
            return Poll::Ready(Err(BodyError::Closed(io::ErrorKind::UnexpectedEof.into())));
        };
        ready!(link.poll_settled(cx));
        let limits = self.limits.as_deref().unwrap_or(&link.server.limits);
        self.pace.wait(&link, limits)?;
        link.entry.wait_for_client(true);
        self.interim.push_continue();
        ready!(self.interim.poll_send(&*link.transport, cx)).map_err(BodyError::Closed)?;
        let wanted = match self.rest {
            Rest::Exactly(left) => left,
            _ => 0,
        };
        let read = ready!(self.poll_fill(cx, wanted));
        link.entry.wait_for_client(false);
        self.pace.waited(link.server.clock.now());
        link.arm(Phase::Handler, Tick::MAX).map_err(BodyError::from)?;
        match read {
            Ok(0) => Poll::Ready(Err(BodyError::Closed(io::ErrorKind::UnexpectedEof.into()))),
            Ok(read) => {
                self.pace.received(read);
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(BodyError::Closed(error))),
        }
    }
}

impl From<Ending> for BodyError {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Expired(_) => Self::TimedOut,
            Ending::Aborted => Self::Closed(ending.into()),
        }
    }
}
