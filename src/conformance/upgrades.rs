//! Connections that go on in another protocol.

use super::{AGES, Client, Subject, deadlines::patient};
use crate::{Limits, Request, Response};
use std::panic::resume_unwind;
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
    // The body comes before the new protocol.
    let mut client = Client::of(&server);
    let upgrade = UPGRADE.replacen("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\n", 1);
    client.send(format!("POST /{upgrade}helloecho"));
    assert_eq!(client.head().status, 101);
    assert_eq!(client.take(4), b"echo");
}

pub(super) fn a_stop_ends_what_was_upgraded(subject: &Subject) {
    let server = subject.serve(Limits::default(), echo_upgrade);
    let mut client = Client::of(&server);
    client.send(format!("GET /{UPGRADE}x"));
    client.head();
    assert_eq!(client.take(1), b"x");
    subject.wait_for(&server, "1 upgraded", |stats| stats.upgraded == 1);
    let report = server.shutdown(Duration::from_millis(50));
    assert_eq!((report.aborted, report.stuck), (1, 0), "{report}");
    client.ended();
}
