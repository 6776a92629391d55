//! What a directory answers with: a page, a JSON document or lines of text, as the client prefers.
//!
//! # Rules
//!
//! 1. Names are not trusted: each format escapes them in its own way, and links are encoded.
//! 2. The page needs no script and nothing from anywhere else, and says so in its Content-Security-Policy.
//! 3. Links do not carry the order along, and the orders are buttons of a form, not links: so a cache keeps one page of
//!    a directory and a crawler gets one.

mod html;
mod json;
mod order;
mod readme;
mod stream;
mod text;

use crate::accept::preferred;
use crate::conditional::{self, Validators, Verdict};
use crate::entries::{Entries, Entry};
use crate::location::{Location, encode};
use crate::places::Places;
use crate::resolve::{Denied, Root};
use order::Order;
use readme::Readme;
use std::ffi::OsStr;
use std::time::SystemTime;
use switchboard_core::{Body, IntoResponse, Request, Response, Status};

const HTML: &str = "text/html";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// A directory, and how it is listed.
pub(crate) struct Listed<'a> {
    pub(crate) root: &'a Root,
    pub(crate) location: &'a Location,
    pub(crate) entries: Entries,
    /// How many entries are sorted at most, and so held in memory at once; if there are more, all come in the order of
    /// the disk.
    pub(crate) sorted: usize,
    /// How many large ones may be sorted at once; others come in the order of the disk meanwhile.
    pub(crate) sorting: &'a Places,
}

/// The listing, as `request` asks for it. It has no validators, so that of its conditions only a `*` can hold. An error
/// if a small directory cannot be read.
pub(crate) fn respond(request: &Request, listed: Listed<'_>) -> Result<Response, Denied> {
    if let Some(response) = precondition(request) {
        return Ok(response);
    }
    let media_type = preferred(request.headers(), &[HTML, JSON, TEXT]);
    let order = Order::of(request.query());
    let format = format(media_type, order, &listed);
    let body = stream::body(listed.entries, order, listed.sorted, listed.sorting, format)?;
    Ok(describe(media_type, body))
}

fn precondition(request: &Request) -> Option<Response> {
    match conditional::evaluate(request.headers(), &Validators::none()) {
        Verdict::Proceed => None,
        Verdict::NotModified => {
            let response = Response::new(Status::NOT_MODIFIED).with_header("cache-control", "no-cache");
            Some(response.with_header("vary", "accept"))
        }
        Verdict::Failed => Some(Status::PRECONDITION_FAILED.into_response()),
    }
}

fn format(media_type: &str, order: Order, listed: &Listed<'_>) -> Box<dyn Format> {
    let Listed { root, location, .. } = *listed;
    match media_type {
        JSON => Box::new(json::Document::new(location)),
        TEXT => Box::new(text::Lines),
        _ => Box::new(html::Page::new(location.clone(), order, Readme::find(root, location.path()))),
    }
}

fn describe(media_type: &str, body: Body) -> Response {
    let response = Response::new(Status::OK)
        .with_header("cache-control", "no-cache")
        .with_header("vary", "accept")
        .with_header("x-content-type-options", "nosniff")
        .with_body(body);
    match media_type {
        JSON => response.with_content_type(JSON),
        TEXT => response.with_content_type("text/plain; charset=utf-8"),
        _ => {
            response.with_content_type("text/html; charset=utf-8").with_header("content-security-policy", html::POLICY)
        }
    }
}

/// How a listing is written: its beginning, each entry, its end.
trait Format: Send + 'static {
    fn begin(&mut self, _is_sorted: bool, _out: &mut String) {}
    fn entry(&mut self, entry: &Entry, out: &mut String);
    fn end(&mut self, _out: &mut String) {}
}

/// Where an entry is, from the directory.
fn href(entry: &Entry) -> String {
    format!("./{}{}", encode(&entry.name), if entry.is_directory { "/" } else { "" })
}

/// A name for people. What is not UTF-8, could act on a terminal or looks like the end of a line shows as U+FFFD, and
/// so do marks that turn the direction of the text: they could disguise an extension.
fn shown(name: &OsStr) -> String {
    let is_mark = |character| {
        let is_turn = matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2066}'..='\u{2069}');
        is_turn || matches!(character, '\u{2028}'..='\u{202E}')
    };
    name.to_string_lossy().replace(|character: char| character.is_control() || is_mark(character), "\u{FFFD}")
}

/// `2026-11-24T05:31:07Z` (RFC 3339); `None` for a time that has no such text, or is before 1970.
fn timestamp(time: SystemTime) -> Option<String> {
    const LAST: u64 = 253_402_300_799; // the end of the year 9999
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    time.duration_since(SystemTime::UNIX_EPOCH).ok().filter(|since| since.as_secs() <= LAST)?;
    let date = httpdate::fmt_http_date(time); // Tue, 24 Nov 2026 05:31:07 GMT
    let month = 1 + MONTHS.iter().position(|month| *month == &date[8..11])?;
    Some(format!("{}-{month:02}-{}T{}Z", &date[12..16], &date[5..7], &date[17..25]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timestamps() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let cases = [
            (0, Some("1970-01-01T00:00:00Z")),
            (784_111_777, Some("1994-11-06T08:49:37Z")),
            (951_782_400, Some("2000-02-29T00:00:00Z")),
            (253_402_300_799, Some("9999-12-31T23:59:59Z")),
            (253_402_300_800, None),
            (1 << 40, None),
        ];
        for (seconds, text) in cases {
            assert_eq!(timestamp(at(seconds)).as_deref(), text);
        }
        assert_eq!(timestamp(at(0) - Duration::from_nanos(1)), None);
    }
}
