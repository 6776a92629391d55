//! Reads responses as strictly as a client can.

/// A final response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case, without Date.
    pub fields: Vec<(String, String)>,
    /// Decoded, if it was chunked.
    pub body: Vec<u8>,
    /// Whether it came to its end, as far as can be told: not of a body that ends with the connection.
    pub is_whole: bool,
}

impl Reply {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub fn closes(&self) -> bool {
        self.field("connection").is_some_and(|value| value.starts_with("close"))
    }
}

/// All that a server has sent: the responses in their order, and what follows a 101. `is_head` says whether the nth
/// final one, with these fields, is to a HEAD. What is cut off may be the last one only.
///
/// # Errors
///
/// What is not a response, and where.
pub fn read_all(mut bytes: &[u8], is_head: impl Fn(usize, &Reply) -> bool) -> Result<(Vec<Reply>, Vec<u8>), String> {
    let mut replies = Vec::new();
    while !bytes.is_empty() {
        let Some((mut reply, behind)) = head(bytes)? else {
            return Ok((replies, Vec::new())); // cut off in its head
        };
        bytes = behind;
        if reply.status == 101 {
            replies.push(reply);
            return Ok((replies, bytes.to_vec()));
        }
        if reply.status < 200 {
            continue;
        }
        if !is_head(replies.len(), &reply) && !matches!(reply.status, 204 | 304) {
            bytes = body(&mut reply, bytes)?;
        }
        if !reply.is_whole && !bytes.is_empty() {
            return Err(format!("behind what is cut off: {}", bytes.escape_ascii()));
        }
        if reply.closes() && !bytes.is_empty() {
            return Err(format!("behind the last response: {}", bytes.escape_ascii()));
        }
        replies.push(reply);
    }
    Ok((replies, Vec::new()))
}

fn head(bytes: &[u8]) -> Result<Option<(Reply, &[u8])>, String> {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    let mut response = httparse::Response::new(&mut fields);
    let end = match response.parse(bytes) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("{error}: {}", bytes.escape_ascii())),
    };
    let field = |field: &httparse::Header<'_>| {
        (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value).into_owned())
    };
    let fields = response.headers.iter().map(field).filter(|(name, _)| name != "date").collect();
    let status = response.code.unwrap_or_default();
    Ok(Some((Reply { status, fields, body: Vec::new(), is_whole: true }, &bytes[end..])))
}

/// Takes the body from the front of `bytes`.
fn body<'a>(reply: &mut Reply, bytes: &'a [u8]) -> Result<&'a [u8], String> {
    let lengths: Vec<_> = reply.fields.iter().filter(|(name, _)| name == "content-length").collect();
    match (&lengths[..], reply.field("transfer-encoding")) {
        ([(_, length)], None) => {
            let length: usize = length.parse().map_err(|error| format!("{error}: {length}"))?;
            let (body, rest) = bytes.split_at(length.min(bytes.len()));
            (reply.body, reply.is_whole) = (body.to_vec(), body.len() == length);
            Ok(rest)
        }
        ([], Some("chunked")) => chunks(reply, bytes),
        ([], None) if reply.closes() => {
            (reply.body, reply.is_whole) = (bytes.to_vec(), false);
            Ok(&[])
        }
        _ => Err(format!("contradictory framing: {reply:?}")),
    }
}

fn chunks<'a>(reply: &mut Reply, mut bytes: &'a [u8]) -> Result<&'a [u8], String> {
    loop {
        let broken = || format!("not a chunk: {}", bytes.escape_ascii());
        let (at, size) = match httparse::parse_chunk_size(bytes).map_err(|_| broken())? {
            httparse::Status::Complete((at, size)) => (at, size as usize),
            httparse::Status::Partial => {
                reply.is_whole = false;
                return Ok(&[]);
            }
        };
        if size == 0 {
            return trailers(reply, &bytes[at..]);
        }
        let Some((data, rest)) = bytes[at..].split_at_checked(size) else {
            reply.is_whole = false;
            return Ok(&[]);
        };
        reply.body.extend_from_slice(data);
        match rest.strip_prefix(b"\r\n") {
            Some(behind) => bytes = behind,
            None if rest.len() < 2 => {
                reply.is_whole = false;
                return Ok(&[]);
            }
            None => return Err(broken()),
        }
    }
}

fn trailers<'a>(reply: &mut Reply, bytes: &'a [u8]) -> Result<&'a [u8], String> {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    match httparse::parse_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete((end, _))) => Ok(&bytes[end..]),
        Ok(httparse::Status::Partial) => {
            reply.is_whole = false;
            Ok(&[])
        }
        Err(error) => Err(format!("{error}: {}", bytes.escape_ascii())),
    }
}
