//! The answer to connections that nobody takes: 503, and time to read it.
//!
//! A client's request may arrive after the answer, and a socket that is closed with something unread is reset, which
//! could destroy the answer before it is read (RFC 9112 section 9.6). So our side is ended, and the socket stays with
//! the timer for [`Limits::linger`](crate::Limits::linger). Nobody waits for it, and of many at once only [`MOST`] get
//! that far: they must not cost descriptors that are scarce already.

use crate::http1::encode::UNAVAILABLE;
use crate::table::{Deadlines, Timed, Whom};
use crate::unharmed::lock;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering::SeqCst;

/// The most sockets that are kept so.
const MOST: usize = 16;

/// A socket whose client is given time to read the answer.
pub(crate) struct TurnedAway(TcpStream);

impl TurnedAway {
    /// Answers 503. Never waits: the answer fits the empty send buffer.
    pub(crate) fn answer(stream: TcpStream) -> Self {
        let _ = stream.set_nonblocking(true);
        let turned_away = Self(stream);
        turned_away.read_away(); // what is there already, or even a socket that is not kept would be reset
        let _ = (&turned_away.0).write(UNAVAILABLE);
        let _ = turned_away.0.shutdown(Shutdown::Write);
        turned_away
    }

    /// Reads what is there, within reason.
    fn read_away(&self) {
        let mut bytes = [0; 4096];
        for _ in 0..64 {
            if !matches!((&self.0).read(&mut bytes), Ok(1..)) {
                return;
            }
        }
    }
}

impl Drop for TurnedAway {
    fn drop(&mut self) {
        self.read_away();
    }
}

impl Deadlines {
    /// Answers 503 to a client that is not served, and keeps its socket for a while.
    pub(crate) fn turn_away(&self, stream: TcpStream) {
        let socket = TurnedAway::answer(stream);
        if self.turned_away.fetch_add(1, SeqCst) >= MOST {
            self.turned_away.fetch_sub(1, SeqCst);
            return;
        }
        let deadline = self.clock.after(self.linger);
        let mut table = lock(&self.table);
        if table.finished {
            return;
        }
        table.timer.insert(deadline, Timed(Whom::TurnedAway { _socket: socket }));
        self.armed(table, deadline);
    }
}
