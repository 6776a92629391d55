//! The word that a connection's loop and whoever ends it from outside agree by: a deadline, a [`Phase`] and a [`State`]
//! in 64 bits, for one atomic. [`Entry`](crate::deadline::Entry) says how it is used.

use switchboard_timer::Tick;

/// What a connection is waiting for; each has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// For the backend to start it.
    Queued,
    /// For its first byte.
    FirstByte,
    /// For the next request.
    Idle,
    /// For the rest of a head.
    Head,
    /// For its handler; without a limit.
    Handler,
    /// For more of a request's body.
    Body,
    /// For the client to take some of the response.
    Send,
    /// For the client to send something in another protocol.
    Upgraded,
    /// For the client to see the last response.
    Linger,
}

impl Phase {
    pub(crate) const COUNT: usize = PHASES.len();
}

const PHASES: [Phase; 9] = {
    use Phase::*;
    [Queued, FirstByte, Idle, Head, Handler, Body, Send, Upgraded, Linger]
};

/// Who has the say about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Expired,
    Aborted,
}

const STATES: [State; 3] = [State::Live, State::Expired, State::Aborted];

/// How a connection was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was too long in this phase.
    Expired(Phase),
    /// The server is stopping.
    Aborted,
}

/// The word, taken apart: 58 bits of deadline, 4 of phase, 2 of state.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    pub(crate) deadline: Tick,
    pub(crate) phase: Phase,
    pub(crate) state: State,
}

impl Word {
    /// No deadline.
    pub(crate) const NEVER: Tick = Tick::MAX >> 6;

    pub(crate) fn pack(self) -> u64 {
        self.deadline.min(Self::NEVER) << 6 | (self.phase as u64) << 2 | self.state as u64
    }

    pub(crate) fn unpack(word: u64) -> Self {
        let (phase, state) = (PHASES[(word >> 2 & 15) as usize], STATES[(word & 3) as usize]);
        Self { deadline: word >> 6, phase, state }
    }
}
