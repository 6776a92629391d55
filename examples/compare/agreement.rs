//! Whether all backends give the same answers, to the byte: asked before anything is timed.
//!
//! Comparing the speed of servers that do different things is the first mistake of a benchmark. Each backend is sent
//! the same bytes; what it answers is compared with what most of them do. Only the value of `Date` may differ.

use crate::fixtures::{LARGE, LISTING, SMALL};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How often the simplest request is repeated: enough for a fault that shows in one answer of a hundred.
const REPEATED: usize = 200;
/// How many requests are sent in one piece.
const AT_ONCE: usize = 16;

/// Silence for longer is no answer.
const PATIENCE: Duration = Duration::from_secs(3);

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

/// Asks a server all of it. A connection that fails is an answer as well, an unusual one.
pub(crate) fn ask(addr: SocketAddr) -> Answers {
    let answer = |question: Question| {
        let answers = (0..question.times).map(|_| exchange(addr, &question.request)).collect::<io::Result<Vec<_>>>();
        answers.map_or_else(|error| format!("no answer: {error}").into_bytes(), |answers| undated(&answers.concat()))
    };
    questions().into_iter().map(answer).collect()
}

fn exchange(addr: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
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
    let answer = usual(all, nth);
    find(answer, b"\r\n\r\n").map_or(Vec::new(), |end| answer[end + 4..].to_vec())
}

/// For each backend, which answer is not what most answered, and how; `None` if all are.
pub(crate) fn differences(all: &[Answers]) -> Vec<Option<String>> {
    let usual: Vec<&Vec<u8>> = (0..questions().len()).map(|nth| usual(all, nth)).collect();
    all.iter().map(|answers| difference(answers, &usual)).collect()
}

/// The answer that most give to a question; of several, the first.
fn usual(all: &[Answers], nth: usize) -> &Vec<u8> {
    let votes = |answer: &Vec<u8>| all.iter().filter(|answers| answers[nth] == *answer).count();
    let answers = all.iter().map(|answers| &answers[nth]);
    answers.rev().max_by_key(|answer| votes(answer)).expect("there is a backend")
}

fn difference(answers: &Answers, usual: &[&Vec<u8>]) -> Option<String> {
    let questions = questions();
    let mut triples = questions.iter().zip(answers).zip(usual);
    let ((question, answer), usual) = triples.find(|((_, answer), usual)| answer != *usual)?;
    let at = answer.iter().zip(usual.iter()).position(|(one, other)| one != other);
    let (length, expected) = (answer.len(), usual.len());
    Some(match at {
        _ if answer.starts_with(b"no answer") => format!("{}: {}", question.name, String::from_utf8_lossy(answer)),
        _ if length != expected => format!("{}: {length} bytes instead of {expected}", question.name),
        Some(at) => format!("{}: another byte at {at} of {length}", question.name),
        None => format!("{}: another answer", question.name),
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
    fn only_dates_may_differ() {
        let answer = |date: &str| format!("HTTP/1.1 200 OK\r\nDate: x\r\ndate: {date}\r\nContent-Length: 2\r\n\r\nok");
        let twice = |date: &str| undated(format!("{}{}", answer(date), answer(date)).as_bytes());
        assert_eq!(twice("Sun, 29 Nov 2026 12:00:00 GMT"), twice("Sun, 29 Nov 2026 12:00:01 GMT"));
        assert!(find(&twice("x"), b"Content-Length: 2\r\n\r\nokHTTP").is_some());
    }
}
