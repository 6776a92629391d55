//! A request, as its handler sees it.
//!
//! It has no lifetime: the connection owns one `Request`, fills it for every request it receives and lends it
//! to the handler, so a request costs no allocation and `|request: &mut Request|` is all there is to write.

use crate::error::Refusal;
use crate::headers::Field;
use crate::http1::parse::{self, Framing, RequestLine, Scan, Version};
use crate::http1::{encode, syntax};
use crate::link::Link;
use crate::request_body::RequestBody;
use crate::sleep::Sleep;
use crate::{BodyError, Headers, Limits, Rejected, offload};
use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io, str};

/// One request: its line, its fields, and its body while that is read.
pub struct Request {
    line: RequestLine,
    headers: Headers,
    framing: Framing,
    peer: Option<SocketAddr>,
    scan: Scan,
    body: RequestBody,
}

impl Request {
    /// A request from its text, for trying a handler without a server. The text is all there will be: a body
    /// it announces and does not have reads as [`BodyError::Closed`].
    ///
    /// # Errors
    ///
    /// [`Refusal`]: what a client would be told, also when the head is incomplete.
    ///
    /// ```
    /// use switchboard::Request;
    ///
    /// let request = Request::parse("GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n").unwrap();
    /// assert_eq!((request.method(), request.path(), request.query()), ("GET", "/a", Some("b=c")));
    /// assert_eq!(request.headers().get("accept"), Some("*/*"));
    /// ```
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, Refusal> {
        let mut request = Self::empty(RequestBody::detached(text.as_ref()), None);
        if request.take_head(&Limits::default())? {
            Ok(request)
        } else {
            Err(Refusal::bad_request("the head does not end in an empty line"))
        }
    }

    /// The request of a connection, before the first one is received.
    pub(crate) fn of_connection(link: Link, peer: SocketAddr) -> Self {
        Self::empty(RequestBody::of_connection(link), Some(peer))
    }

    fn empty(body: RequestBody, peer: Option<SocketAddr>) -> Self {
        let (line, framing) = (RequestLine::NONE, Framing::NONE);
        Self { line, headers: Headers::new(), framing, peer, scan: Scan::default(), body }
    }

    /// The method, as it was sent: methods are case-sensitive (RFC 9110 section 9.1).
    pub fn method(&self) -> &str {
        text(self.line.method.of(self.headers.text()))
    }

    /// The target as it was sent: usually the path and the query.
    pub fn target(&self) -> &str {
        text(self.line.target.of(self.headers.text()))
    }

    /// The path of the target, still percent-encoded. Begins with `/`. (`OPTIONS *` has none; the server answers it by
    /// itself.)
    pub fn path(&self) -> &str {
        match self.line.path.of(self.headers.text()) {
            [] => "/",
            path => text(path),
        }
    }

    /// The query of the target without its question mark, still percent-encoded.
    pub fn query(&self) -> Option<&str> {
        Some(text(self.line.query?.of(self.headers.text())))
    }

    /// The host that is asked for, with its port if it has one: of an absolute target, or else of the Host field, which
    /// such a target overrules (RFC 9112 section 3.2.2). `None` if an HTTP/1.0 client says nothing.
    ///
    /// ```
    /// use switchboard::Request;
    ///
    /// let request = Request::parse("GET http://a:80/b HTTP/1.1\r\nHost: c\r\n\r\n").unwrap();
    /// assert_eq!((request.host(), request.path()), (Some("a:80"), "/b"));
    /// ```
    pub fn host(&self) -> Option<&str> {
        match self.target().split_once("://") {
            Some((_, rest)) if !self.target().starts_with('/') => rest.split(['/', '?']).next(),
            _ => self.headers.get("host"),
        }
    }

    /// The fields.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The address of the client's end of the connection; `None` without a connection.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The body, to read it.
    pub fn body(&mut self) -> &mut RequestBody {
        &mut self.body
    }

    /// The body, as far as it has been read whole: for a plain handler, all of it.
    pub fn bytes(&self) -> &[u8] {
        self.body.bytes()
    }

    /// Reads the whole body, up to [`Limits::body_size`]. Plain handlers find it read.
    ///
    /// # Errors
    ///
    /// [`BodyError`], which is also the response to give.
    pub async fn read_body(&mut self) -> Result<&[u8], BodyError> {
        self.body.read().await
    }

