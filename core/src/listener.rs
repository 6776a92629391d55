//! The listening socket, and how a thread that waits in `accept` is woken. Platforms differ, and only here.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

pub(crate) struct Listener {
    socket: TcpListener,
    addr: SocketAddr,
    options: Options,
    /// How many accepted sockets may not have the listener's options.
    doubtful: AtomicUsize,
}

/// On Linux a socket has the options that its listener had when the client connected, which may be before they were
/// set. Such clients are in the listener's queue by then, and that is never longer than this (`net.core.somaxconn`, as
/// usual). Elsewhere sockets have none.
const DOUBTFUL: usize = if cfg!(target_os = "linux") { 4096 } else { usize::MAX };

/// What every accepted socket is set to.
#[derive(Clone, Copy)]
struct Options {
    /// How long the system may wait in one write. It wakes a waiting writer only when a third of the send buffer is
    /// free, which grows to megabytes; a client that reads slowly would seem to take nothing. A new write goes through
    /// as soon as anything is free, so trying again now and then shows what the client takes: often enough to tell
    /// within [`FORBEARANCE`](crate::pressure::FORBEARANCE) whether it takes anything.
    write_timeout: Duration,
}

impl Options {
    /// Options for clients that may take `send` for a turn.
    fn new(send: Duration) -> Self {
        Self { write_timeout: (send / 4).clamp(Duration::from_millis(10), Duration::from_millis(100)) }
    }

    /// Sets them; answers go out when they are written, without waiting to fill a segment.
    fn set(self, socket: &TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(self.write_timeout))
    }
}

/// Ends the waiting `accept` of a [`Listener`].
pub(crate) struct Stopper {
    #[cfg(target_os = "linux")]
    socket: TcpStream,
    #[cfg(not(target_os = "linux"))]
    addr: SocketAddr,
}

impl Listener {
    /// Takes over a listener, for clients that may take `send` for a turn.
    pub(crate) fn new(socket: TcpListener, send: Duration) -> io::Result<(Self, Stopper)> {
        socket.set_nonblocking(false)?;
        let (addr, options) = (socket.local_addr()?, Options::new(send));
        let stopper = Stopper::new(&socket, addr, options)?;
        Ok((Self { socket, addr, options, doubtful: AtomicUsize::new(DOUBTFUL) }, stopper))
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn socket(&self) -> &TcpListener {
        &self.socket
    }

    /// Waits for a connection.
    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.socket.accept()
    }

    /// Sees to it that an accepted socket has the options.
    pub(crate) fn adopt(&self, stream: &TcpStream) {
        let doubtful = self.doubtful.load(Relaxed);
        if doubtful > 0 {
            self.doubtful.store(doubtful.saturating_sub(usize::from(cfg!(target_os = "linux"))), Relaxed);
            let _ = self.options.set(stream); // one that has been reset already has none
        }
    }
}

#[cfg(target_os = "linux")]
impl Stopper {
    fn new(socket: &TcpListener, _: SocketAddr, options: Options) -> io::Result<Self> {
        // As a stream, the listener has the calls that std does not give to listeners: options, which accepted
        // sockets inherit (two system calls saved for each), and shutdown(2), which makes accept return.
        let socket = TcpStream::from(std::os::fd::OwnedFd::from(socket.try_clone()?));
        options.set(&socket)?;
        Ok(Self { socket })
    }

    pub(crate) fn stop(&self) {
        let _ = self.socket.shutdown(Shutdown::Both); // fails only if it has been done
    }
}

#[cfg(not(target_os = "linux"))]
impl Stopper {
    fn new(_: &TcpListener, addr: SocketAddr, _: Options) -> io::Result<Self> {
        Ok(Self { addr })
    }

    pub(crate) fn stop(&self) {
        use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
        let ip = match self.addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let waker = TcpStream::connect_timeout(&(ip, self.addr.port()).into(), Duration::from_secs(1));
        drop(waker.map(|stream| stream.shutdown(Shutdown::Both)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_have_the_options_whenever_the_client_connected() {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let connect = || TcpStream::connect(socket.local_addr().expect("an address")).expect("it listens");
        let early = connect();
        let listener = socket.try_clone().expect("a descriptor");
        let (listener, _stopper) = Listener::new(listener, Duration::from_secs(4)).expect("a listener");
        let late = connect();
        for client in [early, late] {
            let (stream, peer) = listener.accept().expect("a client");
            assert_eq!(peer, client.local_addr().expect("an address"));
            listener.adopt(&stream);
            let write_timeout = stream.write_timeout().expect("an option");
            assert!(stream.nodelay().expect("an option"));
            assert_eq!(write_timeout, Some(Duration::from_millis(100)));
        }
    }
}
