//! What the tests of several modules need: a tree of files on a real disk.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory of its own in the folder for temporary files, deleted when it goes.
pub(crate) struct Tree(PathBuf);

impl Tree {
    /// With files that have their names as their content.
    pub(crate) fn new(files: &[&str]) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("tree-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let tree = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(tree.path("")).unwrap();
        files.iter().for_each(|file| tree.write(file, file));
        tree
    }

    /// Where `name` lies, whether it is there or not; the root itself, if it is empty.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join("root").join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // a leftover in the temporary folder is no failure
    }
}
