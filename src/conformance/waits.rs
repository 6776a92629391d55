//! Handlers that wait in unusual ways: behind combinators, for a while only, for two things at once; and answers whose
//! making fails.

use super::{AGES, Client, Subject};
use crate::{Body, Handler, IntoResponse, Limits, Producer, Request, Response, Status, asynchronous};
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(500);

fn post(path: &str, len: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {len}\r\n\r\n")
}

pub(super) fn a_body_read_to_its_last_byte_is_no_request(subject: &Subject) {
    let server = subject.serve(
        Limits::default(),
        asynchronous(async |request: &mut Request| {
            let path = request.path().to_string();
            let piece = request.body().chunk().await.map(|piece| piece.map_or(0, <[u8]>::len));
            format!("{path} {}", piece.unwrap_or(0)) // and never asks whether that was all
        }),
    );
    let mut client = Client::of(&server);
    let hidden = "GET /hidden HTTP/1.1\r\nHost: test\r\n\r\n";
    client.send(post("/a", hidden.len()) + hidden);
    assert_eq!(client.reply().text(), format!("/a {}", hidden.len()));
    assert_eq!(client.get("/b").text(), "/b 0", "what was in the body has not been taken for a request");
}

/// Polls its child only when the child itself was woken, as sets of futures do.
pub(super) struct OnlyWhenWoken<F> {
    child: F,
    flag: Arc<Flag>,
}

struct Flag {
    woken: AtomicBool,
    parent: Mutex<Option<Waker>>,
}

impl<F> OnlyWhenWoken<F> {
    pub(super) fn new(child: F) -> Self {
        let flag = Flag { woken: AtomicBool::new(true), parent: Mutex::new(None) };
        Self { child, flag: Arc::new(flag) }
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        let parent = self.parent.lock().expect("a waker").take();
        parent.into_iter().for_each(Waker::wake);
    }
}

impl<F: Future + Unpin> Future for OnlyWhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        *self.flag.parent.lock().expect("a waker") = Some(cx.waker().clone());
        if !self.flag.woken.swap(false, SeqCst) {
            return Poll::Pending;
        }
        let waker = Waker::from(self.flag.clone());
        Pin::new(&mut self.child).poll(&mut Context::from_waker(&waker))
    }
}

pub(super) fn a_read_behind_a_combinator_is_woken(subject: &Subject) {
    async fn length(request: &mut Request) -> String {
        let child = pin!(async { request.read_body().await.map_or(0, <[u8]>::len) });
        OnlyWhenWoken::new(child).await.to_string()
    }
    let server = subject.serve(Limits::default(), asynchronous(length));
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n".to_string() + &post("/", 5));
    assert_eq!(client.reply().text(), "0", "the first answer goes out while the second body is waited for");
    client.send("hello");
    assert_eq!(client.reply().text(), "5");
}

