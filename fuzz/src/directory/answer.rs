//! What was answered, and whether it is what it should be.

use super::ask::{Field, Line};
use super::date::{self, Format};
use super::disk::{SECRET, SECRET_NAME, directory};
use super::model::{Place, Reply, decode};
use super::range::{find, parts};
use super::tree::Content;
use switchboard_core::{Request, block_on};

/// Most bytes of a refusal's text, and of what frames a part.
const BRIEF: usize = 200;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, sorted, with Content-Type.
    fields: Vec<(String, String)>,
    len: Option<u64>,
    body: Vec<u8>,
}

/// What is wrong with an answer.
type Fault = String;

impl Answer {
    /// What the directory answers; `None` if this is no request.
    pub fn to(method: &str, target: &[u8], fields: &[Field]) -> Option<Self> {
        let mut text = [method.as_bytes(), b" ", target, b" HTTP/1.1\r\nHost: a\r\n"].concat();
        for (name, value) in fields {
            text.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        text.extend(b"\r\n");
        let mut request = Request::parse(text).ok()?;
        let response = directory().respond(&request);
        let text = |(name, value): (&str, &[u8])| (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into());
        let mut fields: Vec<_> =
            response.headers().iter().map(text).filter(|(name, _)| name != "content-type").collect();
        fields.extend(response.content_type().map(|media_type| ("content-type".into(), media_type.into())));
        fields.sort();
        let (status, len) = (response.status().code(), response.body().len());
        let body = block_on(response.into_body().collect(&mut request)).expect("a file of the length that was said");
        Some(Self { status, fields, len, body })
    }

    /// Panics if the field is there twice.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| &value[..]);
        let value = values.next();
        assert_eq!(values.next(), None, "a second {name}: {:?}", self.fields);
        value
    }

    /// All but the body itself.
    pub fn head(&self) -> (u16, &[(String, String)], Option<u64>) {
        (self.status, &self.fields, self.len)
    }

