//! Servers for the tests of the generator: a thread that does what it is told, connection by connection.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

pub(super) const RIGHT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Starts one that treats one connection after the other so; it ends with the process.
pub(super) fn serve(mut treat: impl FnMut(TcpStream) -> io::Result<()> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.and_then(&mut treat); // a client may go when it likes
        }
    });
    addr
}

/// Starts one that does that on a thread for each.
pub(super) fn serve_all(treat: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) -> SocketAddr {
    serve(move |stream| {
        let treat = treat.clone();
        std::thread::spawn(move || treat(stream));
        Ok(())
    })
}

/// The next head on a connection, without its empty line; `None` at the end.
pub(super) fn head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.extend(byte);
    }
    head.truncate(head.len() - 4);
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// Answers every request with the same bytes.
pub(super) fn answer_all(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    while head(&mut stream)?.is_some() {
        stream.write_all(answer)?;
    }
    Ok(())
}
