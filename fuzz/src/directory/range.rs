//! What a Range field selects, by the book (RFC 9110 section 14), and what a body of several parts is made of (section
//! 15.3.7.2).

/// Most specs that are answered one by one.
const MOST: usize = 16;

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    Whole,
    /// First and last byte of each, in the order they were asked for; at least one.
    Parts(Vec<(usize, usize)>),
    Unsatisfiable,
}

/// All that may be answered to `value` for a file of `len` bytes.
pub fn selections(value: &[u8], len: usize) -> Vec<Selection> {
    let Some(specs) = specs(value) else {
        return vec![Selection::Whole];
    };
    let is_backwards = |spec: &Spec| matches!(*spec, Spec::Between(first, last) if first > last);
    if specs.iter().any(is_backwards) {
        return vec![Selection::Whole];
    }
    // Of an empty file the last bytes are all there are, and no Content-Range can say so.
    if len == 0 && specs.iter().any(|spec| matches!(*spec, Spec::Last(1..))) {
        return vec![Selection::Whole];
    }
    let parts: Vec<_> = specs.iter().filter_map(|spec| spec.of(len)).collect();
    let selection = match parts[..] {
        [] => Selection::Unsatisfiable,
        [_] => Selection::Parts(parts),
        _ if specs.len() > MOST || do_any_overlap(&parts) => Selection::Whole,
        _ => Selection::Parts(parts),
    };
    // Whether too many are counted before or after those that select nothing are left out, is the server's matter.
    if specs.len() > MOST { vec![Selection::Whole, selection] } else { vec![selection] }
}

fn do_any_overlap(parts: &[(usize, usize)]) -> bool {
    let pairs = parts.iter().enumerate().flat_map(|(index, one)| parts[..index].iter().map(move |other| (one, other)));
    pairs.into_iter().any(|(one, other)| one.0 <= other.1 && other.0 <= one.1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spec {
    Between(u128, u128),
    From(u128),
    Last(u128),
}

impl Spec {
    /// The bytes of a file of `len` that it selects, if there are any.
    fn of(self, len: usize) -> Option<(usize, usize)> {
        let len = len as u128;
        let (first, last) = match self {
            Self::Between(first, last) => (first, last.min(len.checked_sub(1)?)),
            Self::From(first) => (first, len.checked_sub(1)?),
            Self::Last(0) => return None,
            Self::Last(suffix) => (len.saturating_sub(suffix), len.checked_sub(1)?),
        };
        (first <= last).then_some((first as usize, last as usize))
    }
}

/// The ranges of a value in bytes; `None` if it is of another unit, or no range set. A list may have empty elements.
fn specs(value: &[u8]) -> Option<Vec<Spec>> {
    let equals = value.iter().position(|&byte| byte == b'=')?;
    let (unit, set) = (&value[..equals], &value[equals + 1..]);
    let elements = set.split(|&byte| byte == b',').map(trim).filter(|element| !element.is_empty());
    let specs = elements.map(spec).collect::<Option<Vec<_>>>()?;
    (unit.eq_ignore_ascii_case(b"bytes") && !specs.is_empty()).then_some(specs)
}

fn spec(element: &[u8]) -> Option<Spec> {
    let dash = element.iter().position(|&byte| byte == b'-')?;
    Some(match (&element[..dash], &element[dash + 1..]) {
        (b"", last) => Spec::Last(number(last)?),
        (first, b"") => Spec::From(number(first)?),
        (first, last) => Spec::Between(number(first)?, number(last)?),
    })
}

/// Of any length: what is more than 128 bits is beyond everything.
fn number(digits: &[u8]) -> Option<u128> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number
        .then(|| digits.iter().fold(0u128, |sum, digit| sum.saturating_mul(10).saturating_add((digit - b'0').into())))
}

/// Without blanks at either end.
pub fn trim(bytes: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(start) = bytes.iter().position(|byte| !is_blank(byte)) else { return b"" };
    let end = bytes.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1);
    &bytes[start..end]
}

/// A part of a multipart body: its fields, names in lower case, and its bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub fields: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

/// Takes a body apart whose Content-Type is `content_type` (RFC 2046 section 5.1.1).
///
/// # Errors
///
/// What is wrong with it.
pub fn parts(content_type: &str, body: &[u8]) -> Result<Vec<Part>, String> {
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").ok_or("no multipart/byteranges")?;
    let boundary = boundary.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')).unwrap_or(boundary);
    if boundary.is_empty() || boundary.len() > 70 || !boundary.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("the boundary {boundary:?}"));
    }
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(delimiter.as_bytes()).or_else(|| body.strip_prefix(&delimiter.as_bytes()[2..]));
    let mut parts = Vec::new();
    loop {
        match rest.ok_or("a delimiter is missing")? {
            b"--" | b"--\r\n" => return Ok(parts),
            behind => {
                let behind = behind.strip_prefix(b"\r\n").ok_or("a delimiter goes on")?;
                let end = find(behind, delimiter.as_bytes()).ok_or("the last delimiter is missing")?;
                parts.push(part(&behind[..end])?);
                rest = Some(&behind[end + delimiter.len()..]);
            }
        }
    }
}

