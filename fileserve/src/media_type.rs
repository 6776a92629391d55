//! The Content-Type of a file, by the extension of its name.

use std::borrow::Cow;
use std::path::Path;

/// The media type, with the charset where a text needs one.
pub(crate) fn of(name: &Path) -> Cow<'static, str> {
    let Some(media_type) = mime_guess::from_path(name).first_raw() else {
        return "application/octet-stream".into();
    };
    match media_type.starts_with("text/") || media_type == "application/javascript" {
        true => format!("{media_type}; charset=utf-8").into(),
        false => media_type.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_a_charset() {
        let of = |name: &str| of(Path::new(name)).into_owned();
        assert_eq!(of("a/index.html"), "text/html; charset=utf-8");
        assert_eq!(of("notes.TXT"), "text/plain; charset=utf-8");
        assert_eq!(of("app.js"), "text/javascript; charset=utf-8");
        assert_eq!(of("photo.jpg"), "image/jpeg");
        assert_eq!(of("module.wasm"), "application/wasm");
        assert_eq!(of("unknown"), "application/octet-stream");
    }
}
