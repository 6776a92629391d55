//! Whole connections, read by us and by hyper, and their first heads, read by us and by httparse: a million that
//! [`mutate`](switchboard_fuzz::mutate) makes, or as many as the first argument says, from the seed in the second.
//!
//! What both make of a connection is the list of its requests: method, target and body. The lists may differ where one
//! of the two refuses what the other accepts: such a disagreement is counted by the reason that is given. They must not
//! differ in anything else; and what hyper refuses and we accept must be in [`LOOSER`]. `core/src/http1/README.md`
//! explains each.

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::rt::ReadBufCursor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use switchboard_core::internals::Simulation;
use switchboard_core::{Event, IntoResponse, Limits, Request, Response, with};
use switchboard_fuzz::head;
use switchboard_fuzz::mutate::{Random, requests};

/// What others refuse and we accept, by their reason.
const LOOSER: &[&str] = &[
    "invalid HTTP version parsed", // 1.2 to 1.9
    "invalid HTTP version",        // likewise, in httparse's words
    "invalid URI",                 // UTF-8 and `[]^`{|}` in a target
];

/// A request as somebody read it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    method: String,
    target: String,
    /// `None`: it was broken off, or refused.
    body: Option<Vec<u8>>,
}

/// What somebody made of a connection.
#[derive(Debug, Default)]
struct Account {
    readings: Vec<Reading>,
    /// Why no more was read, if something was wrong.
    refusal: Option<String>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().expect("a number"));
    let (cases, seed): (u64, u64) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(1));
    let (mut connections, mut heads) = (Tally::new(), Tally::new());
    for seed in seed..seed + cases {
        let wire = requests(&mut Random(seed));
        connections.entry(compare(&ours(&wire), &theirs(&wire))).or_insert((0, wire.clone())).0 += 1;
        heads.entry(compare_heads(&wire)).or_insert((0, wire)).0 += 1;
    }
    let verdicts = [is_known("connections, beside hyper", &connections), is_known("heads, beside httparse", &heads)];
    if verdicts == [true, true] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How often each verdict was reached, and the first example.
type Tally = BTreeMap<String, (u64, Vec<u8>)>;

const AGREE: &str = "both agree";
const STRICTER: &str = "we refuse: ";
const THEIRS: &str = "the other refuses: ";

/// Prints what there is, and finds out whether it may be there.
fn is_known(what: &str, tally: &Tally) -> bool {
    println!("{what}");
    for (verdict, (count, example)) in tally {
        println!("{count:>8}  {verdict}\n          {}", example.escape_ascii());
    }
    let looser = |verdict: &str| LOOSER.iter().any(|known| verdict == format!("{THEIRS}{known}"));
    tally.keys().all(|verdict| verdict == AGREE || verdict.starts_with(STRICTER) || looser(verdict))
}

fn compare_heads(wire: &[u8]) -> String {
    match (head::ours(wire), head::theirs(wire)) {
        (Ok(ours), Ok(theirs)) if ours == theirs => AGREE.into(),
        (Ok(ours), Ok(theirs)) => format!("two readings: {ours:?} and {theirs:?}"),
        (Err(_), Err(_)) => AGREE.into(),
        (Err(reason), Ok(_)) => format!("{STRICTER}{reason}"),
        (Ok(_), Err(reason)) => format!("{THEIRS}{reason}"),
    }
}

fn compare(ours: &Account, theirs: &Account) -> String {
    let same = ours.readings.iter().zip(&theirs.readings).take_while(|(ours, theirs)| ours == theirs).count();
    let (we_read, they_read) = (ours.readings.get(same), theirs.readings.get(same));
    let refused = |account: &Account| account.refusal.clone().unwrap_or("the end".into());
    let whole = |reading: Option<&Reading>| reading.is_some_and(|reading| reading.body.is_some());
    match (we_read, they_read) {
        (None, None) => AGREE.into(),
        _ if !whole(we_read) && whole(they_read) => format!("{STRICTER}{}", refused(ours)),
        _ if whole(we_read) && !whole(they_read) => format!("{THEIRS}{}", refused(theirs)),
        (None, Some(_)) => format!("{STRICTER}{}", refused(ours)),
        (Some(_), None) => format!("{THEIRS}{}", refused(theirs)),
        _ => format!("two readings: {we_read:?} and {they_read:?}"),
    }
}

type Shared = Arc<Mutex<Account>>;

fn ours(wire: &[u8]) -> Account {
    let account = Shared::default();
    let refusals = account.clone();
    let observer = move |event: &Event<'_>| {
        if let Event::Refused { reason, .. } = event {
            refusals.lock().expect("no panic").refusal = Some(reason.to_string());
        }
    };
    let simulation = Simulation::observed(Limits::default(), with(account.clone(), read), observer);
    let mut client = simulation.connect();
    client.send(wire);
    client.end();
    assert!(client.is_over(), "{}", wire.escape_ascii());
    drop((client, simulation));
    Arc::into_inner(account).expect("the last one").into_inner().expect("no panic")
}

async fn read(account: &Shared, request: &mut Request) -> Response {
    let number = {
        let mut account = account.lock().expect("no panic");
        let (method, target) = (request.method().into(), as_hyper_writes(request.target()));
        account.readings.push(Reading { method, target, body: None });
        account.readings.len() - 1
    };
    let body = request.read_body().await;
    let mut account = account.lock().expect("no panic");
    match body {
        Ok(body) => {
            account.readings[number].body = Some(body.to_vec());
            Response::text("")
        }
        Err(error) => {
            account.refusal = Some(error.to_string());
            error.into_response()
        }
    }
}

/// The scheme in lower case, and a path in front of every query: so hyper hands out what it has read.
fn as_hyper_writes(target: &str) -> String {
    let Some((scheme, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target.into();
    };
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(authority);
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{}://{host}{slash}{path}", scheme.to_ascii_lowercase())
}

fn theirs(wire: &[u8]) -> Account {
    let account = Shared::default();
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let account = account.clone();
        async move {
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            // We answer it without a handler.
            let is_ours = method == "OPTIONS" && target == "*";
            let body = request.into_body().collect().await.map(|body| body.to_bytes().to_vec());
            if !is_ours {
                account.lock().expect("no panic").readings.push(Reading { method, target, body: body.ok() });
            }
            Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
        }
    });
    let wire = Wire(wire.to_vec().into());
    let mut connection = pin!(http1::Builder::new().half_close(true).serve_connection(wire, service));
    let mut context = Context::from_waker(Waker::noop());
    let result = loop {
        // It gives way now and then, and there is nothing to wait for.
        if let Poll::Ready(result) = connection.as_mut().poll(&mut context) {
            break result;
        }
    };
    let mut account = account.lock().expect("no panic");
    account.refusal = result.err().map(|error| error.to_string());
    std::mem::take(&mut account)
}

/// A client that has sent everything, and takes everything.
struct Wire(Bytes);

impl hyper::rt::Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let len = self.0.len().min(buf.remaining());
        buf.put_slice(&self.0.split_to(len));
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
