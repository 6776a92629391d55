//! What is served, as a table: its entries, what is in the files, and where a path leads.

use std::collections::HashMap;
use std::sync::LazyLock;

/// When the first file was changed (Sun, 06 Nov 1994 08:49:37 GMT); the others, a day later each.
const CHANGED: i64 = 784_111_777;
/// As Linux has it.
const MOST_LINKS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Folder,
    /// Of so many bytes.
    File(usize),
    /// Where it leads. A slash in front stands for the folder that the root is in.
    Link(&'static [u8]),
    Fifo,
    Socket,
}

use Kind::{Fifo, Folder, Link, Socket};

/// Paths beneath the root, folders before what is in them. In front of the first hidden one there is nothing special
/// about them but their names.
const ENTRIES: &[(&[u8], Kind)] = &[
    (b"empty", Kind::File(0)),
    (b"one", Kind::File(1)),
    (b"ten.txt", Kind::File(10)),
    (b"thousand.html", Kind::File(1000)),
    (b"large", Kind::File(70_000)),
    (b"from the future", Kind::File(1000)),
    (b"ancient", Kind::File(1000)),
    (b"sub", Folder),
    (b"sub/deep", Folder),
    (b"sub/deep/file", Kind::File(1000)),
    (b"sub/deep/empty.css", Kind::File(0)),
    (b"a b", Folder),
    (b"a b/100%.txt", Kind::File(10)),
    (b"a b/%41", Kind::File(10)),
    (b"a b/A", Kind::File(1)),
    (b"?#&;=", Folder),
    (b"?#&;=/<i>\"'", Kind::File(10)),
    (b"line\r\nbreak", Folder),
    (b"back\\slash", Kind::File(10)),
    ("höhe".as_bytes(), Folder),
    ("höhe/\u{202E}ü.txt".as_bytes(), Kind::File(1000)),
    (b"raw\xff\xfe", Kind::File(10)),
    (b"raw folder\xc3", Folder),
    (b"raw folder\xc3/x", Kind::File(1)),
    (b"dots..", Kind::File(10)),
    (b"dots..folder", Folder),
    (b"~", Kind::File(10)),
    (b".hidden", Kind::File(1000)),
    (b".git", Folder),
    (b".git/config", Kind::File(10)),
    (b"...", Kind::File(10)),
    (b"..dots", Kind::File(10)),
    (b"sub/.hidden", Kind::File(10)),
    (b".well-known", Folder),
    (b".well-known/acme", Kind::File(10)),
    (b".well-known/.hidden", Kind::File(10)),
    (b".well-known-not", Kind::File(10)),
    (b"sub/.well-known", Folder),
    (b"sub/.well-known/x", Kind::File(10)),
    (b"home", Folder),
    (b"home/index.html", Kind::File(1000)),
    (b"home/beside.js", Kind::File(10)),
    (b"folder as index", Folder),
    (b"folder as index/index.html", Folder),
    (b"folder as index/index.html/x", Kind::File(10)),
    (b"escape as index", Folder),
    (b"escape as index/index.html", Link(b"../../confidential.txt")),
    (b"link as index", Folder),
    (b"link as index/index.html", Link(b"../ten.txt")),
    (b"to-file", Link(b"thousand.html")),
    (b"to-folder", Link(b"sub")),
    (b"to-root", Link(b".")),
    (b"to-hidden", Link(b".hidden")),
    (b"sub/up", Link(b"../one")),
    (b"chain", Link(b"./to-folder//up")),
    (b"roundabout", Link(b"sub/deep/../../home/../sub/deep/file")),
    (b"escape", Link(b"../confidential.txt")),
    (b"escape-folder", Link(b"..")),
    (b"escape-beside", Link(b"../root-beside")),
    (b"escape-and-back", Link(b"../root/one")),
    (b"escape-far", Link(b"../../../../../../../../../../../../etc")),
    (b"sub/escape", Link(b"../../confidential.txt")),
    (b"sub/deep/escape-chain", Link(b"../../escape-folder/confidential.txt")),
    (b"absolute", Link(b"/confidential.txt")),
    (b"absolute-inside", Link(b"/root/one")),
    (b"absolute-folder", Link(b"/root/sub")),
    (b"broken", Link(b"nowhere")),
    (b"loop", Link(b"loop")),
    (b"ring", Link(b"sub/ring")),
    (b"sub/ring", Link(b"../ring")),
    (b"through-a-file", Link(b"one/../one")),
    (b"fifo", Fifo),
    (b"to-fifo", Link(b"fifo")),
    (b"socket", Socket),
];

/// A file as the model knows it.
#[derive(Debug)]
pub struct Content {
    pub path: &'static [u8],
    pub bytes: Vec<u8>,
    /// In seconds since 1970, where it is a date that may be sent.
    pub changed: Option<i64>,
}

/// What is at the end of a path.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    Folder,
    File(&'static Content),
}

static KINDS: LazyLock<HashMap<&[u8], Kind>> =
    LazyLock::new(|| ENTRIES.iter().copied().chain([(&b""[..], Folder)]).collect());

static CONTENTS: LazyLock<HashMap<&[u8], Content>> = LazyLock::new(|| {
    let file = |(index, &(path, kind))| match kind {
        Kind::File(len) => Some((path, content(path, index, len))),
        _ => None,
    };
    ENTRIES.iter().enumerate().filter_map(file).collect()
});

/// Every eight bytes of a file are different, and from those of other files too.
fn content(path: &'static [u8], index: usize, len: usize) -> Content {
    let word = |word| format!("{index:02}{word:05} ").into_bytes();
    let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(word).collect();
    bytes.truncate(len);
    let has_date = !matches!(path, b"from the future" | b"ancient");
    Content { path, bytes, changed: has_date.then_some(CHANGED + 86_400 * index as i64) }
}

/// All entries: path and kind.
pub fn entries() -> impl ExactSizeIterator<Item = (&'static [u8], Kind)> {
    ENTRIES.iter().copied()
}

/// How many entries are in front of the first hidden one.
pub fn plain_entries() -> usize {
    ENTRIES.iter().take_while(|(path, _)| path[0] != b'.').count()
}

/// What is in a file.
///
/// # Panics
///
/// If there is no file of this path.
pub fn contents(path: &[u8]) -> &'static Content {
    &CONTENTS[path]
}

/// Walks from the root, through links as long as they stay beneath it; `None` if nothing that can be served is there.
pub fn find(path: &[&[u8]]) -> Option<Found> {
    let mut here: Vec<&[u8]> = Vec::new();
    let mut ahead: Vec<&[u8]> = path.iter().rev().copied().collect();
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        if kind(&here)? != Folder {
            return None;
        }
        match name {
            b"" | b"." => {}
            b".." => drop(here.pop()?), // nothing is above the root
            name => here.push(name),
        }
        if let Some(Link(target)) = kind(&here) {
            links += 1;
            if links > MOST_LINKS || target.starts_with(b"/") {
                return None;
            }
            here.pop();
            ahead.extend(target.split(|&byte| byte == b'/').rev());
        }
    }
    match kind(&here)? {
        Folder => Some(Found::Folder),
        Kind::File(_) => Some(Found::File(contents(&here.join(&b'/')))),
        Link(_) | Fifo | Socket => None,
    }
}

fn kind(path: &[&[u8]]) -> Option<Kind> {
    KINDS.get(&path.join(&b'/')[..]).copied()
}
