//! What a handler answers with, and the types that turn into it.

use crate::error::InvalidField;
use crate::http1::syntax::{is_field_value, is_token};
use crate::upgrade::{Upgrade, Upgraded};
use crate::{Body, Headers, Status};
use std::borrow::Cow;
use std::fmt;

/// An answer: a status, fields and a body.
///
/// The fields that frame the message (Content-Length, Transfer-Encoding, Connection, Upgrade, Date) are the server's
/// own: it writes them as the body and the connection need them, and leaves out a handler's.
///
/// ```
/// use switchboard::{Response, Status};
///
/// let response = Response::text("There is no such page.\n")
///     .with_status(Status::NOT_FOUND)
///     .with_header("Cache-Control", "no-store");
/// assert_eq!(response.headers().get("cache-control"), Some("no-store"));
/// ```
#[derive(Debug)]
pub struct Response {
    pub(crate) status: Status,
    pub(crate) headers: Headers,
    /// Beside the other fields because nearly every response has one and needs no allocation for it.
    pub(crate) content_type: Option<Cow<'static, str>>,
    pub(crate) body: Body,
    pub(crate) close: bool,
    pub(crate) upgrade: Option<Upgrade>,
}

impl Response {
    /// An answer without fields or body.
    pub fn new(status: Status) -> Self {
        Self { status, headers: Headers::new(), content_type: None, body: Body::Empty, close: false, upgrade: None }
    }

    /// 200 with a text.
    pub fn text(text: impl Into<Body>) -> Self {
        Self::typed("text/plain; charset=utf-8", text.into())
    }

    /// 200 with an HTML page.
    pub fn html(page: impl Into<Body>) -> Self {
        Self::typed("text/html; charset=utf-8", page.into())
    }

    fn typed(content_type: &'static str, body: Body) -> Self {
        Self { content_type: Some(content_type.into()), body, ..Self::new(Status::OK) }
    }

    /// A redirect to `location`, a URI reference.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if `location` has characters that cannot stand in a field.
    pub fn redirect(status: Status, location: &str) -> Result<Self, InvalidField> {
        let mut response = Self::new(status);
        response.headers.append("location", location)?;
        Ok(response)
    }

    /// 405, with the methods there are.
    ///
    /// ```
    /// use switchboard::Response;
    ///
    /// let response = Response::method_not_allowed(&["GET", "HEAD"]);
    /// assert_eq!(response.headers().get("allow"), Some("GET, HEAD"));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`with_header`](Response::with_header).
    pub fn method_not_allowed(allowed: &[&str]) -> Self {
        Status::METHOD_NOT_ALLOWED.into_response().with_header("allow", allowed.join(", "))
    }

