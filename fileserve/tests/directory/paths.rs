//! What is found, what is not, and how that is told.

use super::{Tree, ask, get, status, text};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use std::fs::{self, File, Permissions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use switchboard_fileserve::{Directory, Dotfiles, Symlinks};

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
fn a_root_that_cannot_be_served_says_so() {
    let error = Directory::new("/nowhere/at/all").unwrap_err().to_string();
    assert!(error.starts_with("cannot serve the directory /nowhere/at/all: "), "{error}");
}

#[test]
fn links_are_a_matter_of_policy() {
    let tree = Tree::new(&["inside.txt", "dir/x.txt"]);
    fs::create_dir(tree.0.join("out")).unwrap();
    fs::write(tree.0.join("out/out.txt"), "outside").unwrap();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, tree.root().join(name)).unwrap();
    link("inside.txt", "in.txt");
    link("dir", "dir-link");
    link("../out/out.txt", "out.txt");
    link("../out", "out-link");
    link(tree.0.join("out/out.txt").to_str().unwrap(), "absolute.txt");
    link("nowhere", "broken.txt");
    link("loop", "loop");
    let paths =
        ["/dir/x.txt", "/in.txt", "/dir-link/x.txt", "/dir-link/", "/out.txt", "/out-link/out.txt", "/absolute.txt"];
    for (symlinks, expected) in [
        (Symlinks::Inside, [200, 200, 200, 200, 404, 404, 404]),
        (Symlinks::Never, [200, 404, 404, 404, 404, 404, 404]),
        (Symlinks::Anywhere, [200, 200, 200, 200, 200, 200, 200]),
    ] {
        let directory = tree.serve().symlinks(symlinks);
        assert_eq!(paths.map(|path| get(&directory, path).status().code()), expected, "{symlinks:?}");
        let listing = text(get(&directory, "/"));
        for (name, path) in [("in.txt", "/in.txt"), ("out.txt", "/out.txt"), ("dir-link/", "/dir-link/")] {
            let is_listed = listing.contains(&format!(">{name}<"));
            assert_eq!(is_listed, get(&directory, path).status().code() == 200, "{symlinks:?}: {name}");
        }
        for path in ["/broken.txt", "/loop", "/../out/out.txt", "/%2e%2e/out/out.txt"] {
            status(&directory, path, 404);
        }
        assert!(!listing.contains("broken") && !listing.contains("loop"), "{symlinks:?}");
    }
}

#[test]
fn a_root_is_served_itself_whatever_the_policy() {
    let tree = Tree::new(&["index.html"]);
    for symlinks in [Symlinks::Inside, Symlinks::Never, Symlinks::Anywhere] {
        let directory = tree.serve().symlinks(symlinks);
        assert_eq!(text(get(&directory, "/")), "index.html");
        assert_eq!(get(&directory.index([""; 0]), "/").content_type(), Some("text/html; charset=utf-8"));
    }
}

#[test]
fn a_root_may_be_a_link() {
    let tree = Tree::new(&["a.txt"]);
    std::os::unix::fs::symlink(tree.root(), tree.0.join("link")).unwrap();
    for symlinks in [Symlinks::Inside, Symlinks::Never, Symlinks::Anywhere] {
        let directory = Directory::new(tree.0.join("link")).unwrap().symlinks(symlinks);
        assert_eq!(text(get(&directory, "/a.txt")), "a.txt", "{symlinks:?}");
    }
}

#[test]
fn hidden_names_can_be_served() {
    let tree = Tree::new(&[".env", ".git/config", "dir/.hidden"]);
    let directory = tree.serve().dotfiles(Dotfiles::Served);
    for path in ["/.env", "/.git/config", "/.git/", "/dir/.hidden"] {
        status(&directory, path, 200);
    }
    assert!(text(get(&directory, "/")).contains(">.git/<"));
    status(&directory, "/../root/.env", 404);
}

#[test]
fn listings_can_be_off() {
    let tree = Tree::new(&["dir/a.txt", "site/index.html"]);
    let directory = tree.serve().listings(false);
    status(&directory, "/", 404);
    status(&directory, "/dir/", 404);
    status(&directory, "/dir/a.txt", 200);
    status(&directory, "/site/", 200);
}

#[test]
fn a_query_is_encoded_in_a_redirect() {
    let tree = Tree::new(&["dir/x"]);
    let answer = ask(&tree.serve(), "GET /dir?é=%20&a", &[]);
    assert_eq!(answer.headers().get("location"), Some("/dir/?%C3%A9=%20&a"));
}

#[test]
fn what_is_no_file_hangs_nothing_under_any_policy() {
    let tree = Tree::new(&["dir/x"]);
    mknodat(CWD, tree.root().join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    for symlinks in [Symlinks::Inside, Symlinks::Never, Symlinks::Anywhere] {
        assert_eq!(ask(&tree.serve().symlinks(symlinks), "GET /fifo", &[]).status().code(), 404, "{symlinks:?}");
    }
}

#[test]
fn who_waits_to_write_into_a_fifo_still_waits() {
    let tree = Tree::new(&["a.txt"]);
    let path = tree.root().join("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    // An open for writing succeeds only while somebody has it open for reading: a reader that came and went would let
    // a writer that waits pass. So one that does not wait looks all the time.
    let is_over = AtomicBool::new(false);
    let directory = tree.serve();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let opened = || open(&path, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()).is_ok();
            let mut was_opened = false;
            while !is_over.load(Ordering::SeqCst) {
                was_opened |= opened();
            }
            was_opened
        });
        (0..2_000).for_each(|_| status(&directory, "/fifo", 404));
        is_over.store(true, Ordering::SeqCst);
        assert!(!writer.join().unwrap(), "somebody has read it");
    });
}
