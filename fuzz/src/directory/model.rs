//! What must be answered, by the rules of [`Directory`](switchboard_fileserve::Directory) and by RFC 9110; nothing of
//! its code is in here.

use super::ask::{Field, Line};
use super::date;
use super::range::{self, Selection};
use super::tree::{Content, Found, find};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is at a path.
#[derive(Debug, Clone)]
pub enum Place {
    Nothing,
    /// A directory without its final slash: its address, decoded.
    Slashless(Vec<u8>),
    /// A directory to be listed, with its address, decoded.
    Folder(Vec<u8>),
    File(&'static Content),
}

/// An answer, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// 204, with the methods there are.
    Options,
    NotAllowed,
    NotFound,
    /// To this address, decoded.
    Moved(Vec<u8>),
    Listing,
    NotModified,
    Failed,
    Whole,
    /// First and last byte of each part.
    Parts(Vec<(usize, usize)>),
    Unsatisfiable,
}

/// Where a path leads.
pub fn place(path: &[u8]) -> Place {
    let decoded = decode(path);
    let names: Vec<&[u8]> = decoded.split(|&byte| byte == b'/').collect();
    let ends_in_slash = matches!(names.last(), Some(&b"" | &b"."));
    let names: Vec<&[u8]> = names.into_iter().filter(|name| !matches!(*name, b"" | b".")).collect();
    let is_hidden = |(index, name): (usize, &&[u8])| name[0] == b'.' && (index > 0 || *name != b".well-known");
    if names.iter().enumerate().any(is_hidden) || decoded.contains(&0) {
        return Place::Nothing;
    }
    let address = || names.iter().fold(b"/".to_vec(), |address, name| [&address, *name, b"/"].concat());
    match find(&names) {
        Some(Found::File(file)) if !ends_in_slash => Place::File(file),
        Some(Found::Folder) if !ends_in_slash => Place::Slashless(address()),
        Some(Found::Folder) => match find(&[&names[..], &[b"index.html"]].concat()) {
            Some(Found::File(file)) => Place::File(file),
            _ => Place::Folder(address()),
        },
        _ => Place::Nothing,
    }
}

/// Percent-encodings as the bytes they stand for, once; whatever else, as it is.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((16 * high + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// All that may be answered: as a rule one thing, more where the RFC leaves it open. `etag` is the file's.
pub fn replies(line: &Line, place: &Place, etag: &str, fields: &[Field]) -> Vec<Reply> {
    match (line.method, place) {
        ("OPTIONS", _) => vec![Reply::Options],
        ("GET" | "HEAD", Place::Nothing) => vec![Reply::NotFound],
        ("GET" | "HEAD", Place::Slashless(address)) => vec![Reply::Moved(address.clone())],
        ("GET" | "HEAD", Place::Folder(_)) => conditional(fields, None, None, &[Reply::Listing]),
        ("GET" | "HEAD", Place::File(file)) => {
            let selected = if line.method == "GET" { selected(fields, etag, file) } else { vec![Reply::Whole] };
            conditional(fields, Some(etag), file.changed, &selected)
        }
        _ => vec![Reply::NotAllowed],
    }
}

/// The conditions in the order of section 13.2.2; `otherwise` is what is answered if none of them ends it.
fn conditional(fields: &[Field], etag: Option<&str>, changed: Option<i64>, otherwise: &[Reply]) -> Vec<Reply> {
    let is_unchanged = |tags, since| matches(fields, tags, etag).or_else(|| is_unchanged_since(fields, since, changed));
    let goes_on = is_unchanged("if-match", "if-unmodified-since").unwrap_or(vec![true]);
    let is_known = is_unchanged("if-none-match", "if-modified-since").unwrap_or(vec![false]);
    let mut replies = Vec::new();
    if goes_on.contains(&false) {
        replies.push(Reply::Failed);
    }
    if goes_on.contains(&true) && is_known.contains(&true) {
        replies.push(Reply::NotModified);
    }
    if goes_on.contains(&true) && is_known.contains(&false) {
        replies.extend_from_slice(otherwise);
    }
    replies
}

/// Whether the fields of this name hold the tag, compared strongly for If-Match; `None` without such a field. Of what
/// is no list, but has the tag or a star in it, anything may be made.
fn matches(fields: &[Field], name: &str, etag: Option<&str>) -> Option<Vec<bool>> {
    let values = values(fields, name);
    if values.is_empty() {
        return None;
    }
    let list = values.join(&b", "[..]);
    let mentions = |tag: &str| range::find(&list, tag.as_bytes()).is_some();
    Some(match tags(&list) {
        _ if list == b"*" => vec![true],
        Some(tags) => {
            let is_wanted = |&(is_weak, tag): &(bool, &[u8])| {
                etag.is_some_and(|etag| etag.as_bytes() == tag) && (name == "if-none-match" || !is_weak)
            };
            vec![tags.iter().any(is_wanted)]
        }
        None if mentions("*") || etag.is_some_and(mentions) => vec![true, false],
        None => vec![false],
    })
}

/// The entity tags of a list (sections 5.6.1.2 and 8.8.3): whether each is weak, and what is in its quotes, with them.
fn tags(list: &[u8]) -> Option<Vec<(bool, &[u8])>> {
    let (mut tags, mut rest, mut may_come) = (Vec::new(), range::trim(list), true);
    while let Some(&first) = rest.first() {
        if first == b',' {
            may_come = true;
            rest = range::trim(&rest[1..]);
            continue;
        }
        let is_weak = rest.starts_with(b"W/");
        let quoted = if is_weak { &rest[2..] } else { rest };
        let inside = quoted.strip_prefix(b"\"")?;
        let len = inside.iter().take_while(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)).count();
        if !may_come || inside.get(len) != Some(&b'"') {
            return None;
        }
        tags.push((is_weak, &quoted[..len + 2]));
        may_come = false;
        rest = range::trim(&inside[len + 1..]);
    }
    Some(tags)
}

