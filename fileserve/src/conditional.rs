//! Conditional requests: whether the client's copy is still good (RFC 9110 section 13).
//!
//! The validators are a strong entity tag, made of the file's identity, length and time of change in nanoseconds,
//! and the time of change in seconds. A time before 1970 has no text, and one in the future must not be sent (RFC
//! 9110 section 8.8.2.1): such files have the tag only.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};
use switchboard_core::Headers;

/// What tells one state of a file from another.
#[derive(Debug)]
pub(crate) struct Validators {
    etag: String,
    /// In whole seconds.
    modified: Option<SystemTime>,
}

impl Validators {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self::new(metadata.modified().ok(), metadata.len(), identity(metadata), SystemTime::now())
    }

    fn new(modified: Option<SystemTime>, len: u64, identity: u64, now: SystemTime) -> Self {
        let nanoseconds = match modified.map(|time| time.duration_since(SystemTime::UNIX_EPOCH)) {
            Some(Ok(after)) => after.as_nanos(),
            Some(Err(before)) => u128::MAX - before.duration().as_nanos(),
            None => 0,
        };
        let seconds = modified
            .filter(|&time| time <= now)
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .map(|since| since.as_secs());
        Self {
            etag: format!("\"{nanoseconds:x}-{len:x}-{identity:x}\""),
            modified: seconds.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
        }
    }

    /// The entity tag, in its quotes.
    pub(crate) fn etag(&self) -> &str {
        &self.etag
    }

    /// The text of Last-Modified.
    pub(crate) fn last_modified(&self) -> Option<String> {
        self.modified.map(httpdate::fmt_http_date)
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> u64 {
    0
}

/// What the conditions of a GET or HEAD come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

/// Evaluates the conditions in the order of RFC 9110 section 13.2.2.
pub(crate) fn evaluate(headers: &Headers, validators: &Validators) -> Verdict {
    if let Some(matches) = any_tag(headers, "if-match", |tag| tag == validators.etag) {
        if !matches {
            return Verdict::Failed;
        }
    } else if let (Some(since), Some(modified)) = (date(headers, "if-unmodified-since"), validators.modified)
        && modified > since
    {
        return Verdict::Failed;
    }
    let is_same = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag) == validators.etag;
    if let Some(matches) = any_tag(headers, "if-none-match", is_same) {
        if matches {
            return Verdict::NotModified;
        }
    } else if let (Some(since), Some(modified)) = (date(headers, "if-modified-since"), validators.modified)
        && modified <= since
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a Range may be honoured: If-Range names what the client has the rest of (RFC 9110 section 13.1.5).
pub(crate) fn allows_range(headers: &Headers, validators: &Validators) -> bool {
    match headers.get_bytes("if-range") {
        None => true,
        Some(condition) if condition == validators.etag.as_bytes() => true,
        Some(_) => {
            let date = date(headers, "if-range");
            date.is_some() && date == validators.modified
        }
    }
}

fn date(headers: &Headers, name: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?).ok()
}

/// Whether any entity tag in the fields of this name is `wanted`, or they say `*`; `None` without such a field.
fn any_tag(headers: &Headers, name: &str, wanted: impl Fn(&str) -> bool) -> Option<bool> {
    let mut values = headers.values(name).peekable();
    values.peek()?;
    Some(values.any(|value| {
        let text = std::str::from_utf8(value).unwrap_or_default();
        text == "*" || tags(text).any(&wanted)
    }))
}

/// The entity tags of a list. A tag may hold commas, so the list is split at its quotes.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let open = rest.find('"')?;
        let close = open + 1 + rest[open + 1..].find('"')?;
        let (tag, behind) = rest.split_at(close + 1);
        rest = behind;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000; // Sun, 09 Sep 2001 01:46:40 GMT

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn validators() -> Validators {
        Validators::new(Some(at(NOW - 10) + Duration::from_millis(5)), 7, 1, at(NOW))
    }

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.append(name, value.replace("TAG", validators().etag())).unwrap();
        }
        headers
    }

    #[test]
    fn conditions() {
        use Verdict::*;
        let before = "Sun, 09 Sep 2001 01:46:29 GMT";
        let exactly = "Sun, 09 Sep 2001 01:46:30 GMT";
        let cases: &[(&[(&str, &str)], Verdict)] = &[
            (&[], Proceed),
            (&[("if-none-match", "TAG")], NotModified),
            (&[("if-none-match", "W/TAG")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"a,b\", TAG")], NotModified),
            (&[("if-none-match", "\"a\""), ("if-none-match", "TAG")], NotModified),
            (&[("if-none-match", "\"a\"")], Proceed),
            (&[("if-none-match", "")], Proceed),
            (&[("if-modified-since", exactly)], NotModified),
            (&[("if-modified-since", before)], Proceed),
            (&[("if-modified-since", "yesterday")], Proceed),
            (&[("if-none-match", "\"a\""), ("if-modified-since", exactly)], Proceed),
            (&[("if-match", "TAG")], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "W/TAG")], Failed),
            (&[("if-match", "\"a\"")], Failed),
            (&[("if-match", "\"a\""), ("if-none-match", "TAG")], Failed),
            (&[("if-match", "TAG"), ("if-none-match", "TAG")], NotModified),
            (&[("if-unmodified-since", exactly)], Proceed),
            (&[("if-unmodified-since", before)], Failed),
            (&[("if-match", "TAG"), ("if-unmodified-since", before)], Proceed),
        ];
        for (fields, verdict) in cases {
            assert_eq!(evaluate(&headers(fields), &validators()), *verdict, "{fields:?}");
        }
    }

    #[test]
    fn a_range_of_what_the_client_has() {
        let cases: &[(&[(&str, &str)], bool)] = &[
            (&[], true),
            (&[("if-range", "TAG")], true),
            (&[("if-range", "W/TAG")], false),
            (&[("if-range", "\"a\"")], false),
            (&[("if-range", "Sun, 09 Sep 2001 01:46:30 GMT")], true),
            (&[("if-range", "Sun, 09 Sep 2001 01:46:31 GMT")], false),
            (&[("if-range", "garbage")], false),
        ];
        for (fields, allowed) in cases {
            assert_eq!(allows_range(&headers(fields), &validators()), *allowed, "{fields:?}");
        }
    }

    #[test]
    fn strange_times_have_a_tag_and_no_date() {
        let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(10);
        let far_future = at(1 << 40);
        let etags = [None, Some(before_1970), Some(far_future), Some(at(NOW + 1))].map(|time| {
            let validators = Validators::new(time, 7, 1, at(NOW));
            assert_eq!(validators.last_modified(), None);
            validators.etag
        });
        assert!(etags.windows(2).all(|pair| pair[0] != pair[1]), "{etags:?}");
    }
}
