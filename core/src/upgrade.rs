//! Another protocol on the same connection (RFC 9110 section 7.8): the request that asks for it is answered 101, and
//! the transport is handed over to an async function.
//!
//! # Rules
//!
//! 1. Nobody is switched who has not asked for it: then the answer is 426 (Upgrade Required).
//! 2. The body of the request comes before the new protocol, so what is left of it is read away first, within the
//!    limits for that.
//! 3. Deadlines act here as everywhere, from outside: a client that sends nothing is ended after [`Limits::upgrade`],
//!    one that takes nothing after [`Limits::send`]. While others wait for its place, whoever waits for a client is
//!    ended like one in the middle of a request.
//! 4. The connection ends with the function, also for somebody who has kept the [`Upgraded`].
//! 5. While the server is stopping nobody is switched, and reads end.

use crate::connection::{Conversation, End, Terms};
use crate::drive::{Interrupted, drive, write_out};
use crate::http1::encode;
use crate::input::Input;
use crate::link::Link;
use crate::server::Stopwatch;
use crate::sleep::Sleep;
use crate::unharmed::unharmed;
use crate::word::Phase;
use crate::{Body, IntoResponse, Limits, Response, Status};
use std::future::poll_fn;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;
use std::{fmt, io};
use switchboard_timer::Tick;

/// What speaks the other protocol.
pub(crate) struct Upgrade(Box<Box<Speak>>); // twice, because a response should be small

type Speak = dyn FnOnce(Upgraded) -> Speaking + Send;
type Speaking = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Upgrade {
    pub(crate) fn new<F, Fut>(f: F) -> Self
    where
        F: FnOnce(Upgraded) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self(Box::new(Box::new(|upgraded| Box::pin(f(upgraded)))))
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}

/// A connection that has been handed over, for [`Response::upgrade`]: bytes in both directions, one direction at a
/// time.
///
/// Where a backend blocks its thread, so does a read or a write: nothing else that the function waits for gets on
/// meanwhile. On a backend with a bound on connections it occupies a place, as long as its client gets on. It is of no
/// use when the function has ended.
pub struct Upgraded {
    link: Link,
    input: Input,
    limits: Limits,
    /// Nobody may use it any more.
    ended: Arc<AtomicBool>,
}

impl Upgraded {
    /// Reads some bytes into `buf`; answers how many, 0 at the end of what the client sends, and when the server is
    /// stopping and nothing more has come: then the function should come to its end. A read that is dropped has lost
    /// nothing.
    ///
    /// # Errors
    ///
    /// `TimedOut` after [`Limits::upgrade`] without a byte (there is a second left for last words), `ConnectionAborted`
    /// when the time for a stop is over, `NotConnected` when the function has ended, and those of the socket.
    pub async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let Self { link, input, limits, .. } = self;
        if input.filled().is_empty() {
            link.arm_for(Phase::Upgraded, limits.upgrade)?;
            let _waiting = link.wait_for_client();
            // We have armed: either we see the stop here, or it sees us waiting. What has been received is still read.
            if link.server.deadlines.is_stopping() {
                let _ = link.transport.shutdown(Shutdown::Read);
            }
            let read = poll_fn(|cx| input.poll_fill(&*link.transport, cx, 0)).await;
            link.arm(Phase::Handler, Tick::MAX)?; // if it has been ended from outside, this tells
            read?;
        }
        let len = input.filled().len().min(buf.len());
        buf[..len].copy_from_slice(&input.filled()[..len]);
        input.consume(len);
        Ok(len)
    }

    /// Writes all of `bytes`. If it is dropped, some of them may have been written.
    ///
    /// # Errors
    ///
    /// `TimedOut` if the client takes less than 64 KiB in [`Limits::send`], `ConnectionAborted` and `NotConnected` as
    /// [`read`](Upgraded::read), and those of the socket.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.check()?;
        let _waiting = self.link.wait_for_client();
        write_out(&self.link, &mut Vec::new(), bytes, None, self.limits.send).await
    }

    fn check(&self) -> io::Result<()> {
        match self.ended.load(SeqCst) {
            false => Ok(()),
            true => Err(io::Error::new(io::ErrorKind::NotConnected, "the connection ended with its function")),
        }
    }

    /// The limits of this connection, to raise or lower them: `upgrade` and `send` are those that count. (See
    /// [`Request::limits_mut`](crate::Request::limits_mut).)
    pub fn limits_mut(&mut self) -> &mut Limits {
        &mut self.limits
    }

    /// Waits for `duration`, as [`Request::sleep`](crate::Request::sleep).
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(Some(self.link.server.deadlines.clone()), duration)
    }

    /// Whether the server is stopping: then the function should come to its end. When the time for that is over, it is
    /// dropped where it waits.
    pub fn is_stopping(&self) -> bool {
        self.link.server.deadlines.is_stopping()
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("unread", &self.input.filled().len()).finish_non_exhaustive()
    }
}

