//! When a socket that waits for readiness is ready to write.
//!
//! Linux says that a socket is writable when a third of its send buffer is free, and lets that buffer grow to
//! megabytes: a client that reads slowly seems to take nothing for many seconds, and would be ended for it. With a mark
//! for what has not been sent (`TCP_NOTSENT_LOWAT`, tcp(7)) it is writable as soon as less than half of that waits to
//! be sent; and a large file does not fill the system's memory before it is asked for.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Bytes that wait to be sent: a turn of a large body.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 64 << 10;

/// Clients that may have connected before the listener had the mark: its queue is not longer than this
/// (`net.core.somaxconn`, as usual).
const DOUBTFUL: u32 = 4096;

/// The mark of a listener and of the sockets it accepts.
pub(crate) struct Lowat {
    /// How many accepted sockets may not have inherited it.
    doubtful: AtomicU32,
}

impl Lowat {
    pub(crate) fn of(listener: &TcpListener) -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(listener).set_tcp_notsent_lowat(UNSENT); // without it only slow readers suffer
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = listener;
        Self { doubtful: AtomicU32::new(DOUBTFUL) }
    }

    /// Sees to it that an accepted socket has it.
    pub(crate) fn adopt(&self, stream: &TcpStream) {
        let doubtful = self.doubtful.load(Relaxed);
        if doubtful > 0 {
            self.doubtful.store(doubtful - 1, Relaxed);
            #[cfg(any(target_os = "linux", target_os = "android"))]
            let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            let _ = stream;
        }
    }
}
