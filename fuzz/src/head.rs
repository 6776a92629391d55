//! One head, read by us and by httparse.
//!
//! Ours is the stricter one, and has to be: what it accepts, httparse accepts, with the same method, target and fields.
//! The exceptions are in [`is_known`].

use switchboard_core::Request;

/// A request line and fields, as somebody read them.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub method: String,
    pub target: String,
    pub fields: Vec<(String, Vec<u8>)>,
}

/// Panics if we accept what we must not, or read it otherwise than others.
pub fn check(data: &[u8]) {
    let Ok(ours) = ours(data) else { return };
    match theirs(data) {
        Ok(theirs) => assert_eq!(ours, theirs, "{}", data.escape_ascii()),
        Err(error) => assert!(is_known(data), "httparse says {error}: {}", data.escape_ascii()),
    }
    let written = write(&ours, version(data));
    assert_eq!(self::ours(&written).as_ref(), Ok(&ours), "written again: {}", written.escape_ascii());
}

/// What httparse refuses and we accept: the versions 1.2 to 1.9, which RFC 9110 section 2.5 has us read as 1.1.
fn is_known(data: &[u8]) -> bool {
    matches!(version(data), [.., b'.', b'2'..=b'9'])
}

/// The last word of the request line.
fn version(data: &[u8]) -> &[u8] {
    let lines = data.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let line = lines.into_iter().find(|line| !line.is_empty()).unwrap_or_default();
    line.rsplit(|&byte| byte == b' ').next().unwrap_or_default()
}

/// As we read it.
pub fn ours(data: &[u8]) -> Result<Head, String> {
    let request = Request::parse(data).map_err(|refusal| refusal.to_string())?;
    Ok(Head {
        method: request.method().into(),
        target: request.target().into(),
        fields: request.headers().iter().map(|(name, value)| (name.into(), value.into())).collect(),
    })
}

/// As httparse reads it.
pub fn theirs(data: &[u8]) -> Result<Head, String> {
    let mut fields = [httparse::EMPTY_HEADER; 200];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(data) {
        Ok(httparse::Status::Complete(_)) => Ok(Head {
            method: request.method.unwrap_or_default().into(),
            target: request.path.unwrap_or_default().into(),
            fields: request.headers.iter().map(|field| (field.name.into(), field.value.into())).collect(),
        }),
        Ok(httparse::Status::Partial) => Err("incomplete".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn write(head: &Head, version: &[u8]) -> Vec<u8> {
    let line = format!("{} {} ", head.method, head.target);
    let mut text = [line.as_bytes(), version, b"\r\n"].concat();
    for (name, value) in &head.fields {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text
}
