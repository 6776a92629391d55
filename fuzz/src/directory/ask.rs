//! What is asked, made of bytes: nearly always something that is nearly right.
//!
//! | bytes | are |
//! |---|---|
//! | 1 | the method |
//! | 1 | the form of the target: its path alone, or a whole URI |
//! | 1 and more | the path: an entry of the tree, words, or an entry and words; how they are encoded |
//! | 1 and more | the query |
//! | 1 | how many fields; for each: |
//! | 2 and more | its name; the kind of its value (raw, a date, entity tags, ranges), then what that is made of |
//!
//! Behind the last byte there are zeros. Words, numbers and the like are chosen from tables, by the remainder.

use super::date::{self, Format};
use super::range::trim;
use super::tree::{entries, plain_entries};

/// Bytes that are taken from the front.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.next()) % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Up to `most` of them as they are, in front of them a byte that says how many.
    fn raw(&mut self, most: usize) -> Vec<u8> {
        let len = self.below(most + 1).min(self.0.len());
        let (raw, rest) = self.0.split_at(len);
        self.0 = rest;
        raw.to_vec()
    }
}

/// A method and a target.
#[derive(Debug, Clone)]
pub struct Line {
    pub method: &'static str,
    pub target: Vec<u8>,
    /// The path of the target, with what is encoded in it.
    pub path: Vec<u8>,
    pub query: Option<Vec<u8>>,
}

const OTHER_METHODS: &[&str] = &["POST", "get", "DELETE", "TRACE", "PROPFIND"];

/// Parts of paths, a space between two.
const WORDS: &str = "/ // /./ /. /.. /../ ../ .. %2e%2e/ /.%2E/ %2F %2f..%2f %5c..%5c ..;/ %252e%252e%252f %25252e \
    %c0%ae%c0%ae/ %00 % %zz %2 %%32%65 . ... %2e sub deep file one ten.txt 100%25.txt %2541 %41 .well-known \
    .hidden .git/config index.html home escape-folder confidential.txt root/one root-beside/ to-folder \
    to-root/ a%20b/ a+b %C3%A9 é raw%FF%FE %0d%0aSet-Cookie:x //evil.example /evil.example/%2f.. * ? :80 ~ \
    etc/passwd %e2%80%ae LPT1 ::$DATA []^`{|} @ & %3f %23";

const QUERIES: &[&str] = &["", "a=b&c", "a?b", "%", "%2e%zz", "{|}\\^`[]", "//evil.example", "é", "%0d%0a", "../"];

impl Line {
    /// The first part of an input.
    pub fn take(bytes: &mut Bytes<'_>) -> Self {
        let method = match bytes.below(16) {
            0..=11 => "GET",
            12..=13 => "HEAD",
            14 => "OPTIONS",
            _ => bytes.one_of(OTHER_METHODS),
        };
        let form = bytes.one_of(&["", "", "", "", "", "", "http://a", "HTTP://a.example:80"]);
        let path = path(bytes);
        let query = match bytes.below(8) {
            0..=4 => None,
            5 => Some(legal(&bytes.raw(16))),
            _ => Some(bytes.one_of(QUERIES).into()),
        };
        let mut target = [form.as_bytes(), &path].concat();
        if let Some(query) = &query {
            target.push(b'?');
            target.extend(query);
        }
        // The words may hold a question mark too.
        let mut halves = target[form.len()..].splitn(2, |&byte| byte == b'?').map(<[u8]>::to_vec);
        let (path, query) = (halves.next().unwrap_or_default(), halves.next());
        Self { method, target, path, query }
    }
}

fn path(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let shape = bytes.below(16);
    let mut path = bytes.one_of(&["/", "/", "/", "/", "//", "/./", "/%2f", "/.//"]).as_bytes().to_vec();
    if shape > 0 {
        let among = if shape < 10 { entries().len() } else { plain_entries() };
        let (entry, _) = entries().nth(bytes.below(among)).expect("one of them");
        let style = bytes.next();
        entry.iter().for_each(|&byte| encode(byte, style, &mut path));
    }
    match shape {
        0..=4 => (0..bytes.below(6)).for_each(|_| word(bytes, &mut path)),
        5..=6 => path.push(b'/'),
        _ => {}
    }
    path
}

/// One of the words, or now and then bytes as they are.
fn word(bytes: &mut Bytes<'_>, path: &mut Vec<u8>) {
    let choice = bytes.below(WORDS.split(' ').count() + 4);
    match WORDS.split(' ').nth(choice) {
        Some(word) => path.extend(word.as_bytes()),
        None => path.extend(legal(&bytes.raw(12))),
    }
}

/// A byte of a name: as it is where it can be, or encoded where it must be, or always.
fn encode(byte: u8, style: u8, path: &mut Vec<u8>) {
    let is_plain = byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    match style % 8 {
        6 => path.extend(format!("%{byte:02x}").bytes()),
        7 if byte != b'/' => path.extend(format!("%{byte:02X}").bytes()),
        5 if byte > 127 => path.push(byte),
        _ if is_plain => path.push(byte),
        _ => path.extend(format!("%{byte:02X}").bytes()),
    }
}

/// What of `bytes` can stand in a target, if it is text.
fn legal(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !matches!(byte, 0..=b' ' | 0x7f)).collect()
}

/// What the fields are made of: about the file that is asked for, or about nothing in particular.
#[derive(Debug)]
pub struct About {
    pub etag: String,
    /// In seconds since 1970.
    pub changed: i64,
    pub len: usize,
}

