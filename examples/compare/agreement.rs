//! Whether all backends give the same answers, to the byte: asked before anything is timed.
//!
//! Comparing the speed of servers that do different things is the first mistake of a benchmark. Each backend is sent
//! the same bytes; what it answers is compared with what most of them do. Only the value of `Date` may differ.

use crate::fixtures::{LARGE, LISTING, SMALL};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often the simplest request is repeated: enough for a fault that shows in one answer of a hundred.
const REPEATED: usize = 200;
/// How many requests are sent in one piece.
const AT_ONCE: usize = 16;

/// All the answers of a backend have come by then; the usual ones take a second.
const PATIENCE: Duration = Duration::from_secs(15);
/// So begins what stands in the place of an answer that did not come.
const NO_ANSWER: &str = "no answer";

/// In HTTP/1.0 it comes in one piece, and not in chunks.
const WHOLE_LISTING: &str = "the listing in HTTP/1.0";

/// What a backend answered to each of the [`questions`].
pub(crate) type Answers = Vec<Vec<u8>>;

/// A name for people, and the bytes to send.
pub(crate) struct Question {
    pub(crate) name: String,
    request: Vec<u8>,
    /// On how many connections, one after the other.
    times: usize,
}

/// All that is asked.
pub(crate) fn questions() -> Vec<Question> {
    let question =
        |name: &str, request: String| Question { name: name.into(), request: request.into_bytes(), times: 1 };
    let last = "Host: compare\r\nConnection: close\r\n\r\n";
    let get = |path: &str| question(&format!("GET {path}"), format!("GET {path} HTTP/1.1\r\n{last}"));
    let mut all: Vec<Question> =
        ["/", "/block", "/unblock", "/compute", "/doze", "/wait", SMALL, LARGE, LISTING, "/nothing"].map(get).into();
    all.push(question("HEAD /", format!("HEAD / HTTP/1.1\r\n{last}")));
    all.push(question("GET / in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n".into()));
    all.push(question(WHOLE_LISTING, format!("GET {LISTING} HTTP/1.0\r\n\r\n")));
    all.push(question("a range", format!("GET {SMALL} HTTP/1.1\r\nRange: bytes=1000-\r\n{last}")));
    all.push(question("no Host", "GET / HTTP/1.1\r\n\r\n".into()));
    let many = "GET / HTTP/1.1\r\nHost: compare\r\n\r\n".repeat(AT_ONCE - 1);
    all.push(question(&format!("{AT_ONCE} requests in one piece"), format!("{many}GET / HTTP/1.1\r\n{last}")));
    all.push(Question { name: format!("GET / {REPEATED} times"), times: REPEATED, ..get("/") });
    all
}

/// Asks a server all of it. A connection that fails is an answer as well, an unusual one; after it nothing more is
/// asked.
pub(crate) fn ask(addr: SocketAddr, stop: &AtomicBool) -> Answers {
    let until = Instant::now() + PATIENCE;
    let mut has_failed = false;
    let mut answer = |question: Question| {
        if has_failed {
            return format!("{NO_ANSWER}: it was not asked any more").into_bytes();
        }
        let exchange = |_| exchange(addr, &question.request, until, stop);
        let answers = (0..question.times).map(exchange).collect::<io::Result<Vec<_>>>();
        has_failed = answers.is_err();
        answers.map_or_else(|error| format!("{NO_ANSWER}: {error}").into_bytes(), |answers| undated(&answers.concat()))
    };
    questions().into_iter().map(&mut answer).collect()
}

/// Whether there was any answer.
pub(crate) fn has_answered(answers: &Answers) -> bool {
    answers.first().is_some_and(|first| !first.starts_with(NO_ANSWER.as_bytes()))
}

fn exchange(addr: SocketAddr, request: &[u8], until: Instant, stop: &AtomicBool) -> io::Result<Vec<u8>> {
    const LOOK: Duration = Duration::from_millis(100); // how often for a stop
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(LOOK))?;
    stream.write_all(request)?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 64 << 10]);
    while Instant::now() < until && !stop.load(Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(answer),
            Ok(length) => answer.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("nothing whole within {} s", PATIENCE.as_secs())))
}

