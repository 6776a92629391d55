//! Where the course's files are: in a starter, or in the repository that starters are made of.

use crate::grade;
use course::exercises::Exercise;
use std::fs;
use std::path::{Path, PathBuf};

/// The package `course` on the disk.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The package's folder.
    pub(crate) root: PathBuf,
}

impl Place {
    /// That of this program.
    pub(crate) fn here() -> Self {
        Self { root: env!("CARGO_MANIFEST_DIR").into() }
    }

    /// The repository, unless this is a starter.
    pub(crate) fn repository(&self) -> Result<PathBuf, String> {
        let root = self.root.join("../..");
        let is_repository = !self.root.join("vendor").exists() && root.join("core/src/backend.rs").exists();
        let root = root.canonicalize().ok().filter(|_| is_repository);
        root.ok_or("this is a starter; it is the teacher's repository that starters are made of and proved in".into())
    }

    /// The chapter of an exercise.
    pub(crate) fn chapter(&self, exercise: &Exercise) -> PathBuf {
        let root = self.repository().unwrap_or_else(|_| self.root.clone());
        root.join(self.chapter_name(exercise))
    }

    /// Where it is, from the root of the starter or the repository.
    pub(crate) fn chapter_name(&self, exercise: &Exercise) -> String {
        let book = if self.repository().is_ok() { "docs/course" } else { "docs" };
        format!("{book}/{}.md", exercise.stem)
    }

    /// The programs of checks that an exercise has here: its visible ones, and the hidden ones if they are here.
    pub(crate) fn programs(&self, exercise: &Exercise) -> Vec<Program> {
        let has_hidden = self.root.join(format!("hidden/{}.rs", exercise.name())).exists();
        let kinds = if has_hidden { &[false, true][..] } else { &[false] };
        kinds.iter().map(|&is_hidden| Program { target: grade::target(exercise, is_hidden), is_hidden }).collect()
    }

    /// The student's file.
    pub(crate) fn read(&self, exercise: &Exercise) -> Result<String, String> {
        read(&self.root.join(exercise.file()))
    }
}

/// A program of checks, as cargo knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) target: String,
    pub(crate) is_hidden: bool,
}

/// A file's text, or why it cannot be had.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a file, and the folders it is in.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), String> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(path, text)).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
