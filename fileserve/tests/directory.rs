//! A real directory behind `Directory`: what is found, what is not, and how that is told.

#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use switchboard_core::{Body, Request, Response};
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
fn text(response: Response) -> String {
    let bytes = match response.into_body() {
        Body::File { file, offset, len } => {
            let mut bytes = vec![0; len as usize];
            std::os::unix::fs::FileExt::read_exact_at(&*file, &mut bytes, offset).unwrap();
            bytes
        }
        Body::Bytes(bytes) => bytes,
        Body::Static(bytes) => bytes.to_vec(),
        other => panic!("{other:?}"),
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn names_of_all_kinds_are_found() {
    let names =
        ["plain.txt", "a b.txt", "c#d?.txt", "100%.txt", "%41.txt", "it's \"quoted\".txt", "снимок.txt", "日本.txt"];
    let tree = Tree::new(&names);
    let directory = tree.serve();
    let listing = text(get(&directory, "/"));
    for name in names {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(text(get(&directory, &format!("/{encoded}"))), name);
    }
    // And by the links of the listing themselves.
    let links: Vec<_> = listing.split("href=\"./").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut found: Vec<_> =
        links.iter().filter(|link| !link.is_empty()).map(|link| text(get(&directory, &format!("/{link}")))).collect();
    let mut expected = names.to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn names_that_are_not_utf_8_are_listed_and_fetchable() {
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::new(&[]);
    fs::write(tree.root().join(std::ffi::OsStr::from_bytes(b"bad\xff.txt")), "found").unwrap();
    let directory = tree.serve();
    assert!(text(get(&directory, "/")).contains("href=\"./bad%FF.txt\">bad\u{FFFD}.txt<"));
    assert_eq!(text(get(&directory, "/bad%FF.txt")), "found");
}

#[test]
fn directories() {
    let tree = Tree::new(&["site/index.html", "sub dir/deep/x.txt"]);
    let directory = tree.serve();
    assert_eq!(text(get(&directory, "/site/")), "site/index.html");
    assert_eq!(get(&directory, "/site/").content_type(), Some("text/html; charset=utf-8"));
    for (path, location) in [
        ("/site", "/site/"),
        ("/sub%20dir?a=b", "/sub%20dir/?a=b"),
        ("//sub%20dir", "/sub%20dir/"),
        ("/sub%20dir//deep", "/sub%20dir/deep/"),
    ] {
        let response = get(&directory, path);
        assert_eq!((response.status().code(), response.headers().get("location")), (301, Some(location)), "{path}");
    }
    let listing = text(get(&directory, "/sub%20dir/"));
    assert!(listing.contains("<a href=\"../\">../</a>") && listing.contains("<a href=\"./deep/\">deep/</a>"));
    status(&directory, "/site/index.html/", 404);
    status(&directory, "/nothing", 404);
    status(&directory, "/nothing/", 404);
    status(&directory, &format!("/{}", "x".repeat(300)), 404);
}

#[test]
fn methods() {
    let tree = Tree::new(&["a.txt"]);
    let directory = tree.serve();
    for method in ["POST", "PUT", "DELETE", "get", "GETX"] {
        let response = ask(&directory, &format!("{method} /a.txt"), &[]);
        assert_eq!(response.status().code(), 405, "{method}");
        assert_eq!(response.headers().get("allow"), Some("GET, HEAD, OPTIONS"));
    }
    let options = ask(&directory, "OPTIONS /a.txt", &[]);
    assert_eq!((options.status().code(), options.headers().get("allow")), (204, Some("GET, HEAD, OPTIONS")));
    let (get, head) = (get(&directory, "/a.txt"), ask(&directory, "HEAD /a.txt", &[]));
    assert_eq!(format!("{get} {:?}", get.headers()), format!("{head} {:?}", head.headers()));
}

#[test]
fn nothing_leads_out_of_the_root() {
    let tree = Tree::new(&["inside.txt", "dir/x.txt"]);
    fs::write(tree.0.join("secret.txt"), "secret").unwrap();
    fs::create_dir(tree.0.join("root-sibling")).unwrap();
    fs::write(tree.0.join("root-sibling/secret.txt"), "secret").unwrap();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, tree.root().join(name)).unwrap();
    link(Path::new("../secret.txt"), "out.txt");
    link(&tree.0.join("secret.txt"), "absolute.txt");
    link(Path::new(".."), "up");
    link(Path::new("/"), "slash");
    link(Path::new("nowhere"), "broken.txt");
    link(Path::new("loop"), "loop");
    link(Path::new("inside.txt"), "in.txt");
    link(Path::new("../inside.txt"), "dir/in.txt");
    let directory = tree.serve();
    let up = ["..", "%2e%2e", ".%2e", "%2E%2E", "..%2f", "..;", "..%5c", "%2e%2e%5c", "%252e%252e", "....//", "..%00"];
    for up in up {
        for path in [
            format!("/{up}/secret.txt"),
            format!("/dir/{up}/{up}/secret.txt"),
            format!("/{up}/root-sibling/secret.txt"),
        ] {
            status(&directory, &path, 404);
        }
    }
    for path in
        ["/out.txt", "/absolute.txt", "/up/secret.txt", "/up/", "/up", "/slash/etc/passwd", "/broken.txt", "/loop"]
    {
        status(&directory, path, 404);
    }
    assert_eq!(text(get(&directory, "/in.txt")), "inside.txt", "a link that stays inside is followed");
    assert_eq!(text(get(&directory, "/dir/in.txt")), "inside.txt");
    let listing = text(get(&directory, "/"));
    assert!(listing.contains(">in.txt<"));
    for name in ["out.txt", "absolute.txt", "up", "slash", "broken.txt", "loop"] {
        assert!(!listing.contains(&format!(">{name}")), "{name} cannot be fetched, so it is not listed");
    }
}

#[test]
fn hidden_names_are_not_there() {
    let tree = Tree::new(&[".env", ".git/config", "dir/.hidden", ".well-known/acme", "dir/.well-known/x"]);
    let directory = tree.serve();
    for path in ["/.env", "/%2eenv", "/.git/config", "/.git/", "/dir/.hidden", "/dir/.well-known/x"] {
        status(&directory, path, 404);
    }
    assert_eq!(text(get(&directory, "/.well-known/acme")), ".well-known/acme");
    assert!(!text(get(&directory, "/")).contains(".git"));
    assert!(!text(get(&directory, "/dir/")).contains(">.hidden"));
}

#[test]
fn what_is_no_file_is_not_there_and_hangs_nothing() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let tree = Tree::new(&["a.txt"]);
    mknodat(CWD, tree.root().join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(tree.root().join("socket")).unwrap();
    let mut special = vec!["/fifo", "/socket"];
    let zero = rustix::fs::makedev(1, 5);
    if mknodat(CWD, tree.root().join("device"), FileType::CharacterDevice, Mode::RUSR, zero).is_ok() {
        special.push("/device"); // only a privileged process can make one
    }
    let directory = tree.serve();
    for path in special {
        status(&directory, path, 404);
    }
    let listing = text(get(&directory, "/"));
    assert!(listing.contains("a.txt") && !listing.contains("fifo") && !listing.contains("socket"));
    fs::create_dir(tree.root().join("odd")).unwrap();
    mknodat(CWD, tree.root().join("odd/index.html"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    status(&directory, "/odd/", 200);
}

#[test]
fn what_may_not_be_read_is_forbidden() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&["secret.txt", "locked/x.txt"]);
    let lock = |name: &str, mode| fs::set_permissions(tree.root().join(name), Permissions::from_mode(mode)).unwrap();
    lock("secret.txt", 0);
    lock("locked", 0);
    let directory = tree.serve();
    // Root reads everything; then there is nothing to see here, and the same paths must be found.
    let expected = if File::open(tree.root().join("secret.txt")).is_ok() { [200, 200, 200] } else { [403, 403, 403] };
    let seen = ["/secret.txt", "/locked/", "/locked/x.txt"].map(|path| get(&directory, path).status().code());
    lock("locked", 0o755);
    assert_eq!(seen, expected);
}

#[test]
fn a_second_visit_is_304() {
    let tree = Tree::new(&["a.txt"]);
    let directory = tree.serve();
    let first = get(&directory, "/a.txt");
    let (etag, modified) = (first.headers().get("etag").unwrap(), first.headers().get("last-modified").unwrap());
    for condition in [("If-None-Match", etag), ("If-Modified-Since", modified)] {
        let second = ask(&directory, "GET /a.txt", &[condition]);
        assert_eq!((second.status().code(), second.body().len()), (304, Some(0)));
        assert_eq!(second.headers().get("etag"), Some(etag));
    }
    tree.write("a.txt", "changed");
    let third = ask(&directory, "GET /a.txt", &[("If-None-Match", etag)]);
    assert_eq!((third.status().code(), text(third).as_str()), (200, "changed"));
    let failed = ask(&directory, "GET /a.txt", &[("If-Match", etag)]);
    assert_eq!(failed.status().code(), 412);
}

#[test]
fn ranges() {
    let tree = Tree::new(&[]);
    tree.write("digits", "0123456789");
    let directory = tree.serve();
    let ask = |fields: &[(&str, &str)]| ask(&directory, "GET /digits", fields);
    let part = ask(&[("Range", "bytes=2-4")]);
    assert_eq!(part.status().code(), 206);
    assert_eq!(part.headers().get("content-range"), Some("bytes 2-4/10"));
    let etag = part.headers().get("etag").unwrap().to_string();
    assert_eq!(text(part), "234");
    assert_eq!(text(ask(&[("Range", "bytes=7-")])), "789");
    assert_eq!(text(ask(&[("Range", "bytes=-2")])), "89");
    assert_eq!(text(ask(&[("Range", "bytes=0-0"), ("If-Range", &etag)])), "0");
    assert_eq!(text(ask(&[("Range", "bytes=0-0"), ("If-Range", "\"other\"")])), "0123456789");
    let beyond = ask(&[("Range", "bytes=10-")]);
    assert_eq!((beyond.status().code(), beyond.headers().get("content-range")), (416, Some("bytes */10")));
    let head = self::ask(&directory, "HEAD /digits", &[("Range", "bytes=2-4")]);
    assert_eq!((head.status().code(), head.body().len()), (200, Some(10)), "a range means nothing to HEAD");
}

#[test]
fn times_that_have_no_date() {
    let tree = Tree::new(&["old.txt", "future.txt"]);
    let set = |name: &str, time| {
        File::options().write(true).open(tree.root().join(name)).unwrap().set_modified(time).unwrap()
    };
    set("old.txt", SystemTime::UNIX_EPOCH - Duration::from_secs(1_000_000));
    set("future.txt", SystemTime::now() + Duration::from_secs(1_000_000_000));
    let directory = tree.serve();
    for path in ["/old.txt", "/future.txt"] {
        let response = get(&directory, path);
        assert_eq!((response.status().code(), response.headers().get("last-modified")), (200, None), "{path}");
        let etag = response.headers().get("etag").unwrap();
        assert_eq!(ask(&directory, &format!("GET {path}"), &[("If-None-Match", etag)]).status().code(), 304);
    }
    status(&directory, "/", 200);
}

#[test]
fn a_root_that_cannot_be_served_says_so() {
    let error = Directory::new("/nowhere/at/all").unwrap_err().to_string();
    assert!(error.starts_with("cannot serve the directory /nowhere/at/all: "), "{error}");
}
