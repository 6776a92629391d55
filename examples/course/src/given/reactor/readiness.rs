//! A socket on the reactor of the package `async-io`: `epoll(7)`, or what the system has of that kind.

use async_io::Async;
use std::io;
use std::net::TcpStream;
use std::task::{Context, Poll};

pub(super) struct Source(Async<TcpStream>);

impl Source {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        Async::new(stream).map(Self)
    }

    pub(super) fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(cx)
    }

    pub(super) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_writable(cx)
    }
}
