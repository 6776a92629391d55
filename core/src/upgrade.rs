//! Another protocol on the same connection (RFC 9110 section 7.8): the request that asks for it is answered 101, and
//! the transport is handed over to an async function.
//!
//! # Rules
//!
//! 1. Nobody is switched who has not asked for it: then the answer is 426 (Upgrade Required).
//! 2. The body of the request comes before the new protocol, so what is left of it is read away first.
//! 3. Deadlines act here as everywhere, from outside: a client that sends nothing is ended after [`Limits::upgrade`],
//!    one that takes nothing after [`Limits::send`]. While others wait for its place, whoever waits for a client is
//!    ended like one in the middle of a request.
//! 4. The connection ends with the function, also for somebody who has kept the [`Upgraded`].

use crate::connection::{Conversation, End, Terms};
use crate::drive::{Interrupted, drive, write_out};
use crate::error::Refusal;
use crate::http1::encode;
use crate::input::Input;
use crate::link::Link;
use crate::sleep::Sleep;
use crate::word::Phase;
use crate::{IntoResponse, Limits, Response, Status};
use std::future::poll_fn;
use std::net::Shutdown;
use std::pin::Pin;
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
/// meanwhile. After an error nothing more can be read or written.
pub struct Upgraded {
    link: Link,
    input: Input,
    limits: Limits,
}

impl Upgraded {
    /// Reads some bytes into `buf`; answers how many, 0 at the end of what the client sends.
    ///
    /// # Errors
    ///
    /// `TimedOut` after [`Limits::upgrade`] without a byte, `ConnectionAborted` when the server stops in earnest, and
    /// those of the socket.
    pub async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Self { link, input, limits } = self;
        if input.filled().is_empty() {
            link.arm_for(Phase::Upgraded, limits.upgrade)?;
            let _waiting = link.wait_for_client();
            let read = poll_fn(|cx| input.poll_fill(&*link.transport, cx, 0)).await;
            link.arm(Phase::Handler, Tick::MAX)?; // if it has been ended from outside, this tells
            read?;
        }
        let len = input.filled().len().min(buf.len());
        buf[..len].copy_from_slice(&input.filled()[..len]);
        input.consume(len);
        Ok(len)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// `TimedOut` if the client takes less than 64 KiB in [`Limits::send`], and those of the socket.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let _waiting = self.link.wait_for_client();
        write_out(&self.link, &mut Vec::new(), bytes, None, self.limits.send).await?;
        Ok(self.link.arm(Phase::Handler, Tick::MAX)?)
    }

    /// The limits of this connection, to raise or lower them: `upgrade` and `send` are those that count.
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
    ) -> Pin<Box<dyn Future<Output = Result<(), End>> + Send + 'c>> {
        Box::pin(self.switch(terms, response, upgrade))
    }

    async fn switch(&mut self, terms: Terms, response: &mut Response, upgrade: Upgrade) -> Result<(), End> {
        let protocol = response.headers.get("upgrade").unwrap_or_default();
        if !self.request.asks_for(protocol) {
            response.body = format!("{}: this resource speaks {protocol}\n", Status::UPGRADE_REQUIRED).into();
            response.status = Status::UPGRADE_REQUIRED;
            response.content_type = Some("text/plain; charset=utf-8".into());
            return self.respond(terms, response).await;
        }
        if !self.request.body_ref().is_drainable() {
            let refusal = Refusal::bad_request("the body of a request that asks for another protocol was not read");
            *response = refusal.into_response().with_close();
            return self.respond(terms, response).await;
        }
        self.finish_body().await?;
        self.request.body().interim().end(&mut self.output);
        encode::switching_head(&mut self.output, &response.headers);
        self.flush().await?;
        self.link.entry.count_served();
        self.hand_over(upgrade).await
    }

    async fn hand_over(&mut self, Upgrade(speak): Upgrade) -> Result<(), End> {
        let (link, limits) = (self.link.clone(), self.request.limits().clone());
        let send = limits.send;
        let upgraded = Upgraded { link, input: self.request.body().take_input(), limits };
        let mut speaking = None;
        let mut speak = Some(speak).zip(Some(upgraded));
        let spoken = drive(&self.link, &mut self.output, send, |cx, _| {
            let speaking = speaking.get_or_insert_with(|| {
                let (speak, upgraded) = speak.take().expect("it is called once");
                speak(upgraded)
            });
            speaking.as_mut().poll(cx)
        });
        let end = match spoken.await {
            Ok(()) => End::Linger,
            Err(Interrupted::Ended) => End::CutOff,
            Err(Interrupted::Panicked) => self.panicked(),
        };
        drop(speaking);
        if end == End::Linger {
            self.linger().await;
        }
        let _ = self.link.transport.shutdown(Shutdown::Both); // somebody may have kept the other handle
        Err(if end == End::Linger { End::Close } else { end })
    }
}
