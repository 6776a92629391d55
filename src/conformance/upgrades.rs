//! Connections that go on in another protocol.

use super::{AGES, Client, PATIENCE, Subject, deadlines::patient};
use crate::{Limits, Request, Response, asynchronous};
use std::panic::resume_unwind;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

fn echo_upgrade(request: &mut Request) -> Response {
    let until = request.path().to_string();
    Response::upgrade("echo", async move |mut stream| {
        stream.limits_mut().upgrade = if until == "/short" { Duration::from_millis(200) } else { AGES };
        let mut buffer = [0; 3]; // smaller than what comes at once
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => return,
                Ok(_) if buffer.starts_with(b"!") => resume_unwind(Box::new("a panic without a message")),
                Ok(len) if stream.write_all(&buffer[..len]).await.is_err() => return,
                Ok(_) => {}
                Err(error) => {
                    let _ = stream.write_all(format!("{:?}", error.kind()).as_bytes()).await;
                    return;
                }
            }
        }
    })
    .with_header("Accepted", "yes")
}

const UPGRADE: &str = " HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: other, ECHO\r\n\r\n";

pub(super) fn a_connection_can_be_upgraded(subject: &Subject) {
    let server = subject.serve(patient(), echo_upgrade);
    let mut client = Client::of(&server);
    client.send(format!("GET /{UPGRADE}at once"));
    let reply = client.head();
    assert_eq!((reply.status, reply.field("upgrade"), reply.field("connection")), (101, Some("echo"), Some("upgrade")));
    assert_eq!((reply.field("accepted"), reply.field("content-length")), (Some("yes"), None));
    assert_eq!(client.take(7), b"at once", "what came behind the head is the first of it");
    client.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(client.take(18), b"GET / HTTP/1.1\r\n\r\n", "it is not HTTP any more");
    assert_eq!(Client::of(&server).get("/").status, 426, "others are served meanwhile");
    client.end();
    client.closed();

    let mut client = Client::of(&server);
    client.send(format!("GET /short{UPGRADE}"));
    client.head();
    assert_eq!(client.take(8), b"TimedOut", "a silent client is ended, and the function told");
    client.ended();

    let mut client = Client::of(&server);
    client.send(format!("GET /{UPGRADE}!"));
    client.head();
    client.ended();
    assert_eq!(Client::of(&server).get("/").status, 426, "a panic costs its own connection");
}

pub(super) fn nobody_is_upgraded_unasked(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_upgrade);
    let mut client = Client::of(&server);
    for fields in ["", "Upgrade: echo\r\n", "Connection: upgrade\r\n", "Connection: upgrade\r\nUpgrade: echoes\r\n"] {
        client.send(format!("GET / HTTP/1.1\r\nHost: test\r\n{fields}\r\n"));
        let reply = client.reply();
        assert_eq!(
            (reply.status, reply.field("upgrade"), reply.field("connection")),
            (426, Some("echo"), Some("upgrade"))
        );
    }
    client.send("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    assert_eq!(client.reply().status, 426);
    client.closed();
}

pub(super) fn a_body_comes_before_the_new_protocol(subject: &Subject) {
    let unread = asynchronous(async |request: &mut Request| echo_upgrade(request));
    let server = subject.serve(Limits { drain_size: 5, ..patient() }, unread);
    let upgrade = |length| UPGRADE.replacen("\r\n\r\n", &format!("\r\nContent-Length: {length}\r\n\r\n"), 1);
    let mut client = Client::of(&server);
    client.send(format!("POST /{}hel", upgrade(5)));
    client.send("loecho");
    assert_eq!(client.head().status, 101);
    assert_eq!(client.take(4), b"echo");
    let chunked = UPGRADE.replacen("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", 1);
    for (rest, status) in [(upgrade(6) + "hello!", 413), (chunked + "zz\r\n", 400)] {
        let mut client = Client::of(&server);
        client.send(format!("POST /{rest}"));
        assert_eq!(client.reply().status, status, "what cannot be read away");
        client.closed();
    }
    let mut client = Client::of(&server);
    let expects = upgrade(5).replacen("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1);
    client.send(format!("POST /{expects}"));
    assert_eq!(client.head().status, 100, "who wants to be told to go on, is, before anything else");
    client.send("helloecho");
    assert_eq!(client.head().status, 101);
    assert_eq!(client.take(4), b"echo");
}

pub(super) fn the_end_of_an_upgrade_is_the_connections(subject: &Subject) {
    let (sender, kept) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = subject.serve(Limits { linger: PATIENCE, ..patient() }, move |request: &mut Request| {
        let sender = sender.lock().expect("a lock").clone();
        let keeps = request.path() == "/keep";
        Response::upgrade("echo", async move |mut stream| {
            stream.write_all(b"bye").await.expect("it is taken");
            if keeps {
                sender.send(stream).expect("the case looks");
                resume_unwind(Box::new("a panic without a message"));
            }
        })
    });
    let mut client = Client::of(&server);
    client.send(format!("GET /{UPGRADE}"));
    client.head();
    client.send(vec![b'x'; 500_000]);
    assert_eq!(client.rest(), b"bye", "an orderly end, also for a client that still sends");
    assert!(client.try_send("x"), "the connection was reset, which can destroy what was not read yet");

    let mut client = Client::of(&server);
    client.send(format!("GET /keep{UPGRADE}"));
    client.head();
    let _kept = kept.recv_timeout(PATIENCE).expect("it is kept");
    client.ended();
}

pub(super) fn a_stop_ends_what_was_upgraded(subject: &Subject) {
    let server = subject.serve(patient(), |request: &mut Request| match request.path() {
        "/deaf" => Response::upgrade("echo", async |stream| stream.sleep(AGES).await),
        _ => echo_upgrade(request),
    });
    let mut reading = Client::of(&server);
    reading.send(format!("GET /{UPGRADE}x"));
    reading.head();
    assert_eq!(reading.take(1), b"x");
    let mut deaf = Client::of(&server);
    deaf.send(format!("GET /deaf{UPGRADE}"));
    deaf.head();
    subject.wait_for(&server, "one that reads", |stats| stats.upgraded == 1 && stats.handler == 1);
    let report = server.shutdown(Duration::from_millis(50));
    assert_eq!((report.drained, report.aborted, report.stuck), (1, 1, 0), "{report}");
    reading.closed(); // its function was told
    deaf.ended();
}
