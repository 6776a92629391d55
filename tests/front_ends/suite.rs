//! Sends the cases through the front ends, and judges.

use crate::cases::{Case, GROUPS};
use crate::front::{Front, KINDS, Kind, PATIENCE, Reading, path};
use libtest_mimic::{Arguments, Failed, Trial};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchboard::{Event, Handler, IntoResponse, Limits, Request, Response, Running, Server, Threads};

/// How long a front end may be silent before it is told that nothing more comes.
const QUIET: Duration = Duration::from_millis(150);

pub(crate) fn run() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(8); // most of a case is waiting
    let mut trials = Vec::new();
    for kind in KINDS {
        let is_missing = !kind.is_installed();
        for (group, cases) in GROUPS {
            let trial = Trial::test(format!("{}::{group}", kind.name), move || try_all(kind, cases()));
            trials.push(trial.with_ignored_flag(is_missing));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// What a client and the front end say of a case.
struct Outcome {
    received: Vec<u8>,
    /// What the stranger received.
    stranger: Vec<u8>,
    /// The stranger's request is the last.
    log: Vec<Reading>,
}

fn try_all(kind: Kind, mut cases: Vec<Case>) -> Result<(), Failed> {
    cases.insert(0, Case::plain());
    let recorder = Recorder::default();
    let server = recorder.serve()?;
    let front = Front::start(kind, server.addr())?;
    let mut outcomes = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        outcomes.push(send(&front, number, case).map_err(|error| format!("{}: {error}", case.name()))?);
    }
    drop(front);
    let report = server.shutdown(PATIENCE);
    if report.stuck > 0 || report.aborted > 0 {
        return Err(format!("our server does not end: {report}").into());
    }
    let recorded = recorder.lock();
    let mut findings = recorded.unaccounted(&outcomes);
    for (number, (case, outcome)) in cases.iter().zip(&outcomes).enumerate() {
        let verdict = recorded.judge(number, outcome);
        findings.extend(verdict.err().map(|error| format!("{} ({}): {error}", case.name(), tag(number))));
    }
    findings.extend(recorded.judge_control().err());
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n\n").into()) }
}

/// What stands in every path of a case, so that it is known anywhere.
fn tag(number: usize) -> String {
    format!("-{number:03}")
}

fn send(front: &Front, number: usize, case: &Case) -> Result<Outcome, String> {
    let path = format!("/stranger{}", tag(number));
    let stranger = format!("GET {path} HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n");
    let quiet = if number == 0 { PATIENCE } else { QUIET };
    let received = converse(front, &case.tagged(&tag(number)), quiet)?;
    let stranger = converse(front, stranger.as_bytes(), PATIENCE)?;
    Ok(Outcome { received, stranger, log: front.log_until(&path)? })
}

/// Sends `bytes` on a connection of their own, and reads to its end. After a silence of `quiet` our side ends.
fn converse(front: &Front, bytes: &[u8], quiet: Duration) -> Result<Vec<u8>, String> {
    let mut stream = front.connect().map_err(|error| format!("it does not listen: {error}"))?;
    let _ = stream.write_all(bytes); // it may have refused the first of them and ended
    let mut received = Vec::new();
    if !read_to_end(&mut stream, quiet, &mut received)? {
        let _ = stream.shutdown(Shutdown::Write); // likewise
        if !read_to_end(&mut stream, PATIENCE, &mut received)? {
            return Err(format!("the front end keeps a connection that has ended: {}", received.escape_ascii()));
        }
    }
    Ok(received)
}

/// Whether the end came before a silence of `quiet`.
fn read_to_end(stream: &mut UnixStream, quiet: Duration, received: &mut Vec<u8>) -> Result<bool, String> {
    stream.set_read_timeout(Some(quiet)).map_err(|error| error.to_string())?;
    match stream.read_to_end(received) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(true), // it left some of our bytes unread
        Err(error) => Err(error.to_string()),
    }
}

/// A request as our server read it.
#[derive(Debug)]
struct Seen {
    method: String,
    target: String,
    peer: Option<SocketAddr>,
    /// Of its body; unknown if nobody read it, or it did not come to its end.
    length: Option<usize>,
}

impl Seen {
    fn is(&self, reading: &Reading) -> bool {
        // The log has a character for each byte beyond ASCII.
        let target: String = self.target.bytes().map(char::from).collect();
        self.method == reading.method && path(&target) == reading.path
    }

    fn answer(&self, number: usize) -> String {
        format!("#{number} {} {}\n", self.method, self.target)
    }
}

#[derive(Default)]
struct Record {
    seen: Vec<Seen>,
    /// Refused before the handler saw them.
    refused: Vec<String>,
}