    /// Hands the connection over to `speak`, for another protocol, if the client has asked for it (`Upgrade: protocol`,
    /// with `Connection: upgrade`, in HTTP/1.1); otherwise the answer is 426 (Upgrade Required). Fields set on the
    /// response are sent with either; status and body are not. What is left of the request's body is read away first;
    /// if that fails, or is too long, or the server is stopping, the answer says so and the connection closes. It also
    /// ends with `speak`. (RFC 9110 section 7.8.)
    ///
    /// ```
    /// use switchboard::{Request, Response, Server, Threads};
    ///
    /// fn echo(_: &mut Request) -> Response {
    ///     Response::upgrade("echo", async |mut stream| {
    ///         let mut buffer = [0; 1024];
    ///         while let Ok(len @ 1..) = stream.read(&mut buffer).await {
    ///             if stream.write_all(&buffer[..len]).await.is_err() {
    ///                 return;
    ///             }
    ///         }
    ///     })
    /// }
    /// # let _ = Server::bind("127.0.0.1:0")?.spawn(Threads::new(), echo)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If `protocol` is not a token, or two with a slash between (a name and a version).
    pub fn upgrade<F, Fut>(protocol: &str, speak: F) -> Self
    where
        F: FnOnce(Upgraded) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut parts = protocol.splitn(2, '/');
        assert!(parts.all(|part| is_token(part.as_bytes())), "{protocol:?} is not the name of a protocol");
        let response = Self::new(Status::SWITCHING_PROTOCOLS).with_header("upgrade", protocol);
        Self { upgrade: Some(Upgrade::new(speak)), ..response }
    }

    /// With another status.
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// With a field set, replacing those of its name.
    ///
    /// # Panics
    ///
    /// If the name is not a token or the value has control characters: such a field never goes on the wire.
    /// For values that come from outside, [`headers_mut`](Response::headers_mut) and
    /// [`Headers::insert`] tell instead.
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.headers_mut().insert(name, value) {
            panic!("{error}");
        }
        self
    }

    /// With a Content-Type.
    ///
    /// # Panics
    ///
    /// As [`with_header`](Response::with_header).
    pub fn with_content_type(mut self, content_type: impl Into<Cow<'static, str>>) -> Self {
        let content_type = content_type.into();
        assert!(is_field_value(content_type.as_bytes()), "a Content-Type has no control characters: {content_type:?}");
        self.headers.remove("content-type");
        self.content_type = Some(content_type);
        self
    }

    /// With another body.
    pub fn with_body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Closes the connection after this answer.
    pub fn with_close(mut self) -> Self {
        self.close = true;
        self
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The fields, without those the server adds, and without a Content-Type that was not set as a field (see
    /// [`content_type`](Response::content_type)).
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The fields, to change them. A Content-Type set before is among them.
    pub fn headers_mut(&mut self) -> &mut Headers {
        if let Some(content_type) = self.content_type.take() {
            let checked = self.headers.append("content-type", content_type.as_bytes());
            debug_assert!(checked.is_ok(), "with_content_type has checked it");
        }
        &mut self.headers
    }

    /// The media type of the body.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref().or_else(|| self.headers.get("content-type"))
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Takes the body out.
    pub fn into_body(self) -> Body {
        self.body
    }
}

/// What a handler may return.
///
/// | type | response |
/// |---|---|
/// | `&'static str`, `String` | 200, `text/plain; charset=utf-8` |
/// | `&'static [u8]`, `Vec<u8>` | 200, `application/octet-stream` |
/// | [`Status`] | that status with its reason as text |
/// | `()` | 204 |
/// | `(Status, R)` | `R` with that status |
/// | `Result<R, E>` | that of `R` or of `E` |
/// | `Option<R>` | that of `R`, or 404 |
/// | [`Response`] | itself |
///
/// A response owns what it carries: text or bytes of the request are copied into it (`.to_string()`, `.to_vec()`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    label = "a handler returns text, bytes, a `Status`, a `Response`, or a `Result` or `Option` of these",
    note = "an `async` function goes through `asynchronous(f)`",
    note = "an error type of your own becomes a response by `impl IntoResponse for ...`; others, by `map_err`"
)]
pub trait IntoResponse {
    /// The response this stands for.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Response {
        Response::text(self)
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response {
        Response::text(self)
    }
}

impl IntoResponse for &'static [u8] {
    fn into_response(self) -> Response {
        Response::typed("application/octet-stream", self.into())
    }
}

impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Response {
        Response::typed("application/octet-stream", self.into())
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        if self.is_bodyless() {
            return Response::new(self);
        }
        Response::text(format!("{self}\n")).with_status(self)
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        Response::new(Status::NO_CONTENT)
    }
}

impl<R: IntoResponse> IntoResponse for (Status, R) {
    fn into_response(self) -> Response {
        self.1.into_response().with_status(self.0)
    }
}

impl<R: IntoResponse, E: IntoResponse> IntoResponse for Result<R, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(response) => response.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

impl<R: IntoResponse> IntoResponse for Option<R> {
    fn into_response(self) -> Response {
        match self {
            Some(response) => response.into_response(),
            None => Status::NOT_FOUND.into_response(),
        }
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {:?}", self.status, self.body)
    }
}
