//! When a socket that waits for readiness is ready to write.
//!
//! Linux says that a socket is writable when a third of its send buffer is free, and lets that buffer grow to
//! megabytes: a client that reads slowly seems to take nothing for many seconds, and would be ended for it. With a mark
//! for what has not been sent (`TCP_NOTSENT_LOWAT`, tcp(7)) it is writable as soon as less than half of that waits to
//! be sent; and a large file does not fill the system's memory before it is asked for.

use std::net::TcpStream;

/// Bytes that wait to be sent: a turn of a large body.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 64 << 10;

/// Sets the mark, where the system has one.
pub(crate) fn set(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT); // without it only slow readers suffer
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
}
