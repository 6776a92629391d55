//! What makes the bytes of a body while it is sent: a [`Producer`], and those made of an iterator, a reader and an
//! async function.
//!
//! A producer is asked for more only when the client has taken what came before, up to [`ROOM`] bytes: so a slow client
//! slows it down.

use crate::offload;
use crate::sleep::Sleep;
use crate::table::Deadlines;
use crate::transport::TURN;
use crate::{Body, Headers, Request};
use std::future::poll_fn;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// How many bytes may be ready and not sent.
pub(crate) const ROOM: usize = 16 << 10;

/// Makes the bytes of a [`Body::Stream`], a piece at a time.
///
/// The request is lent at every pull, so that an answer can be made from the request's body while that is
/// still arriving. (A body that is too long to be read away, see [`Limits::drain_size`](crate::Limits::drain_size),
/// closes the connection behind the answer, because that is said before the first pull.)
pub trait Producer: Send + 'static {
    /// Appends the next piece to `out`. `Ready(Ok(true))`: pull again once that is sent; `Ready(Ok(false))`:
    /// that was the last one; an error cuts the connection, so that the client can tell, and so does a panic.
    ///
    /// A piece that should be sent before more of the request is waited for is returned with `Ready(Ok(true))`: on a
    /// blocking backend, reading the request's body in the same call waits with the piece unsent.
    fn poll_produce(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        out: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>>;

    /// How many bytes there will be, if that is known beforehand. Then the client knows as well, also one that asks by
    /// HEAD or speaks HTTP/1.0. If it turns out to be wrong, the connection is closed and an event says so.
    fn length(&self) -> Option<u64> {
        None
    }

    /// Fields that are known only now that the last piece has been made. They are sent behind it, where that can be: in
    /// the chunked coding (RFC 9112 section 7.1.2). Clients may drop them. Those that frame, route or encode the
    /// message are left out (RFC 9110 section 6.5.1).
    fn trailers(&mut self) -> Headers {
        Headers::new()
    }
}

impl Body {
    /// What `producer` makes while it is sent.
    pub fn stream(producer: impl Producer) -> Self {
        Self::Stream(Box::new(producer))
    }

    /// The pieces of an iterator, sent as they come; up to 16 KiB are gathered. It is asked on the connection's thread,
    /// so it should not block: [`reader`](Body::reader) may.
    ///
    /// ```
    /// use switchboard::{Body, Request, Response};
    ///
    /// fn countdown(_: &mut Request) -> Response {
    ///     Response::text(Body::pieces((1..=1_000_000).rev().map(|n| format!("{n}\n"))))
    /// }
    /// # switchboard::plain(countdown);
    /// ```
    pub fn pieces<I>(pieces: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>, IntoIter: Send + 'static>,
    {
        Self::stream(Pieces(pieces.into_iter()))
    }

    /// What can be read from `reader`, up to its end. It may block: where threads are shared, it is read on one that is
    /// kept for that. While it blocks, nobody notices that the client has gone, and the connection keeps its place. An
    /// error cuts the connection: a child process whose output is sent wants a reader of its own, which waits for it
    /// and makes an error of a bad status. For files there is [`Body::File`].
    ///
    /// ```
    /// use switchboard::{Body, Request, Response, Status};
    /// use std::net::TcpStream;
    ///
    /// /// Whatever another service says.
    /// fn relay(_: &mut Request) -> Result<Response, Status> {
    ///     let service = TcpStream::connect("127.0.0.1:9000").map_err(|_| Status::BAD_GATEWAY)?;
    ///     Ok(Response::text(Body::reader(service)))
    /// }
    /// # switchboard::plain(relay);
    /// ```
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self::stream(Reader::Here(Box::new(reader)))
    }

    /// What an async function writes into a [`Sink`], sent while it runs. Its error cuts the connection; it is dropped
    /// where it waits when the client has gone.
    ///
    /// ```
    /// use std::time::Duration;
    /// use switchboard::{Body, Request, Response};
    ///
    /// fn clock(_: &mut Request) -> Response {
    ///     let body = Body::written(async |mut sink| {
    ///         let mut tick = 0;
    ///         while !sink.is_stopping() {
    ///             tick += 1;
    ///             sink.send(format!("data: {tick}\n\n")).await; // goes out when the function waits
    ///             sink.sleep(Duration::from_secs(1)).await;
    ///         }
    ///         Ok(())
    ///     });
    ///     Response::text(body).with_content_type("text/event-stream")
    /// }
    /// # switchboard::plain(clock);
    /// ```
    pub fn written<F, Fut>(f: F) -> Self
    where
        F: FnOnce(Sink) -> Fut,
        Fut: Future<Output = io::Result<()>> + Send + 'static,
    {
        let shared = Arc::new(Mutex::new(Written::default()));
        let writing = Box::pin(f(Sink(shared.clone())));
        Self::stream(Writing { writing, shared })
    }

    /// Promises that a stream has `length` bytes: see [`Producer::length`]. Other bodies know their length, and stay as
    /// they are.
    pub fn with_length(self, length: u64) -> Self {
        match self {
            Self::Stream(producer) => Self::stream(Promised { producer, length }),
            other => other,
        }
    }
}

/// A stream whose length somebody else knows.
struct Promised {
    producer: Box<dyn Producer>,
    length: u64,
}

impl Producer for Promised {
    fn poll_produce(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        out: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>> {
        self.producer.poll_produce(cx, request, out)
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }
}

struct Pieces<I>(I);

impl<I: Iterator<Item: AsRef<[u8]>> + Send + 'static> Producer for Pieces<I> {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        let piece = self.0.next();
        out.extend_from_slice(piece.as_ref().map_or(&[], AsRef::as_ref));
        Poll::Ready(Ok(piece.is_some()))
    }
}

