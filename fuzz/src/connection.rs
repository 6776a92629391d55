//! A whole connection, in memory and in virtual time.
//!
//! The bytes are what a client sends, except for four that hardly occur in what it could send: they say when a part of
//! it has arrived (`0xff`), that 100 ms times the next byte go by (`0xfe`), that the client's side ends (`0xfd`), and
//! how many bytes of the answers the client will take before it has taken them (`0xfc`, times 16).
//!
//! # What must be
//!
//! 1. All that is sent is well-formed responses, no more than were asked for, and nothing behind the last.
//! 2. How the bytes are split changes nothing (interim responses apart, which depend on what has come).
//! 3. Once the client is silent, every connection ends by its deadlines, with a whole answer or a cut one.
//! 4. A response that is whole has the body that its handler made.

use crate::reply::{Reply, read_all};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchboard_core::internals::{Client, Simulation};
use switchboard_core::{Body, Handler, Headers, IntoResponse, Limits, Request, Response, Status};

/// Longer than all deadlines of a connection together.
const SECONDS: u32 = 4_000;

/// Panics if something is not as it must be.
pub fn check(script: &[u8]) {
    let split = run(script, |step| step);
    let is_plain = !script.iter().any(|byte| matches!(byte, 0xfc..=0xfe));
    if is_plain {
        let whole = run(script, |step| if let Step::Arrived = step { Step::Nothing } else { step });
        assert_eq!(split, whole, "splits matter: {}", script.escape_ascii());
    }
}

/// What a byte of the script says.
#[derive(Clone, Copy)]
enum Step {
    Byte(u8),
    Arrived,
    Pass(Duration),
    End,
    Window(usize),
    Nothing,
}

fn steps(script: &[u8]) -> impl Iterator<Item = Step> {
    let mut bytes = script.iter().copied();
    std::iter::from_fn(move || {
        Some(match bytes.next()? {
            0xff => Step::Arrived,
            0xfe => Step::Pass(Duration::from_millis(100) * bytes.next()?.into()),
            0xfd => Step::End,
            0xfc => Step::Window(16 * usize::from(bytes.next()?)),
            byte => Step::Byte(byte),
        })
    })
}

/// Runs a script, changed by `edit`; answers the responses.
fn run(script: &[u8], edit: impl Fn(Step) -> Step) -> Vec<Reply> {
    let seen = Seen::default();
    let simulation = Simulation::new(Limits::default(), Everything(seen.clone()));
    let mut client = simulation.connect();
    client.run();
    let (mut unsent, mut received) = (Vec::new(), Vec::new());
    for step in steps(script).map(edit) {
        match step {
            Step::Byte(byte) => unsent.push(byte),
            Step::Nothing => {}
            Step::Arrived => client.send(std::mem::take(&mut unsent)),
            Step::Pass(duration) => {
                client.send(std::mem::take(&mut unsent));
                simulation.advance(duration);
                received.extend(client.receive());
                client.run();
            }
            Step::End => {
                client.send(std::mem::take(&mut unsent));
                client.end();
            }
            Step::Window(bytes) => client.set_window(bytes),
        }
    }
    client.send(unsent);
    let_time_pass(&simulation, &mut client, &mut received);
    judge(script, &received, &seen)
}

/// Says nothing more and takes what comes, until the server has ended the connection.
fn let_time_pass(simulation: &Simulation, client: &mut Client, received: &mut Vec<u8>) {
    for _ in 0..SECONDS {
        received.extend(client.receive());
        client.run();
        if client.is_over() {
            received.extend(client.receive());
            return;
        }
        simulation.advance(Duration::from_secs(1));
    }
    panic!("the connection does not end: {:?}", simulation.stats());
}