/// Whether the file is no newer than the date in the field of this name; `None` if either has no date.
fn is_unchanged_since(fields: &[Field], name: &str, changed: Option<i64>) -> Option<Vec<bool>> {
    let (&[value], Some(changed)) = (&values(fields, name)[..], changed) else { return None };
    let without = name == "if-unmodified-since";
    let answers: Vec<bool> = dates(value).iter().map(|since| since.map_or(without, |since| changed <= since)).collect();
    Some(answers)
}

/// The date that `text` is, or none, and what else it may be taken for. The directory's reader of dates refuses years
/// before 1970, leap seconds, and two digits for a year from 2070 on; and between such a year and the time it takes any
/// byte for a space. A client that sends these gets the file as it is now, or is told that its own is.
fn dates(text: &[u8]) -> Vec<Option<i64>> {
    const THE_YEAR_2070: i64 = 3_155_760_000;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now is after 1970").as_secs() as i64;
    let refused =
        |time: i64| time < 0 || range::find(text, b":60 ").is_some() || (time >= THE_YEAR_2070 && text.contains(&b'-'));
    match date::read(text, now) {
        Some(time) if refused(time) => vec![Some(time), None],
        None => vec![None, with_space(text).and_then(|text| date::read(&text, now))],
        read => vec![read],
    }
}

/// With a space between date and time, where there is another byte in a date with a year of two digits.
fn with_space(text: &[u8]) -> Option<Vec<u8>> {
    let at = text.len().checked_sub("_08:49:37 GMT".len())?;
    let mut text = text.to_vec();
    text[at] = b' ';
    text.contains(&b'-').then_some(text)
}

/// What the Range selects, where there is one and it counts: by a strong tag only, never by a date.
fn selected(fields: &[Field], etag: &str, file: &Content) -> Vec<Reply> {
    let (ranges, conditions) = (values(fields, "range"), values(fields, "if-range"));
    match ranges[..] {
        [range] if conditions.iter().all(|&condition| condition == etag.as_bytes()) => {
            let reply = |selection| match selection {
                Selection::Whole => Reply::Whole,
                Selection::Parts(parts) => Reply::Parts(parts),
                Selection::Unsatisfiable => Reply::Unsatisfiable,
            };
            range::selections(range, file.bytes.len()).into_iter().map(reply).collect()
        }
        _ => vec![Reply::Whole],
    }
}

fn values<'a>(fields: &'a [Field], name: &str) -> Vec<&'a [u8]> {
    fields.iter().filter(|(field, _)| *field == name).map(|(_, value)| &value[..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let files: &[(&str, &str)] = &[
            ("/one", "one"),
            ("//./%6fne", "one"),
            ("/sub/up", "one"),
            ("/chain", "one"),
            ("/home/", "home/index.html"),
            ("/home/.", "home/index.html"),
            ("/link%20as%20index/", "ten.txt"),
            ("/roundabout", "sub/deep/file"),
            ("/to-root/to-root/to-folder%2fdeep/file", "sub/deep/file"),
            ("/to-hidden", ".hidden"),
            ("/.well-known/acme", ".well-known/acme"),
            ("/a%20b/%2541", "a b/%41"),
            ("/a%20b/%41", "a b/A"),
        ];
        for (path, file) in files {
            let place = place(path.as_bytes());
            assert!(matches!(place, Place::File(content) if content.path == file.as_bytes()), "{path}: {place:?}");
        }
        for path in ["/", "/sub/", "/folder%20as%20index/", "/escape%20as%20index//", "/to-root/", "/.well-known/"] {
            assert!(matches!(place(path.as_bytes()), Place::Folder(_)), "{path}");
        }
        let nothing = [
            "/..",
            "/sub/../one",
            "/sub/%2e%2e/one",
            "/.hidden",
            "/sub/.well-known/x",
            "/.well-known/.hidden",
            "/one/",
            "/one%00",
            "/escape",
            "/escape-folder/",
            "/escape-folder/root/one",
            "/escape-and-back",
            "/absolute",
            "/absolute-inside",
            "/broken",
            "/loop",
            "/ring",
            "/through-a-file",
            "/fifo",
            "/to-fifo",
            "/socket",
            "/one/x",
            "/sub/deep/escape-chain",
            "/.well-known-not",
            "/...",
            "/sub%2fup%2f",
            "/a%20b/%252541",
        ];
        for path in nothing {
            assert!(matches!(place(path.as_bytes()), Place::Nothing), "{path}");
        }
        let slashless = place(b"//.//sub/%64eep");
        assert!(matches!(&slashless, Place::Slashless(address) if address == b"/sub/deep/"), "{slashless:?}");
    }

    #[test]
    fn lists_of_tags() {
        let cases: &[(&str, Option<usize>)] = &[
            ("", Some(0)),
            (", ,", Some(0)),
            ("\"a\"", Some(1)),
            ("\"a,b\" , W/\"\",,\"\u{e9}\"", Some(3)),
            ("\"a\" \"b\"", None),
            ("\"a b\"", None),
            ("\"a", None),
            ("a", None),
            ("w/\"a\"", None),
            ("\"a\", *", None),
        ];
        for (list, count) in cases {
            assert_eq!(tags(list.as_bytes()).map(|tags| tags.len()), *count, "{list}");
        }
        assert_eq!(tags(b"\"a\",W/\"b\""), Some(vec![(false, &b"\"a\""[..]), (true, b"\"b\"")]));
    }
}