    /// The limits of this request from here on, to raise or lower them: those of its body (`body`, `body_rate`,
    /// `body_size`, `drain`, `drain_size`), of its answer (`send`, `linger`), and of what comes after an upgrade
    /// (`upgrade`). The others are the connection's. The next request has the server's again. A duration that is
    /// lowered below the shortest of the server's may be met late by as much as that.
    ///
    /// ```
    /// use switchboard::{Handler, Request, Response};
    ///
    /// /// Lets bodies of up to 10 MiB through to `0`, a plain handler.
    /// struct Uploads<H>(H);
    ///
    /// impl<H: Handler> Handler for Uploads<H> {
    ///     async fn handle(&self, request: &mut Request) -> Response {
    ///         request.limits_mut().body_size = 10 << 20;
    ///         self.0.handle(request).await
    ///     }
    /// }
    /// # let uploads = Uploads(|request: &mut Request| request.bytes().len().to_string());
    /// # let text = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n{}", "x".repeat(2_000_000));
    /// # let mut request = Request::parse(text).unwrap();
    /// # assert_eq!(switchboard::block_on(uploads.handle(&mut request)).body().len(), Some(7));
    /// ```
    pub fn limits_mut(&mut self) -> &mut Limits {
        self.body.limits_mut()
    }

    /// The limits of this request: the server's, unless they have been changed.
    pub fn limits(&self) -> &Limits {
        self.body.limits()
    }

    /// Tells the client something in front of the answer that is still being made: 103 (Early Hints), as a rule `Link`
    /// fields to preload (RFC 8297). Nothing is sent to an HTTP/1.0 client, or once the answer has begun. Some old
    /// clients take it for the answer: send it to those that say they are browsers, say by `Sec-Fetch-Mode`.
    ///
    /// # Errors
    ///
    /// Those of the socket, and `TimedOut` after [`Limits::send`]: then an answer will not reach the client either.
    ///
    /// It waits for the connection's own loop, so it is for async handlers: within [`block_on`](crate::block_on) it
    /// would wait for ever behind a request that came in the same batch.
    ///
    /// ```
    /// use switchboard::{Headers, Request, Response, asynchronous};
    ///
    /// async fn page(request: &mut Request) -> Response {
    ///     let mut hints = Headers::new();
    ///     hints.append("Link", "</style.css>; rel=preload; as=style").expect("a good field");
    ///     let _ = request.early_hints(&hints).await; // the answer would fail as well
    ///     Response::html("<link rel=stylesheet href=/style.css>")
    /// }
    /// # let mut request = Request::parse("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    /// # switchboard::block_on(switchboard::Handler::handle(&asynchronous(page), &mut request));
    /// ```
    pub async fn early_hints(&mut self, hints: &Headers) -> io::Result<()> {
        if !self.body.link().is_some_and(|link| link.entry.takes_interim()) {
            return Ok(());
        }
        let mut response = Vec::new();
        encode::early_hints(&mut response, hints);
        self.body.interim().push(&response);
        self.body.send_interim().await
    }

