//! The body of a response, as data.
//!
//! A handler says *what* to send and never how: the connection loop frames it and the backend's transport moves
//! it. So a handler never touches a socket, and can be tested without one.

use crate::transport::read_at;
use crate::{Producer, Request};
use std::fs::File;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{fmt, io};

/// What a response carries.
#[non_exhaustive]
#[derive(Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes that live as long as the program.
    Static(&'static [u8]),
    /// Bytes of its own.
    Bytes(Vec<u8>),
    /// Bytes shared with others, say with a cache.
    Shared(Arc<[u8]>),
    /// `len` bytes of `file` from `offset` on. If the file turns out to be shorter, the connection is closed
    /// where it ends.
    File {
        /// The file, open for reading. Shared, so that an open file can be kept for the next request.
        file: Arc<File>,
        /// Where to begin, in bytes.
        offset: u64,
        /// How many bytes to send.
        len: u64,
    },
    /// Bytes produced while they are sent. If nobody knows yet how many: chunked to an HTTP/1.1 client, until the
    /// connection closes to an older one. [`Body::stream`], [`pieces`](Body::pieces), [`reader`](Body::reader) and
    /// [`written`](Body::written) make it.
    Stream(Box<dyn Producer>),
}

impl Body {
    /// The length in bytes, if it is known beforehand.
    ///
    /// ```
    /// assert_eq!(switchboard::Body::from("Hello").len(), Some(5));
    /// ```
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::File { len, .. } => Some(*len),
            Self::Stream(producer) => unharmed_length(&**producer),
            _ => Some(self.in_memory().len() as u64),
        }
    }

    /// All of its bytes, for trying a handler without a server. A stream is lent `request`, and its trailers are
    /// dropped.
    ///
    /// # Errors
    ///
    /// Those of a file or a stream; `UnexpectedEof` if a file is shorter than was said.
    ///
    /// ```
    /// use switchboard::{Body, Handler, Request, Response, block_on, plain};
    ///
    /// let handler = plain(|_| Response::text(Body::pieces(["Hello, ", "World!"])));
    /// let mut request = Request::parse("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    /// let response = block_on(handler.handle(&mut request));
    /// assert_eq!(block_on(response.into_body().collect(&mut request)).unwrap(), b"Hello, World!");
    /// ```
    pub async fn collect(self, request: &mut Request) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self {
            Self::File { file, offset, len } => {
                bytes.resize(usize::try_from(len).map_err(io::Error::other)?, 0);
                if read_at(&file, &mut bytes, offset)? < bytes.len() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Self::Stream(mut producer) => while poll_fn(|cx| producer.poll_produce(cx, request, &mut bytes)).await? {},
            body => bytes.extend_from_slice(body.in_memory()),
        }
        Ok(bytes)
    }

    /// The bytes of a body that has them in memory; nothing for the others.
    pub(crate) fn in_memory(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Bytes(bytes) => bytes,
            Self::Shared(bytes) => bytes,
            Self::Empty | Self::File { .. } | Self::Stream(_) => &[],
        }
    }
}

/// None, if asking for it panics; that has been printed.
fn unharmed_length(producer: &dyn Producer) -> Option<u64> {
    catch_unwind(AssertUnwindSafe(|| producer.length())).ok()?
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(len) => write!(f, "Body({len} bytes)"),
            None => write!(f, "Body(stream)"),
        }
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::Static(text.as_bytes())
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Static(bytes)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Bytes(text.into_bytes())
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Arc<[u8]>> for Body {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::Shared(bytes)
    }
}