/// Passes the body on, and notes from elsewhere.
struct Notes {
    notes: Receiver<&'static str>,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Producer for Notes {
    fn poll_produce(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        out: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>> {
        *self.waker.lock().expect("a waker") = Some(cx.waker().clone());
        self.notes.try_iter().for_each(|note| out.extend(note.bytes()));
        match ready!(request.body().poll_chunk(cx)) {
            Ok(Some(piece)) => out.extend_from_slice(piece),
            Ok(None) => return Poll::Ready(Ok(false)),
            Err(error) => return Poll::Ready(Err(io::Error::other(error))),
        }
        Poll::Ready(Ok(true))
    }
}

pub(super) fn a_body_limit_holds_beside_other_wakes(subject: &Subject) {
    let (note, notes) = channel();
    let (notes, waker) = (Mutex::new(Some(notes)), Arc::new(Mutex::new(None::<Waker>)));
    let shared = waker.clone();
    let handler = move |_: &mut Request| {
        let notes = notes.lock().expect("notes").take().expect("one request");
        Response::text(Body::stream(Notes { notes, waker: shared.clone() }))
    };
    let limits = Limits { body: LIMIT, idle: AGES, send: AGES, head: AGES, ..Limits::default() };
    let server = subject.serve(limits, Lazy(handler));
    let since = Instant::now();
    let mut client = Client::of(&server);
    client.send(post("/", 5));
    assert_eq!(client.head().status, 200);
    for _ in 0..3 {
        std::thread::sleep(LIMIT / 5);
        let _ = note.send("note"); // the client may have been ended
        let waker = waker.lock().expect("a waker").take();
        waker.into_iter().for_each(Waker::wake);
    }
    client.ended();
    assert!(since.elapsed() >= LIMIT, "early");
}

pub(super) fn a_body_limit_holds_beside_a_sibling(subject: &Subject) {
    /// Reads the body behind a combinator, beside a timer that is over sooner and wakes only itself.
    async fn beside_a_timer(request: &mut Request) -> Response {
        let child = pin!(async { request.read_body().await.map(<[u8]>::len) });
        let mut read = OnlyWhenWoken::new(child);
        let mut timer = pin!(sleep(LIMIT / 5));
        let mut is_over = false;
        let read = poll_fn(|cx| {
            is_over = is_over || timer.as_mut().poll(cx).is_ready();
            Pin::new(&mut read).poll(cx)
        });
        read.await.map_or_else(IntoResponse::into_response, |len| len.to_string().into_response())
    }
    let server = subject.serve(Limits { body: LIMIT, ..Limits::default() }, asynchronous(beside_a_timer));
    let since = Instant::now();
    let mut client = Client::of(&server);
    client.send(post("/", 5));
    assert_eq!(client.reply().status, 408);
    assert!(since.elapsed() >= LIMIT, "early");
}

/// A large piece at once, and a small one after a while.
struct Pauses {
    pieces: usize,
    pause: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Producer for Pauses {
    fn poll_produce(&mut self, cx: &mut Context<'_>, _: &mut Request, out: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        self.pieces += 1;
        if self.pieces == 1 {
            out.resize(20_000, b'x');
            return Poll::Ready(Ok(true));
        }
        ready!(self.pause.as_mut().poll(cx));
        out.extend(b"end");
        Poll::Ready(Ok(false))
    }
}

pub(super) fn a_producer_may_take_its_time(subject: &Subject) {
    let limits = Limits { send: LIMIT, body: LIMIT, idle: LIMIT, head: LIMIT, first_byte: LIMIT, ..Limits::default() };
    let server = subject.serve(limits, |_: &mut Request| {
        let pause = Box::pin(sleep(3 * LIMIT));
        Response::text(Body::stream(Pauses { pieces: 0, pause }))
    });
    let mut client = Client::of(&server);
    assert_eq!(client.get("/").text().len(), 20_003);
}

/// A handler that does not read the body first, as a plain function would.
pub(super) struct Lazy<F>(pub(super) F);

impl<F: Fn(&mut Request) -> Response + Send + Sync + 'static> Handler for Lazy<F> {
    async fn handle(&self, request: &mut Request) -> Response {
        (self.0)(request)
    }
}

pub(super) fn a_dropped_read_has_no_deadline(subject: &Subject) {
    async fn changes_its_mind(request: &mut Request) -> String {
        {
            let mut read = pin!(request.body().chunk());
            // Once, and not again: on a blocking transport this waits.
            let _ = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_pending())).await;
        }
        sleep(3 * LIMIT).await;
        match request.read_body().await {
            Ok(_) => "in time".into(),
            Err(error) => error.to_string(),
        }
    }
    let server = subject.serve(Limits { body: LIMIT, ..Limits::default() }, asynchronous(changes_its_mind));
    let mut client = Client::of(&server);
    client.send(post("/", 5));
    std::thread::sleep(LIMIT / 2);
    client.send("hello");
    assert_eq!(client.reply().text(), "in time");
}

/// Waits on a thread of its own.
pub(super) async fn sleep(duration: Duration) {
    let done = Arc::new(AtomicBool::new(false));
    let mut is_started = false;
    poll_fn(|cx| {
        if done.load(SeqCst) {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut is_started, true) {
            let (done, waker) = (done.clone(), cx.waker().clone());
            std::thread::spawn(move || {
                std::thread::sleep(duration);
                done.store(true, SeqCst);
                waker.wake();
            });
        }
        Poll::Pending
    })
    .await;
}

struct Fails;

impl Producer for Fails {
    fn poll_produce(&mut self, _: &mut Context<'_>, _: &mut Request, _: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        Poll::Ready(Err(io::Error::other("nothing to say")))
    }
}

pub(super) fn earlier_answers_survive_one_that_fails(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| match request.path() {
        "/directory" => {
            let file = File::open(std::env::temp_dir()).expect("a directory").into();
            Response::new(Status::OK).with_body(Body::File { file, offset: 0, len: 10 })
        }
        "/stream" => Response::text(Body::stream(Fails)),
        _ => "first".into_response(),
    });
    for path in ["/directory", "/stream"] {
        let mut client = Client::of(&server);
        let requests = ["/", path].map(|path| format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        client.send(requests.concat());
        assert_eq!(client.reply().text(), "first", "before {path}");
        assert!(!client.rest().ends_with(b"\r\n0\r\n\r\n"), "and {path} does not look finished");
    }
}

/// Panics before there is a future to poll.
struct Eager;

impl Handler for Eager {
    fn handle(&self, request: &mut Request) -> impl Future<Output = Response> + Send {
        if request.path() == "/panic" {
            std::panic::resume_unwind(Box::new("a panic without a message on stderr"));
        }
        async { "Hello".into_response() }
    }
}

pub(super) fn a_panic_before_the_first_poll_is_500_too(subject: &Subject) {
    let server = subject.serve(Limits::default(), Eager);
    let mut client = Client::of(&server);
    let requests = ["/", "/panic"].map(|path| format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    client.send(requests.concat());
    assert_eq!(client.reply().text(), "Hello");
    assert_eq!(client.reply().status, 500);
    client.closed();
}