/// Without the values of its Date fields.
fn undated(answer: &[u8]) -> Vec<u8> {
    let mut rest = answer;
    let mut bytes = Vec::new();
    while let Some(at) = find(rest, b"\r\ndate: ") {
        let value = &rest[at + 2..];
        let end = find(value, b"\r\n").unwrap_or(value.len());
        bytes.extend_from_slice(&rest[..at]);
        rest = &value[end..];
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// Where a text begins, in whichever case its letters are.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window.eq_ignore_ascii_case(what))
}

/// The listing, as most backends answer it.
pub(crate) fn listing(all: &[Answers]) -> Vec<u8> {
    let nth = questions().iter().position(|question| question.name == WHOLE_LISTING).expect("it is asked");
    let answer = usual(all, nth).map_or(&[][..], Vec::as_slice);
    find(answer, b"\r\n\r\n").map_or(Vec::new(), |end| answer[end + 4..].to_vec())
}

/// For each backend, which answer is not what most answered, and how; `None` if all are.
pub(crate) fn differences(all: &[Answers]) -> Vec<Option<String>> {
    let usual: Vec<Option<&Vec<u8>>> = (0..questions().len()).map(|nth| usual(all, nth)).collect();
    all.iter().map(|answers| difference(answers, &usual)).collect()
}

/// The answer to a question that more of them give than any other, two at least. Without one, nobody knows which is
/// right.
fn usual(all: &[Answers], nth: usize) -> Option<&Vec<u8>> {
    let votes = |answer: &Vec<u8>| all.iter().filter(|answers| answers[nth] == *answer).count();
    let answers = || all.iter().map(|answers| &answers[nth]);
    let most = answers().max_by_key(|answer| votes(answer))?;
    let is_alone = votes(most) < 2 && all.len() > 1;
    let is_tied = answers().any(|other| other != most && votes(other) == votes(most));
    (!is_alone && !is_tied).then_some(most)
}

fn difference(answers: &Answers, usual: &[Option<&Vec<u8>>]) -> Option<String> {
    let questions = questions();
    let mut triples = questions.iter().zip(answers).zip(usual);
    let ((Question { name, .. }, answer), usual) = triples.find(|((_, answer), usual)| Some(*answer) != **usual)?;
    let Some(usual) = usual else {
        return Some(format!(
            "{name}: no two give the same answer, or as many give another; one more would tell which is right"
        ));
    };
    let at = answer.iter().zip(usual.iter()).position(|(one, other)| one != other);
    let (length, expected) = (answer.len(), usual.len());
    Some(match at {
        _ if answer.starts_with(NO_ANSWER.as_bytes()) => format!("{name}: {}", String::from_utf8_lossy(answer)),
        _ if length != expected => format!("{name}: {length} bytes instead of {expected}"),
        Some(at) => format!("{name}: another byte at {at} of {length}"),
        None => format!("{name}: another answer"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_answer_is_right() {
        let right: Answers = questions().iter().map(|question| question.name.clone().into_bytes()).collect();
        let mut wrong = right.clone();
        wrong[1][2] ^= 1;
        let mut short = right.clone();
        short[0].pop();
        let all = [wrong, right.clone(), short, right];
        let differences = differences(&all);
        assert_eq!(differences[0].as_deref(), Some("GET /block: another byte at 2 of 10"));
        assert_eq!(differences[2].as_deref(), Some("GET /: 4 bytes instead of 5"));
        assert_eq!((&differences[1], &differences[3]), (&None, &None));
    }

    #[test]
    fn of_two_nobody_knows_which_is_right() {
        let right: Answers = questions().iter().map(|question| question.name.clone().into_bytes()).collect();
        let mut wrong = right.clone();
        wrong[1][2] ^= 1;
        for difference in differences(&[wrong, right.clone()]) {
            assert!(difference.is_some_and(|how| how.starts_with("GET /block: no two give the same answer")));
        }
        assert_eq!(differences(&[right.clone(), right]), [None, None]);
    }

    #[test]
    fn only_dates_may_differ() {
        let answer = |date: &str| format!("HTTP/1.1 200 OK\r\nDate: x\r\ndate: {date}\r\nContent-Length: 2\r\n\r\nok");
        let twice = |date: &str| undated(format!("{}{}", answer(date), answer(date)).as_bytes());
        assert_eq!(twice("Sun, 29 Nov 2026 12:00:00 GMT"), twice("Sun, 29 Nov 2026 12:00:01 GMT"));
        assert!(find(&twice("x"), b"Content-Length: 2\r\n\r\nokHTTP").is_some());
    }
}