/// The handler: it answers each request with its number, method and target.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    fn serve(&self) -> std::io::Result<Running> {
        let observer = self.clone();
        // A front end should never find that a connection it wanted to use again has just gone.
        let limits = Limits { idle: Duration::from_secs(300), ..Limits::default() };
        Server::bind("127.0.0.1:0")?
            .limits(limits)
            .observer(move |event| {
                if let Event::Refused { .. } = event {
                    observer.lock().refused.push(event.to_string());
                }
            })
            .spawn(Threads::new(), self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Recorder {
    async fn handle(&self, request: &mut Request) -> Response {
        let (method, target) = (request.method().to_string(), request.target().to_string());
        let seen = Seen { method, target, peer: request.peer(), length: None };
        let (number, answer) = {
            let mut record = self.lock();
            let number = record.seen.len();
            let answer = seen.answer(number);
            record.seen.push(seen);
            (number, answer)
        };
        if !request.path().starts_with("/unread") {
            match request.read_body().await {
                Ok(body) => self.lock().seen[number].length = Some(body.len()),
                Err(error) => return error.into_response(),
            }
        }
        Response::text(answer)
    }
}

impl Record {
    /// What was read and belongs to no case, or to no request of the front end.
    fn unaccounted(&self, outcomes: &[Outcome]) -> Vec<String> {
        let tags: Vec<String> = (0..outcomes.len()).map(tag).collect();
        let strays = self.seen.iter().filter(|seen| !tags.iter().any(|tag| seen.target.contains(tag)));
        let mut findings: Vec<String> = strays.map(|stray| format!("nobody sent {stray:?}")).collect();
        let passed_on = outcomes.iter().flat_map(|outcome| &outcome.log).filter(|reading| reading.is_passed_on).count();
        let (seen, refused) = (self.seen.len(), self.refused.len());
        if seen + refused > passed_on {
            let refused = self.refused.join("\n");
            findings.push(format!("{passed_on} requests were passed on, {seen} seen, and these refused:\n{refused}"));
        }
        findings
    }

    fn judge(&self, number: usize, outcome: &Outcome) -> Result<(), String> {
        let tag = tag(number);
        let mut readings = outcome.log.iter().filter(|reading| reading.is_passed_on);
        for seen in self.seen.iter().filter(|seen| seen.target.contains(&tag)) {
            let Some(reading) = readings.find(|reading| seen.is(reading)) else {
                return Err(format!("we saw {seen:?}, the front end read {:?}", outcome.log));
            };
            if let (Some(theirs), Some(ours)) = (reading.length, seen.length)
                && theirs != ours
            {
                return Err(format!("the body of {seen:?} has {theirs} bytes for the front end"));
            }
        }
        if let Some(reading) = outcome.log.iter().find(|reading| reading.is_stuck()) {
            return Err(format!("one waited for an answer, the other for more of the request: {reading:?}"));
        }
        let (stranger, before) = outcome.log.split_last().ok_or("nothing in the log")?;
        self.judge_replies(&outcome.received, before)?;
        match self.judge_replies(&outcome.stranger, std::slice::from_ref(stranger))? {
            1 => Ok(()),
            _ => Err(format!("the stranger received {}", outcome.stranger.escape_ascii())),
        }
    }

    /// Whether each reply is to the request at its position; how many are ours.
    fn judge_replies(&self, received: &[u8], log: &[Reading]) -> Result<usize, String> {
        let unfit = |why: &str| format!("{why}: {}\nfor {log:?}", received.escape_ascii());
        let (mut rest, mut log, mut ours) = (received, log.iter(), 0);
        while !rest.is_empty() {
            let reading = log.next().ok_or_else(|| unfit("more responses than requests"))?;
            let reply = Reply::take(&mut rest, reading).ok_or_else(|| unfit("not a response"))?;
            if reply.status.is_some_and(|status| status != reading.status) {
                return Err(unfit("another status than in the log"));
            }
            let Some(named) = reply.body.strip_prefix('#') else { continue };
            let seen = named.split(' ').next().and_then(|number| number.parse().ok());
            let is_right = seen.and_then(|number: usize| Some((number, self.seen.get(number)?)));
            if !is_right.is_some_and(|(number, seen)| seen.is(reading) && reply.body == seen.answer(number)) {
                return Err(unfit("the response to another request"));
            }
            ours += 1;
        }
        Ok(ours)
    }

    /// The first case is plain: all of it arrives, on one connection.
    fn judge_control(&self) -> Result<(), String> {
        let first: Vec<&Seen> = self.seen.iter().filter(|seen| seen.target.contains(&tag(0))).collect();
        let targets: Vec<&str> = first.iter().map(|seen| &*seen.target).collect();
        let is_one = first.iter().all(|seen| seen.peer == first[0].peer);
        if targets == ["/case-000", "/after-000", "/last-000", "/stranger-000"] && is_one {
            return Ok(());
        }
        Err(format!("a plain request is not passed on as it should be: {first:?}"))
    }
}

/// A final response; without a status if it is one of HTTP/0.9.
struct Reply {
    status: Option<u16>,
    body: String,
}

impl Reply {
    /// Takes the final response to `request` from the front of `bytes`, and the interim ones before it.
    fn take(bytes: &mut &[u8], request: &Reading) -> Option<Self> {
        if !request.version.starts_with("HTTP/1.") && !bytes.starts_with(b"HTTP/1.") {
            return Some(Self { status: None, body: String::from_utf8_lossy(std::mem::take(bytes)).into() });
        }
        loop {
            let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
            let head = std::str::from_utf8(&bytes[..end]).ok()?;
            let status_line = head.strip_prefix("HTTP/1.1 ").or(head.strip_prefix("HTTP/1.0 "))?;
            let status: u16 = status_line.get(..3)?.parse().ok()?;
            *bytes = &bytes[end + 4..];
            if status >= 200 {
                let has_body = request.method != "HEAD" && !matches!(status, 204 | 304);
                let length = if has_body { content_length(head)? } else { 0 };
                let (body, rest) = bytes.split_at_checked(length)?;
                *bytes = rest;
                return Some(Self { status: Some(status), body: String::from_utf8_lossy(body).into() });
            }
        }
    }
}

/// The value of the one field that frames a response here.
fn content_length(head: &str) -> Option<usize> {
    let fields = head.split("\r\n").skip(1).map(|line| line.split_once(':'));
    let fields: Vec<(String, &str)> =
        fields.map(|field| field.map(|(name, value)| (name.to_ascii_lowercase(), value))).collect::<Option<_>>()?;
    let framing = fields.iter().filter(|(name, _)| name == "content-length" || name == "transfer-encoding");
    match framing.collect::<Vec<_>>()[..] {
        [(name, value)] if name == "content-length" => value.trim().parse().ok(),
        _ => None,
    }
}
