//! Bodies that are made while they are sent: of an iterator, a reader, an async function; with a promised length, with
//! trailers.

use super::{Client, PATIENCE, Reply, Subject, deadlines::patient, fields};
use crate::{Body, Headers, Limits, Producer, Request, Response, Server};
use std::fs::File;
use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{Context, Poll};
use std::time::Duration;

/// A reader that waits for its bytes on its thread.
struct Slowly(Receiver<u8>);

impl Read for Slowly {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.recv() {
            Ok(byte) => {
                buf[0] = byte;
                Ok(1)
            }
            Err(_) => Ok(0),
        }
    }
}

pub(super) fn a_stream_is_made_of_an_iterator(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| {
        let len: usize = request.path()[1..].parse().expect("a number");
        Response::text(Body::pieces((0..len).map(|n| format!("{n}\n"))))
    });
    let mut client = Client::of(&server);
    for len in [0, 1, 20_000] {
        let expected: String = (0..len).map(|n| format!("{n}\n")).collect();
        assert!(client.get(&format!("/{len}")).text() == expected, "{len} pieces");
    }
}

pub(super) fn a_stream_is_made_of_a_reader_that_blocks(subject: &Subject) {
    let (sender, receiver) = mpsc::channel();
    let reader = Mutex::new(Some(receiver));
    let server = subject.serve(patient(), move |request: &mut Request| {
        Response::text(match request.path() {
            "/slow" => Body::reader(Slowly(reader.lock().expect("a lock").take().expect("once"))),
            "/large" => Body::reader(io::repeat(b'x').take(1_000_000)),
            "/broken" => Body::reader(io::repeat(b'x').take(10).chain(Broken)),
            _ => Body::from("Hello"),
        })
    });
    let mut slow = Client::of(&server);
    slow.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
    slow.head();
    sender.send(b'a').expect("it reads");
    assert_eq!(slow.take(6), b"1\r\na\r\n", "a piece is sent when it has been read");
    for _ in 0..20 {
        assert_eq!(Client::of(&server).get("/").text(), "Hello", "others are served while a reader blocks");
    }
    sender.send(b'b').expect("it reads");
    drop(sender);
    assert_eq!(slow.take(11), b"1\r\nb\r\n0\r\n\r\n");
    assert!(Client::of(&server).get("/large").body == vec![b'x'; 1_000_000]);
    let mut broken = Client::of(&server);
    broken.send("GET /broken HTTP/1.1\r\nHost: test\r\n\r\n");
    assert!(!broken.rest().ends_with(b"0\r\n\r\n"), "a reader that fails must not look finished");
}

/// A reader that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("it fails"))
    }
}

pub(super) fn a_stream_is_made_of_an_async_function(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| {
        let path = request.path().to_string();
        Response::text(Body::written(async move |mut sink| {
            match &path[..] {
                "/ticks" => {
                    for tick in 0..3 {
                        sink.send(format!("{tick}\n")).await;
                        sink.sleep(Duration::from_millis(20)).await;
                    }
                }
                "/large" => {
                    for _ in 0..1_000 {
                        sink.send(&[b'x'; 1_000]).await;
                    }
                }
                "/flushed" => {
                    sink.send("a").await;
                    sink.flush().await;
                    sink.send("b").await;
                }
                _ => return Err(io::Error::other("there is no such thing")),
            }
            Ok(())
        }))
    });
    let mut client = Client::of(&server);
    client.send("GET /ticks HTTP/1.1\r\nHost: test\r\n\r\n");
    client.head();
    for tick in 0..3 {
        assert_eq!(client.take(7), format!("2\r\n{tick}\n\r\n").as_bytes(), "sent before the function sleeps");
    }
    assert_eq!(client.take(5), b"0\r\n\r\n");
    assert!(client.get("/large").body == vec![b'x'; 1_000_000]);
    client.send("GET /flushed HTTP/1.1\r\nHost: test\r\n\r\n");
    client.head();
    assert_eq!(client.take(17), b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    client.send("GET /fails HTTP/1.1\r\nHost: test\r\n\r\n");
    client.head();
    assert_eq!(client.rest(), b"", "a function that fails must not look finished");
}

/// Says how many bytes were made, when it goes.
struct Made(usize, Sender<usize>);

impl Drop for Made {
    fn drop(&mut self) {
        let _ = self.1.send(self.0); // the case may have failed
    }
}

