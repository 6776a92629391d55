//! Where a request points: from the path in its target to a path beneath the root, and back to an address.
//!
//! # Rules
//!
//! 1. A path is percent-decoded once, then split at its slashes: what was encoded cannot be decoded again.
//! 2. `.` and empty segments are dropped. `..`, NUL and hidden names are refused before anything is opened.
//! 3. An address made of a location begins with exactly one slash, so that no browser takes it for another host.

use crate::Dotfiles;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What need not be encoded in a segment of a path: the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A place beneath the root, which need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    path: PathBuf,
    is_directory: bool,
}

impl Location {
    /// Understands the path of a request; `None` if nothing can be there.
    pub(crate) fn parse(path: &str, dotfiles: Dotfiles) -> Option<Self> {
        let decoded: Cow<'_, [u8]> = percent_decode_str(path.strip_prefix('/')?).into();
        let mut path = OsString::with_capacity(decoded.len());
        let mut is_directory = true;
        for segment in decoded.split(|&byte| byte == b'/') {
            is_directory = matches!(segment, b"" | b".");
            if is_directory {
                continue;
            }
            let name = file_name(segment, path.is_empty(), dotfiles)?;
            if !path.is_empty() {
                path.push("/");
            }
            path.push(name);
        }
        Some(Self { path: path.into(), is_directory })
    }

    /// The path to open, relative to the root.
    pub(crate) fn path(&self) -> &Path {
        if self.path.as_os_str().is_empty() { Path::new(".") } else { &self.path }
    }

    /// Whether the path ended in a slash.
    pub(crate) fn is_directory(&self) -> bool {
        self.is_directory
    }

    /// The names on the way, the last one being that of the thing itself.
    pub(crate) fn segments(&self) -> impl DoubleEndedIterator<Item = &OsStr> {
        self.path.iter()
    }

    /// The path as a directory's address, encoded, with one slash at either end.
    pub(crate) fn href(&self) -> String {
        self.segments().fold("/".into(), |href, segment| href + &encode(segment) + "/")
    }
}

/// A segment of a path as a name to open; `None` for one that is never served.
pub(crate) fn file_name(segment: &[u8], is_first: bool, dotfiles: Dotfiles) -> Option<&OsStr> {
    let is_hidden = match dotfiles {
        Dotfiles::Hidden => segment.starts_with(b".") && !(is_first && segment == b".well-known"),
        Dotfiles::Served => segment == b"..",
    };
    if is_hidden || segment.contains(&0) {
        return None;
    }
    #[cfg(unix)]
    let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(segment);
    #[cfg(not(unix))]
    let name = std::str::from_utf8(segment).ok().filter(|name| !name.contains(['\\', ':']))?.as_ref();
    Some(name)
}

/// A name as a segment of a URI.
pub(crate) fn encode(name: &OsStr) -> String {
    percent_encode(name.as_encoded_bytes(), RESERVED).to_string()
}

/// A query as it can stand in a field: what is encoded stays so, and what browsers encode, is.
pub(crate) fn encode_query(query: &str) -> String {
    const FORBIDDEN: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');
    percent_encode(query.as_bytes(), FORBIDDEN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> Option<Location> {
        Location::parse(path, Dotfiles::Hidden)
    }

    #[track_caller]
    fn parsed(path: &str) -> (String, bool) {
        let location = parse(path).unwrap_or_else(|| panic!("{path} is refused"));
        (location.path().to_str().unwrap().into(), location.is_directory())
    }

    #[test]
    fn paths() {
        assert_eq!(parsed("/"), (".".into(), true));
        assert_eq!(parsed("//"), (".".into(), true));
        assert_eq!(parsed("/a"), ("a".into(), false));
        assert_eq!(parsed("/a/"), ("a".into(), true));
        assert_eq!(parsed("/a//./b/."), ("a/b".into(), true));
        assert_eq!(parsed("/a%20b%2Fc"), ("a b/c".into(), false));
        assert_eq!(parsed("/%2525"), ("%25".into(), false), "decoded once");
        assert_eq!(parsed("/100%"), ("100%".into(), false), "a stray percent sign is itself");
        assert_eq!(parsed("/.well-known/x"), (".well-known/x".into(), false));
    }

    #[test]
    fn paths_that_are_never_served() {
        let paths = ["/..", "/../a", "/a/../b", "/a/..", "/%2e%2e/a", "/.%2e", "/a%2f..%2fb", "/%00", "/a%00.txt"];
        for path in paths {
            assert_eq!(parse(path), None, "{path}");
            assert_eq!(Location::parse(path, Dotfiles::Served), None, "{path}, with dotfiles served");
        }
        for path in ["*", ""] {
            assert_eq!(parse(path), None, "{path}");
        }
    }

    #[test]
    fn hidden_names_are_a_matter_of_policy() {
        for path in ["/.git/config", "/a/.well-known/x", "/...", "/a/.b"] {
            assert_eq!(parse(path), None, "{path}");
            assert_eq!(Location::parse(path, Dotfiles::Served).unwrap().path(), Path::new(&path[1..]));
        }
    }

    #[test]
    fn an_address_has_one_slash_at_either_end() {
        assert_eq!(parse("//evil.example//a b").unwrap().href(), "/evil.example/a%20b/");
        assert_eq!(parse("/").unwrap().href(), "/");
        assert_eq!(parse("/%0d%0aSet-Cookie:x").unwrap().href(), "/%0D%0ASet-Cookie%3Ax/");
    }
}
