//! What a server reports while it runs. The library itself never prints.

use crate::{Headers, Rejected, Status, Version};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Something worth a log line; its text is one.
///
/// Given to [`Server::observer`](crate::Server::observer).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request was answered by its handler. The answer has been written (a small one perhaps held back for a moment,
    /// for company), or broke off; of another protocol, it is the 101 that is meant.
    #[non_exhaustive]
    Answered {
        /// The client.
        peer: SocketAddr,
        /// The method of the request.
        method: &'a str,
        /// The target of the request, as it was sent.
        target: &'a str,
        /// The version of HTTP the client speaks.
        version: Version,
        /// The fields of the request, as they came: what is written into a log has to be escaped.
        headers: &'a Headers,
        /// The status of the answer.
        status: Status,
        /// The length of the body in bytes, where it is known beforehand.
        length: Option<u64>,
        /// From the end of the request's head to the end of the answer.
        took: Duration,
        /// Whether the answer could be sent to its end: no, if the client left or took too long, or the server stopped.
        is_complete: bool,
    },
    /// A request was refused before a handler saw it.
    #[non_exhaustive]
    Refused {
        /// The client.
        peer: SocketAddr,
        /// The status it was told.
        status: Status,
        /// The reason it was told.
        reason: &'a str,
    },
    /// A handler panicked, and its client was answered 500; or a [`Producer`](crate::Producer) did, or what speaks
    /// another protocol, and its client was cut off.
    #[non_exhaustive]
    Panicked {
        /// The client.
        peer: SocketAddr,
        /// The target of the request, as it was sent.
        target: &'a str,
    },
    /// A body was not as long as its head had said: a stream that was promised to be (see
    /// [`Body::with_length`](crate::Body::with_length)), or a file that has shrunk. What was too much was not sent; the
    /// connection is closed.
    #[non_exhaustive]
    WrongLength {
        /// The client.
        peer: SocketAddr,
        /// The target of the request, as it was sent.
        target: &'a str,
        /// How many bytes were promised.
        promised: u64,
        /// How many there were, at least.
        produced: u64,
    },
    /// A body could not be had to its end: a file could not be read, or what makes a stream has failed. The connection
    /// is closed, so that the client can tell.
    #[non_exhaustive]
    BodyFailed {
        /// The client.
        peer: SocketAddr,
        /// The target of the request, as it was sent.
        target: &'a str,
        /// Why.
        error: &'a io::Error,
    },
    /// Accepting fails, and is tried again at growing intervals. Reported once until it works again.
    #[non_exhaustive]
    AcceptFailed {
        /// Why.
        error: &'a io::Error,
    },
    /// Accepting has ended although nobody asked for it: the server gets no more connections.
    #[non_exhaustive]
    AcceptEnded {
        /// Why, if the backend says so.
        error: Option<&'a io::Error>,
    },
    /// A client came when [`Limits::connections`](crate::Limits::connections) were open, and was turned away: see
    /// [`Overload`](crate::Overload).
    #[non_exhaustive]
    Overloaded {
        /// The client.
        peer: SocketAddr,
    },
    /// The backend could not take a connection; the client was answered 503.
    #[non_exhaustive]
    Rejected {
        /// Why.
        reason: &'a Rejected,
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { peer, method, target, status, length, took, is_complete, .. } => {
                // Escaped, because a terminal obeys some characters beyond ASCII.
                write!(f, "{peer} \"{method} {}\" {} ", target.escape_debug(), status.code())?;
                match length {
                    Some(length) => write!(f, "{length} ")?,
                    None => write!(f, "- ")?,
                }
                write!(f, "{:.1}ms", took.as_secs_f64() * 1000.0)?;
                if *is_complete { Ok(()) } else { write!(f, " cut off") }
            }
            Self::Refused { peer, status, reason } => write!(f, "{peer} refused: {status}: {reason}"),
            Self::Panicked { peer, target } => {
                write!(f, "{peer} a panic at \"{}\"", target.escape_debug())
            }
            Self::WrongLength { peer, target, promised, produced } => {
                let target = target.escape_debug();
                write!(f, "{peer} \"{target}\" was promised {promised} bytes and had {produced}; closed")
            }
            Self::BodyFailed { peer, target, error } => {
                write!(f, "{peer} \"{}\" cut off, for its body has failed: {error}", target.escape_debug())
            }
            Self::AcceptFailed { error } => {
                write!(
                    f,
                    "cannot accept connections: {error}; trying again (fewer connections or more open files may help)"
                )
            }
            Self::AcceptEnded { error: Some(error) } => write!(f, "no more connections are accepted: {error}"),
            Self::AcceptEnded { error: None } => write!(f, "no more connections are accepted: the backend ended"),
            Self::Overloaded { peer } => write!(f, "{peer} turned away: the most connections are open"),
            Self::Rejected { reason } => write!(f, "{reason}"),
        }
    }
}