    /// Waits for `duration`, at least, and as a rule a millisecond or two more: on the server's shared timer,
    /// whatever the backend. A thread, a coroutine or a task waits, whichever this handler runs on. No limit runs
    /// meanwhile. A client that hangs up is not noticed; if the server stops in earnest, the handler is dropped where
    /// it waits.
    ///
    /// The time starts with the call. The future is `Unpin` and borrows nothing: it can be kept, given away, or raced
    /// with another. But it cannot be raced with the request's body: where a backend blocks its thread, polling the
    /// body blocks until something comes, and no sleep ends that. The limits of the body do, on every backend.
    ///
    /// Without a connection (see [`parse`](Request::parse)), and once the server has ended, it waits on a timer of the
    /// process, whose thread starts with the first such sleep.
    ///
    /// # Panics
    ///
    /// When it is polled, if that thread cannot be started.
    ///
    /// ```
    /// use std::time::Duration;
    /// use switchboard::{Request, asynchronous};
    ///
    /// async fn slow(request: &mut Request) -> &'static str {
    ///     request.sleep(Duration::from_millis(20)).await;
    ///     "Good things take time.\n"
    /// }
    /// # let mut request = Request::parse("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    /// # let since = std::time::Instant::now();
    /// # switchboard::block_on(switchboard::Handler::handle(&asynchronous(slow), &mut request));
    /// # assert!(since.elapsed() >= Duration::from_millis(20));
    /// ```
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.body.deadlines().cloned(), duration)
    }

    /// Runs something that may block its thread, and waits for it: where threads are shared, on one that is kept for
    /// that, otherwise right here. A whole handler that blocks is written [`blocking`](crate::blocking).
    ///
    /// # Errors
    ///
    /// [`Rejected`], which is also the response to give, if there is no place to run it.
    ///
    /// # Panics
    ///
    /// As the job does.
    ///
    /// ```
    /// use switchboard::{Rejected, Request, asynchronous};
    ///
    /// async fn host(request: &mut Request) -> Result<String, Rejected> {
    ///     request.unblock(|| std::fs::read_to_string("/etc/hostname").unwrap_or_default()).await
    /// }
    /// # let mut request = Request::parse("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    /// # switchboard::block_on(switchboard::Handler::handle(&asynchronous(host), &mut request));
    /// ```
    pub async fn unblock<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Rejected> {
        offload::run(self.body.link(), job).await
    }

    /// Whether what blocks may run on this thread.
    pub(crate) fn runs_here(&self) -> bool {
        self.body.link().is_none_or(|link| link.server.offload.is_none())
    }

    pub(crate) fn link(&self) -> Option<&Link> {
        self.body.link()
    }

    /// Moves the request out; what is left belongs to no connection.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::empty(RequestBody::detached(&[]), None))
    }

    /// Takes the next head from the input, if it is complete there.
    pub(crate) fn take_head(&mut self, limits: &Limits) -> Result<bool, Refusal> {
        if self.body.input().filled().is_empty() {
            return Ok(false);
        }
        let taken = self.parse_head(limits);
        if !matches!(taken, Ok(Some(_))) {
            self.line = RequestLine::NONE; // it would point into a text that is not there
        }
        let Some(end) = taken? else { return Ok(false) };
        self.framing = parse::framing(&self.headers, self.line.version)?;
        self.body.begin(end, self.framing);
        Ok(true)
    }

    /// Where the head in the input ends, whose line and fields are then known.
    fn parse_head(&mut self, limits: &Limits) -> Result<Option<usize>, Refusal> {
        let Self { line, headers, scan, body, .. } = self;
        let bytes = body.input().filled();
        let mut parse = |text: &[u8], fields: &mut Vec<Field>| parse::head(text, limits, line, fields);
        // Nearly every head arrives whole and is good: it need not be searched for its end first.
        if scan.is_fresh()
            && let Ok(end) = headers.receive(bytes, &mut parse)
        {
            return Ok(Some(end));
        }
        let Some(found) = scan.find_head(bytes, limits)? else { return Ok(None) };
        headers.receive(&bytes[found.clone()], parse)?;
        Ok(Some(found.end))
    }

    /// Whether something of the next request has been received; empty lines do not count.
    pub(crate) fn has_begun(&self) -> bool {
        self.body.input().filled().iter().any(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// Whether a request that is refused would have been a HEAD, whose answers have no body whatever they say.
    pub(crate) fn begins_like_head(&self) -> bool {
        let mut bytes = self.body.input().filled();
        while let Some(behind) = bytes.strip_prefix(b"\r\n") {
            bytes = behind;
        }
        bytes.starts_with(b"HEAD ")
    }

    /// Whether the client asks for `protocol` on this connection (RFC 9110 section 7.8).
    pub(crate) fn asks_for(&self, protocol: &str) -> bool {
        let lists = |name: &str, wanted: &str| {
            let mut members = self.headers.values(name).flat_map(|value| value.split(|&byte| byte == b','));
            members.any(|member| syntax::trim(member).eq_ignore_ascii_case(wanted.as_bytes()))
        };
        self.line.version >= Version::Http11 && lists("connection", "upgrade") && lists("upgrade", protocol)
    }

    /// Whether it is `OPTIONS *`, which asks whether the server is there (RFC 9110 section 9.3.7).
    pub(crate) fn concerns_the_server(&self) -> bool {
        self.line.target.of(self.headers.text()) == b"*"
    }

    pub(crate) fn is_head(&self) -> bool {
        self.line.method.of(self.headers.text()) == b"HEAD"
    }

    pub(crate) fn line(&self) -> RequestLine {
        self.line
    }

    pub(crate) fn framing(&self) -> Framing {
        self.framing
    }

    pub(crate) fn body_ref(&self) -> &RequestBody {
        &self.body
    }
}

/// The parser lets only ASCII into a method, and only UTF-8 into a target.
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("the parser checked it")
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("target", &self.target())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
