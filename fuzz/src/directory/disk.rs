//! The tree on the disk, made once per process below the directory of temporary files. Beside its root is what must
//! never come out.

use super::tree::{Kind, contents, entries};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use switchboard_fileserve::Directory;

/// In every file outside the root, and in none inside.
pub const SECRET: &str = "never to be served";
/// What those files are called.
pub const SECRET_NAME: &str = "confidential";

/// What serves the tree of this process, which is made when this is first called.
pub fn directory() -> &'static Directory {
    static DIRECTORY: LazyLock<Directory> = LazyLock::new(make);
    &DIRECTORY
}

/// Takes the tree of this process from the disk: for programs that end by themselves, at their end.
pub fn remove() {
    let _ = fs::remove_dir_all(place()); // what is left is in the way of nobody
}

fn place() -> PathBuf {
    std::env::temp_dir().join(format!("switchboard-fuzz-{}", std::process::id()))
}

fn make() -> Directory {
    remove(); // that of an earlier process with this number
    let (place, secret) = (place(), format!("{SECRET}\n").repeat(10));
    let (root, beside) = (place.join("root"), place.join("root-beside"));
    for folder in [&root, &beside] {
        fs::create_dir_all(folder).expect("a place for files");
    }
    for folder in [&place, &beside] {
        fs::write(folder.join(format!("{SECRET_NAME}.txt")), &secret).expect("room for a file");
    }
    for (path, kind) in entries() {
        let on_disk = root.join(OsStr::from_bytes(path));
        let made = match kind {
            Kind::Folder => fs::create_dir(&on_disk),
            Kind::File(_) => write(&on_disk, path),
            Kind::Link([b'/', target @ ..]) => symlink(place.join(OsStr::from_bytes(target)), &on_disk),
            Kind::Link(target) => symlink(OsStr::from_bytes(target), &on_disk),
            Kind::Fifo => Command::new("mkfifo").arg(&on_disk).status().map(|status| assert!(status.success())),
            Kind::Socket => UnixListener::bind(&on_disk).map(drop),
        };
        made.unwrap_or_else(|error| panic!("{}: {error}", on_disk.display()));
    }
    Directory::new(root).expect("a root")
}

/// With its time of change, and half a second, which no date can say.
fn write(on_disk: &Path, path: &[u8]) -> std::io::Result<()> {
    let content = contents(path);
    fs::write(on_disk, &content.bytes)?;
    let time = match content.changed {
        Some(seconds) => UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs()) + Duration::from_millis(500),
        None if path == b"ancient" => UNIX_EPOCH - Duration::from_secs(10),
        None => SystemTime::now() + Duration::from_secs(1 << 28),
    };
    File::options().write(true).open(on_disk)?.set_modified(time)
}
