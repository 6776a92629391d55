//! Content-Disposition: whether a file is shown or saved, and under which name (RFC 6266).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use std::path::Path;
use switchboard_core::{Request, Response, Status};

/// What stands as it is in a name that is encoded: attr-char of RFC 8187.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Has the file at `path` saved under its name, if the query asks for it: `?download`.
pub(crate) fn asked(request: &Request, path: &Path, file: Response) -> Response {
    let asks = request.query().is_some_and(|query| query.split('&').any(|part| part == "download"));
    if !asks || !matches!(file.status(), Status::OK | Status::PARTIAL_CONTENT) {
        return file;
    }
    let name = path.file_name().unwrap_or_default();
    file.with_header("content-disposition", attachment(name.as_encoded_bytes()))
}

/// Both forms of the name: one that every client reads, and the exact one.
fn attachment(name: &[u8]) -> String {
    let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'%');
    let plain: String = name.iter().map(|&byte| if is_plain(byte) { byte.into() } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent_encode(name, ENCODED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, value) in [
            ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
            ("a\"\\\r\nb", "attachment; filename=\"a____b\"; filename*=UTF-8''a%22%5C%0D%0Ab"),
            ("é%.txt", "attachment; filename=\"___.txt\"; filename*=UTF-8''%C3%A9%25.txt"),
        ] {
            assert_eq!(attachment(name.as_bytes()), value);
        }
    }
}