fn part(text: &[u8]) -> Result<Part, String> {
    let end = find(text, b"\r\n\r\n").ok_or("a part has no empty line")?;
    let head = std::str::from_utf8(&text[..end]).map_err(|error| error.to_string())?;
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()));
    let fields = head.split("\r\n").map(field).collect::<Option<_>>().ok_or("a field has no colon")?;
    Ok(Part { fields, bytes: text[end + 4..].into() })
}

/// Where `wanted` first stands in `bytes`.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Selection::{Parts, Unsatisfiable, Whole};

    #[test]
    fn several_ranges() {
        let cases: &[(&str, usize, Selection)] = &[
            ("bytes=0-0", 10, Parts(vec![(0, 0)])),
            ("bytes=0-0,-1", 10, Parts(vec![(0, 0), (9, 9)])),
            ("bytes=5-6 , 0-1,", 10, Parts(vec![(5, 6), (0, 1)])),
            ("bytes=0-4,5-9", 10, Parts(vec![(0, 4), (5, 9)])),
            ("bytes=0-4,4-9", 10, Whole),
            ("bytes=0-0,0-0", 10, Whole),
            ("bytes=0-4,10-", 10, Parts(vec![(0, 4)])),
            ("bytes=10-,-0", 10, Unsatisfiable),
            ("bytes=0-1,5", 10, Whole),
            ("bytes=0-1,5-4", 10, Whole),
            ("bytes=0-,-1", 0, Whole),
            ("bytes=0-,1-", 0, Unsatisfiable),
            ("bytes=,", 10, Whole),
            ("lines=0-1", 10, Whole),
        ];
        for (value, len, selection) in cases {
            assert_eq!(selections(value.as_bytes(), *len), std::slice::from_ref(selection), "{value}");
        }
        let many = |count: usize| (0..count).map(|at| format!("{0}-{0}", 2 * at)).collect::<Vec<_>>().join(",");
        let sixteen = selections(format!("bytes={}", many(16)).as_bytes(), 100);
        assert!(matches!(&sixteen[..], [Parts(parts)] if parts.len() == 16));
        assert_eq!(selections(format!("bytes={}", many(17)).as_bytes(), 100), [Whole, Whole]);
    }

    #[test]
    fn numbers_of_any_size() {
        let cases: &[(&str, &[Selection])] = &[
            ("bytes=0-340282366920938463463374607431768211456", &[Parts(vec![(0, 9)])]),
            ("bytes=-99999999999999999999999999999999999999999", &[Parts(vec![(0, 9)])]),
            ("bytes=18446744073709551616-", &[Unsatisfiable]),
            ("bytes=18446744073709551617-18446744073709551616", &[Whole]),
            ("bytes=18446744073709551616-18446744073709551614", &[Whole]),
            ("bytes=000000000000000000000000000000000000000000000001-1", &[Parts(vec![(1, 1)])]),
        ];
        for (value, selections) in cases {
            assert_eq!(self::selections(value.as_bytes(), 10), *selections, "{value}");
        }
    }

    #[test]
    fn bodies_of_parts() {
        let body = b"--x\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--x\r\nA: b\r\nC: d\r\n\r\n\r\n\r\n--x--\r\n";
        let read = parts("multipart/byteranges; boundary=x", body).unwrap();
        let field = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(read[0].fields, [field("content-range", "bytes 0-1/9")]);
        assert_eq!((&read[0].bytes[..], &read[1].bytes[..]), (&b"ab"[..], &b"\r\n"[..]));
        assert_eq!(read[1].fields, [field("a", "b"), field("c", "d")]);
        assert_eq!(parts("multipart/byteranges; boundary=\"x\"", body).as_ref(), Ok(&read));
        for (content_type, body) in [
            ("text/plain", &body[..]),
            ("multipart/byteranges; boundary=y", body),
            ("multipart/byteranges; boundary=x", &body[..body.len() - 4]),
            ("multipart/byteranges; boundary=x", &body[..20]),
        ] {
            assert!(parts(content_type, body).is_err(), "{content_type} {}", body.escape_ascii());
        }
    }
}
