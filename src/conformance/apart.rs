//! Behaviours that concern the whole process: its files, its threads, very many connections.

use super::deadlines::patient;
use super::{Client, Gate, PATIENCE, Subject, gated};
use crate::{Event, Limits, Request, Server, with};
use std::fs::File;
use std::future::poll_fn;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

pub(super) fn descriptors_run_out(subject: &Subject) {
    let (sender, events) = channel();
    let sender = Mutex::new(sender);
    let server = Server::bind("127.0.0.1:0").expect("a free port").observer(move |event: &Event<'_>| {
        let failed = matches!(event, Event::AcceptFailed { .. });
        sender.lock().expect("not poisoned").send((failed, event.to_string())).expect("the case listens");
    });
    let limits = Limits { connections: usize::MAX, ..patient() };
    let server = subject.run(server, limits, |_: &mut Request| "Hello");
    assert_eq!(Client::of(&server).get("/").text(), "Hello", "all that opens files for good has been started");
    subject.wait_for(&server, "no connection", |stats| stats.open() == 0);
    let mut files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).take(1 << 20).collect();
    assert!(files.len() < 1 << 20, "the number of open files is not limited");
    files.pop(); // for the client's end
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let failed = |(failed, _): &(bool, String)| *failed;
    let until = Instant::now() + PATIENCE;
    let (_, text) =
        std::iter::from_fn(|| events.recv_timeout(until - Instant::now()).ok()).find(failed).expect("a report");
    assert!(text.starts_with("cannot accept connections: "), "{text}");
    subject.wait_for(&server, "more attempts", |stats| stats.errors.accept >= 4);
    assert!(server.stats().errors.accept < 50, "it does not spin: {:?}", server.stats());
    assert!(!events.try_iter().any(|event| failed(&event)), "it is said once");
    files.clear();
    assert_eq!(client.reply().text(), "Hello", "it was waiting");
    assert_eq!(Client::of(&server).get("/").text(), "Hello");
}

pub(super) fn threads_end_with_their_server(subject: &Subject) {
    let before = threads();
    for _ in 0..3 {
        let gate = Arc::new(Gate::default());
        gate.close(usize::MAX);
        let server = subject.serve(patient(), gated(&gate));
        let mut clients: Vec<_> = (0..8).map(|_| Client::of(&server)).collect();
        for client in &mut clients {
            client.send("GET /0 HTTP/1.1\r\nHost: test\r\n\r\n");
        }
        gate.wait_for(clients.len());
        gate.open_to(0);
        for client in &mut clients {
            assert_eq!(client.reply().text(), "Hello");
        }
        assert_eq!(server.shutdown(PATIENCE).stuck, 0);
        let until = Instant::now() + PATIENCE;
        while threads() > before + subject.kept_threads {
            let kept = threads() - before;
            assert!(Instant::now() < until, "{kept} threads stay, of {} expected", subject.kept_threads);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// How many threads this process has; always 0 where it cannot be told.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Where tasks wait for each other.
struct Meeting {
    all: usize,
    state: Mutex<(usize, Vec<Waker>)>,
}

impl Meeting {
    /// Over when all have come.
    async fn join(&self) {
        let mut has_come = false;
        poll_fn(|cx| {
            let mut state = self.state.lock().expect("not poisoned");
            state.0 += usize::from(!std::mem::replace(&mut has_come, true));
            if state.0 < self.all {
                state.1.push(cx.waker().clone());
                return Poll::Pending;
            }
            let waiting = std::mem::take(&mut state.1);
            drop(state);
            waiting.into_iter().for_each(Waker::wake);
            Poll::Ready(())
        })
        .await;
    }
}

pub(super) fn a_thousand_connections_run_at_once(subject: &Subject) {
    let all = (subject.backend)().capacity().min(1_000);
    let handler = with(Meeting { all, state: Mutex::default() }, async |meeting: &Meeting, _: &mut Request| {
        meeting.join().await;
        "Hello"
    });
    let server = subject.serve(patient(), handler);
    let mut clients: Vec<_> = (0..all).map(|_| Client::of(&server)).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.reply().text(), "Hello", "all were in there together");
    }
    assert_eq!(server.stats().requests, all as u64);
}