pub type Field = (&'static str, Vec<u8>);

/// The last part of an input.
pub fn fields(bytes: &mut Bytes<'_>, about: &About) -> Vec<Field> {
    let count = bytes.one_of(&[0, 1, 1, 1, 1, 2, 2, 5]);
    let mut fields: Vec<Field> = (0..count).map(|_| field(bytes, about)).collect();
    // Alone it means nothing.
    if fields.len() == 1 && fields[0].0 == "if-range" {
        fields.push(("range", ranges(bytes, about)));
    }
    fields
}

fn field(bytes: &mut Bytes<'_>, about: &About) -> Field {
    let name = match bytes.below(15) {
        0..=5 => "range",
        6..=7 => "if-range",
        8..=9 => "if-match",
        10..=11 => "if-none-match",
        12..=13 => "if-modified-since",
        _ => "if-unmodified-since",
    };
    let value = match (bytes.below(12), name) {
        (0, _) => bytes.raw(40),
        (1, _) => date(bytes, about),
        (2, _) => tags(bytes, about),
        (3..=4, "if-range") => date(bytes, about),
        (_, "range") => ranges(bytes, about),
        (_, "if-modified-since" | "if-unmodified-since") => date(bytes, about),
        _ => tags(bytes, about),
    };
    let is_control = |byte: u8| byte != b'\t' && byte.is_ascii_control();
    let value: Vec<u8> = value.into_iter().filter(|&byte| !is_control(byte)).collect();
    (name, trim(&value).to_vec())
}

/// A date near the true one, or far from it, now and then with a byte of it changed.
fn date(bytes: &mut Bytes<'_>, about: &About) -> Vec<u8> {
    const YEAR: i64 = 31_556_952;
    let offset =
        bytes.one_of(&[0, 0, -1, 1, 60, -86_400, YEAR, -20 * YEAR, -90 * YEAR, 30 * YEAR, -34 * YEAR, 7000 * YEAR]);
    let format = bytes.one_of(&[Format::Fixed, Format::Fixed, Format::Rfc850, Format::Asctime]);
    let mut text = date::write(about.changed + offset, format).into_bytes();
    if bytes.below(6) == 5 {
        let at = bytes.below(text.len());
        text[at] = bytes.next();
    }
    text
}

fn tags(bytes: &mut Bytes<'_>, about: &About) -> Vec<u8> {
    let mut list = Vec::new();
    for index in 0..bytes.one_of(&[1, 1, 1, 1, 2, 3, 4, 0]) {
        if index > 0 {
            list.extend(bytes.one_of(&[", ", ", ", ",", " ,\t", ",,", " "]).bytes());
        }
        list.extend(tag(bytes, about));
    }
    list
}

/// The true one, or one that should not be taken for it, or something else.
fn tag(bytes: &mut Bytes<'_>, about: &About) -> Vec<u8> {
    const OTHERS: &[&str] = &["\"x\"", "W/\"x\"", "\"\"", "W/\"\"", "\"a,b\"", "\"*\"", "\"\u{e9}\"", "W/", "\""];
    let etag = &about.etag;
    let opaque = etag.trim_matches('"');
    match bytes.below(16) {
        0..=3 => etag.clone().into(),
        4..=5 => format!("W/{etag}").into(),
        6 => b"*".into(),
        7 => format!("\"{etag}").into(),
        8 => opaque.into(),
        9 => format!("w/{etag}").into(),
        10 => format!("\"{opaque},\"").into(),
        11 => [b"\"", &bytes.raw(8)[..], b"\""].concat(),
        12 => bytes.raw(8),
        _ => bytes.one_of(OTHERS).into(),
    }
}

fn ranges(bytes: &mut Bytes<'_>, about: &About) -> Vec<u8> {
    let units = ["bytes=", "bytes=", "bytes=", "bytes=", "bytes=", "bytes=", "Bytes=", "bytes= ", "lines=", "bytes "];
    let mut value = bytes.one_of(&units).to_string();
    let are_apart = bytes.below(4) == 3;
    for index in 0..bytes.one_of(&[1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 15, 16, 17, 18, 0]) {
        if index > 0 {
            value += bytes.one_of(&[",", ",", ", ", " ,\t", ",,"]);
        }
        value += &if are_apart { format!("{}-{}", 3 * index, 3 * index + 1) } else { range(bytes, about, index) };
    }
    value.into()
}

/// The spec at `index` of a list.
fn range(bytes: &mut Bytes<'_>, about: &About, index: u128) -> String {
    const BROKEN: &[&str] =
        &["", "-", "1", "+1-2", "1-+2", "1--2", "1-2-3", " 1-2", "1 - 2", "-1-2", "0x1-2", "a-b", "1-2;q=1"];
    match bytes.below(16) {
        0..=4 => {
            let (one, other) = (number(bytes, about), number(bytes, about));
            format!("{}-{}", one.min(other), one.max(other))
        }
        5 => format!("{}-{}", number(bytes, about), number(bytes, about)),
        6..=7 => format!("{}-", number(bytes, about)),
        8..=9 => format!("-{}", number(bytes, about)),
        10..=13 => format!("{index}-{index}"),
        14 => format!("000000000000000000000000000000{0}-0{0}", number(bytes, about)),
        _ => bytes.one_of(BROKEN).into(),
    }
}

/// A number that something may hinge on.
fn number(bytes: &mut Bytes<'_>, about: &About) -> u128 {
    let len = about.len as u128;
    let choice = bytes.next();
    match choice % 16 {
        0 => 0,
        1 => 1,
        2 => len.saturating_sub(1),
        3 => len,
        4 => len + 1,
        5 => len / 2,
        6 => len / 2 + 1,
        7 => (1 << 63) - 1,
        8 => 1 << 63,
        9 => (1 << 64) - 1,
        10 => 1 << 64,
        11 => (1 << 64) + 1,
        12 => u128::MAX,
        13 => (1 << 32) + len,
        _ => u128::from(bytes.next()) * 8 + u128::from(choice / 16),
    }
}