fn judge(script: &[u8], received: &[u8], seen: &Seen) -> Vec<Reply> {
    let seen = seen.0.lock().expect("no panic");
    let number = |reply: &Reply| reply.field("x-number").map(|number| number.parse::<usize>().expect("ours"));
    let is_head = |_: usize, reply: &Reply| match number(reply) {
        Some(number) => seen[number].is_head,
        None => false,
    };
    // A refusal of what began as a HEAD has no body; it is the last.
    let is_refused_head = |_: usize, reply: &Reply| match number(reply) {
        Some(number) => seen[number].is_head,
        None => reply.status >= 400 && reply.closes(),
    };
    let read = read_all(received, is_head).or_else(|_| read_all(received, is_refused_head));
    let (replies, _) = read.unwrap_or_else(|error| panic!("{error}\nfor {}", script.escape_ascii()));
    let numbers: Vec<usize> = replies.iter().filter_map(number).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "answers out of order, or twice: {replies:?}");
    let refusals = replies.iter().filter(|reply| number(reply).is_none() && reply.status != 204).count();
    assert!(refusals <= 1, "nothing comes behind a refusal: {replies:?}");
    for reply in &replies {
        if let Some(seen) = number(reply).map(|number| &seen[number])
            && reply.is_whole
            && !seen.is_head
            && let Some(body) = &seen.answer
        {
            assert_eq!(&reply.body, body, "for {}", script.escape_ascii());
        }
    }
    replies
}

/// A request that was handled.
struct Handled {
    is_head: bool,
    /// The body of its answer, where the handler knows it.
    answer: Option<Vec<u8>>,
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Handled>>>);

/// Answers in every way there is, by the first letter of the path.
struct Everything(Seen);

impl Handler for Everything {
    async fn handle(&self, request: &mut Request) -> Response {
        let number = {
            let mut seen = self.0.0.lock().expect("no panic");
            seen.push(Handled { is_head: request.method() == "HEAD", answer: None });
            seen.len() - 1
        };
        let (response, answer) = answer(request).await;
        self.0.0.lock().expect("no panic")[number].answer = answer;
        response.with_header("x-number", number.to_string())
    }
}

async fn answer(request: &mut Request) -> (Response, Option<Vec<u8>>) {
    let bytes = |bytes: Vec<u8>| (bytes.clone().into_response(), Some(bytes));
    match request.path().as_bytes().get(1) {
        Some(b'w') => match request.read_body().await {
            Ok(body) => bytes(body.to_vec()),
            Err(error) => (error.into_response(), None),
        },
        Some(b'p') => {
            let mut body = Vec::new();
            loop {
                match request.body().chunk().await {
                    Ok(Some(piece)) => body.extend_from_slice(piece),
                    Ok(None) => return bytes(body),
                    Err(error) => return (error.into_response(), None),
                }
            }
        }
        Some(b'l') => bytes(vec![b'x'; 100_000]),
        Some(b's') => {
            let text = (0..50).map(|n| format!("{n}\n"));
            (Response::text(Body::pieces(text.clone())), Some(text.collect::<String>().into()))
        }
        Some(b'm') => (Response::text(Body::pieces(["12345", "678"]).with_length(6)), Some(b"123456".to_vec())),
        Some(b'f') => (Response::text(Body::pieces(["12345"]).with_length(6)), None),
        Some(b't') => {
            let body = Body::written(async |mut sink| {
                sink.send("abc").await;
                sink.flush().await;
                let mut trailers = Headers::new();
                trailers.append("Sum", "6").expect("a good field");
                sink.set_trailers(trailers);
                Ok(())
            });
            (Response::text(body), Some(b"abc".to_vec()))
        }
        Some(b'h') => {
            let mut hints = Headers::new();
            hints.append("Link", "</a>").expect("a good field");
            let _ = request.early_hints(&hints).await;
            request.limits_mut().body_size = 8;
            match request.read_body().await {
                Ok(body) => bytes(body.to_vec()),
                Err(error) => (error.into_response(), None),
            }
        }
        Some(b'u') => {
            let upgrade = Response::upgrade("echo", async |mut stream| {
                let mut buffer = [0; 7];
                while let Ok(len @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..len]).await.is_err() {
                        return;
                    }
                }
            });
            (upgrade, None)
        }
        Some(b'r') => (Response::text(Body::reader(&b"read"[..])), Some(b"read".to_vec())),
        Some(b'n') => (Response::new(Status::NO_CONTENT), None),
        Some(b'c') => (Response::text("closed").with_close(), Some(b"closed".to_vec())),
        _ => bytes(request.target().as_bytes().to_vec()),
    }
}
