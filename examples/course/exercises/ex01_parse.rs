//! Exercise 1: an incremental parser for the heads of requests.
//!
//! Read `docs/course/ex01_parse.md` first. `cargo course check 1` says what works.

/// The most bytes of a request line, without its CR LF.
pub const MAX_LINE: usize = 8 << 10;

/// The most bytes of a head: from the request line to the empty line, each with its CR LF.
pub const MAX_HEAD: usize = 16 << 10;

/// The most fields of a head.
pub const MAX_FIELDS: usize = 100;

/// What the head of a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method as it was sent: case counts.
    pub method: String,
    /// The target as it was sent, with what is percent-encoded in it.
    pub target: String,
    /// The version as it was sent: `(1, 0)` or `(1, 1)`, or a later minor one.
    pub version: (u8, u8),
    /// Names and values of the fields, in the order and the case in which they were sent. A value is bytes: the
    /// encoding of text in it is nobody's business here.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// What the bytes that have come so far are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parse {
    /// They begin with a whole head, and this many of them belong to it. What follows is a body, or the next request.
    Done(Request, usize),
    /// They begin with a part of a head, and nothing in it is wrong so far.
    Partial,
    /// They begin with something that is refused, with this status.
    Err(u16),
}

/// Reads the head at the front of `bytes`, which are all that has come on a connection so far, one or more times.
///
/// 400 (Bad Request) is the answer to all of these:
///
/// - a line that ends in LF without CR before it;
/// - a request line that is not `method SP target SP version`: a method that is not a token, a target that is empty
///   or has other characters than the visible ones of ASCII, a version that is not `HTTP/`, a digit, a dot, a digit;
/// - a field that is not `name ":" value`: a name that is not a token (one with a space before its colon is not, and
///   neither is one of a line that begins with a space or a tab), a value with control characters other than tabs;
/// - more than one `Host`, in any version, or none, from HTTP/1.1 on;
/// - a `Content-Length` that is not digits only, or does not fit into a `u64`; two of them, though they be equal; one
///   beside a `Transfer-Encoding`.
///
/// Spaces and tabs around a value are not part of it. The other refusals:
///
/// - 505: the major version is not 1;
/// - 414: the request line is longer than [`MAX_LINE`];
/// - 431: the head is longer than [`MAX_HEAD`], or has more than [`MAX_FIELDS`] fields.
///
/// A refusal does not wait for the end of the head: what is wrong with a line is seen as soon as its LF has come, and
/// that a line or a head is too long, though its end has not come.
pub fn parse(bytes: &[u8]) -> Parse {
    //~ solution
    match head(bytes) {
        Ok(Some((request, used))) => Parse::Done(request, used),
        Ok(None) => Parse::Partial,
        Err(status) => Parse::Err(status),
    }
    //~ mutant accepts_only_whole_reads: a_head_may_come_in_pieces any_bytes_are_read_alike_in_any_pieces
    //| match head(bytes) {
    //|     Ok(Some((request, used))) => Parse::Done(request, used),
    //|     Ok(None) => Parse::Err(400),
    //|     Err(status) => Parse::Err(status),
    //| }
    //~ mutant takes_all_that_came: what_follows_the_head_is_left any_bytes_are_read_alike_in_any_pieces
    //| match head(bytes) {
    //|     Ok(Some((request, _))) => Parse::Done(request, bytes.len()),
    //|     Ok(None) => Parse::Partial,
    //|     Err(status) => Parse::Err(status),
    //| }
    //~ mutant counts_what_follows: what_follows_the_head_is_left
    //| match head(bytes) {
    //|     _ if bytes.len() > MAX_HEAD => Parse::Err(431),
    //|     Ok(Some((request, used))) => Parse::Done(request, used),
    //|     Ok(None) => Parse::Partial,
    //|     Err(status) => Parse::Err(status),
    //| }
    //~ mutant waits_for_the_end: a_bad_line_is_refused_at_once limits_are_kept
    //| if !bytes.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
    //|     return Parse::Partial;
    //| }
    //| match head(bytes) {
    //|     Ok(Some((request, used))) => Parse::Done(request, used),
    //|     Ok(None) => Parse::Partial,
    //|     Err(status) => Parse::Err(status),
    //| }
    //~ stub
    //| let _ = bytes;
    //| todo!("exercise 1: read a head")
    //~ end
}
//~ solution

/// As [`parse`], in a form that `?` understands: `None` is [`Parse::Partial`].
fn head(bytes: &[u8]) -> Result<Option<(Request, usize)>, u16> {
    let Some((first, mut rest)) = line(bytes, MAX_LINE, 414)? else { return Ok(None) };
    let mut request = request_line(first)?;
    loop {
        let used = bytes.len() - rest.len();
        let most = MAX_HEAD.checked_sub(used + b"\r\n".len()).ok_or(431_u16)?;
        let Some((line, behind)) = line(rest, most, 431)? else { return Ok(None) };
        rest = behind;
        if line.is_empty() {
            check_host(&request)?;
            check_framing(&request)?;
            return Ok(Some((request, bytes.len() - rest.len())));
        }
        if request.fields.len() == MAX_FIELDS {
            return Err(431);
        }
        request.fields.push(field(line)?);
    }
}

