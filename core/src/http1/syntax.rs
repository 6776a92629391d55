//! Character classes and the small grammars that heads are made of (RFC 9110 sections 5 and 7.2, RFC 3986).

// An address is a value, not a socket.
use std::net::Ipv6Addr;

/// A set of characters.
pub(crate) type Class = [bool; 256];

/// The characters of a token (RFC 9110 section 5.6.2).
pub(crate) const TCHAR: Class = letters_digits_and(b"!#$%&'*+-.^_`|~");

/// The characters of a registered name or an IPv4 address, but for the percent sign of encoded ones (RFC 3986 section
/// 3.2.2).
const REG_NAME: Class = letters_digits_and(b"-._~!$&'()*+,;=");

/// The characters of a request target's path. RFC 3986 has neither bytes above 127 nor `[]^`{|}`; both are let in, the
/// former when they are UTF-8 (see [`is_text`]), because people type such names into command-line clients and browsers,
/// which send them as they are. What no browser sends unencoded is refused. A percent sign begins an [`encoded`] byte.
pub(crate) const PATH: Class = visible_but(b"\"#%<>?\\");

/// The characters of a request target's query. It is opaque here: percent signs and backslashes are what they are.
pub(crate) const QUERY: Class = visible_but(b"\"#<>");

const fn letters_digits_and(others: &[u8]) -> Class {
    let mut class = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        class[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    set(class, others, true)
}

const fn visible_but(others: &[u8]) -> Class {
    let mut class = [false; 256];
    let mut byte = b' ' as usize + 1;
    while byte < 256 {
        class[byte] = byte != 0x7f;
        byte += 1;
    }
    set(class, others, false)
}

const fn set(mut class: Class, members: &[u8], to: bool) -> Class {
    let mut at = 0;
    while at < members.len() {
        class[members[at] as usize] = to;
        at += 1;
    }
    class
}

/// How many bytes at the front of `bytes` are of `class`.
pub(crate) fn run(bytes: &[u8], class: &Class) -> usize {
    bytes.iter().position(|&byte| !class[byte as usize]).unwrap_or(bytes.len())
}

/// Whether `bytes` is a token: a method or a field name.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && run(bytes, &TCHAR) == bytes.len()
}

/// Whether `bytes` may be a field's value.
pub(crate) fn is_field_value(bytes: &[u8]) -> bool {
    field_value(bytes) == bytes.len()
}

/// How many bytes at the front of `bytes` may be a field's value: visible characters, space, tab, and bytes above
/// 127, which are opaque (RFC 9110 section 5.5).
pub(crate) fn field_value(bytes: &[u8]) -> usize {
    let mut len = 0;
    loop {
        len += before(&bytes[len..], |byte| byte.is_ascii_control());
        match bytes.get(len) {
            Some(b'\t') => len += 1,
            _ => return len,
        }
    }
}

/// Whether `bytes` is UTF-8.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    bytes.is_ascii() || std::str::from_utf8(bytes).is_ok()
}

/// Whether `bytes` is a host with an optional port: `uri-host [ ":" port ]` (RFC 9110 section 7.2).
pub(crate) fn is_host(bytes: &[u8]) -> bool {
    if let Some(literal) = bytes.strip_prefix(b"[") {
        let Some(end) = find(literal, b']') else { return false };
        let (address, port) = (&literal[..end], &literal[end + 1..]);
        let is_address = std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok());
        return is_address && (port.is_empty() || is_port(port));
    }
    let (name, port) = bytes.split_at(encoded(bytes, &REG_NAME));
    port.is_empty() || !name.is_empty() && is_port(port)
}

fn is_port(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b":").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

/// How many bytes at the front of `bytes` are of `class`, or percent-encoded (RFC 3986 section 2.1): two hexadecimal
/// digits stand behind every percent sign.
pub(crate) fn encoded(bytes: &[u8], class: &Class) -> usize {
    let mut len = 0;
    loop {
        len += run(&bytes[len..], class);
        match &bytes[len..] {
            [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => len += 3,
            _ => return len,
        }
    }
}

/// Where `byte` first stands in `bytes`.
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    let at = before(bytes, |other| other == byte);
    (at < bytes.len()).then_some(at)
}

/// How many bytes stand before the first that is `sought`. A chunk without one is passed by without a branch per byte,
/// which compilers turn into a handful of vector instructions.
fn before(bytes: &[u8], sought: impl Fn(u8) -> bool) -> usize {
    let (chunks, rest) = bytes.as_chunks::<16>();
    for (nth, chunk) in chunks.iter().enumerate() {
        if chunk.iter().fold(false, |any, &byte| any | sought(byte)) {
            let marks = u128::from_le_bytes(chunk.map(|byte| if sought(byte) { 0xff } else { 0 }));
            return 16 * nth + marks.trailing_zeros() as usize / 8;
        }
    }
    16 * chunks.len() + rest.iter().position(|&byte| sought(byte)).unwrap_or(rest.len())
}

/// `bytes` without the optional whitespace around it (RFC 9110 section 5.6.3).
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    trim_start(trim_end(bytes))
}

pub(crate) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

pub(crate) fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The number that `digits` are, and nothing but digits are; `None` if it does not fit.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in [
            "",
            "localhost",
            "localhost:8080",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:8080",
            "a-b.c:",
            "x%20y",
            "[1:2::3.4.5.6]",
        ] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "a b",
            "a/b",
            "user@host",
            "a:b",
            ":80",
            ":",
            "a:80:80",
            "[::1",
            "[::1]x",
            "[]",
            "a?b",
            "a#b",
            "é",
            "a%",
            "a%2",
            "%zz",
            "[g::1]",
            "[foo]",
            "[1]",
            "[::1%25eth0]",
            "[v1.x]",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(decimal(b"0"), Some(0));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for bad in ["", "+1", "-1", " 1", "1 ", "0x1", "1_0", "18446744073709551616"] {
            assert_eq!(decimal(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for len in 0..40 {
            for at in 0..len {
                let mut bytes = vec![b'\n' ^ 0x80; len];
                bytes[at..].fill(b'\n');
                bytes.extend([0x01, 0x00, 0xff]);
                assert_eq!(find(&bytes, b'\n'), Some(at), "{at} of {len}");
            }
            assert_eq!(find(&vec![b'\n' + 1; len], b'\n'), None);
        }
    }

    #[test]
    fn whitespace_is_trimmed_on_both_sides_only() {
        assert_eq!(trim(b" \ta b\t "), b"a b");
        assert_eq!(trim(b" \t "), b"");
    }
}
