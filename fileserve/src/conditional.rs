//! Conditional requests: whether the client's copy is still good (RFC 9110 section 13).
//!
//! The validators are a strong entity tag, a hash of the file's [`State`], and the time of change in seconds. A time
//! before 1970 has no text, and one in the future must not be sent (RFC 9110 section 8.8.2.1): such files have the tag
//! only. A coded form has a tag of its own, because it is made of other bytes (section 8.8.3.3).

use crate::state::State;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};
use switchboard_core::Headers;

/// What tells one state of a file from another.
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    etag: String,
    /// In whole seconds.
    modified: Option<SystemTime>,
}

impl Validators {
    pub(crate) fn of(state: &State, now: SystemTime) -> Self {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        let seconds = state
            .modified
            .filter(|&time| time <= now)
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .map(|since| since.as_secs());
        Self {
            etag: format!("\"{:016x}\"", hasher.finish()),
            modified: seconds.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
        }
    }

    /// Those of the same file in a coding that is made for the request.
    pub(crate) fn coded(&self, coding: &str) -> Self {
        let etag = format!("{}-{coding}\"", self.etag.trim_end_matches('"'));
        Self { etag, modified: self.modified }
    }

    /// Those of something that has none: a page made for the request.
    pub(crate) fn none() -> Self {
        Self { etag: String::new(), modified: None }
    }

    /// Whether this was changed in an earlier second.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.modified < other.modified
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

/// What the conditions of a GET or HEAD come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

/// Evaluates the conditions in the order of RFC 9110 section 13.2.2.
pub(crate) fn evaluate(headers: &Headers, validators: &Validators) -> Verdict {
    if let Some(matches) = any_tag(headers, "if-match", |tag| tag == validators.etag.as_bytes()) {
        if !matches {
            return Verdict::Failed;
        }
    } else if let (Some(since), Some(modified)) = (date(headers, "if-unmodified-since"), validators.modified)
        && modified > since
    {
        return Verdict::Failed;
    }
    let is_same = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag) == validators.etag.as_bytes();
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

/// Whether a Range may be honoured: If-Range names what the client has the rest of (RFC 9110 section 13.1.5). A date is
/// never good enough: a file can change twice in the second it names, and then the parts would not fit together.
pub(crate) fn allows_range(headers: &Headers, validators: &Validators) -> bool {
    headers.values("if-range").all(|condition| condition == validators.etag.as_bytes())
}

/// The value of a field that means something only if it comes once.
pub(crate) fn only<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    let mut values = headers.values(name);
    let value = values.next()?;
    if values.next().is_some() { None } else { std::str::from_utf8(value).ok() }
}

fn date(headers: &Headers, name: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(only(headers, name)?).ok()
}

/// Whether any entity tag in the fields of this name is `wanted`, or they say `*`; `None` without such a field.
fn any_tag(headers: &Headers, name: &str, wanted: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let mut values = headers.values(name).peekable();
    values.peek()?;
    Some(values.any(|list| list == b"*" || tags(list).any(&wanted)))
}

/// The entity tags of a list. A tag may hold commas and bytes above 127, so the list is split at its quotes.
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list;
    std::iter::from_fn(move || {
        while let [b' ' | b'\t' | b',', behind @ ..] = rest {
            rest = behind;
        }
        let open = rest.iter().position(|&byte| byte == b'"')?;
        let close = open + 1 + rest[open + 1..].iter().position(|&byte| byte == b'"')?;
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
        Validators::of(&State::example(7, Some(at(NOW - 10) + Duration::from_millis(5))), at(NOW))
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
            (&[("if-match", "\"é\", TAG")], Proceed),
            (&[("if-modified-since", exactly), ("if-modified-since", exactly)], Proceed),
            (&[("if-unmodified-since", before), ("if-unmodified-since", before)], Proceed),
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
            (&[("if-range", "TAG"), ("if-range", "\"a\"")], false),
            (&[("if-range", "Sun, 09 Sep 2001 01:46:30 GMT")], false),
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
            let validators = Validators::of(&State::example(7, time), at(NOW));
            assert_eq!(validators.last_modified(), None);
            validators.etag
        });
        assert!(etags.windows(2).all(|pair| pair[0] != pair[1]), "{etags:?}");
    }

    #[test]
    fn a_coded_form_has_a_tag_of_its_own() {
        let (plain, coded) = (validators(), validators().coded("gzip"));
        assert_eq!(coded.etag(), format!("\"{}-gzip\"", plain.etag().trim_matches('"')));
        assert_eq!(coded.last_modified(), plain.last_modified());
    }

    #[test]
    fn what_has_no_validators_matches_only_a_star() {
        let cases: &[(&[(&str, &str)], Verdict)] = &[
            (&[], Verdict::Proceed),
            (&[("if-match", "\"a\"")], Verdict::Failed),
            (&[("if-match", "*")], Verdict::Proceed),
            (&[("if-none-match", "\"a\"")], Verdict::Proceed),
            (&[("if-none-match", "*")], Verdict::NotModified),
            (&[("if-modified-since", "Sun, 09 Sep 2001 01:46:30 GMT")], Verdict::Proceed),
        ];
        for (fields, verdict) in cases {
            assert_eq!(evaluate(&headers(fields), &Validators::none()), *verdict, "{fields:?}");
        }
    }
}
