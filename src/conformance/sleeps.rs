//! Handlers and producers that sleep on the server's timer.

use super::waits::{Lazy, OnlyWhenWoken, sleep};
use super::{AGES, Client, PATIENCE, Subject, deadlines};
use crate::{Body, Limits, Producer, Request, Response, Sleep, asynchronous};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(200);

/// No limit is near: the timer's thread sleeps for long, unless somebody wakes it for less.
fn patient() -> Limits {
    Limits { linger: AGES, ..deadlines::patient() }
}

/// Sleeps as long as the path says, in milliseconds, and says how long it really was.
async fn nap(request: &mut Request) -> String {
    let since = Instant::now();
    let millis = request.path()[1..].parse().expect("a number");
    request.sleep(Duration::from_millis(millis)).await;
    since.elapsed().as_millis().to_string()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

pub(super) fn a_sleep_is_never_short(subject: &Subject) {
    let server = subject.serve(patient(), asynchronous(nap));
    let mut client = Client::of(&server);
    for millis in [0, 1, 2, 5, 30, 65, 130] {
        let slept = client.get(&format!("/{millis}"));
        assert!(slept.text().parse::<u64>().expect("a number") >= millis, "{} where {millis} was asked", slept.text());
    }
}

pub(super) fn a_short_sleep_overtakes_a_long_one(subject: &Subject) {
    let server = subject.serve(patient(), asynchronous(nap));
    let mut sleepers: Vec<Client> = (0..3).map(|_| Client::of(&server)).collect();
    sleepers[0].send(get(&format!("/{}", AGES.as_millis())));
    sleepers[1].send(get("/200"));
    sleepers[2].send(get("/20"));
    sleepers[2].reply();
    sleepers[1].reply();
    subject.wait_for_idle(&server, 2);
    let report = server.shutdown(Duration::ZERO);
    assert_eq!((report.aborted, report.stuck), (1, 0), "the long one is still asleep, and can be ended: {report}");
}

pub(super) fn an_answer_is_not_held_back_by_a_sleep(subject: &Subject) {
    let server = subject.serve(patient(), asynchronous(nap));
    let mut client = Client::of(&server);
    client.send(get("/0") + &get(&format!("/{}", AGES.as_millis())));
    client.reply();
}

pub(super) fn no_limit_runs_during_a_sleep(subject: &Subject) {
    async fn naps_within_the_body(request: &mut Request) -> String {
        request.sleep(3 * NAP).await;
        let first = request.body().chunk().await.map_or(0, |piece| piece.map_or(0, <[u8]>::len));
        request.sleep(3 * NAP).await;
        format!("{first} {}", request.read_body().await.map_or(0, <[u8]>::len))
    }
    let limits =
        Limits { first_byte: NAP, idle: NAP, head: NAP, body: NAP, send: NAP, drain: NAP, ..Limits::default() };
    let server = subject.serve(limits, asynchronous(naps_within_the_body));
    let mut client = Client::of(&server);
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.reply().text(), "5 0");
    let since = Instant::now();
    client.closed();
    assert!(since.elapsed() < PATIENCE, "and the limits hold again afterwards");
}

pub(super) fn a_sleep_is_not_ended_by_other_wakes(subject: &Subject) {
    /// Three things at once: how long the longest of them took.
    async fn beside_others(request: &mut Request) -> String {
        let since = Instant::now();
        let (mut long, mut short) = (pin!(request.sleep(2 * NAP)), pin!(request.sleep(NAP / 4)));
        let mut elsewhere = pin!(sleep(NAP / 2));
        let (mut took, mut is_over, mut is_over_elsewhere) = (None, false, false);
        poll_fn(|cx| {
            is_over = is_over || short.as_mut().poll(cx).is_ready();
            is_over_elsewhere = is_over_elsewhere || elsewhere.as_mut().poll(cx).is_ready();
            if took.is_none() && long.as_mut().poll(cx).is_ready() {
                took = Some(since.elapsed());
            }
            if is_over && is_over_elsewhere && took.is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        (took >= Some(2 * NAP)).to_string()
    }
    let server = subject.serve(patient(), asynchronous(beside_others));
    assert_eq!(Client::of(&server).get("/").text(), "true");
}

pub(super) fn a_sleep_wakes_who_waits_for_it(subject: &Subject) {
    /// Begins to wait in one hand, and goes on behind a combinator that only looks at what was woken itself.
    async fn changes_hands(request: &mut Request) -> &'static str {
        let mut sleep = pin!(request.sleep(NAP));
        poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx).is_pending())).await;
        OnlyWhenWoken::new(sleep).await;
        "awake"
    }
    let server = subject.serve(patient(), asynchronous(changes_hands));
    assert_eq!(Client::of(&server).get("/").text(), "awake");
}

