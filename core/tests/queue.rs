//! Connections that wait for their backend, on a backend that only queues: they are answered 503 in time, whoever
//! holds them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use switchboard_core::{
    Acceptor, Backend, Connection, Event, Limits, Rejected, Report, Request, Running, Server, block_on,
};

const LIMIT: Duration = Duration::from_millis(200);
const AGES: Duration = Duration::from_secs(600);

/// Hands every connection to the test, which may serve it, drop it or keep it.
struct Queue(Mutex<Sender<Connection>>);

impl Backend for Queue {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        self.0.lock().expect("not poisoned").send(connection).map_err(Rejected::new)
    }
}

fn serve(limits: Limits) -> (Running, Receiver<Connection>) {
    let (sender, queue) = channel();
    let server = Server::bind("127.0.0.1:0").expect("a free port").limits(limits);
    let running = server.spawn(Queue(Mutex::new(sender)), |_: &mut Request| "Hello").expect("a server");
    (running, queue)
}

/// Connects and sends a request.
fn ask(server: &Running) -> TcpStream {
    let mut client = TcpStream::connect(server.addr()).expect("a connection");
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("the system takes it");
    client.set_read_timeout(Some(Duration::from_secs(20))).expect("an option");
    client
}

fn answer(mut client: TcpStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).expect("an answer, and no reset");
    text
}

fn assert_unavailable(client: TcpStream) {
    let text = answer(client);
    assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
}

#[test]
fn a_connection_that_is_served_late_is_served() {
    let (server, queue) = serve(Limits { queued: AGES, ..Limits::default() });
    let client = ask(&server);
    let connection = queue.recv().expect("a connection");
    assert_eq!(connection.peer(), client.local_addr().expect("an address"));
    block_on(connection.serve(Ok).expect("in time"));
    assert!(answer(client).ends_with("Hello"));
}

#[test]
fn a_connection_that_waits_too_long_is_503_and_frees_its_place() {
    let (server, queue) = serve(Limits { queued: LIMIT, connections: 1, ..Limits::default() });
    let since = Instant::now();
    let first = ask(&server);
    let second = ask(&server);
    assert_unavailable(first);
    assert!(since.elapsed() >= LIMIT, "early");
    assert_unavailable(second); // it was accepted, although the first is still in the queue
    let error = queue.recv().expect("a connection").serve(Ok).err().expect("too late");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn a_connection_that_is_dropped_is_503() {
    let (server, queue) = serve(Limits { queued: AGES, ..Limits::default() });
    let client = ask(&server);
    drop(queue.recv().expect("a connection"));
    assert_unavailable(client);
    drop(queue); // from now on the backend rejects
    assert_unavailable(ask(&server));
}

#[test]
fn a_stop_turns_away_what_is_queued() {
    let (server, queue) = serve(Limits { queued: AGES, ..Limits::default() });
    let client = ask(&server);
    let connection = queue.recv().expect("a connection");
    assert_eq!(server.stats().queued, 1);
    let Report { turned_away, stuck, served, .. } = server.shutdown(AGES);
    assert_eq!((turned_away, stuck, served), (1, 0, 0), "at once, not after the limit");
    assert_unavailable(client);
    assert!(connection.serve(Ok).is_err());
}

#[test]
fn a_request_that_has_arrived_when_the_server_stops_is_answered() {
    let (server, queue) = serve(Limits { queued: AGES, first_byte: AGES, ..Limits::default() });
    let client = ask(&server);
    let silent = TcpStream::connect(server.addr()).expect("a connection");
    let start = || queue.recv().expect("a connection").serve(Ok).expect("in time");
    let (conversation, silence) = (start(), start());
    assert_eq!((server.stats().queued, server.stats().silent), (0, 2));
    let stopping = std::thread::spawn(move || server.shutdown(AGES));
    // Neither has read yet. The silent one is ended by the stop, which has thus begun.
    block_on(silence);
    block_on(conversation);
    assert!(answer(client).ends_with("Hello"));
    let report = stopping.join().expect("a report");
    assert_eq!((report.idle_closed, report.drained, report.served), (1, 1, 1), "{report}");
    drop(silent);
}

/// Threads whose `accept` says when it has been stopped, and then waits to be let go.
struct SlowToStop(Mutex<(Sender<()>, Receiver<()>)>);

impl Backend for SlowToStop {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        std::thread::Builder::new().spawn(move || connection.serve(Ok).map(block_on))?;
        Ok(())
    }

    fn accept(&self, acceptor: Acceptor) -> std::io::Result<()> {
        while let Some(connection) = acceptor.accept() {
            self.dispatch(connection).map_err(std::io::Error::other)?;
        }
        let (stopped, gate) = &*self.0.lock().expect("not poisoned");
        stopped.send(()).and(gate.recv().map_err(|_| SendError(()))).map_err(std::io::Error::other)
    }
}

#[test]
fn what_was_idle_at_the_stop_counts_as_idle_however_it_ends() {
    let ((go_on, gate), (sender, stopped)) = (channel(), channel());
    let limits = Limits { idle: AGES, first_byte: AGES, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").expect("a free port").limits(limits);
    let server = server.spawn(SlowToStop(Mutex::new((sender, gate))), |_: &mut Request| "Hello").expect("a server");
    let addr = server.addr();
    let clients = [(); 2].map(|()| TcpStream::connect(addr).expect("a connection"));
    while server.stats().silent < 2 {
        std::thread::yield_now();
    }
    let stopping = std::thread::spawn(move || server.shutdown(AGES));
    stopped.recv().expect("the stop has begun");
    drop(clients); // they leave by themselves before they are told to
    go_on.send(()).expect("accept waits");
    let report = stopping.join().expect("a report");
    assert_eq!((report.idle_closed, report.drained, report.aborted), (2, 0, 0), "{report}");
}

/// A backend whose `accept` ends by itself.
struct Deaf(bool);

impl Backend for Deaf {
    fn dispatch(&self, _: Connection) -> Result<(), Rejected> {
        Ok(())
    }

    fn accept(&self, _: Acceptor) -> std::io::Result<()> {
        if self.0 { panic!("a panic that is part of a test") } else { Err(std::io::Error::other("deaf")) }
    }
}

#[test]
fn accepting_that_ends_by_itself_is_reported() {
    for panics in [false, true] {
        let (sender, events) = channel();
        let sender = Mutex::new(sender);
        let server = Server::bind("127.0.0.1:0").expect("a free port").observer(move |event: &Event<'_>| {
            sender.lock().expect("not poisoned").send(event.to_string()).expect("the test listens");
        });
        let server = server.spawn(Arc::new(Deaf(panics)), |_: &mut Request| "Hello").expect("a server");
        let text = events.recv_timeout(Duration::from_secs(20)).expect("an event");
        let reason = if panics { "the backend's accept panicked" } else { "deaf" };
        assert_eq!(text, format!("no more connections are accepted: {reason}"));
        assert!(TcpStream::connect(server.addr()).is_err(), "clients are refused");
        let server = Server::bind("127.0.0.1:0").expect("a free port");
        let error = server.run(Deaf(panics), |_: &mut Request| "Hello").expect_err("it ends");
        assert_eq!(error.to_string(), reason);
    }
}
