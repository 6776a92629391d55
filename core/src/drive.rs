//! Polls what a user wrote (a handler, a producer) to its end, on behalf of the connection loop.
//!
//! # Rules
//!
//! 1. Whatever waits writes first: when it is `Pending`, the answers held back are written, and it is polled again.
//! 2. While it waits, an abort reaches it whatever it waits for: its waker is kept in the connection's entry.
//! 3. A panic stays in here, where panics unwind.
//! 4. While it waits for its client, the deadline of that read or write holds (of a read of the body, also across a
//!    write of ours); while it waits for anything else, none does.

use crate::clock;
use crate::link::Link;
use crate::transport::write_all;
use crate::word::{Ending, Phase};
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;
use switchboard_timer::Tick;

/// Why there is no value.
pub(crate) enum Interrupted {
    /// The connection was ended from outside, or broke.
    Ended,
    Panicked,
}

/// Polls `poll` to its end; it is lent `output`, the answers held back, each turn of which may take `send`.
pub(crate) async fn drive<T>(
    link: &Link,
    output: &mut Vec<u8>,
    send: Duration,
    mut poll: impl FnMut(&mut Context<'_>, &mut Vec<u8>) -> Poll<T>,
) -> Result<T, Interrupted> {
    link.entry.wait_for_client(false);
    if link.entry.phase() != Phase::Handler {
        let _ = link.arm(Phase::Handler, Tick::MAX); // an end from outside shows when there is something to send
    }
    loop {
        link.entry.owe_output(!output.is_empty());
        let step = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| poll(cx, output)));
            match polled {
                Err(_) => Poll::Ready(Err(Interrupted::Panicked)),
                Ok(Poll::Ready(value)) => Poll::Ready(Ok(Some(value))),
                Ok(Poll::Pending) if !output.is_empty() => Poll::Ready(Ok(None)),
                Ok(Poll::Pending) => {
                    if !link.entry.waits_for_client() && link.entry.phase() != Phase::Handler {
                        let _ = link.arm(Phase::Handler, Tick::MAX); // likewise
                    }
                    link.entry.park(cx.waker());
                    match link.entry.ending() {
                        Some(Ending::Aborted) => Poll::Ready(Err(Interrupted::Ended)),
                        _ => Poll::Pending,
                    }
                }
            }
        });
        if let Some(value) = step.await? {
            return Ok(value);
        }
        let left = link.entry.deadline().saturating_sub(link.server.clock.now());
        let reads = link.entry.waits_for_client() && link.entry.phase() == Phase::Body;
        write_out(link, output, &[], None, send).await.map_err(|_| Interrupted::Ended)?;
        let armed = if reads {
            link.arm_for(Phase::Body, Duration::from_millis(left))
        } else {
            link.arm(Phase::Handler, Tick::MAX)
        };
        armed.map_err(|_| Interrupted::Ended)?;
    }
}

/// Writes `output` and then `body`, each turn within `limit`; the first turn's counts from `now`, if that is known.
/// After an expiry these are the last words, for which the timer has left the write side open a while.
pub(crate) async fn write_out(
    link: &Link,
    output: &mut Vec<u8>,
    body: &[u8],
    mut now: Option<Tick>,
    limit: Duration,
) -> io::Result<()> {
    let mut arm = || match now.take() {
        Some(now) => {
            link.entry.note_progress(now);
            let rounded_up = now.saturating_add(1);
            link.arm(Phase::Send, rounded_up.saturating_add(clock::ticks(limit)))
        }
        None => link.arm_for(Phase::Send, limit),
    };
    let before_turn = || match arm() {
        Ok(()) | Err(Ending::Expired(Phase::Head | Phase::Body | Phase::Upgraded)) => Ok(()),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    let written = write_all(&*link.transport, output, body, before_turn, || link.note_progress()).await;
    output.clear();
    // What has ended the connection says more than what the socket says of it.
    written.map_err(|error| link.entry.ending().map_or(error, io::Error::from))
}
