//! Backends that do something wrong, to see that a comparison tells: `--backends threads,mutant:slow`.
//!
//! Each is a thread per connection whose transport has one fault. What is found out about them stands beside the sound
//! ones in every report, so that a reader can tell what the measurements are able to notice.

use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use switchboard::{Backend, Connection, Rejected, Transport, block_on};

pub(crate) const NAMES: [&str; 4] = ["mutant:slow", "mutant:drop", "mutant:wrong", "mutant:hang"];

/// How often a fault shows: once in so many.
const OFTEN: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Every answer comes a millisecond later.
    Slow,
    /// One connection in a hundred is lost when it should be answered.
    Drop,
    /// One answer in a hundred ends with another byte.
    Wrong,
    /// One connection in ten is never answered, and never ended.
    Hang,
}

pub(crate) struct Mutant(Fault);

impl FromStr for Mutant {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let faults = [Fault::Slow, Fault::Drop, Fault::Wrong, Fault::Hang];
        let found = NAMES.iter().zip(faults).find(|(known, _)| **known == name);
        found.map(|(_, fault)| Self(fault)).ok_or(())
    }
}

impl Backend for Mutant {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
        let fault = self.0;
        let nth = CONNECTIONS.fetch_add(1, Relaxed);
        let run = move || {
            let faulty = |stream| Ok(Faulty { stream, fault, nth });
            if let Ok(conversation) = connection.serve(faulty) {
                block_on(conversation);
            }
        };
        let started = thread::Builder::new().stack_size(256 << 10).spawn(run);
        started.map(drop).map_err(Rejected::new)
    }
}

/// A socket with a fault.
struct Faulty {
    stream: TcpStream,
    fault: Fault,
    /// Which connection it is, from 0.
    nth: u64,
}

impl Transport for Faulty {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_read(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        static ANSWERS: AtomicU64 = AtomicU64::new(0);
        match self.fault {
            Fault::Slow => thread::sleep(Duration::from_millis(1)),
            Fault::Drop if self.nth % OFTEN == OFTEN - 1 => {
                let _ = self.stream.shutdown(Shutdown::Both); // it is lost either way
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            Fault::Wrong if ANSWERS.fetch_add(1, Relaxed) % OFTEN == OFTEN - 1 => {
                let mut bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
                if let Some(last) = bytes.last_mut() {
                    *last ^= 1;
                }
                return self.stream.poll_write(cx, &[IoSlice::new(&bytes)]);
            }
            Fault::Hang if self.nth % 10 == 9 => loop {
                thread::park();
            },
            Fault::Drop | Fault::Wrong | Fault::Hang => {}
        }
        self.stream.poll_write(cx, bufs)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Transport::shutdown(&self.stream, how)
    }
}