pub(super) fn a_stream_stops_when_nobody_takes_it(subject: &Subject) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let limits = Limits { send: Duration::from_millis(300), ..Limits::default() };
    let server = subject.serve(limits, move |_: &mut Request| {
        let made = Made(0, sender.lock().expect("a lock").clone());
        Response::text(Body::written(async move |mut sink| {
            let mut made = made; // all of it, so that it goes with the function
            loop {
                sink.send(&[b'x'; 10_000]).await;
                made.0 += 10_000;
            }
        }))
    });
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let made = receiver.recv_timeout(PATIENCE).expect("the function is dropped where it waits");
    assert!(made < 64 << 20, "{made} bytes were made for a client that takes none");
    client.ended();
}

pub(super) fn a_promised_length_is_kept(subject: &Subject) {
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = Server::bind("127.0.0.1:0").expect("a free port").observer(move |event| {
        let _ = sender.lock().expect("a lock").send(event.to_string());
    });
    let server = subject.run(server, Limits::default(), |request: &mut Request| {
        let len = request.path().trim_start_matches("/file").trim_start_matches('/').parse().expect("a number");
        Response::text(match request.path().starts_with("/file") {
            true => the_last_six_bytes_of_a_file(len),
            false => Body::pieces(["123", "", "456"]).with_length(len),
        })
    });
    let mut client = Client::of(&server);
    let reply = client.get("/6");
    assert_eq!((reply.text(), reply.field("content-length")), ("123456", Some("6")));
    assert!(events.recv_timeout(PATIENCE).expect("the log says so").contains("\"GET /6\" 200 6 "));
    client.send("HEAD /6 HTTP/1.1\r\nHost: test\r\n\r\nGET /6 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.head().field("content-length"), Some("6"));
    let Reply { status, body, .. } = client.reply();
    assert_eq!((status, body), (reply.status, reply.body), "HTTP/1.0 needs no end of the connection");
    for (promised, sent) in [(4, "1234"), (0, ""), (9, "123456")] {
        let mut client = Client::of(&server);
        client.send(format!("GET /{promised} HTTP/1.1\r\nHost: test\r\n\r\nGET /6 HTTP/1.1\r\nHost: test\r\n\r\n"));
        client.head();
        assert_eq!(client.rest(), sent.as_bytes(), "neither more than {promised} nor another answer");
        let told = format!("was promised {promised} bytes");
        while !events.recv_timeout(PATIENCE).expect("the log says so").contains(&told) {}
    }
    client.send("GET /file/60 HTTP/1.1\r\nHost: test\r\n\r\n");
    client.head();
    assert_eq!(client.rest().len(), 6);
    while !events.recv_timeout(PATIENCE).expect("the log says so").contains("promised 60 bytes and had 6;") {}
}

/// What should be `len` bytes of a file that has got shorter.
fn the_last_six_bytes_of_a_file(len: u64) -> Body {
    let file = File::open(std::env::current_exe().expect("a program")).expect("its file");
    let offset = file.metadata().expect("its length").len() - 6;
    Body::File { file: file.into(), offset, len }
}

/// Three bytes and their sum.
struct Summed;

impl Producer for Summed {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        out.extend_from_slice(b"abc");
        Poll::Ready(Ok(false))
    }

    fn trailers(&mut self) -> Headers {
        fields([("Sum", "294"), ("Content-Length", "99"), ("Transfer-Encoding", "chunked"), ("Host", "b"), ("X", "y")])
    }
}

pub(super) fn trailers_are_sent_behind_chunks_only(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| match request.path() {
        "/sink" => Response::text(Body::written(async |mut sink| {
            sink.set_trailers(fields([("Sum", "1")]));
            sink.send("d").await;
            Ok(())
        })),
        "/length" => Response::text(Body::stream(Summed).with_length(3)),
        _ => Response::text(Body::stream(Summed)).with_header("Trailer", "Sum"),
    });
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.head().field("trailer"), Some("Sum"));
    let expected = b"3\r\nabc\r\n0\r\nSum: 294\r\nX: y\r\n\r\n";
    assert_eq!(client.take(expected.len()).escape_ascii().to_string(), expected.escape_ascii().to_string());
    client.send("GET /sink HTTP/1.1\r\nHost: test\r\n\r\n");
    client.head();
    let expected = b"1\r\nd\r\n0\r\nSum: 1\r\n\r\n";
    assert_eq!(client.take(expected.len()), expected);
    assert_eq!(client.get("/length").text(), "abc", "no trailers behind a body of known length");
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.reply().text(), "abc", "nor to HTTP/1.0");
}
