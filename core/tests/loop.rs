//! The connection loop on transports that see and decide what a socket does not let a client see: how reads are
//! split, and how many calls a request costs.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread;
use switchboard_core::{
    Backend, Body, Connection, Handler, Rejected, Request, Response, Running, Server, Status, Transport, block_on,
};

/// What a [`Watched`] transport does with reads, and what it has seen.
#[derive(Default)]
struct Watch {
    /// The first read of a connection takes at most this many bytes, if it is not 0.
    first_read: AtomicUsize,
    reads: AtomicUsize,
    writes: AtomicUsize,
    /// The most bytes that one write was given.
    largest_write: AtomicUsize,
}

struct Watched {
    socket: TcpStream,
    watch: Arc<Watch>,
    is_first: AtomicUsize,
}

impl Transport for Watched {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.watch.reads.fetch_add(1, SeqCst);
        let most = match self.is_first.swap(0, SeqCst) * self.watch.first_read.load(SeqCst) {
            0 => buf.len(),
            most => most.min(buf.len()),
        };
        self.socket.poll_read(cx, &mut buf[..most])
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.watch.writes.fetch_add(1, SeqCst);
        self.watch.largest_write.fetch_max(bufs.iter().map(|buf| buf.len()).sum(), SeqCst);
        self.socket.poll_write(cx, bufs)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }
}

struct WatchedThreads(Arc<Watch>);

impl Backend for WatchedThreads {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let watch = self.0.clone();
        let wrap = |socket| Ok(Watched { socket, watch, is_first: AtomicUsize::new(1) });
        thread::Builder::new().spawn(move || connection.serve(wrap).map(block_on))?;
        Ok(())
    }
}

fn serve(handler: impl Handler) -> (Running, Arc<Watch>) {
    let watch = Arc::new(Watch::default());
    let server = Server::bind("127.0.0.1:0").expect("a free port");
    (server.spawn(WatchedThreads(watch.clone()), handler).expect("a server"), watch)
}

/// Sends `wire`, whose last request must close the connection, and reads all that comes back.
fn ask(server: &Running, wire: &[u8]) -> String {
    let mut client = TcpStream::connect(server.addr()).expect("a connection");
    client.write_all(wire).expect("the server reads");
    let mut text = String::new();
    client.read_to_string(&mut text).expect("a text");
    without_dates(&text)
}

fn without_dates(text: &str) -> String {
    text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
}

#[test]
fn a_request_split_at_every_byte_is_answered_as_a_whole_one() {
    let (server, watch) = serve(|request: &mut Request| {
        format!("{} {} {:?}", request.method(), request.target(), String::from_utf8_lossy(request.bytes()))
    });
    let requests: [&[u8]; 5] = [
        b"GET /a?b HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
          2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: x\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : test\r\n\r\n",
    ];
    for wire in requests {
        watch.first_read.store(0, SeqCst);
        let whole = ask(&server, wire);
        assert!(whole.starts_with("HTTP/1.1 "), "{whole}");
        for split in 1..wire.len() {
            watch.first_read.store(split, SeqCst);
            assert_eq!(ask(&server, wire), whole, "split at {split}: {}", wire.escape_ascii());
        }
    }
}

#[test]
fn sixteen_pipelined_requests_are_answered_in_order_by_one_write() {
    let (server, watch) = serve(|request: &mut Request| request.path().to_string());
    let mut wire: String = (0..15).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
    wire += "GET /15 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    let text = ask(&server, wire.as_bytes());
    let bodies: Vec<_> = text.split("\r\n\r\n").skip(1).map(|part| part.split("HTTP/").next().unwrap()).collect();
    assert_eq!(bodies, (0..16).map(|n| format!("/{n}")).collect::<Vec<_>>());
    assert_eq!((watch.reads.load(SeqCst), watch.writes.load(SeqCst)), (1, 1), "reads, writes");
}

#[test]
fn a_request_costs_a_read_and_a_write() {
    let (server, watch) = serve(|_: &mut Request| "Hello");
    let mut client = TcpStream::connect(server.addr()).expect("a connection");
    let mut reply = [0; 1024];
    for request in 1..=5 {
        client.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").expect("the server reads");
        let read = client.read(&mut reply).expect("a response");
        assert!(reply[..read].ends_with(b"Hello"), "head and body in one write");
        assert_eq!(watch.writes.load(SeqCst), request);
    }
    client.write_all(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("the server reads");
    client.read_to_end(&mut Vec::new()).expect("a response");
    assert_eq!((watch.reads.load(SeqCst), watch.writes.load(SeqCst)), (6, 6), "reads, writes");
    assert_eq!(server.shutdown(std::time::Duration::from_secs(10)).served, 6);
}

fn zeroes() -> Arc<File> {
    File::open("/dev/zero").expect("zeroes").into()
}

#[test]
fn bodies_go_out_in_turns_of_64_kib() {
    const LEN: usize = 1_000_000;
    let (server, watch) = serve(|request: &mut Request| {
        let response = Response::new(Status::OK).with_close();
        match request.path() {
            "/bytes" => response.with_body(vec![0; LEN]),
            _ => response.with_body(Body::File { file: zeroes(), offset: 0, len: LEN as u64 }),
        }
    });
    for path in ["/bytes", "/file"] {
        let text = ask(&server, format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes());
        assert_eq!(text.len() - text.find('\0').expect("a body"), LEN);
        assert_eq!(watch.largest_write.load(SeqCst), 64 << 10, "{path}");
    }
}

#[test]
fn the_first_turn_of_a_file_goes_out_with_its_head() {
    for (len, writes) in [(1_000, 1), (60_000, 1), (100_000, 2)] {
        let (server, watch) = serve(move |_: &mut Request| {
            Response::new(Status::OK).with_body(Body::File { file: zeroes(), offset: 0, len }).with_close()
        });
        let text = ask(&server, b"GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_eq!(text.len() - text.find('\0').expect("a body"), len as usize);
        assert_eq!(watch.writes.load(SeqCst), writes, "{len} bytes");
    }
}
