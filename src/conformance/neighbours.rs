//! Clients that do harm to nobody but themselves: who resets its connection, whose handler blocks, who takes all it
//! can.

use super::deadlines::{much, patient};
use super::{Client, Gate, PATIENCE, Subject, gated};
use crate::{Body, Event, Producer, Request, Response, Server, blocking};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

pub(super) fn a_reset_costs_its_own_connection(subject: &Subject) {
    let server = subject.serve(patient(), much());
    let mut other = Client::of(&server);
    other.get("/");
    for _ in 0..4 {
        let mut client = Client::of(&server);
        client.send("GET /much HTTP/1.1\r\nHost: test\r\n\r\n");
        client.take(100);
        drop(client); // with bytes that it has not read: the system resets the connection
    }
    subject.wait_for(&server, "only the other", |stats| stats.open() == 1);
    assert_eq!(other.get("/").text(), "Hello");
    assert_eq!(server.shutdown(PATIENCE).stuck, 0);
}

pub(super) fn a_pipeline_gets_on_while_others_block(subject: &Subject) {
    let gate = Arc::new(Gate::default());
    gate.close(usize::MAX);
    let server = subject.serve(patient(), gated(&gate));
    let mut blocked: Vec<_> = (0..4).map(|_| Client::of(&server)).collect();
    for client in &mut blocked {
        client.send("GET /0 HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    gate.wait_for(4);
    let mut pipeline = Client::of(&server);
    pipeline.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(64));
    for _ in 0..64 {
        assert_eq!(pipeline.reply().text(), "Hello");
    }
    gate.open_to(0);
    for mut client in blocked {
        assert_eq!(client.reply().text(), "Hello");
    }
}

pub(super) fn a_blocking_handler_stalls_nobody(subject: &Subject) {
    let gate = Arc::new(Gate::default());
    gate.close(usize::MAX);
    let server = subject.serve(patient(), gated(&gate));
    let mut blocked: Vec<_> = (0..6).map(|_| Client::of(&server)).collect();
    for client in &mut blocked {
        client.send("GET /0 HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    gate.wait_for(6);
    for _ in 0..100 {
        assert_eq!(Client::of(&server).get("/").text(), "Hello"); // a new one: whichever thread takes it
    }
    gate.open_to(0);
    for mut client in blocked {
        assert_eq!(client.reply().text(), "Hello");
    }
}

pub(super) fn a_blocking_handler_that_panics_is_500(subject: &Subject) {
    let panics = blocking(|request: &mut Request| match request.bytes() {
        b"panic" => std::panic::resume_unwind(Box::new("a panic without a message on stderr")),
        bytes => bytes.to_vec(),
    });
    let (sender, events) = channel();
    let sender = Mutex::new(sender);
    let server = Server::bind("127.0.0.1:0").expect("a free port").observer(move |event: &Event<'_>| {
        if let Event::Panicked { target, .. } = event {
            sender.lock().expect("not poisoned").send(target.to_string()).expect("the case listens");
        }
    });
    let server = subject.run(server, patient(), panics);
    let mut client = Client::of(&server);
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.reply().text(), "hello", "its body is read for it");
    client.send("POST /there HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\npanic");
    let reply = client.reply();
    assert_eq!((reply.status, reply.field("connection")), (500, Some("close")));
    client.closed();
    assert_eq!(server.stats().errors.panicked, 1);
    assert_eq!(events.try_recv().as_deref(), Ok("/there"), "the request has come back");
}

/// A body without an end.
struct Endless;

impl Producer for Endless {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        out.resize(64 << 10, b'x');
        Poll::Ready(Ok(true))
    }
}

pub(super) fn a_download_starves_nobody(subject: &Subject) {
    let server = subject.serve(patient(), |request: &mut Request| match request.path() {
        "/" => Response::text("Hello"),
        _ => Response::text(Body::stream(Endless)),
    });
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut client = Client::of(&server);
            client.send("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n");
            client.head();
            scope.spawn(|| client.skip_until(&enough));
        }
        for _ in 0..20 {
            assert_eq!(Client::of(&server).get("/").text(), "Hello");
        }
        enough.store(true, Relaxed);
    });
    assert_eq!(server.shutdown(PATIENCE).stuck, 0);
}