    /// Whether the validators and what describes the file are as they must be (RFC 9110 section 8).
    pub fn check_representation(&self, file: &Content) -> Result<(), Fault> {
        let tag =
            self.field("etag").and_then(|etag| etag.strip_prefix('"')?.strip_suffix('"')).ok_or("no strong tag")?;
        ensure(tag.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e)), "the tag has other characters")?;
        let changed = file.changed.map(|time| date::write(time, Format::Fixed));
        ensure(self.field("last-modified") == changed.as_deref(), "another Last-Modified")?;
        ensure(self.field("accept-ranges") == Some("bytes"), "no Accept-Ranges")?;
        ensure(self.field("content-type").is_some(), "no Content-Type")
    }

    /// Whether this is `reply`, to this request; `plain` is the answer to a GET without fields.
    pub fn check(&self, reply: &Reply, line: &Line, place: &Place, plain: &Answer) -> Result<(), Fault> {
        ensure(self.len.is_none_or(|len| len == self.body.len() as u64), "another length than was said")?;
        ensure(find(&self.body, SECRET.as_bytes()).is_none(), "the secret is out")?;
        ensure(matches!(reply, Reply::Moved(_)) || self.field("location").is_none(), "a Location")?;
        let Place::File(file) = place else { return self.check_fileless(reply, line, place) };
        match reply {
            Reply::Whole => {
                self.expect(200)?;
                ensure(self.fields == plain.fields, "other fields than those of a plain GET")?;
                ensure(self.body == file.bytes, "other bytes than the file's")
            }
            Reply::NotModified => {
                self.expect(304)?;
                self.share(plain, &["etag", "cache-control", "content-location", "expires", "vary"])?;
                ensure(self.body.is_empty() && self.field("content-range").is_none(), "a 304 with content")
            }
            Reply::Parts(parts) => self.check_parts(parts, file, plain),
            Reply::Unsatisfiable => {
                let range = format!("bytes */{}", file.bytes.len());
                self.expect(416)?;
                ensure(self.field("content-range") == Some(&range), "another Content-Range")?;
                self.check_brief(file)
            }
            _ => {
                self.check_fileless(reply, line, place)?;
                self.check_brief(file)
            }
        }
    }

    fn check_parts(&self, ranges: &[(usize, usize)], file: &Content, plain: &Answer) -> Result<(), Fault> {
        let (total, content_type) = (file.bytes.len(), self.field("content-type").unwrap_or_default());
        self.expect(206)?;
        self.share(plain, &["etag", "cache-control", "content-location", "expires", "vary", "last-modified"])?;
        self.share(plain, &["accept-ranges"])?;
        if let &[(first, last)] = ranges {
            self.share(plain, &["content-type"])?;
            let range = format!("bytes {first}-{last}/{total}");
            ensure(self.field("content-range") == Some(&range), "another Content-Range")?;
            return ensure(self.body == file.bytes[first..=last], "other bytes than the range's");
        }
        let parts = parts(content_type, &self.body)?;
        ensure(self.field("content-range").is_none(), "a Content-Range over several parts")?;
        ensure(parts.len() == ranges.len(), "another number of parts")?;
        ensure(self.body.len() <= total + BRIEF * (parts.len() + 1), "too much about the parts")?;
        for (part, &(first, last)) in parts.iter().zip(ranges) {
            let value = |name: &str| part.fields.iter().find(|(field, _)| field == name).map(|(_, value)| &value[..]);
            ensure(value("content-range") == Some(&format!("bytes {first}-{last}/{total}")), "a part's Content-Range")?;
            ensure(value("content-type") == plain.field("content-type"), "a part's Content-Type")?;
            ensure(part.bytes == file.bytes[first..=last], "other bytes than the part's")?;
        }
        Ok(())
    }

    /// What has no bytes of a file.
    fn check_fileless(&self, reply: &Reply, line: &Line, place: &Place) -> Result<(), Fault> {
        ensure(self.field("content-range").is_none(), "a Content-Range")?;
        match reply {
            Reply::Options => {
                self.expect(204)?;
                self.check_allow()?;
                ensure(self.body.is_empty(), "a 204 with content")
            }
            Reply::NotAllowed => {
                self.expect(405)?;
                self.check_allow()
            }
            Reply::NotFound => self.expect(404),
            Reply::Failed => self.expect(412),
            Reply::NotModified => {
                self.expect(304)?;
                ensure(self.body.is_empty(), "a 304 with content")
            }
            Reply::Moved(address) => self.check_moved(address, line.query.as_deref()),
            Reply::Listing => self.check_listing(place),
            Reply::Whole | Reply::Parts(_) | Reply::Unsatisfiable => Err("only a file is answered so".into()),
        }
    }

    /// The address decodes to what it should and reads alike wherever it is looked at.
    fn check_moved(&self, address: &[u8], query: Option<&[u8]>) -> Result<(), Fault> {
        self.expect(301)?;
        let location = self.field("location").ok_or("no Location")?;
        let (path, rest) = location.split_once('?').map_or((location, None), |(path, query)| (path, Some(query)));
        ensure(path.starts_with('/') && !path.starts_with("//") && path.ends_with('/'), "slashes are wrong")?;
        ensure(location.bytes().all(|byte| byte > b' ' && !b"\"#<>\\\x7f".contains(&byte)), "not encoded")?;
        ensure(!location.contains('\u{FFFD}') && location.is_ascii(), "not ASCII")?;
        ensure(decode(path.as_bytes()) == address, "another address")?;
        ensure(rest.map(|rest| decode(rest.as_bytes())) == query.map(decode), "another query")
    }

    fn check_listing(&self, place: &Place) -> Result<(), Fault> {
        let Place::Folder(address) = place else { return Err("no folder".into()) };
        self.expect(200)?;
        let media_type = self.field("content-type").unwrap_or_default();
        ensure(media_type.starts_with("text/html"), "no HTML")?;
        let may_be_known = address == b"/" || address.starts_with(b"/.well-known/");
        let hidden = [SECRET_NAME, ".hidden", ".git", "..dots", "well-known-not"];
        let names = hidden.iter().chain((!may_be_known).then_some(&".well-known"));
        match names.into_iter().find(|name| find(&self.body, name.as_bytes()).is_some()) {
            Some(name) => Err(format!("{name} is listed")),
            None => Ok(()),
        }
    }

    fn check_allow(&self) -> Result<(), Fault> {
        let allowed: Vec<&str> = self.field("allow").ok_or("no Allow")?.split(',').map(str::trim).collect();
        ensure(["GET", "HEAD", "OPTIONS"].iter().all(|method| allowed.contains(method)), "Allow lacks a method")
    }

    fn check_brief(&self, file: &Content) -> Result<(), Fault> {
        let beginning = file.bytes.get(..8);
        ensure(self.body.len() <= BRIEF, "too long for a refusal")?;
        ensure(beginning.is_none_or(|beginning| find(&self.body, beginning).is_none()), "bytes of the file")
    }

    fn expect(&self, status: u16) -> Result<(), Fault> {
        if self.status == status { Ok(()) } else { Err(format!("not {status}")) }
    }

    /// Whether these fields are those of the other answer, or absent in both.
    fn share(&self, other: &Answer, names: &[&str]) -> Result<(), Fault> {
        match names.iter().find(|name| self.field(name) != other.field(name)) {
            Some(name) => Err(format!("another {name}")),
            None => Ok(()),
        }
    }
}

fn ensure(holds: bool, fault: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(fault.into()) }
}
