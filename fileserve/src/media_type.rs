//! The Content-Type of a file: by the extension of its name, or else by whether it begins like a text.

use std::borrow::Cow;
use std::path::Path;

/// The media type, with the charset where a text needs one. `beginning` reads the first bytes of the file; it is asked
/// only if the name says nothing: LICENSE or Makefile should show in a browser.
pub(crate) fn of(name: &Path, beginning: impl FnOnce() -> Vec<u8>) -> Cow<'static, str> {
    let Some(media_type) = mime_guess::from_path(name).first_raw() else {
        return if is_text(&beginning()) { TEXT.into() } else { "application/octet-stream".into() };
    };
    if media_type.starts_with("text/") || media_type == "application/javascript" {
        format!("{media_type}; charset=utf-8").into()
    } else {
        media_type.into()
    }
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

    #[test]
    fn texts_have_a_charset() {
        let of = |name: &str| of(Path::new(name), || panic!("the name says enough")).into_owned();
        assert_eq!(of("a/index.html"), "text/html; charset=utf-8");
        assert_eq!(of("notes.TXT"), "text/plain; charset=utf-8");
        assert_eq!(of("app.js"), "text/javascript; charset=utf-8");
        assert_eq!(of("photo.jpg"), "image/jpeg");
        assert_eq!(of("module.wasm"), "application/wasm");
    }

    #[test]
    fn files_of_unknown_names_are_looked_into() {
        let of = |beginning: &[u8]| of(Path::new("LICENSE"), || beginning.to_vec()).into_owned();
        assert_eq!(of(b"MIT License\n\n\tCopyright"), TEXT);
        assert_eq!(of(b""), TEXT);
        assert_eq!(of("cut in the middle of é".as_bytes().split_last().unwrap().1), TEXT);
        for binary in [&b"\x7fELF\x02"[..], b"a\0b", b"latin \xe9 1", b"\x1b[31m"] {
            assert_eq!(of(binary), "application/octet-stream", "{binary:?}");
        }
    }
}
