//! The one door to the disk: from a path beneath the root to an opened file.
//!
//! # Rules
//!
//! 1. Opening is beneath the root (openat2 with RESOLVE_BENEATH where the system has it): the kernel refuses what
//!    leads out, and nothing is checked first and opened later. [`Symlinks`] says which links are followed on the way.
//! 2. Opening never waits: a FIFO would block a plain open for ever. The opened thing is then asked what it is. What is
//!    seen to be neither a file nor a directory is not opened at all, for that alone may do something: let somebody
//!    write into a FIFO that nobody reads, or wind a tape.
//! 3. An escape is [`Denied::NotFound`]; what the system forbids is [`Denied::Forbidden`].
//! 4. [`Root::state`] promises nothing but what it says: it is for comparing with what was opened.

use crate::entries::Entries;
use crate::state::State;
use crate::{Dotfiles, Symlinks};
use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use std::fs::File;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

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
    Directory(Dir),
}

/// A regular file, open, and what it was when it was opened.
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) state: State,
}

/// The directory that everything is beneath.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    directory: Arc<Dir>,
    pub(crate) dotfiles: Dotfiles,
    pub(crate) symlinks: Symlinks,
}

impl Root {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let opened = Dir::open_ambient_dir(path, ambient_authority()).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot serve the directory {}: {error}", path.display()))
        });
        Ok(Self { directory: opened?.into(), dotfiles: Dotfiles::default(), symlinks: Symlinks::default() })
    }

    pub(crate) fn find(&self, path: &Path) -> Result<Found, Denied> {
        if self.is_special(path) {
            return Err(Denied::NotFound);
        }
        let file = self.open_any(path)?;
        let metadata = file.metadata()?;
        if metadata.is_file() {
            Ok(Found::File(Opened { state: State::of(&metadata), file }))
        } else if metadata.is_dir() {
            Ok(Found::Directory(Dir::from_std_file(file)))
        } else {
            Err(Denied::NotFound)
        }
    }

    /// The state of the regular file that `path` leads to now, by one system call (but with [`Symlinks::Never`], or
    /// where there is no such call, by opening it). It may lie outside: who compares it with that of a file that was
    /// opened in here learns whether that one is still at the end of the path.
    #[cfg(unix)]
    pub(crate) fn state(&self, path: &Path) -> Option<State> {
        use rustix::fs::{AtFlags, statat};
        if self.symlinks == Symlinks::Never {
            return self.opened_state(path);
        }
        State::of_file(&statat(&*self.directory, path, AtFlags::NO_AUTOMOUNT).ok()?)
    }

    #[cfg(not(unix))]
    pub(crate) fn state(&self, path: &Path) -> Option<State> {
        self.opened_state(path)
    }

    /// Whether something other than a file or a directory can be seen at `path`. Only to leave it alone: what is there
    /// when it is opened is asked again.
    #[cfg(unix)]
    fn is_special(&self, path: &Path) -> bool {
        use rustix::fs::{AtFlags, FileType, statat};
        let seen = statat(&*self.directory, path, AtFlags::NO_AUTOMOUNT);
        let kind = seen.map(|stat| FileType::from_raw_mode(stat.st_mode));
        kind.is_ok_and(|kind| !matches!(kind, FileType::RegularFile | FileType::Directory))
    }

    #[cfg(not(unix))]
    fn is_special(&self, _: &Path) -> bool {
        false
    }

    fn opened_state(&self, path: &Path) -> Option<State> {
        match self.find(path) {
            Ok(Found::File(opened)) => Some(opened.state),
            Ok(Found::Directory(_)) | Err(_) => None,
        }
    }

    fn open_any(&self, path: &Path) -> io::Result<File> {
        match self.symlinks {
            Symlinks::Inside => self.directory.open_with(path, &without_waiting()).map(cap_std::fs::File::into_std),
            Symlinks::Never => self.open_each(path),
            Symlinks::Anywhere => self.open_anywhere(path),
        }
    }

    /// Opens each name on the way by itself, and none that is a link.
    fn open_each(&self, path: &Path) -> io::Result<File> {
        let mut reached = None;
        let mut names = path.components().filter(|name| *name != Component::CurDir).peekable();
        while let Some(name) = names.next() {
            let directory = reached.as_ref().unwrap_or(&*self.directory);
            if names.peek().is_none() {
                let opened = directory.open_with(name, without_waiting().follow(FollowSymlinks::No));
                return opened.map(cap_std::fs::File::into_std);
            }
            reached = Some(directory.open_dir_nofollow(name)?);
        }
        self.directory.try_clone().map(Dir::into_std_file)
    }

    #[cfg(unix)]
    fn open_anywhere(&self, path: &Path) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(openat(&*self.directory, path, flags, Mode::empty())?.into())
    }

    /// There is no way to open relative to a directory without a capability: links are followed inside only.
    #[cfg(not(unix))]
    fn open_anywhere(&self, path: &Path) -> io::Result<File> {
        self.directory.open_with(path, &without_waiting()).map(cap_std::fs::File::into_std)
    }

    /// What is in the directory that was found at `path`.
    pub(crate) fn entries(&self, path: &Path, directory: &Dir) -> Result<Entries, Denied> {
        Ok(Entries::new(self.clone(), path, directory.entries()?))
    }

    /// What a symbolic link at `path` leads to, if it is followed.
    pub(crate) fn linked(&self, path: &Path) -> Option<Metadata> {
        match self.symlinks {
            Symlinks::Inside => self.directory.metadata(path).ok(),
            Symlinks::Never => None,
            Symlinks::Anywhere if self.is_special(path) => None,
            Symlinks::Anywhere => Metadata::from_file(&self.open_anywhere(path).ok()?).ok(),
        }
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
}
