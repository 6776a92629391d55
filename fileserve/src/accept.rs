//! What a client would rather have: lists whose elements have a weight, as in Accept and Accept-Encoding (RFC 9110
//! section 12.4.2), and the media type that such a list prefers.
//!
//! # Rules
//!
//! 1. Fields of one name are one list. An element whose weight is malformed counts as not sent, and so does a field
//!    that is not UTF-8.
//! 2. A parameter `q` is the weight wherever it stands, as section 12.5.1 asks; without one the weight is 1.
//! 3. The most specific range that fits a media type decides: `text/html` before `text/*` before `*/*`. Among equals,
//!    the highest weight does.
//! 4. A range with parameters, `text/html;level=1`, fits as one without them, but counts after it: nothing offered here
//!    has variants, and who asks for `application/json; charset=utf-8` means it.

use switchboard_core::Headers;

/// An element of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weighted<'a> {
    /// What stands before the parameters, as it was sent; not empty.
    pub(crate) name: &'a str,
    /// Whether there are other parameters than the weight.
    has_parameters: bool,
    /// In thousandths, up to 1000; 0 means "not acceptable".
    pub(crate) weight: u16,
}

/// The elements of all fields called `name`, in their order.
pub(crate) fn weights<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = Weighted<'a>> {
    let lists = headers.values(name).filter_map(|list| std::str::from_utf8(list).ok());
    lists.flat_map(|list| split(list, ',')).filter_map(weighted)
}

fn weighted(element: &str) -> Option<Weighted<'_>> {
    let mut parts = split(element, ';').map(|part| part.trim_matches([' ', '\t']));
    let name = parts.next().filter(|name| !name.is_empty())?;
    let (mut has_parameters, mut weight) = (false, 1000);
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("q" | "Q", value)) => weight = thousandths(value)?,
            _ => has_parameters = true,
        }
    }
    Some(Weighted { name, has_parameters, weight })
}

/// The pieces between separators; one within a quoted string (RFC 9110 section 5.6.4) is none.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' => is_escaped = is_quoted,
            _ => {}
        }
        character == separator && !is_quoted
    })
}

/// From 0 to 1, with up to three digits behind the point.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let fraction = digits.fold(0, |number, digit| 10 * number + u16::from(digit - b'0'));
    match (whole, fraction) {
        ("0", _) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// The one of the media types `offered` that Accept prefers; the first one if it says nothing, finds them equal, or
/// takes none of them: an answer is worth more than a refusal (RFC 9110 section 12.5.1 allows both).
///
/// # Panics
///
/// If nothing is offered.
pub(crate) fn preferred<'a>(headers: &Headers, offered: &[&'a str]) -> &'a str {
    let weight = |media_type: &&str| weight_of(headers, media_type);
    // Of equals, `max_by_key` takes the last.
    offered.iter().copied().rev().max_by_key(weight).expect("something is offered")
}

fn weight_of(headers: &Headers, media_type: &str) -> u16 {
    let fitting = weights(headers, "accept").filter_map(|range| Some((specificity(&range, media_type)?, range.weight)));
    fitting.max().map_or(0, |(_, weight)| weight)
}