/// A piece, a nap, and another piece.
struct Dozes(Option<Pin<Box<Sleep>>>);

impl Producer for Dozes {
    fn poll_produce(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        out: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>> {
        let Some(sleep) = &mut self.0 else {
            self.0 = Some(Box::pin(request.sleep(NAP)));
            out.extend(b"first ");
            return Poll::Ready(Ok(true));
        };
        ready!(sleep.as_mut().poll(cx));
        out.extend(b"second");
        Poll::Ready(Ok(false))
    }
}

pub(super) fn a_stream_can_sleep(subject: &Subject) {
    let handler = Lazy(|_: &mut Request| Response::text(Body::stream(Dozes(None))));
    let server = subject.serve(Limits { send: NAP / 2, ..patient() }, handler);
    let since = Instant::now();
    assert_eq!(Client::of(&server).get("/").text(), "first second");
    assert!(since.elapsed() >= NAP);
}

pub(super) fn a_sleep_outlives_its_server(subject: &Subject) {
    let (hand_over, sleeps) = sync_channel(2);
    let server = subject.serve(patient(), move |request: &mut Request| {
        hand_over.send((Instant::now(), request.sleep(2 * NAP))).expect("it is taken");
        "taken"
    });
    for path in ["/before", "/after"] {
        assert_eq!(Client::of(&server).get(path).text(), "taken");
    }
    let [before, after] = [sleeps.recv(), sleeps.recv()].map(|sleep| sleep.expect("it was sent"));
    let (awake, slept) = channel();
    let (began, begun) = channel();
    let wait_for = |(since, mut sleep): (Instant, Sleep)| {
        let (awake, began) = (awake.clone(), began.clone());
        std::thread::spawn(move || {
            crate::block_on(poll_fn(|cx| {
                let polled = Pin::new(&mut sleep).poll(cx);
                began.send(()).expect("it is waited for");
                polled
            }));
            awake.send(since.elapsed()).expect("it is waited for");
        });
    };
    wait_for(before);
    begun.recv_timeout(PATIENCE).expect("it waits already when the server ends");
    server.shutdown(Duration::ZERO);
    wait_for(after);
    for _ in 0..2 {
        assert!(slept.recv_timeout(PATIENCE).expect("it wakes up") >= 2 * NAP);
    }
}

pub(super) fn a_stuck_handler_that_sleeps_at_last_is_dropped(subject: &Subject) {
    /// Tells when it goes.
    struct Guard(Sender<()>);

    impl Drop for Guard {
        fn drop(&mut self) {
            let _ = self.0.send(()); // the case may be over
        }
    }

    type Ends = (Sender<()>, Arc<Mutex<Receiver<()>>>, Sender<()>);
    let ((arrived, arrives), (release, released), (dropped, drops)) = (channel(), channel(), channel());
    let ends = (arrived, Arc::new(Mutex::new(released)), dropped);
    let stuck = crate::with(ends, async |(arrived, released, dropped): &Ends, request: &mut Request| {
        let _guard = Guard(dropped.clone());
        let (arrived, released) = (arrived.clone(), released.clone());
        let blocks = request.unblock(move || {
            arrived.send(()).expect("it is waited for");
            released.lock().expect("one request").recv().expect("it is released");
        });
        blocks.await.expect("there is a place for it");
        request.sleep(AGES).await;
    });
    let server = subject.serve(patient(), stuck);
    let mut client = Client::of(&server);
    client.send(get("/"));
    arrives.recv_timeout(PATIENCE).expect("it runs");
    let report = server.shutdown(Duration::ZERO);
    assert_eq!((report.aborted, report.stuck), (0, 1), "{report}");
    release.send(()).expect("it waits");
    drops.recv_timeout(PATIENCE).expect("it is dropped where it sleeps, though there is no server any more");
}