fn request_line(line: &[u8]) -> Result<Request, u16> {
    let parts: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let [method, target, version] = parts[..] else { return Err(400) };
    if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(400);
    }
    let &[b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = version else {
        return Err(400);
    };
    if major != b'1' {
        return Err(505);
    }
    Ok(Request { method: text(method), target: text(target), version: (1, minor - b'0'), fields: Vec::new() })
}
//~ stub
//~ end
//~ solution

/// A line without its CR LF, and what is behind it.
type Line<'a> = (&'a [u8], &'a [u8]);

/// The line at the front of `bytes`; `None` if its end has not come. One of more than `most` bytes is refused with
/// `too_long`.
fn line(bytes: &[u8], most: usize, too_long: u16) -> Result<Option<Line<'_>>, u16> {
    let newline = bytes.iter().position(|&byte| byte == b'\n');
    let come = &bytes[..newline.unwrap_or(bytes.len())];
    let line = come.strip_suffix(b"\r");
    if line.unwrap_or(come).len() > most {
        return Err(too_long);
    }
    match newline {
        Some(end) => Ok(Some((line.ok_or(400_u16)?, &bytes[end + 1..]))),
        None => Ok(None),
    }
}
//~ mutant accepts_a_bare_lf: bad_fields_are_refused
//|
//| type Line<'a> = (&'a [u8], &'a [u8]);
//|
//| fn line(bytes: &[u8], most: usize, too_long: u16) -> Result<Option<Line<'_>>, u16> {
//|     let newline = bytes.iter().position(|&byte| byte == b'\n');
//|     let come = &bytes[..newline.unwrap_or(bytes.len())];
//|     let line = come.strip_suffix(b"\r").unwrap_or(come);
//|     if line.len() > most {
//|         return Err(too_long);
//|     }
//|     Ok(newline.map(|end| (line, &bytes[end + 1..])))
//| }
//~ mutant does_not_count: limits_are_kept
//|
//| type Line<'a> = (&'a [u8], &'a [u8]);
//|
//| fn line(bytes: &[u8], _: usize, _: u16) -> Result<Option<Line<'_>>, u16> {
//|     let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else { return Ok(None) };
//|     Ok(Some((bytes[..end].strip_suffix(b"\r").ok_or(400_u16)?, &bytes[end + 1..])))
//| }
//~ stub
//~ end
//~ solution

fn field(line: &[u8]) -> Result<(String, Vec<u8>), u16> {
    let colon = line.iter().position(|&byte| byte == b':').ok_or(400_u16)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) || value.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(400);
    }
    Ok((text(name), value.trim_ascii().to_vec())) // of what that trims, only spaces and tabs are left here
}
//~ mutant accepts_a_space_before_the_colon: bad_fields_are_refused
//|
//| fn field(line: &[u8]) -> Result<(String, Vec<u8>), u16> {
//|     let colon = line.iter().position(|&byte| byte == b':').ok_or(400_u16)?;
//|     let (name, value) = (line[..colon].trim_ascii_end(), &line[colon + 1..]);
//|     if !is_token(name) || value.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
//|         return Err(400);
//|     }
//|     Ok((text(name), value.trim_ascii().to_vec()))
//| }
//~ mutant panics_on_non_utf8: any_bytes_are_read_alike_in_any_pieces
//|
//| fn field(line: &[u8]) -> Result<(String, Vec<u8>), u16> {
//|     let line = std::str::from_utf8(line).unwrap();
//|     let (name, value) = line.split_once(':').ok_or(400_u16)?;
//|     if !is_token(name.as_bytes()) || value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
//|         return Err(400);
//|     }
//|     Ok((name.to_string(), value.as_bytes().trim_ascii().to_vec()))
//| }
//~ stub
//~ end
//~ solution

fn check_host(request: &Request) -> Result<(), u16> {
    match values(request, "Host").count() {
        0 if request.version >= (1, 1) => Err(400),
        0 | 1 => Ok(()),
        _ => Err(400),
    }
}

/// A reader in front of this one must not have found another end of the message: what is ambiguous is refused.
fn check_framing(request: &Request) -> Result<(), u16> {
    let lengths: Vec<&[u8]> = values(request, "Content-Length").collect();
    let is_coded = values(request, "Transfer-Encoding").next().is_some();
    match lengths[..] {
        [] => Ok(()),
        [length] if !is_coded && is_number(length) => Ok(()),
        _ => Err(400),
    }
}

/// The values of the fields of this name, in any case.
fn values<'a>(request: &'a Request, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    let fields = request.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name));
    fields.map(|(_, value)| &value[..])
}

/// Whether these are digits, of a number that fits into a `u64`. (`parse` alone would also take `+1`.)
fn is_number(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit) && text(value).parse::<u64>().is_ok()
}

/// RFC 9110 section 5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_tchar)
}

/// Bytes of ASCII as a text.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
//~ stub
//~ end
