//! A chunked body, decoded in pieces by us and at one go by a decoder that is as simple as can be.
//!
//! The first byte says how large the pieces are.

use switchboard_core::Limits;
use switchboard_core::internals::ChunkedDecoder;

/// Panics if it matters how a body is split, or if it is decoded otherwise than it should be.
pub fn check(data: &[u8]) {
    let Some((&step, wire)) = data.split_first() else { return };
    let whole = decode(wire, wire.len().max(1));
    assert_eq!(decode(wire, usize::from(step).max(1)), whole, "in steps of {step}: {}", wire.escape_ascii());
    match simply(wire) {
        Some(body) => assert_eq!(whole, Some(body), "{}", wire.escape_ascii()),
        None => assert_eq!(whole, None, "{}", wire.escape_ascii()),
    }
}

/// The body and how long it was on the wire; `None` if it is broken or incomplete.
fn decode(wire: &[u8], step: usize) -> Option<(Vec<u8>, usize)> {
    let mut decoder = ChunkedDecoder::new(&Limits::default());
    let (mut body, mut start, mut end) = (Vec::new(), 0, 0);
    loop {
        let (used, ended) = decoder.decode(&wire[start..end], &mut body).ok()?;
        start += used;
        match ended {
            true => return Some((body, start)),
            false if end == wire.len() => return None,
            false => end = (end + step).min(wire.len()),
        }
    }
}

/// The same, with all of the wire there.
fn simply(mut wire: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, len, mut extensions) = (Vec::new(), wire.len(), 0);
    loop {
        let line = line(&mut wire)?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if !(1..=16).contains(&digits) || !are_extensions(&line[digits..]) {
            return None;
        }
        extensions += line.len() - digits;
        if extensions > Limits::default().chunk_overhead {
            return None;
        }
        let size = u64::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        let (data, rest) = wire.split_at_checked(usize::try_from(size).ok()?)?;
        body.extend_from_slice(data);
        wire = rest.strip_prefix(b"\r\n")?;
    }
    loop {
        match line(&mut wire)? {
            [] => return Some((body, len - wire.len())),
            trailer if !is_field(trailer) => return None,
            _ => {}
        }
    }
}

/// Takes a line that ends in CR LF, and holds neither before.
fn line<'a>(wire: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = wire.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let (line, rest) = wire.split_at(end);
    *wire = rest.strip_prefix(b"\r\n")?;
    Some(line)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

fn is_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|&&byte| is_token(byte)).count();
    name > 0 && line.get(name) == Some(&b':') && line[name + 1..].iter().all(|&byte| is_text(byte))
}

/// Names with or without values, each behind a semicolon.
fn are_extensions(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let Some(behind) = behind_extension(rest) else { return false };
        rest = behind;
    }
    true
}

fn behind_extension(rest: &[u8]) -> Option<&[u8]> {
    let behind = token(skip_blanks(skip_blanks(rest).strip_prefix(b";")?))?;
    match skip_blanks(behind).strip_prefix(b"=").map(skip_blanks) {
        None => Some(behind),
        Some([b'"', quoted @ ..]) => behind_quote(quoted),
        Some(value) => token(value),
    }
}

fn skip_blanks(rest: &[u8]) -> &[u8] {
    &rest[rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..]
}

/// What follows the token at the front.
fn token(rest: &[u8]) -> Option<&[u8]> {
    let len = rest.iter().take_while(|&&byte| is_token(byte)).count();
    (len > 0).then(|| &rest[len..])
}

/// What follows the quote that ends a quoted string.
fn behind_quote(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match rest {
            [b'"', behind @ ..] => return Some(behind),
            [b'\\', escaped, behind @ ..] if is_text(*escaped) => behind,
            [b'\\', ..] => return None,
            [byte, behind @ ..] if is_text(*byte) => behind,
            _ => return None,
        };
    }
}
