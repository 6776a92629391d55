//! Where connections run. One required method; a backend is one small file.
//!
//! # The accept path
//!
//! ```text
//! Backend::accept ──▶ Acceptor::accept ──▶ Connection ──▶ Backend::dispatch ──▶ Connection::serve ──▶ a future
//!   on a thread        waits for room,       one socket     on some thread,       around the           to drive
//!   of the server      then for a client     and its 503    or task               backend's transport  to its end
//! ```

use crate::connection::Application;
use crate::link::Link;
use crate::place::Registered;
use crate::server::Shared;
use crate::{Acceptor, Offload, Rejected, Transport};
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;

/// Where connections run. Object safe.
///
/// A whole backend, which runs each connection on a thread of its own:
///
/// ```
/// use switchboard::{Backend, Connection, Rejected, block_on};
///
/// struct Threads;
///
/// impl Backend for Threads {
///     fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
///         std::thread::Builder::new().spawn(|| connection.serve(Ok).map(block_on))?;
///         Ok(())
///     }
/// }
/// ```
///
/// `Ok` keeps the [`TcpStream`] as it is: a blocking [`Transport`]. With it and [`block_on`](crate::block_on)
/// everything works, also handlers that wait for something else than their client. A backend whose sockets wait in
/// another way wraps them in a transport of its own.
///
/// # The life of a backend
///
/// 1. [`accept`](Backend::accept) is called once, on a thread the server keeps for it. Nobody but `accept` calls
///    [`dispatch`](Backend::dispatch).
/// 2. A stop ends the accepting first, then the connections: those still in a backend's queue are answered 503
///    from outside, and [`Connection::serve`] refuses them; the others end, and their futures with them.
/// 3. [`stop`](Backend::stop) is called once, whatever ended the server, and the backend is dropped.
pub trait Backend: Send + Sync + 'static {
    /// Sees to it that `connection` is run, and returns at once: somewhere, concurrently with the others,
    /// [`Connection::serve`] is called and the future it gives is driven to its end.
    ///
    /// A backend may queue connections: they wait at most [`Limits::queued`](crate::Limits::queued), and all that
    /// are open are at most [`Limits::connections`](crate::Limits::connections).
    ///
    /// # Errors
    ///
    /// [`Rejected`] if there is no place to run it, for the log. A connection that is dropped without having
    /// been served answers 503 by itself.
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected>;

    /// Accepts connections until the server stops. The default does so on the calling thread, and dispatches
    /// each; a backend with loops of its own may accept there, with [`Acceptor::accept_with`].
    ///
    /// # Errors
    ///
    /// What makes it impossible to go on accepting; clients are refused from then on.
    fn accept(&self, acceptor: Acceptor) -> io::Result<()> {
        while let Some(connection) = acceptor.accept() {
            if let Err(reason) = self.dispatch(connection) {
                acceptor.rejected(&reason);
            }
        }
        Ok(())
    }

    /// How many connections run at once; more wait in the backend. While more are open than that, the server ends as
    /// many as wait: by closing with the next answer, by ending those that have been idle for 20 ms, and, after 250 ms,
    /// those that keep it waiting in the middle of a request. One that speaks another protocol, and gets on, keeps its
    /// place. (Clients beyond [`Limits::connections`](crate::Limits::connections) are not among those that wait: they
    /// have not been accepted.)
    ///
    /// No bound by default. It must not change while a server runs.
    fn capacity(&self) -> usize {
        usize::MAX
    }

    /// Where handlers run that may block their thread ([`blocking`](crate::blocking)). `None`, the default: right
    /// there, because the thread belongs to the connection.
    fn offload(&self) -> Option<Arc<dyn Offload>> {
        None
    }

    /// Ends and joins what the backend keeps (threads, say). `stuck` connections have not ended, because their
    /// handlers block their threads: these threads must not be waited for. If it is 0, all can be joined.
    fn stop(&self, stuck: usize) {
        let _ = stuck;
    }
}

impl<B: Backend + ?Sized> Backend for Box<B> {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        (**self).dispatch(connection)
    }

    fn accept(&self, acceptor: Acceptor) -> io::Result<()> {
        (**self).accept(acceptor)
    }

    fn capacity(&self) -> usize {
        (**self).capacity()
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        (**self).offload()
    }

    fn stop(&self, stuck: usize) {
        (**self).stop(stuck);
    }
}

/// So that whoever starts a server can keep a handle on its backend.
impl<B: Backend + ?Sized> Backend for Arc<B> {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        (**self).dispatch(connection)
    }

    fn accept(&self, acceptor: Acceptor) -> io::Result<()> {
        (**self).accept(acceptor)
    }

    fn capacity(&self) -> usize {
        (**self).capacity()
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        (**self).offload()
    }

    fn stop(&self, stuck: usize) {
        (**self).stop(stuck);
    }
}

/// A connection that has been accepted and waits to be served. Dropped unserved, it answers 503; the same
/// happens to it after [`Limits::queued`](crate::Limits::queued).
#[must_use = "a connection that is dropped answers 503"]
pub struct Connection {
    pub(crate) place: Registered,
    pub(crate) peer: SocketAddr,
    pub(crate) server: Arc<Shared>,
    pub(crate) application: Arc<dyn Application>,
}

impl Connection {
    /// The conversation with this client, as a future to drive to its end, or to drop to cut it short. `wrap`
    /// makes the transport that it waits on. The future may be moved between threads. Panics of handlers,
    /// producers and observers stay inside it (but for one in the drop of a handler that is cut short).
    ///
    /// # Errors
    ///
    /// That of `wrap`, or `TimedOut` if the connection has waited too long and was turned away.
    pub fn serve<T: Transport>(
        self,
        wrap: impl FnOnce(TcpStream) -> io::Result<T>,
    ) -> io::Result<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let transport = self.place.start(wrap, self.server.limits.first_byte)?;
        let link = Link { entry: self.place.entry().clone(), transport, server: self.server };
        Ok(self.application.converse(self.place, link, self.peer))
    }

    /// The address of the client.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }
}
