//! What is in a directory, read as it is asked for.
//!
//! # Rules
//!
//! 1. An entry costs one system call, relative to the opened directory: its path is not resolved again.
//! 2. Only a symbolic link is resolved from the root, as far as links are followed.
//! 3. What no request could get is left out: hidden names, links that lead out or nowhere, anything but files and
//!    directories.

use crate::location::file_name;
use crate::resolve::Root;
use cap_std::fs::{DirEntry, ReadDir};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Something in a directory that a request could get.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: OsString,
    pub(crate) is_directory: bool,
    pub(crate) len: u64,
    pub(crate) modified: Option<SystemTime>,
}

/// The entries of a directory, in the order of the disk. An error means that there are more, which cannot be read.
pub(crate) struct Entries {
    root: Root,
    path: PathBuf,
    read: ReadDir,
}

impl Entries {
    /// Those of the directory at `path` beneath `root`, open as `read`.
    pub(crate) fn new(root: Root, path: &Path, read: ReadDir) -> Self {
        Self { root, path: path.into(), read }
    }
}

impl Iterator for Entries {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { root, path, read } = self;
        read.find_map(|found| found.map(|found| entry(root, path, &found)).transpose())
    }
}

/// `None` for what is left out.
fn entry(root: &Root, path: &Path, found: &DirEntry) -> Option<Entry> {
    let name = found.file_name();
    file_name(name.as_encoded_bytes(), path == Path::new("."), root.dotfiles)?;
    let mut metadata = found.metadata().ok()?;
    if metadata.is_symlink() {
        metadata = root.linked(&path.join(&name))?;
    }
    let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
    let is_served = metadata.is_file() || metadata.is_dir();
    is_served.then(|| Entry { name, is_directory: metadata.is_dir(), len: metadata.len(), modified })
}
