//! A directory that is served, in a temporary folder of its own, with something beside it that must not be.

use super::super::{Client, Reply, Subject};
use super::witness::unhurried;
use crate::Running;
use crate::fileserve::Directory;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What lies beside the root, in `secret.txt` and in `root-sibling/secret.txt`.
pub(super) const SECRET: &str = "not for you";

/// A folder, deleted when it goes.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // a leftover among the temporary files is no failure
    }
}

/// The directory, its server, and a client that is connected to it.
pub(in super::super) struct Site {
    folder: Folder,
    pub(in super::super) server: Running,
    client: Client,
}

impl Site {
    /// With these files, each of which contains its own name.
    pub(in super::super) fn of(subject: &Subject, files: &[&str]) -> Self {
        Self::with(subject, files, |directory| directory)
    }

    /// The same, of a directory that is served in another way.
    pub(in super::super) fn with(
        subject: &Subject,
        files: &[&str],
        policy: impl FnOnce(Directory) -> Directory,
    ) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("switchboard-site-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Folder(std::env::temp_dir().join(name));
        let root = folder.0.join("root");
        write(&folder.0.join("secret.txt"), SECRET);
        write(&folder.0.join("root-sibling/secret.txt"), SECRET);
        fs::create_dir(&root).expect("a folder");
        files.iter().for_each(|file| write(&root.join(file), file));
        let server = subject.serve(unhurried(), policy(Directory::new(root).expect("a directory")));
        let client = Client::of(&server);
        Self { folder, server, client }
    }

    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    pub(super) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.0.join("root").join(name)
    }

    pub(in super::super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        write(&self.file(name), content);
    }

    pub(in super::super) fn get(&mut self, target: &str) -> Reply {
        self.ask(&format!("GET {target}"), "")
    }

    /// The answer to a request of this method and target, with these fields; only the head, if it is a HEAD.
    pub(in super::super) fn ask(&mut self, line: &str, fields: &str) -> Reply {
        self.client.send(format!("{line} HTTP/1.1\r\nHost: test\r\n{fields}\r\n"));
        let reply = if line.starts_with("HEAD ") { self.client.head() } else { self.client.reply() };
        if reply.field("connection") == Some("close") {
            std::mem::replace(&mut self.client, Client::of(&self.server)).closed();
        }
        reply
    }
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    let folder = path.parent().expect("a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(path, content)).expect("a temporary file");
}