/// How closely a range describes `media_type`; `None` if it does not fit.
fn specificity(range: &Weighted<'_>, media_type: &str) -> Option<u8> {
    if range.name.eq_ignore_ascii_case(media_type) {
        return Some(if range.has_parameters { 2 } else { 3 });
    }
    let (class, _) = media_type.split_once('/')?;
    match range.name.split_once('/')? {
        ("*", "*") => Some(0),
        (wanted, "*") if wanted.eq_ignore_ascii_case(class) => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(lists: &[&str]) -> Headers {
        let mut headers = Headers::new();
        lists.iter().for_each(|list| headers.append("Accept", list).unwrap());
        headers
    }

    #[test]
    fn lists() {
        type Case<'a> = (&'a [&'a str], &'a [(&'a str, u16)]);
        let cases: &[Case<'_>] = &[
            (&[], &[]),
            (&[""], &[]),
            (&[" , ,a"], &[("a", 1000)]),
            (&["a, b;q=0.5", "c;q=0"], &[("a", 1000), ("b", 500), ("c", 0)]),
            (&["a;Q=0.25"], &[("a", 250)]),
            (&["a \t; \tq=1.000 , b;q=1"], &[("a", 1000), ("b", 1000)]),
            (&["a;q=0.001,b;q=0.,c;q=0.12"], &[("a", 1), ("b", 0), ("c", 120)]),
            (&["a;level=1;q=0.3;x=y"], &[("a", 300)]),
            (&["a;;q=0.3;"], &[("a", 300)]),
            (&["a;x=\"1,2;q=0.1\";q=0.2, b"], &[("a", 200), ("b", 1000)]),
            (&["a;x=\"\\\",;q=0.1\";q=0.2, b"], &[("a", 200), ("b", 1000)]),
            (&["a;x=\"open, b;q=0.1"], &[("a", 1000)]),
            (&["a\\,b"], &[("a\\", 1000), ("b", 1000)]),
            (&[";q=1,a"], &[("a", 1000)]),
        ];
        for (fields, expected) in cases {
            let headers = accept(fields);
            let found: Vec<(&str, u16)> = weights(&headers, "accept").map(|found| (found.name, found.weight)).collect();
            assert_eq!(&found, expected, "{fields:?}");
        }
    }

    #[test]
    fn malformed_weights_take_their_element_with_them() {
        for weight in ["", "2", "1.001", "1.0000", "0.1234", ".5", "-0", "+1", "0.x", "\"1\"", "1 .0", "00", "０"] {
            let headers = accept(&[&format!("a;q={weight};x, b")]);
            assert_eq!(weights(&headers, "accept").next().map(|found| found.name == "a"), Some(false), "{weight}");
        }
    }

    #[test]
    fn a_field_that_is_not_text_is_left_out() {
        let mut headers = accept(&["a"]);
        headers.append("accept", b"b, \xff").unwrap();
        headers.append("accept", "c").unwrap();
        assert!(weights(&headers, "accept").map(|found| found.name).eq(["a", "c"]));
    }

    #[test]
    fn the_preferred_media_type() {
        let (html, json, text) = ("text/html", "application/json", "text/plain");
        let cases: &[(&[&str], &str)] = &[
            (&[], html),
            (&[""], html),
            (&["*/*"], html),
            (&["image/png"], html),
            (&["*/*;q=0"], html),
            (&["application/json"], json),
            (&["APPLICATION/JSON"], json),
            (&["application/json; charset=utf-8"], json),
            (&["application/*"], json),
            (&["Text/*;q=0.5, application/json;q=0.4"], html),
            (&["text/html;q=0.5, application/json"], json),
            (&["text/html;q=0.5, application/json;q=0.500"], html),
            (&["text/html;q=0.5", "application/json"], json),
            (&["text/html;q=0.5, */*;q=0.6"], json),
            (&["text/html;q=0.1, text/*;q=0.5, */*;q=0.2"], text),
            (&["*/*, text/*;q=0.5, application/json;q=0.1"], html),
            (&["*/*, text/*;q=0.5"], json),
            (&["text/html;level=1, text/html;q=0.2, application/json;q=0.5"], json),
            (&["text/html;level=1, text/html;;q=0.2, application/json;q=0.5"], json),
            (&["text/html;q=0.2, text/html;q=0.9, application/json;q=0.5"], html),
            (&["text/html;q=0, application/json;q=0.001"], json),
            (&["text/html;q=9, application/json;q=0.1"], json),
            (&["text, application/json;q=0.1"], json),
            (&["*/plain, application/json;q=0.1"], json),
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"], html),
        ];
        for (fields, expected) in cases {
            assert_eq!(preferred(&accept(fields), &[html, json, text]), *expected, "{fields:?}");
        }
    }
}
