//! What answers a request. The only thing most users write.
//!
//! A handler is a plain function or closure over `&mut Request`, an asynchronous one through
//! [`asynchronous`], or a type of one's own that implements [`Handler`]. The connection loop is generic over
//! it and erased once per connection, so nothing is boxed per request.

use crate::{IntoResponse, Request, Response};
use std::future::Future;

/// Answers requests, many at once.
///
/// Every function or closure `Fn(&mut Request) -> impl IntoResponse` is one (a closure names the type of its argument,
/// or goes through [`plain`]). It is given a request whose body has been read whole into
/// [`Request::bytes`], up to [`Limits::body_size`](crate::Limits::body_size); a longer body is answered 413 before it
/// is called. It may block: that holds up its own connection, and on backends that share threads the others on its
/// thread.
///
/// ```
/// use switchboard::{Handler, Request, Response, Status};
///
/// fn shout(request: &mut Request) -> Result<String, Status> {
///     match (request.method(), request.path()) {
///         ("GET" | "HEAD", "/") => Ok("Send me a text.\n".to_string()),
///         ("POST", "/") => Ok(String::from_utf8_lossy(request.bytes()).to_uppercase()),
///         _ => Err(Status::NOT_FOUND),
///     }
/// }
/// # fn is_handler(_: impl Handler) {}
/// # is_handler(shout);
/// ```
///
/// A HEAD is answered as a GET is; the server leaves the body out.
///
/// A handler that panics costs its own request (500) and connection, nothing else, where panics unwind.
///
/// A type of one's own:
///
/// ```
/// use switchboard::{Handler, Request, Response, Status};
///
/// struct Greeter { name: String }
///
/// impl Handler for Greeter {
///     async fn handle(&self, request: &mut Request) -> Response {
///         match request.path() {
///             "/" => Response::text(format!("Hello, {}!", self.name)),
///             _ => Response::new(Status::NOT_FOUND),
///         }
///     }
/// }
///
/// let greeter = Greeter { name: "World".into() };
/// let mut request = Request::parse("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
/// let response = switchboard::block_on(greeter.handle(&mut request));
/// assert_eq!(response.body().len(), Some(13));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is `fn(&mut Request) -> R` or a closure `|r: &mut Request| ...` where `R: IntoResponse`",
    note = "an `async` function goes through `asynchronous(f)`; a closure whose argument has no type through `plain(f)`"
)]
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: &mut Request) -> impl Future<Output = Response> + Send;
}

impl<F, R> Handler for F
where
    F: Fn(&mut Request) -> R + Send + Sync + 'static,
    R: IntoResponse,
{
    async fn handle(&self, request: &mut Request) -> Response {
        if let Err(error) = request.body().read().await {
            return error.into_response();
        }
        self(request).into_response()
    }
}

/// A closure as it is; lets the compiler find out the type of its argument.
///
/// ```
/// use switchboard::{Handler, plain};
///
/// fn is_handler(_: impl Handler) {}
/// is_handler(plain(|request| request.path().to_string()));
/// ```
pub fn plain<F, R>(f: F) -> F
where
    F: Fn(&mut Request) -> R + Send + Sync + 'static,
    R: IntoResponse,
{
    f
}

/// An `async fn(&mut Request) -> impl IntoResponse`, or an async closure that captures nothing, as a handler.
///
/// It may read the body piece by piece, and wait for other things than its thread: see
/// [`RequestBody`](crate::RequestBody). One that needs state is [`with`] that state, or a type of its own.
///
/// ```
/// use switchboard::{BodyError, Handler, Request, asynchronous};
///
/// async fn count(request: &mut Request) -> Result<String, BodyError> {
///     let mut bytes = 0;
///     while let Some(piece) = request.body().chunk().await? {
///         bytes += piece.len();
///     }
///     Ok(format!("{bytes} bytes\n"))
/// }
///
/// let text = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
/// let mut request = Request::parse(text).unwrap();
/// let response = switchboard::block_on(asynchronous(count).handle(&mut request));
/// assert_eq!(response.body().len(), Some(8));
/// ```
pub fn asynchronous<F>(f: F) -> Asynchronous<F>
where
    F: for<'r> AsyncCall<'r>,
{
    Asynchronous(f)
}

/// The handler [`asynchronous`] makes.
#[derive(Debug, Clone)]
pub struct Asynchronous<F>(F);

/// An async function over a borrowed request. The trait gives the lifetime of the borrow, which the returned
/// future shares, a name; there is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async function over `&mut Request`",
    note = "write `async fn f(request: &mut Request) -> R`, or `async |request: &mut Request| ...`, capturing nothing",
    note = "one that captures state is written `with(state, async |state: &S, request: &mut Request| ...)`"
)]
pub trait AsyncCall<'r>: Send + Sync + 'static {
    /// Calls the function and turns its output into a response.
    fn call(&self, request: &'r mut Request) -> impl Future<Output = Response> + Send;
}

impl<'r, F, Fut> AsyncCall<'r> for F
where
    F: Fn(&'r mut Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoResponse> + Send + 'r,
{
    fn call(&self, request: &'r mut Request) -> impl Future<Output = Response> + Send {
        let future = self(request);
        async { future.await.into_response() }
    }
}

impl<F> Handler for Asynchronous<F>
where
    F: for<'r> AsyncCall<'r>,
{
    fn handle(&self, request: &mut Request) -> impl Future<Output = Response> + Send {
        self.0.call(request)
    }
}

/// An async function over some state and the request, with the state it is given at every call.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use switchboard::{Handler, Request, with};
///
/// fn is_handler(_: impl Handler) {}
/// is_handler(with(AtomicU64::new(0), async |visits: &AtomicU64, _: &mut Request| {
///     format!("You are visitor number {}.\n", visits.fetch_add(1, Ordering::Relaxed) + 1)
/// }));
/// ```
pub fn with<S, F>(state: S, f: F) -> With<S, F>
where
    S: Send + Sync + 'static,
    F: for<'r> AsyncCallWith<'r, S>,
{
    With { state, f }
}

/// The handler [`with`] makes.
#[derive(Debug, Clone)]
pub struct With<S, F> {
    state: S,
    f: F,
}

/// As [`AsyncCall`], with some state; there is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async function over `&{S}` and `&mut Request`",
    note = "write `async |state: &S, request: &mut Request| ...`"
)]
pub trait AsyncCallWith<'r, S>: Send + Sync + 'static {
    /// Calls the function and turns its output into a response.
    fn call(&self, state: &'r S, request: &'r mut Request) -> impl Future<Output = Response> + Send;
}

impl<'r, S, F, Fut> AsyncCallWith<'r, S> for F
where
    S: 'r,
    F: Fn(&'r S, &'r mut Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoResponse> + Send + 'r,
{
    fn call(&self, state: &'r S, request: &'r mut Request) -> impl Future<Output = Response> + Send {
        let future = self(state, request);
        async { future.await.into_response() }
    }
}

impl<S, F> Handler for With<S, F>
where
    S: Send + Sync + 'static,
    F: for<'r> AsyncCallWith<'r, S>,
{
    async fn handle(&self, request: &mut Request) -> Response {
        self.f.call(&self.state, request).await
    }
}
