//! The lines on stderr: one for each answer, in a form that log readers know, and what else there is to say.
//!
//! # Rules
//!
//! 1. A line is of one event, whatever a client sent: what came from it is escaped, so it can neither end a line nor a
//!    quotation, nor tell a terminal anything.
//! 2. In the NCSA forms, whatever is not an answer begins with `#`, which their readers pass over.
//! 3. In JSON every line is an object; whatever is not an answer has a `message`.
//! 4. A user is named only if the password was right.

use super::auth::Users;
use super::banner::Banner;
use super::options::Log;
use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use switchboard::{Event, Headers};

/// How a line reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// NCSA Common Log Format
    Common,
    /// The same, with Referer and User-Agent
    Combined,
    /// An object a line, with all that is known
    Json,
    /// For reading as it comes: with the time an answer took, and whether it was cut off
    Plain,
}

/// The log of `serve`.
pub(crate) struct Journal {
    pub(crate) form: Form,
    pub(crate) users: Option<Arc<Users>>,
    pub(crate) banner: Banner,
}

impl Log for Journal {
    fn start(&self, addr: SocketAddr) -> Vec<String> {
        self.banner.lines(addr).iter().map(|line| self.message(line)).collect()
    }

    fn event(&self, event: &Event<'_>) -> String {
        match self.form {
            Form::Plain => ().event(event),
            Form::Json => self.json(event),
            Form::Common => self.ncsa(event, false),
            Form::Combined => self.ncsa(event, true),
        }
    }

    fn message(&self, text: &str) -> String {
        match self.form {
            Form::Plain => text.into(),
            Form::Json => object(&Message { time: rfc3339(), event: None, message: text }),
            Form::Common | Form::Combined => format!("# {text}"),
        }
    }
}

impl Journal {
    fn ncsa(&self, event: &Event<'_>, is_combined: bool) -> String {
        let time = Timestamp::now().strftime("[%d/%b/%Y:%T +0000]");
        let Event::Answered { peer, method, target, version, headers, status, length, .. } = event else {
            return format!("# {time} {event}");
        };
        let (host, user) = (peer.ip().to_canonical(), Escaped(self.user(headers).map(str::as_bytes)));
        let (target, status) = (Escaped(Some(target.as_bytes())), status.code());
        let mut line = format!("{host} - {user} {time} \"{method} {target} {version}\" {status} ");
        match length {
            Some(length) => line += &length.to_string(),
            None => line.push('-'),
        }
        if is_combined {
            let [referer, agent] = ["referer", "user-agent"].map(|name| Escaped(headers.get_bytes(name)));
            line += &format!(" \"{referer}\" \"{agent}\"");
        }
        line
    }

    fn json(&self, event: &Event<'_>) -> String {
        let Event::Answered { peer, method, target, version, headers, status, length, took, is_complete, .. } = event
        else {
            return object(&Message { time: rfc3339(), event: Some(kind(event)), message: &event.to_string() });
        };
        let field = |name| headers.get_bytes(name).map(String::from_utf8_lossy);
        object(&Answer {
            time: rfc3339(),
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            user: self.user(headers),
            method,
            target,
            version: version.to_string(),
            status: status.code(),
            length: *length,
            took_ms: took.as_micros() as f64 / 1000.0,
            complete: *is_complete,
            referer: field("referer"),
            user_agent: field("user-agent"),
        })
    }

    fn user(&self, headers: &Headers) -> Option<&str> {
        self.users.as_ref()?.identify(headers)
    }
}

/// A line of JSON for an answer.
#[derive(Serialize)]
struct Answer<'a> {
    time: String,
    peer: SocketAddr,
    user: Option<&'a str>,
    method: &'a str,
    target: &'a str,
    version: String,
    status: u16,
    /// Of the body, in bytes, where it is known beforehand.
    length: Option<u64>,
    took_ms: f64,
    /// Whether it was sent to its end.
    complete: bool,
    referer: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
}

/// A line of JSON for anything else.
#[derive(Serialize)]
struct Message<'a> {
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    message: &'a str,
}

/// JSON lets the characters beyond ASCII stand that a terminal obeys; here they are written as numbers.
fn object(line: &impl Serialize) -> String {
    let text = serde_json::to_string(line).expect("texts and numbers");
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            ' '..='~' => escaped.push(char),
            _ if char.escape_debug().len() == 1 => escaped.push(char),
            _ => char.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped += &format!("\\u{unit:04x}")),
        }
    }
    escaped
}

/// Now, to the millisecond.
fn rfc3339() -> String {
    format!("{:.3}", Timestamp::now())
}

fn kind(event: &Event<'_>) -> &'static str {
    match event {
        Event::Refused { .. } => "refused",
        Event::Panicked { .. } => "panicked",
        Event::WrongLength { .. } => "wrong_length",
        Event::BodyFailed { .. } => "body_failed",
        Event::AcceptFailed { .. } => "accept_failed",
        Event::AcceptEnded { .. } => "accept_ended",
        Event::Overloaded { .. } => "overloaded",
        Event::Rejected { .. } => "rejected",
        _ => "other",
    }
}

/// What a client sent, as it can stand between quotation marks; `-` for nothing.
struct Escaped<'a>(Option<&'a [u8]>);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = self.0 else { return f.write_char('-') };
        for chunk in bytes.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '\'' => f.write_char('\''), // it ends nothing here
                    char => write!(f, "{}", char.escape_debug()),
                }?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_a_client_stays_between_its_quotes() {
        let cases: &[(&[u8], &str)] = &[
            (b"it's / plain", "it's / plain"),
            (b"a\" 200 1\n\"", "a\\\" 200 1\\n\\\""),
            (b"\\\"", "\\\\\\\""),
            (b"\x1b[2J\x7f\t\0", "\\u{1b}[2J\\u{7f}\\t\\0"),
            ("é\u{9b}\u{202e}\u{2028}".as_bytes(), "é\\u{9b}\\u{202e}\\u{2028}"),
            (b"\xff\xc3", "\\xff\\xc3"),
        ];
        for (bytes, text) in cases {
            assert_eq!(Escaped(Some(bytes)).to_string(), *text);
        }
        assert_eq!(Escaped(None).to_string(), "-");
    }

    #[test]
    fn an_object_is_a_line_and_tells_a_terminal_nothing() {
        let message = "a\"\\\n\u{1b}\u{7f}é\u{9b}\u{202e}\u{e0041}";
        let line = object(&Message { time: "now".into(), event: None, message });
        assert_eq!(line, r#"{"time":"now","message":"a\"\\\n\u001b\u007fé\u009b\u202e\udb40\udc41"}"#);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], message);
    }
}
