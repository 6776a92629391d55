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

#[cfg(all(test, feature = "internals"))]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::net::TcpListener;
    use std::time::Duration;
    use switchboard_timer::Wheel;

    #[test]
    fn not_too_many_sockets_are_kept_and_none_for_ever() {
        let (clock, hand) = Clock::by_hand();
        let second = Duration::from_secs(1);
        let deadlines = Deadlines::new(Box::new(Wheel::new()), clock, second, second, usize::MAX);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let client = || TcpStream::connect(listener.local_addr().expect("an address")).expect("it listens");
        for round in 1..=2 {
            let _clients: Vec<_> = (0..MOST + 4)
                .map(|_| {
                    let client = client();
                    deadlines.turn_away(listener.accept().expect("a client").0);
                    client
                })
                .collect();
            assert_eq!(deadlines.timers(), MOST, "round {round}");
            hand.fetch_add(1_000, SeqCst);
            deadlines.expire_all();
            assert_eq!((deadlines.timers(), deadlines.turned_away.load(SeqCst)), (0, 0), "round {round}");
        }
    }
}
