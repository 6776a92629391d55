//! Errors, each saying who is at fault, what was seen and what to do about it.

use crate::word::Ending;
use crate::{IntoResponse, Response, Status};
use std::{error::Error, fmt, io, net::SocketAddr};

/// The client sent something that is not answered by a handler: the status and the reason it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: Status,
    /// What was wrong with the request, for the text of the answer.
    pub reason: &'static str,
}

impl Refusal {
    pub(crate) const fn new(status: Status, reason: &'static str) -> Self {
        Self { status, reason }
    }

    pub(crate) const fn bad_request(reason: &'static str) -> Self {
        Self::new(Status::BAD_REQUEST, reason)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.reason)
    }
}

impl Error for Refusal {}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Response::text(format!("{self}\n")).with_status(self.status)
    }
}

/// The body of a request could not be read to its end. As a response it is what the client should be told.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is longer than it may be: 413.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The chunked coding is broken: 400.
    Malformed(&'static str),
    /// The client stopped sending, or was too slow: 408.
    TimedOut,
    /// The connection ended before the body did.
    Closed(io::Error),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body is longer than {limit} bytes"),
            Self::Malformed(reason) => write!(f, "{reason}"),
            Self::TimedOut => write!(f, "the body did not arrive in time"),
            Self::Closed(error) => write!(f, "the connection ended within the body: {error}"),
        }
    }
}

impl Error for BodyError {}

impl IntoResponse for BodyError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::TooLarge { .. } => Status::CONTENT_TOO_LARGE,
            Self::Malformed(_) | Self::Closed(_) => Status::BAD_REQUEST,
            Self::TimedOut => Status::REQUEST_TIMEOUT,
        };
        Response::text(format!("{status}: {self}\n")).with_status(status)
    }
}

impl From<Ending> for io::Error {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Expired(_) => Self::new(io::ErrorKind::TimedOut, "the client was too slow"),
            Ending::Aborted => Self::new(io::ErrorKind::ConnectionAborted, "the server is stopping"),
        }
    }
}

/// A field name or value that must not go on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    name: String,
    value: String,
}

impl InvalidField {
    pub(crate) fn new(name: &str, value: &[u8]) -> Self {
        Self { name: name.into(), value: String::from_utf8_lossy(value).into() }
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the field {:?}: {:?} cannot be sent: a name is a token, and a value has no control characters",
            self.name, self.value
        )
    }
}

impl Error for InvalidField {}

/// A backend could not take a connection, or a job of its handler. Any error becomes one by `.map_err(Rejected::new)?`.
#[derive(Debug)]
pub struct Rejected(Box<dyn Error + Send + Sync>);

impl Rejected {
    /// Says why.
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the backend has no place to run: {}", self.0)
    }
}

impl Error for Rejected {}

/// What a client is told whose request had no place to run.
impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        let status = Status::SERVICE_UNAVAILABLE;
        Response::text(format!("{status}: there is no place to run this\n")).with_status(status)
    }
}

impl From<io::Error> for Rejected {
    fn from(error: io::Error) -> Self {
        Self::new(error)
    }
}

/// Why the server does not listen, with a way out.
pub(crate) fn cannot_listen(addresses: &[SocketAddr], error: io::Error) -> io::Error {
    let at = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied; try a port above 1023",
        io::ErrorKind::AddrInUse => "address already in use; try another port, or 0 for any that is free",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; try 127.0.0.1 or 0.0.0.0",
        _ => return io::Error::new(error.kind(), format!("cannot listen on {at}: {error}")),
    };
    io::Error::new(error.kind(), format!("cannot listen on {at}: {advice}"))
}
