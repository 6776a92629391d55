//! Runs the conformance suite on every backend with every timer of this build; on the pool of the example
//! `custom_backend`; and on a backend that exists only here, whose every read and write is `Pending` first, so that
//! what a suspending backend would meet is tried on a blocking socket.
//!
//! `cargo test --test conformance -- threads` runs those of one backend.

use libtest_mimic::{Arguments, Trial};
use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::thread;
use switchboard::conformance::{CASES, Subject};
use switchboard::core::{Connection, Rejected, Transport, block_on};
use switchboard::{AnyBackend, Backend, timer};

#[allow(dead_code, unreachable_pub)] // its main
#[path = "../examples/custom_backend.rs"]
mod custom_backend;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for backend in AnyBackend::NAMES.iter().copied().chain([CUSTOM, SUSPENDING]) {
        for timer in timer::NAMES {
            for case in CASES {
                let name = format!("{backend}::{timer}::{}", case.name);
                trials.push(Trial::test(name, move || {
                    (case.run)(&Subject::new(|| by_name(backend), || timer::by_name(timer).expect("its own name")));
                    Ok(())
                }));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn by_name(name: &str) -> Box<dyn Backend> {
    match name {
        CUSTOM => Box::new(custom_backend::Pool::new(16).expect("threads")),
        SUSPENDING => Box::new(Suspending),
        name => Box::new(name.parse::<AnyBackend>().expect("its own name")),
    }
}

const CUSTOM: &str = "custom";
const SUSPENDING: &str = "suspending";

struct Suspending;

impl Backend for Suspending {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let wrap = |socket| Ok(EverySecondPoll { socket, is_ready: AtomicBool::new(false) });
        thread::Builder::new().spawn(move || connection.serve(wrap).map(block_on))?;
        Ok(())
    }
}

struct EverySecondPoll {
    socket: TcpStream,
    is_ready: AtomicBool,
}

impl EverySecondPoll {
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_ready.fetch_xor(true, Relaxed) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Transport for EverySecondPoll {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_ready(cx));
        self.socket.poll_read(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_ready(cx));
        self.socket.poll_write(cx, bufs)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }
}
