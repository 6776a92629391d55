//! The listening socket, and how a thread that waits in `accept` is woken. Platforms differ, and only here.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

pub(crate) struct Listener {
    socket: TcpListener,
    addr: SocketAddr,
}

/// Ends the waiting `accept` of a [`Listener`].
pub(crate) struct Stopper {
    #[cfg(target_os = "linux")]
    socket: TcpStream,
    #[cfg(not(target_os = "linux"))]
    addr: SocketAddr,
}

impl Listener {
    pub(crate) fn new(socket: TcpListener) -> io::Result<(Self, Stopper)> {
        socket.set_nonblocking(false)?;
        let addr = socket.local_addr()?;
        let stopper = Stopper::new(&socket, addr)?;
        Ok((Self { socket, addr }, stopper))
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits for a connection. Its socket does not wait to fill segments: answers go out when written.
    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.socket.accept()?;
        #[cfg(not(target_os = "linux"))]
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }
}

#[cfg(target_os = "linux")]
impl Stopper {
    fn new(socket: &TcpListener, _: SocketAddr) -> io::Result<Self> {
        // As a stream, the listener has the two calls that std does not give to listeners: TCP_NODELAY, which
        // accepted sockets inherit (a system call saved for each), and shutdown(2), which makes accept return.
        let socket = TcpStream::from(std::os::fd::OwnedFd::from(socket.try_clone()?));
        socket.set_nodelay(true)?;
        Ok(Self { socket })
    }

    pub(crate) fn stop(&self) {
        let _ = self.socket.shutdown(Shutdown::Both); // fails only if it has been done
    }
}

#[cfg(not(target_os = "linux"))]
impl Stopper {
    fn new(_: &TcpListener, addr: SocketAddr) -> io::Result<Self> {
        Ok(Self { addr })
    }

    pub(crate) fn stop(&self) {
        use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
        let ip = match self.addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let waker = TcpStream::connect_timeout(&(ip, self.addr.port()).into(), std::time::Duration::from_secs(1));
        drop(waker.map(|stream| stream.shutdown(Shutdown::Both)));
    }
}
