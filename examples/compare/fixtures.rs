//! The files the server serves, in a directory that goes when the program ends.

use std::fs;
use std::io;
use std::path::Path;
use tempfile::TempDir;

pub(crate) const SMALL: &str = "/small.bin";
pub(crate) const LARGE: &str = "/large.bin";
pub(crate) const LISTING: &str = "/listing/";

const ENTRIES: usize = 1000;

pub(crate) struct Fixtures {
    directory: TempDir,
}

impl Fixtures {
    /// Writes them.
    pub(crate) fn new() -> io::Result<Self> {
        let directory = TempDir::with_prefix("compare-")?;
        let root = directory.path();
        fs::write(root.join("small.bin"), contents(1 << 10))?;
        fs::write(root.join("large.bin"), contents(1 << 20))?;
        fs::create_dir(root.join("listing"))?;
        for entry in 0..ENTRIES {
            fs::write(root.join("listing").join(format!("entry-{entry:04}.txt")), contents(entry))?;
        }
        Ok(Self { directory })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Bytes without a period of a power of two, so that a piece out of place shows.
fn contents(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}
