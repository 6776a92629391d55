//! A server that remembers what its handler was asked, so that a request nobody has sent shows.
//!
//! # Rules
//!
//! 1. Behind whatever is to be refused stands [`SMUGGLED`], a whole request, where a misreading would find it.
//! 2. Refused means: a status of those expected, `Connection: close`, an orderly end of the connection, and a handler
//!    that has seen nothing of it.
//! 3. Accepted means: the handler sees exactly the requests expected, in their order; then the one that comes last.
//! 4. Everything is sent twice: at once, and in two halves.

use super::super::deadlines::patient;
use super::super::{Client, PATIENCE, Subject};
use crate::{Limits, Request, Running};
use std::sync::{Arc, Mutex};

/// The request that must not be seen.
pub(super) const SMUGGLED: &[u8] = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";

/// A good one, behind which the connection closes.
pub(super) const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

/// How the last request is seen.
const LAST_SEEN: &str = "GET /last ";

/// What handlers were asked, as far as nobody has looked.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    /// Remembers a request, as `METHOD TARGET BODY`, which is also what a handler may answer.
    pub(super) fn note(&self, request: &Request) -> String {
        let text = format!("{} {} {}", request.method(), request.target(), request.bytes().escape_ascii());
        self.0.lock().expect("not poisoned").push(text.clone());
        text
    }

    /// What has been seen since the last look.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("not poisoned"))
    }
}

/// Limits that end nobody, not even who has been told that the connection is over.
pub(super) fn unhurried() -> Limits {
    Limits { linger: PATIENCE, ..patient() }
}

/// The server, and what its handler has seen.
pub(super) struct Witness {
    pub(super) server: Running,
    pub(super) seen: Seen,
}

impl Witness {
    /// Its handler reads the body, and answers with what it was asked.
    pub(super) fn of(subject: &Subject, limits: Limits) -> Self {
        let seen = Seen::default();
        let handler = {
            let seen = seen.clone();
            move |request: &mut Request| seen.note(request)
        };
        Self { server: subject.serve(limits, handler), seen }
    }

    /// `wire` is refused with one of `statuses`.
    pub(super) fn refuses(&self, wire: impl AsRef<[u8]>, statuses: &[u16]) {
        self.refuses_after(&[], wire, statuses);
    }

    /// `wire` begins with requests that are answered, and is then refused.
    pub(super) fn refuses_after(&self, answered: &[&str], wire: impl AsRef<[u8]>, statuses: &[u16]) {
        let wire = [wire.as_ref(), SMUGGLED].concat();
        let _told = Told(&wire);
        for split in [wire.len(), wire.len() / 2] {
            let mut client = self.client(&wire, split);
            for request in answered {
                assert_eq!(client.reply().text(), *request);
            }
            let reply = client.reply();
            assert!(statuses.contains(&reply.status), "{statuses:?} expected: {reply:?}");
            assert_eq!(reply.field("connection"), Some("close"), "{reply:?}");
            client.closed();
            assert_eq!(self.seen.take(), answered, "what the handler has seen");
        }
    }

    /// `wire` is the requests `expected`, and no others.
    pub(super) fn accepts(&self, wire: impl AsRef<[u8]>, expected: &[&str]) {
        let wire = [wire.as_ref(), LAST].concat();
        let _told = Told(&wire);
        let expected = [expected, &[LAST_SEEN]].concat();
        for split in [wire.len(), wire.len() / 2] {
            let mut client = self.client(&wire, split);
            for request in &expected {
                let reply = client.reply();
                assert_eq!((reply.status, reply.text()), (200, *request));
            }
            client.closed();
            assert_eq!(self.seen.take(), expected, "what the handler has seen");
        }
    }

    fn client(&self, wire: &[u8], split: usize) -> Client {
        let mut client = Client::of(&self.server);
        client.send(&wire[..split]);
        std::thread::yield_now(); // so that the halves may arrive one by one; core's own tests see to it that they do
        client.send(&wire[split..]);
        client
    }
}

/// Says what was sent, if the case fails.
pub(super) struct Told<'a>(pub(super) &'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was sent: {}", self.0.escape_ascii());
        }
    }
}
