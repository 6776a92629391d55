//! The server's end of accepting, for threads that block in it and for tasks that wait otherwise.
//!
//! # Rules
//!
//! 1. Beyond [`Limits::connections`] clients wait in the system's queue, or are turned away at once: see [`Overload`].
//! 2. An accept that fails is tried again after a pause, which doubles from 1 ms to 500 ms, and reported once until
//!    accepting works again: running out of descriptors neither spins nor ends the server.
//! 3. The stop ends every wait in here.

use crate::connection::Application;
use crate::listener::Listener;
use crate::server::Shared;
use crate::sleep::Sleep;
use crate::{Connection, Event, Limits, Overload, Rejected, block_on};
use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Gives a backend its connections.
pub struct Acceptor {
    pub(crate) listener: Listener,
    pub(crate) server: Arc<Shared>,
    pub(crate) application: Arc<dyn Application>,
}

impl Acceptor {
    /// The next connection; `None` once the server stops. Blocks the thread while there is none, and while
    /// [`Limits::connections`] are open.
    pub fn accept(&self) -> Option<Connection> {
        block_on(self.accept_with(|_| Poll::Ready(self.listener.accept())))
    }

    /// As [`accept`](Acceptor::accept), on a listener that waits in another way: `accept` takes a client, or answers
    /// `Pending`, having seen to it that the task is woken when there is one.
    ///
    /// It is best made of a clone of the [`listener`](Acceptor::listener), which the stop shuts down: that makes a
    /// waiting accept return an error. The stream it gives may be blocking or not; `Connection::serve` hands it on as
    /// it is.
    pub async fn accept_with(
        &self,
        mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>>,
    ) -> Option<Connection> {
        let (server, limits) = (&*self.server, &self.server.limits);
        let mut pause = Duration::ZERO;
        loop {
            if limits.overload == Overload::Wait {
                poll_fn(|cx| server.deadlines.poll_room(cx, limits.connections)).await;
            }
            let accepted = poll_fn(&mut accept).await;
            if server.deadlines.is_stopping() {
                return None;
            }
            match accepted {
                Ok((stream, peer)) if self.has_room(limits) => return Some(self.admit(stream, peer)),
                Ok((stream, peer)) => {
                    pause = Duration::ZERO;
                    self.refuse(stream, peer);
                }
                Err(error) if concerns_one_client(&error) => {}
                Err(error) => {
                    server.deadlines.counters.accept_errors.count();
                    if pause.is_zero() {
                        self.report(&Event::AcceptFailed { error: &error });
                    }
                    pause = (2 * pause).clamp(Duration::from_millis(1), Duration::from_millis(500));
                    self.wait(pause).await;
                }
            }
        }
    }

    /// The socket that is listened on, to be cloned: see [`accept_with`](Acceptor::accept_with).
    pub fn listener(&self) -> &TcpListener {
        self.listener.socket()
    }

    /// The address that is listened on.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Tells the server that the backend could not take a connection.
    pub fn rejected(&self, reason: &Rejected) {
        self.report(&Event::Rejected { reason });
    }

    fn report(&self, event: &Event<'_>) {
        self.server.report(event);
    }

    fn has_room(&self, limits: &Limits) -> bool {
        limits.overload == Overload::Wait || self.server.deadlines.live_count() < limits.connections
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) -> Connection {
        self.server.deadlines.counters.accepted.count();
        self.listener.adopt(&stream);
        let place = self.server.deadlines.open(stream, self.server.limits.queued);
        Connection { place, peer, server: self.server.clone(), application: self.application.clone() }
    }

    /// There is no room for this one.
    fn refuse(&self, stream: TcpStream, peer: SocketAddr) {
        self.server.deadlines.counters.overloaded.count();
        if self.server.limits.overload == Overload::Reject {
            self.server.deadlines.turn_away(stream);
        }
        self.report(&Event::Overloaded { peer });
    }

    /// Waits, but not beyond the stop.
    async fn wait(&self, pause: Duration) {
        let deadlines = &self.server.deadlines;
        let mut sleep = pin!(Sleep::new(Some(deadlines.clone()), pause));
        poll_fn(|cx| {
            // Each time: whatever ends a connection wakes all who are parked.
            let waits = deadlines.park_acceptor(cx, || deadlines.is_stopping());
            if waits { sleep.as_mut().poll(cx) } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// Errors of accept(2) that say that a client was gone before it was accepted.
fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
