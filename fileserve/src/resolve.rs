//! The one door to the disk: from a path in a request to an opened file.
//!
//! # Rules
//!
//! 1. A path is decoded once, then split at its slashes. `.` and empty segments are dropped; `..`, NUL and hidden
//!    names are refused before anything is opened.
//! 2. Opening is beneath the root (openat2 with RESOLVE_BENEATH where the system has it): the kernel refuses what
//!    leads out, and nothing is checked first and opened later.
//! 3. Opening never waits: a FIFO would block a plain open for ever. The opened thing is then asked what it is.
//! 4. An escape is [`Denied::NotFound`]; what the system forbids is [`Denied::Forbidden`].

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What need not be encoded in a segment of a path: the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a request points, beneath the root.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Location {
    segments: Vec<OsString>,
    path: PathBuf,
    is_directory: bool,
}

impl Location {
    /// Understands the path of a request; `None` if nothing can be there.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let decoded: Vec<u8> = percent_decode_str(path.strip_prefix('/')?).collect();
        let mut segments = Vec::new();
        let mut is_directory = true;
        for segment in decoded.split(|&byte| byte == b'/') {
            is_directory = matches!(segment, b"" | b".");
            if !is_directory {
                segments.push(file_name(segment, segments.is_empty())?);
            }
        }
        let path = if segments.is_empty() { PathBuf::from(".") } else { segments.iter().collect() };
        Some(Self { segments, path, is_directory })
    }

    /// The path to open, relative to the root.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path ended in a slash.
    pub(crate) fn is_directory(&self) -> bool {
        self.is_directory
    }

    /// The names on the way, the last one being that of the thing itself.
    pub(crate) fn segments(&self) -> &[OsString] {
        &self.segments
    }

    /// The path as a directory's address, encoded, with one slash at either end.
    pub(crate) fn href(&self) -> String {
        self.segments.iter().fold("/".into(), |href, segment| href + &encode(segment) + "/")
    }
}

/// A segment of a path as a name to open; `None` for one that is never served.
fn file_name(segment: &[u8], is_first: bool) -> Option<OsString> {
    let is_hidden = segment.starts_with(b".") && !(is_first && segment == b".well-known");
    if is_hidden || segment.contains(&0) {
        return None;
    }
    #[cfg(unix)]
    let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(segment);
    #[cfg(not(unix))]
    let name = std::str::from_utf8(segment).ok().filter(|name| !name.contains(['\\', ':']))?;
    Some(name.into())
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

/// Why there is nothing to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    NotFound,
    Forbidden,
    /// It cannot be opened now: too many files are open, say.
    Busy,
    Failed,
}

impl From<io::Error> for Denied {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::*;
        match (error.kind(), error.raw_os_error()) {
            // An escape is refused without the system's having said no: that is how the two are told apart.
            (PermissionDenied, None) => Self::NotFound,
            (PermissionDenied, Some(_)) => Self::Forbidden,
            (NotFound | NotADirectory | InvalidInput, _) => Self::NotFound,
            _ => system_error(&error),
        }
    }
}

#[cfg(unix)]
fn system_error(error: &io::Error) -> Denied {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::NXIO | Errno::NODEV | Errno::LOOP | Errno::NAMETOOLONG) => Denied::NotFound, // a socket, say
        Some(Errno::MFILE | Errno::NFILE | Errno::AGAIN) => Denied::Busy, // or somebody has a lease on the file
        _ => Denied::Failed,
    }
}

#[cfg(not(unix))]
fn system_error(_: &io::Error) -> Denied {
    Denied::Failed
}

/// What a path leads to.
pub(crate) enum Found {
    File(Opened),
    Directory,
}

/// A regular file, open, and what it was when it was opened.
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) metadata: Metadata,
}

/// The first bytes of a file, enough to see whether it is a text; none if they cannot be read.
pub(crate) fn beginning(mut file: &File) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    let read = file.read(&mut bytes).unwrap_or(0);
    bytes.truncate(read);
    bytes
}

/// Something in a directory that a request could get.
pub(crate) struct Entry {
    pub(crate) name: OsString,
    pub(crate) is_directory: bool,
    pub(crate) len: u64,
    pub(crate) modified: Option<SystemTime>,
}

/// The directory that everything is beneath.
#[derive(Debug)]
pub(crate) struct Root(Dir);

impl Root {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Dir::open_ambient_dir(path, ambient_authority()).map(Self).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot serve the directory {}: {error}", path.display()))
        })
    }

    pub(crate) fn find(&self, path: &Path) -> Result<Found, Denied> {
        let file = self.0.open_with(path, &without_waiting())?.into_std();
        let metadata = file.metadata()?;
        if metadata.is_file() {
            Ok(Found::File(Opened { file, metadata }))
        } else if metadata.is_dir() {
            Ok(Found::Directory)
        } else {
            Err(Denied::NotFound)
        }
    }

    /// What is in a directory, as far as a request could get it: no hidden names, no links that lead out or nowhere,
    /// nothing but files and directories.
    pub(crate) fn list(&self, path: &Path) -> Result<Vec<Entry>, Denied> {
        let is_root = path == Path::new(".");
        let directory = self.0.open_dir(path)?;
        let mut entries = Vec::new();
        for entry in directory.entries()? {
            let name = entry?.file_name();
            if file_name(name.as_encoded_bytes(), is_root).is_none() {
                continue;
            }
            // From the root, so that a link may lead anywhere beneath it.
            let Ok(metadata) = self.0.metadata(path.join(&name)) else { continue };
            if metadata.is_file() || metadata.is_dir() {
                let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
                entries.push(Entry { name, is_directory: metadata.is_dir(), len: metadata.len(), modified });
            }
        }
        Ok(entries)
    }
}

fn without_waiting() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        use rustix::fs::OFlags;
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parsed(path: &str) -> (String, bool) {
        let location = Location::parse(path).unwrap_or_else(|| panic!("{path} is refused"));
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
        let paths = [
            "/..",
            "/../a",
            "/a/../b",
            "/a/..",
            "/%2e%2e/a",
            "/.%2e",
            "/a%2f..%2fb",
            "/%00",
            "/a%00.txt",
            "/.git/config",
            "/a/.well-known/x",
            "/...",
            "*",
            "",
        ];
        for path in paths {
            assert_eq!(Location::parse(path), None, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_escape_is_not_found_and_a_refusal_is_forbidden() {
        let root = Root::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert_eq!(root.find(Path::new("../Cargo.toml")).err(), Some(Denied::NotFound));
        let system = |errno: rustix::io::Errno| Denied::from(io::Error::from(errno));
        assert_eq!(system(rustix::io::Errno::ACCESS), Denied::Forbidden);
        assert_eq!(system(rustix::io::Errno::NOENT), Denied::NotFound);
        assert_eq!(system(rustix::io::Errno::NXIO), Denied::NotFound);
        assert_eq!(system(rustix::io::Errno::MFILE), Denied::Busy);
        assert_eq!(system(rustix::io::Errno::IO), Denied::Failed);
    }

    #[test]
    fn an_address_has_one_slash_at_either_end() {
        assert_eq!(Location::parse("//evil.example//a b").unwrap().href(), "/evil.example/a%20b/");
        assert_eq!(Location::parse("/").unwrap().href(), "/");
        assert_eq!(Location::parse("/%0d%0aSet-Cookie:x").unwrap().href(), "/%0D%0ASet-Cookie%3Ax/");
    }
}
