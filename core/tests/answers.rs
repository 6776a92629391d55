//! Answers in memory and in virtual time: what a socket does not let a client see or decide. How much it takes at a
//! time, what becomes of something that is dropped half way, and handlers that do what they should not.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use switchboard_core::internals::{Client, Simulation};
use switchboard_core::{
    Body, Event, Headers, IntoResponse, Limits, Producer, Request, Response, Status, Upgraded, asynchronous, block_on,
    with,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

fn link(value: &str) -> Headers {
    let mut headers = Headers::new();
    headers.append("Link", value).expect("a good field");
    headers
}

/// What has come, without dates.
fn received(client: &mut Client) -> String {
    let text = String::from_utf8(client.receive()).expect("a text");
    text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
}

/// Polls a future once and drops it.
async fn begin(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

#[test]
fn hints_that_were_begun_come_to_their_end() {
    let simulation = Simulation::new(
        Limits::default(),
        asynchronous(async |request: &mut Request| {
            begin(request.early_hints(&link("</a>"))).await;
            "Hello"
        }),
    );
    let mut client = simulation.connect();
    client.set_window(30);
    client.send(GET);
    assert_eq!(client.receive().len(), 30, "the rest of the hints is dropped with their future");
    client.set_window(usize::MAX);
    client.run();
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nHello";
    let whole = format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{answer}");
    assert_eq!(received(&mut client), whole[30..]);
}

#[test]
fn what_was_dropped_has_no_deadline() {
    let limits = || Limits { send: Duration::from_secs(1), body: Duration::from_secs(1), ..Limits::default() };
    let simulation = Simulation::new(
        limits(),
        with(Arc::new(Mutex::new(None)), async |works: &Arc<Mutex<Option<Waker>>>, request: &mut Request| {
            match request.path() {
                "/hints" => begin(request.early_hints(&link(&"x".repeat(1_000)))).await,
                _ => begin(request.body().chunk()).await,
            }
            // It works on, without a wait that the loop would see: time passes within the poll.
            let wake = works.lock().expect("no panic").take();
            wake.into_iter().for_each(Waker::wake);
            "Hello"
        }),
    );
    for head in [GET.replace("/ ", "/hints "), GET.replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\n")] {
        let mut client = simulation.connect();
        client.set_window(100);
        client.send(head);
        simulation.advance(Duration::from_millis(900));
        client.set_window(usize::MAX);
        client.run();
        assert!(received(&mut client).contains("Hello"));
    }
    assert_eq!((simulation.stats().timeouts.send, simulation.stats().timeouts.body), (0, 0));
}

/// Puts another request in the place of the connection's, and lends the old one to whoever asks.
fn swap(request: &mut Request, text: &str) -> Request {
    std::mem::replace(request, Request::parse(text).expect("a good request"))
}

/// Swaps the request it is lent.
struct Swaps;

impl Producer for Swaps {
    fn poll_produce(&mut self, _: &mut Context<'_>, request: &mut Request, _: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        swap(request, &format!("{GET}GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"));
        Poll::Ready(Ok(false))
    }
}

#[test]
fn a_request_that_was_swapped_in_decides_nothing() {
    let handler = |request: &mut Request| match request.path() {
        "/" => Response::text(Body::stream(Swaps)),
        "/upgrade" => {
            swap(request, UPGRADE);
            Response::upgrade("echo", async |_| ())
        }
        other => panic!("{other} was never sent"),
    };
    let simulation = Simulation::new(Limits::default(), handler);
    let mut client = simulation.connect();
    client.send(GET);
    assert_eq!(received(&mut client).matches("HTTP/1.1").count(), 1, "one request, one answer");
    assert!(client.is_told_the_end());
    let mut client = simulation.connect();
    client.send("GET /upgrade HTTP/1.0\r\n\r\n");
    assert!(received(&mut client).starts_with("HTTP/1.1 503 "));
}

#[test]
fn a_request_that_was_kept_says_nothing_in_the_middle_of_an_answer() {
    let kept = Arc::new(Mutex::new(None));
    let simulation = Simulation::new(
        Limits::default(),
        with(kept.clone(), async |kept: &Arc<Mutex<Option<Request>>>, request: &mut Request| {
            *kept.lock().expect("no panic") = Some(swap(request, GET));
            Response::text("x".repeat(100_000))
        }),
    );
    let mut client = simulation.connect();
    client.set_window(1_000);
    client.send(GET);
    let mut kept = kept.lock().expect("no panic").take().expect("it is kept");
    client.receive();
    block_on(kept.early_hints(&link("</a>"))).expect("nothing is sent");
    client.run();
    assert!(received(&mut client).bytes().all(|byte| byte == b'x'));
}

#[test]
fn an_upgraded_stream_is_of_no_use_when_its_function_has_ended() {
    let kept = Arc::new(Mutex::new(None));
    let simulation = Simulation::new(
        Limits::default(),
        with(kept.clone(), async |kept: &Arc<Mutex<Option<Upgraded>>>, _: &mut Request| {
            let kept = kept.clone();
            Response::upgrade("echo", async move |stream| *kept.lock().expect("no panic") = Some(stream))
        }),
    );
    let mut client = simulation.connect();
    client.send(UPGRADE);
    assert!(client.is_over());
    let mut stream = kept.lock().expect("no panic").take().expect("it is kept");
    let read = block_on(stream.read(&mut [0])).expect_err("nothing to read from");
    let written = block_on(stream.write_all(b"x")).expect_err("nothing to write to");
    assert_eq!([read.kind(), written.kind()], [io::ErrorKind::NotConnected; 2]);
}

/// Makes nothing, so many times.
struct Idles(usize);

impl Producer for Idles {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, _: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        self.0 -= 1;
        Poll::Ready(Ok(self.0 > 0))
    }
}

#[test]
fn a_producer_that_makes_nothing_gives_way() {
    let simulation = Simulation::new(Limits::default(), |_: &mut Request| Response::text(Body::stream(Idles(1_000))));
    let mut client = simulation.connect();
    client.send(GET);
    assert!(received(&mut client).ends_with("\r\n\r\n0\r\n\r\n"));
    assert!(client.polls() > 900, "polled {} times", client.polls());
}

/// Panics where it is asked to.
struct Panics(&'static str);

impl Panics {
    fn at(&self, place: &str) {
        if self.0 == place {
            std::panic::resume_unwind(Box::new("a panic without a message"));
        }
    }
}

impl Producer for Panics {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        out.extend_from_slice(b"abc");
        Poll::Ready(Ok(false))
    }

    fn length(&self) -> Option<u64> {
        self.at("length");
        None
    }

    fn trailers(&mut self) -> Headers {
        self.at("trailers");
        Headers::new()
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        self.at("drop");
    }
}

#[test]
fn a_panic_of_a_producer_stays_inside_wherever_it_is() {
    for (place, is_whole) in [("length", true), ("trailers", false), ("drop", true)] {
        let simulation =
            Simulation::new(Limits::default(), move |_: &mut Request| Response::text(Body::stream(Panics(place))));
        let mut client = simulation.connect();
        client.send(GET);
        let text = received(&mut client);
        assert!(text.contains("3\r\nabc\r\n"), "{place}: {text}");
        assert_eq!(text.ends_with("0\r\n\r\n"), is_whole, "{place}: {text}");
    }
}

#[test]
fn a_request_has_limits_of_its_own_and_the_next_has_not() {
    let simulation = Simulation::new(
        Limits::default(),
        asynchronous(async |request: &mut Request| {
            let limits = request.limits_mut();
            limits.linger = Duration::from_secs(3_600);
            limits.send = Duration::from_secs(100);
            limits.drain_size = 10;
            match request.path() {
                "/long" => "x".repeat(1_000_000).into_response(),
                "/closes" => Status::OK.into_response().with_close(),
                _ => Status::NO_CONTENT.into_response(),
            }
        }),
    );
    let lasts = |wire: &str, window: usize| {
        let mut client = simulation.connect();
        client.set_window(window);
        client.send(wire);
        let since = (1..10_000).find(|_| {
            simulation.advance(Duration::from_secs(1));
            client.run();
            client.is_over()
        });
        since.expect("it ends")
    };
    assert_eq!(lasts("GET /closes HTTP/1.1\r\nHost: test\r\n\r\n", usize::MAX), 3_600, "linger");
    assert_eq!(lasts("GET /long HTTP/1.1\r\nHost: test\r\n\r\n", 100), 100, "send");
    assert_eq!(lasts(&format!("{GET}bad\r\n\r\n"), usize::MAX), 1, "the server's own linger for what is refused");
    let mut client = simulation.connect();
    client.send(GET.replace("\r\n\r\n", "\r\nContent-Length: 11\r\n\r\n"));
    assert!(received(&mut client).contains("connection: close"), "drain_size");
}

#[test]
fn a_sink_that_was_kept_does_not_wait_for_ever() {
    let (sender, kept) = mpsc::channel();
    let sender = Mutex::new(sender);
    let simulation = Simulation::new(Limits::default(), move |_: &mut Request| {
        let sender = sender.lock().expect("no panic").clone();
        Response::text(Body::written(async move |mut sink| {
            sink.send("x".repeat(20_000)).await;
            sink.send("y").await;
            sender.send(sink).expect("the test looks");
            Ok(())
        }))
    });
    let mut client = simulation.connect();
    client.send(GET);
    assert!(received(&mut client).ends_with("y\r\n0\r\n\r\n"), "while the function ran, it was waited for");
    let mut sink = kept.recv().expect("it is kept");
    block_on(sink.send("z".repeat(20_000)));
    assert!(received(&mut client).is_empty());
}

#[test]
fn the_log_is_told_what_each_request_was() {
    let (sender, events) = mpsc::channel();
    let observer = move |event: &Event<'_>| {
        if let Event::Answered { target, version, headers, .. } = event {
            let name = headers.get("user-agent").map(str::to_string);
            sender.send((target.to_string(), version.to_string(), name)).expect("the test listens");
        }
    };
    let handler = |request: &mut Request| match request.path() {
        "/echo" => Response::upgrade("echo", async |_| {}),
        _ => Response::text("Hello"),
    };
    let simulation = Simulation::observed(Limits::default(), handler, observer);
    let mut client = simulation.connect();
    client.send(
        "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\nUser-Agent: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n",
    );
    client.send(UPGRADE.replace("/ ", "/echo ").replace("Host:", "User-Agent: b\r\nHost:"));
    let expected = [("/1", "HTTP/1.0", Some("a")), ("/2", "HTTP/1.1", None), ("/echo", "HTTP/1.1", Some("b"))];
    for (target, version, agent) in expected {
        let told = (target.to_string(), version.to_string(), agent.map(str::to_string));
        assert_eq!(events.try_recv(), Ok(told));
    }
}
