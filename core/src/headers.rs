//! Field lines, of a request as received and of a response as written (RFC 9110 section 5).
//!
//! All names and values lie in one text, and a field is two spans of it: a request's text is its head, copied
//! once; a response's grows with every insert. A name is always a token and a value never holds a CR, LF or
//! NUL: both ways in check it ([`Headers::append`] and the parser), so that what is written on the wire cannot
//! split a message.

use crate::error::InvalidField;
use crate::http1::syntax;
use std::{fmt, ops::Range};

/// An ordered list of fields. Names compare without case.
///
/// ```
/// use switchboard::Headers;
///
/// let mut headers = Headers::new();
/// headers.append("Cache-Control", "no-cache").unwrap();
/// assert_eq!(headers.get("cache-control"), Some("no-cache"));
/// assert!(headers.append("Location", "/a\r\nSet-Cookie: b=c").is_err());
/// headers.append("Spaced", " a b\t").unwrap();
/// assert_eq!(headers.get("spaced"), Some("a b"));
/// ```
#[derive(Clone, Default)]
pub struct Headers {
    text: Vec<u8>,
    fields: Vec<Field>,
}

/// One field line, as spans of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

/// A range of a text of less than 4 GiB, small enough to keep many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) const NONE: Self = Self { start: 0, end: 0 };

    pub(crate) fn new(range: Range<usize>) -> Self {
        Self { start: range.start as u32, end: range.end as u32 }
    }

    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

impl Headers {
    /// No fields; allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the first field of this name. `None` if there is none, or if its value is not UTF-8 (see
    /// [`get_bytes`](Headers::get_bytes)).
    pub fn get(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get_bytes(name)?).ok()
    }

    /// The value of the first field of this name, as the bytes that were received.
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The values of all fields of this name, in their order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let is_it = move |field: &[u8]| field.eq_ignore_ascii_case(name.as_bytes());
        self.fields().filter(move |(field, _)| is_it(field)).map(|(_, value)| value)
    }

    /// All fields in their order: name (as it was written) and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields().map(|(name, value)| (std::str::from_utf8(name).expect("a token is ASCII"), value))
    }

    /// All fields, their names as bytes.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (field.name.of(&self.text), field.value.of(&self.text)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds a field behind those there are, also behind others of its name. Spaces around the value are no part of it.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if `name` is not a token (RFC 9110 section 5.1), or `value` holds anything but visible
    /// characters, spaces, tabs and bytes above 127 (section 5.5). Nothing is added then.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidField> {
        let value = syntax::trim(value.as_ref());
        if !syntax::is_token(name.as_bytes()) || !syntax::is_field_value(value) {
            return Err(InvalidField::new(name, value));
        }
        let name = self.push(name.as_bytes());
        let value = self.push(value);
        self.fields.push(Field { name, value });
        Ok(())
    }

    /// Sets a field: [`append`](Headers::append), after removing those of its name.
    ///
    /// # Errors
    ///
    /// As for [`append`](Headers::append); nothing is removed then.
    pub fn insert(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidField> {
        let before = self.fields.len();
        self.append(name, value)?;
        let added = self.fields.split_off(before);
        self.remove(name);
        self.fields.extend(added);
        Ok(())
    }

    /// Removes all fields of this name; whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let Self { text, fields } = self;
        let before = fields.len();
        fields.retain(|field| !field.name.of(text).eq_ignore_ascii_case(name.as_bytes()));
        fields.len() < before
    }

    fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        Span::new(start..self.text.len())
    }

    /// Replaces everything by the head at the front of `bytes`; `parse` appends its fields and answers where it ends.
    /// After an error there are no fields. Keeps the capacity.
    pub(crate) fn receive<E>(
        &mut self,
        bytes: &[u8],
        parse: impl FnOnce(&[u8], &mut Vec<Field>) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let parsed = self.parse(bytes, parse);
        match parsed {
            Ok(end) => self.text.extend_from_slice(&bytes[..end]),
            Err(_) => self.fields.clear(),
        }
        parsed
    }

    /// The first half of [`receive`](Headers::receive): the fields are spans of a text that is not there.
    pub(crate) fn parse<E>(
        &mut self,
        bytes: &[u8],
        parse: impl FnOnce(&[u8], &mut Vec<Field>) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.text.clear();
        self.fields.clear();
        parse(bytes, &mut self.fields)
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, String::from_utf8_lossy(value)))).finish()
    }
}