impl Conversation {
    /// Answers 101 and hands the connection over; the conversation ends with that. Boxed, so that a connection does not
    /// hold the room for it all its life.
    #[cold]
    pub(crate) fn upgrade<'c>(
        &'c mut self,
        terms: Terms,
        response: &'c mut Response,
        upgrade: Upgrade,
        started: Option<Stopwatch>,
    ) -> Pin<Box<dyn Future<Output = Result<(), End>> + Send + 'c>> {
        Box::pin(async move {
            let switched = self.switch(response).await;
            let answered = match switched {
                Ok(true) => Ok(()),
                Ok(false) => self.respond(terms, response).await,
                Err(end) => Err(end),
            };
            self.note_answered(terms, response, started, &answered);
            answered?;
            if switched == Ok(true) { self.hand_over(upgrade).await } else { Ok(()) }
        })
    }

    /// Answers 101; or says in `response` why not.
    async fn switch(&mut self, response: &mut Response) -> Result<bool, End> {
        let protocol = response.headers.get("upgrade").unwrap_or_default();
        if !self.request.body_ref().belongs_to(&self.link) || self.link.server.deadlines.is_stopping() {
            *response = Status::SERVICE_UNAVAILABLE.into_response().with_close();
            return Ok(false);
        }
        if !self.request.asks_for(protocol) {
            response.body = format!("{}: this resource speaks {protocol}\n", Status::UPGRADE_REQUIRED).into();
            response.status = Status::UPGRADE_REQUIRED;
            response.content_type = Some("text/plain; charset=utf-8".into());
            return Ok(false);
        }
        self.flush().await?;
        self.link.entry.owe_output(false);
        if let Err(error) = self.request.body().drain().await {
            *response = error.into_response().with_close();
            return Ok(false);
        }
        self.request.body().release();
        self.request.body().interim().push_continue(); // first, says the RFC, whatever is still to come
        self.end_interim();
        response.status = Status::SWITCHING_PROTOCOLS;
        response.body = Body::Empty;
        encode::switching_head(&mut self.output, &response.headers);
        self.flush().await?;
        self.link.entry.count_served();
        Ok(true)
    }

    async fn hand_over(&mut self, Upgrade(speak): Upgrade) -> Result<(), End> {
        let (link, limits, ended) = (self.link.clone(), self.request.limits().clone(), Arc::default());
        let send = limits.send;
        let input = self.request.body().take_input();
        let mut call = Some((speak, Upgraded { link, input, limits, ended: Arc::clone(&ended) }));
        let mut speaking = None;
        let spoken = drive(&self.link, &mut self.output, send, |cx, _| {
            if let Some((speak, upgraded)) = call.take() {
                speaking = Some(speak(upgraded));
            }
            speaking.as_mut().map_or(Poll::Ready(()), |speaking| speaking.as_mut().poll(cx))
        });
        let end = match spoken.await {
            Ok(()) => End::Linger,
            Err(Interrupted::Ended) => End::CutOff,
            Err(Interrupted::Panicked) => self.panicked(),
        };
        unharmed(|| drop(speaking));
        ended.store(true, SeqCst);
        if end == End::Linger && Arc::strong_count(&ended) == 1 {
            self.linger().await;
        }
        let _ = self.link.transport.shutdown(Shutdown::Both); // somebody may have kept the other handle
        Err(if end == End::Linger { End::Close } else { end })
    }
}
