//! The Content-Type of a file: by the extension of its name, or else by whether it begins like a text.

use crate::content::Content;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use switchboard_core::Headers;

/// The media types of files.
#[derive(Debug, Default)]
pub(crate) struct MediaTypes {
    /// By extensions in lower case: those that somebody has set.
    set: HashMap<String, String>,
}

impl MediaTypes {
    /// # Panics
    ///
    /// If the media type cannot stand in a field.
    pub(crate) fn set(&mut self, extension: &str, media_type: String) {
        assert!(
            Headers::new().append("content-type", &media_type).is_ok(),
            "a media type has no control characters: {media_type:?}"
        );
        self.set.insert(extension.trim_start_matches('.').to_lowercase(), media_type);
    }

    /// The media type, with the charset where a text needs one. The content is looked at only if the name says nothing:
    /// LICENSE or Makefile should show in a browser.
    pub(crate) fn of(&self, path: &Path, content: &Content) -> Cow<'static, str> {
        if let Some(media_type) = self.set_for(path) {
            return media_type.to_string().into();
        }
        let Some(media_type) = known(path) else {
            return if is_text(&beginning(content)) { TEXT.into() } else { "application/octet-stream".into() };
        };
        if media_type.starts_with("text/") || media_type == "application/javascript" {
            format!("{media_type}; charset=utf-8").into()
        } else {
            media_type.into()
        }
    }

    fn set_for(&self, path: &Path) -> Option<&str> {
        if self.set.is_empty() {
            return None;
        }
        let extension = path.extension()?.to_str()?.to_lowercase();
        self.set.get(&extension).map(String::as_str)
    }
}

/// What its name says of a file.
fn known(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?;
    let is_it = |(known, _): &&(&str, &'static str)| extension.eq_ignore_ascii_case(known);
    let added = ADDED.iter().find(is_it).map(|(_, media_type)| *media_type);
    added.or_else(|| mime_guess::from_ext(extension).first_raw())
}

/// Compressed forms that the table does not know; one that happens to look like a text is still none.
const ADDED: &[(&str, &str)] =
    &[("br", "application/x-brotli"), ("zst", "application/zstd"), ("svgz", "application/gzip")];

/// The first bytes of a file, enough to see whether it is a text; none if they cannot be read.
fn beginning(content: &Content) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    let read = content.read_at(&mut bytes, 0).unwrap_or(0);
    bytes.truncate(read);
    bytes
}

const TEXT: &str = "text/plain; charset=utf-8";

/// Whether these bytes are UTF-8 without control characters, as far as they go.
fn is_text(bytes: &[u8]) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // A character may be cut at the end.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or("\0"),
        Err(_) => return false,
    };
    text.chars().all(|character| !character.is_control() || matches!(character, '\n' | '\r' | '\t' | '\x0c'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, content: &[u8]) -> String {
        MediaTypes::default().of(Path::new(name), &Content::Memory(content.into())).into_owned()
    }

    #[test]
    fn texts_have_a_charset() {
        assert_eq!(of("a/index.html", b"\0"), "text/html; charset=utf-8");
        assert_eq!(of("notes.TXT", b"\0"), TEXT);
        assert_eq!(of("app.js", b"\0"), "text/javascript; charset=utf-8");
        assert_eq!(of("photo.jpg", b"text"), "image/jpeg");
        assert_eq!(of("module.wasm", b"text"), "application/wasm");
        assert_eq!(of("app.js.BR", b"text"), "application/x-brotli");
    }

    #[test]
    fn files_of_unknown_names_are_looked_into() {
        assert_eq!(of("LICENSE", b"MIT License\n\n\tCopyright"), TEXT);
        assert_eq!(of("LICENSE", b""), TEXT);
        assert_eq!(of("LICENSE", "cut in the middle of \u{e9}".as_bytes().split_last().unwrap().1), TEXT);
        for binary in [&b"\x7fELF\x02"[..], b"a\0b", b"latin \xe9 1", b"\x1b[31m"] {
            assert_eq!(of("LICENSE", binary), "application/octet-stream", "{binary:?}");
        }
    }

    #[test]
    fn what_is_set_counts() {
        let mut types = MediaTypes::default();
        types.set(".GEMtext", "text/gemini".into());
        let of = |name: &str| types.of(Path::new(name), &Content::Memory(b"a".as_slice().into())).into_owned();
        assert_eq!(
            (of("a.gemtext"), of("a.GEMTEXT"), of("gemtext")),
            ("text/gemini".into(), "text/gemini".into(), TEXT.into())
        );
    }

    #[test]
    #[should_panic = "control characters"]
    fn what_would_split_a_head_is_refused() {
        MediaTypes::default().set("x", "a\r\nb".into());
    }
}
