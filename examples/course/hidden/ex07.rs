//! What is checked of exercise 7, a directory served without a way out of it, without its being shown.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex07_directory.rs"]
mod ex07_directory;

use course::check::{self, Check};
use course::client::Client;
use course::page::links;
use ex07_directory::{Site, listing, resolve};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use switchboard::{Running, Server, Threads};
use tempfile::TempDir;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "no_path_climbs",
            points: 1,
            does: "asks in many forms for what is above a directory, inside and outside of the root",
            read: "Step 7: no way out",
            run: no_path_climbs,
        },
        Check {
            name: "no_link_leads_out",
            points: 1,
            does: "follows symbolic links to files and directories beneath the root, and outside of it",
            read: "Step 8: links",
            run: no_link_leads_out,
        },
        Check {
            name: "a_name_is_only_a_name",
            points: 1,
            does: "lists names that look like tags, entities, queries and encoded bytes, and follows their links",
            read: "Step 6: a listing",
            run: a_name_is_only_a_name,
        },
    ])
}

/// A directory `site` with a secret beside it.
struct Place {
    outer: TempDir,
}

impl Place {
    fn new() -> Self {
        let outer = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let place = Self { outer };
        for (file, text) in [
            ("site/a.txt", "a"),
            ("site/docs/b.txt", "b"),
            ("secret.txt", "SECRET"),
            ("site-of-others/secret.txt", "SECRET"),
        ] {
            let path = place.outer.path().join(file);
            fs::create_dir_all(path.parent().expect("beneath it")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
        place
    }

    fn root(&self) -> PathBuf {
        fs::canonicalize(self.outer.path().join("site")).expect("a directory that is there")
    }

    fn serve(&self) -> Running {
        let site = Site::new(self.root()).expect("Site::new, with a directory that is there");
        let server = Server::bind("127.0.0.1:0").expect("a port");
        server.spawn(Threads::new(), site).expect("a server")
    }
}

fn no_path_climbs() {
    let place = Place::new();
    let (root, running) = (place.root(), place.serve());
    let absolute = format!("/%2F{}", place.outer.path().join("secret.txt").display());
    let paths = [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/.%2E/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/docs/../../secret.txt",
        "/..",
        "/docs/../a.txt", // what it would lead to is beneath the root; it is refused all the same
        "/docs/%2e%2e/a.txt",
        "/none/%2E./a.txt",
        "/docs/..",
        "/docs%2fb.txt",
        "/%2fa.txt",
        "/a.txt%00",
        "/a.txt%00.png",
        "/%00",
        absolute.as_str(),
    ];
    for path in paths {
        if let Ok(found) = resolve(&root, path) {
            panic!("resolve did not refuse {path}, and gave {}", found.display());
        }
        let answer = Client::connect(running.addr()).get(path);
        assert!(!answer.text().contains("SECRET"), "{path} was answered with what is outside of the root");
        assert!((400..500).contains(&answer.status), "the status for {path} is {}, no refusal", answer.status);
    }
    for path in ["/%", "/%4", "/a%zz.txt", "/%+1", "/%ff"] {
        assert!(resolve(&root, path).is_err(), "resolve did not refuse {path}");
    }
}

#[cfg(not(unix))]
fn no_link_leads_out() {
    let _ = resolve(&Place::new().root(), "/"); // links need a permission here
}

#[cfg(unix)]
fn no_link_leads_out() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    let root = place.root();
    let links = [
        ("file", "../secret.txt"),
        ("directory", ".."),
        ("others", "../site-of-others"),
        ("docs/twice", "../directory"),
        ("inside", "docs"),
        ("docs/up", "../a.txt"),
    ];
    for (link, to) in links {
        symlink(to, root.join(link)).expect("a link");
    }
    symlink(place.outer.path().join("secret.txt"), root.join("absolute")).expect("a link");
    let running = place.serve();
    let out =
        ["/file", "/absolute", "/directory/secret.txt", "/others/secret.txt", "/docs/twice/secret.txt", "/others/"];
    for path in out {
        let answer = Client::connect(running.addr()).get(path);
        assert!(!answer.text().contains("SECRET"), "{path} is a link out of the root, and was followed");
        assert_eq!(answer.status, 404, "the status for {path}, which a link leads out of the root");
        assert!(resolve(&root, path).is_err(), "resolve did not refuse {path}, which a link leads out of the root");
    }
    for (path, text) in [("/inside/b.txt", "b"), ("/docs/up", "a")] {
        let answer = Client::connect(running.addr()).get(path);
        assert_eq!((answer.status, answer.text().as_str()), (200, text), "{path}, a link that stays inside");
    }
}

fn a_name_is_only_a_name() {
    let place = Place::new();
    let mut names =
        vec!["<script>alert(1)<", "<b>", "a&b", "&lt;", "\"' onclick='x", "a b?.txt", "#1", "%41", "%2e%2e"];
    // Some systems do not have all of these names.
    names.retain(|name| fs::write(place.root().join(name), name).is_ok());
    let page = listing(&names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    assert!(!page.to_ascii_lowercase().contains("<script"), "a name has become a tag of the page: {page}");

    let running = place.serve();
    let mut client = Client::connect(running.addr());
    let links = links(&client.get("/").text());
    for name in names {
        let link = links.iter().find(|link| link.text.contains(name));
        let link = link.unwrap_or_else(|| panic!("no link has the text {name:?}; these are there: {links:?}"));
        let answer = client.get(&link.target("/"));
        let text = answer.text();
        assert_eq!((answer.status, text.as_str()), (200, name), "{:?}, the link for the file {name:?}", link.href);
    }
}
