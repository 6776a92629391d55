//! The core of Switchboard: an HTTP/1.1 server whose concurrency is somebody else's.
//!
//! A connection is one future, written once ([`Connection::serve`]). A [`Backend`] decides only where that future
//! runs, and a [`Transport`] how its socket waits: by blocking a thread, parking a coroutine or suspending a task.
//! Deadlines act on the socket from outside, so they mean the same everywhere.
//!
//! Most users need [`Handler`], [`Request`], [`Response`] and [`Server`]; authors of backends need [`Backend`].
//!
//! Everything in here is also in `switchboard`, where most users find it; the examples are written so.
//!
//! # In scope
//!
//! HTTP/1.0 and 1.1 on TCP, the limits that keep a server alive, the traits.
//!
//! # Out of scope
//!
//! Backends, timer structures and file serving (crates beside this one), routing, TLS, HTTP/2. Nothing here
//! depends on anything but std and `switchboard-timer`.

mod acceptor;
mod backend;
mod block_on;
mod body;
mod buffers;
mod clock;
mod connection;
mod deadline;
mod drive;
mod error;
mod event;
mod handler;
mod headers;
mod http1;
mod input;
mod interim;
#[cfg(feature = "internals")]
pub mod internals;
mod limits;
mod link;
mod listener;
mod offload;
mod pace;
mod place;
mod pressure;
mod request;
mod request_body;
mod respond;
mod response;
mod server;
mod sleep;
mod stats;
mod status;
mod stop;
mod stream;
mod table;
mod transport;
mod turn_away;
mod unharmed;
mod upgrade;
mod word;

pub use acceptor::Acceptor;
pub use backend::{Backend, Connection};
pub use block_on::{block_on, block_on_with};
pub use body::Body;
pub use error::{BodyError, InvalidField, Refusal, Rejected};
pub use event::Event;
pub use handler::{AsyncCall, AsyncCallWith, Asynchronous, Handler, With, asynchronous, plain, with};
pub use headers::Headers;
pub use http1::parse::Version;
pub use limits::{Limits, Overload};
pub use offload::{Blocking, Offload, blocking};
pub use request::Request;
pub use request_body::RequestBody;
pub use response::{IntoResponse, Response};
pub use server::{Report, Running, Server};
pub use sleep::Sleep;
pub use stats::{Errors, Stats, Timeouts};
pub use status::Status;
pub use stream::{Producer, Sink};
pub use table::Timed;
pub use transport::Transport;
pub use upgrade::Upgraded;