/// What has been read, and the reader.
type Reading = Pin<Box<dyn Future<Output = io::Result<(AnyReader, Vec<u8>)>> + Send>>;

/// Boxed, because it is moved to and fro: a large one would be copied through small stacks each time.
type AnyReader = Box<dyn Read + Send>;

enum Reader {
    Here(AnyReader),
    Away(Reading),
    Gone,
}

impl Producer for Reader {
    fn poll_produce(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        out: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>> {
        if let Some(link) = request.link() {
            ready!(link.poll_settled(cx)); // what follows may block: what came before goes out first
        }
        let mut reading = match std::mem::replace(self, Self::Gone) {
            Self::Here(mut reader) if request.runs_here() => {
                let read = read_piece(&mut reader, out);
                *self = Self::Here(reader);
                return Poll::Ready(read);
            }
            Self::Here(reader) => read_elsewhere(reader, request),
            Self::Away(reading) => reading,
            Self::Gone => return Poll::Ready(Err(io::Error::other("the reader has failed"))),
        };
        let Poll::Ready(read) = reading.as_mut().poll(cx) else {
            *self = Self::Away(reading);
            return Poll::Pending;
        };
        let (reader, piece) = read?;
        *self = Self::Here(reader);
        out.extend_from_slice(&piece);
        Poll::Ready(Ok(!piece.is_empty()))
    }
}

fn read_elsewhere(mut reader: AnyReader, request: &Request) -> Reading {
    let link = request.link().cloned();
    let job = move || {
        let mut piece = Vec::new();
        read_piece(&mut reader, &mut piece).map(|_| (reader, piece))
    };
    Box::pin(async move { offload::run(link.as_ref(), job).await.unwrap_or_else(|error| Err(io::Error::other(error))) })
}

/// Appends what one read brings; false at the end.
fn read_piece(reader: &mut AnyReader, out: &mut Vec<u8>) -> io::Result<bool> {
    let before = out.len();
    out.resize(before + TURN, 0);
    let read = loop {
        match reader.read(&mut out[before..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result,
        }
    };
    out.truncate(before + *read.as_ref().unwrap_or(&0));
    read.map(|read| read > 0)
}

/// Where an async function writes its body: see [`Body::written`].
#[derive(Debug)]
pub struct Sink(Arc<Mutex<Written>>);

/// What the function has written, and what it is given.
#[derive(Default)]
struct Written {
    unsent: Vec<u8>,
    trailers: Headers,
    deadlines: Option<Arc<Deadlines>>,
    /// Who waits until it is taken.
    waiting: Option<Waker>,
    /// Nobody will take anything any more.
    is_over: bool,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").field("unsent", &self.unsent.len()).finish_non_exhaustive()
    }
}

impl Sink {
    /// Adds a piece. It goes out when the function waits, or when 16 KiB have gathered: then this waits for the client
    /// to take them.
    pub async fn send(&mut self, piece: impl AsRef<[u8]>) {
        let full = {
            let mut written = lock(&self.0);
            written.unsent.extend_from_slice(piece.as_ref());
            written.unsent.len() >= ROOM
        };
        if full {
            self.flush().await;
        }
    }

    /// Waits until all that was sent is on its way, or nobody will take it any more.
    pub async fn flush(&mut self) {
        poll_fn(|cx| {
            let waker = cx.waker().clone(); // somebody else's: with no lock held
            let mut written = lock(&self.0);
            if written.unsent.is_empty() || written.is_over {
                return Poll::Ready(());
            }
            let before = written.waiting.replace(waker);
            drop(written);
            drop(before);
            Poll::Pending
        })
        .await;
    }

    /// Fields to send behind the body: see [`Producer::trailers`].
    pub fn set_trailers(&mut self, trailers: Headers) {
        lock(&self.0).trailers = trailers;
    }

    /// Whether the server is stopping: then the function should come to its end. When the time for that is over, it is
    /// dropped where it waits.
    pub fn is_stopping(&self) -> bool {
        lock(&self.0).deadlines.as_ref().is_some_and(|deadlines| deadlines.is_stopping())
    }

    /// Waits for `duration`, as [`Request::sleep`].
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(lock(&self.0).deadlines.clone(), duration)
    }
}

struct Writing<Fut> {
    writing: Pin<Box<Fut>>,
    shared: Arc<Mutex<Written>>,
}

impl<Fut: Future<Output = io::Result<()>> + Send + 'static> Producer for Writing<Fut> {
    fn poll_produce(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        out: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>> {
        if lock(&self.shared).deadlines.is_none() {
            lock(&self.shared).deadlines = request.body().deadlines().cloned();
        }
        let polled = self.writing.as_mut().poll(cx);
        let mut written = lock(&self.shared);
        out.append(&mut written.unsent);
        let waiting = written.waiting.take();
        drop(written);
        waiting.into_iter().for_each(Waker::wake);
        ready!(polled)?;
        Poll::Ready(Ok(false))
    }

    fn trailers(&mut self) -> Headers {
        std::mem::take(&mut lock(&self.shared).trailers)
    }
}

/// A sink that was kept is of no use any more.
impl<Fut> Drop for Writing<Fut> {
    fn drop(&mut self) {
        let mut written = lock(&self.shared);
        written.is_over = true;
        let waiting = written.waiting.take();
        drop(written);
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn lock(written: &Mutex<Written>) -> MutexGuard<'_, Written> {
    written.lock().unwrap_or_else(PoisonError::into_inner)
}
