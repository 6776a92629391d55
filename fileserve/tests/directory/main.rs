//! A real directory behind `Directory`, without a server.

#![cfg(unix)]

mod application;
mod codings;
mod listings;
mod paths;
mod validity;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use switchboard_core::{Request, Response, block_on};
use switchboard_fileserve::Directory;

/// A directory of its own in the folder for temporary files, deleted when it goes.
struct Tree(PathBuf);

impl Tree {
    fn new(files: &[&str]) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("fileserve-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let tree = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(tree.0.join("root")).unwrap();
        files.iter().for_each(|file| tree.write(file, file));
        tree
    }

    fn root(&self) -> PathBuf {
        self.0.join("root")
    }

    fn write(&self, file: &str, content: &str) {
        let path = self.root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn serve(&self) -> Directory {
        Directory::new(self.root()).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // a leftover in the temporary folder is no failure
    }
}

fn ask(directory: &Directory, line: &str, fields: &[(&str, &str)]) -> Response {
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = Request::parse(format!("{line} HTTP/1.1\r\nHost: test\r\n{fields}\r\n"));
    directory.respond(&request.unwrap())
}

fn get(directory: &Directory, path: &str) -> Response {
    ask(directory, &format!("GET {path}"), &[])
}

#[track_caller]
fn status(directory: &Directory, path: &str, expected: u16) {
    assert_eq!(get(directory, path).status().code(), expected, "GET {path}");
}

/// The bytes a response would send.
fn bytes(response: Response) -> Vec<u8> {
    let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    block_on(response.into_body().collect(&mut request)).unwrap()
}

fn text(response: Response) -> String {
    String::from_utf8(bytes(response)).unwrap()
}

/// A listing in the order of its links.
fn order(listing: &str) -> Vec<&str> {
    let links = listing.split("href=\"./").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|link| !link.is_empty()).collect()
}
