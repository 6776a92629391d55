//! What an application needs that is served from a directory.

use super::{Tree, ask, get, status, text};
use std::time::Duration;
use switchboard_fileserve::{CacheControl, Names};

const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

#[test]
fn the_first_index_that_is_there() {
    let tree = Tree::new(&["a/index.htm", "b/index.htm", "b/index.html", "c/x.txt", "d/index.html/x.txt"]);
    let directory = tree.serve().index(["index.html", "index.htm"]);
    assert_eq!(text(get(&directory, "/a/")), "a/index.htm");
    assert_eq!(text(get(&directory, "/b/")), "b/index.html");
    assert!(text(get(&directory, "/c/")).contains("x.txt"), "a listing");
    assert!(text(get(&directory, "/d/")).contains(">index.html/<"), "a directory is no index");
    assert!(text(get(&tree.serve().index([""; 0]), "/b/")).contains(">index.html<"));
}

#[test]
fn a_page_for_navigations_and_404_for_assets() {
    let tree = Tree::new(&["index.html", "app.js", "assets/logo.svg", "users/note.txt"]);
    let directory = tree.serve().spa("index.html");
    let navigate = ("Sec-Fetch-Mode", "navigate");
    for path in ["/", "/users/42", "/users/john.doe", "/deep/er/", "/users/", "/about.html"] {
        for field in [BROWSER, navigate] {
            let page = ask(&directory, &format!("GET {path}"), &[field]);
            assert_eq!((page.status().code(), page.content_type()), (200, Some("text/html; charset=utf-8")), "{path}");
            assert_eq!(text(page), "index.html");
        }
    }
    let page = ask(&directory, "HEAD /users/42", &[BROWSER]);
    assert_eq!(page.headers().get("vary"), Some("accept, sec-fetch-mode"));
    assert_eq!(page.headers().get("cache-control"), Some("no-cache"));
    for (path, fields) in [
        ("/missing.js", &[BROWSER][..]),
        ("/assets/missing.png", &[BROWSER, navigate]),
        ("/users/42", &[("Accept", "*/*")]),
        ("/users/42", &[("Accept", "application/json")]),
        ("/users/42", &[("Accept", "text/html;q=0, */*")]),
        ("/users/42", &[BROWSER, ("Sec-Fetch-Mode", "cors")]),
        ("/users/42", &[]),
        ("/.env", &[navigate]),
        ("/../x", &[navigate]),
    ] {
        let missing = ask(&directory, &format!("GET {path}"), fields);
        assert_eq!(missing.status().code(), 404, "{path} {fields:?}");
    }
    assert_eq!(text(get(&directory, "/app.js")), "app.js");
    status(&directory, "/assets/", 404);
}

#[test]
fn an_application_can_have_listings() {
    let tree = Tree::new(&["index.html", "files/a.txt"]);
    status(&tree.serve().listings(true).spa("index.html"), "/files/", 404);
    status(&tree.serve().spa("index.html").listings(true), "/files/", 200);
}

#[test]
fn an_application_without_its_page_is_missing() {
    let tree = Tree::new(&["a.txt", "page/x.txt"]);
    for page in ["nothing.html", "page"] {
        assert_eq!(ask(&tree.serve().spa(page), "GET /users", &[BROWSER]).status().code(), 404);
    }
}

#[test]
fn how_long_copies_are_good() {
    let tree = Tree::new(&["index.html", "main.8e0b5a3c.js", "assets/logo.svg", "a.css"]);
    let rule = |directory: &_, path: &str| get(directory, path).headers().get("cache-control").unwrap().to_string();
    let directory = tree.serve();
    assert_eq!(rule(&directory, "/"), "no-cache");
    assert_eq!(rule(&directory, "/main.8e0b5a3c.js"), "public, max-age=31536000, immutable");
    let directory = directory
        .cache_control(Names::beneath("assets"), CacheControl::MaxAge(Duration::from_secs(60)))
        .cache_control(Names::extension("css"), CacheControl::NoStore);
    assert_eq!(rule(&directory, "/assets/logo.svg"), "public, max-age=60");
    assert_eq!(rule(&directory, "/a.css"), "no-store");
    assert_eq!(rule(&directory, "/"), "no-cache");
}

#[test]
fn media_types_can_be_set() {
    let tree = Tree::new(&["a.gmi", "a.HTML", "LICENSE", "data.bin", "a.tar.gmi"]);
    let directory = tree.serve().media_type("gmi", "text/gemini").media_type("html", "application/xhtml+xml");
    for (path, media_type) in [
        ("/a.tar.gmi", "text/gemini"),
        ("/a.gmi", "text/gemini"),
        ("/a.HTML", "application/xhtml+xml"),
        ("/LICENSE", "text/plain; charset=utf-8"),
        ("/data.bin", "application/octet-stream"),
    ] {
        assert_eq!(get(&directory, path).content_type(), Some(media_type), "{path}");
    }
}

#[test]
fn a_file_is_saved_only_on_request() {
    let tree = Tree::new(&["a b.txt"]);
    let directory = tree.serve();
    let disposition = |path: &str| get(&directory, path).headers().get("content-disposition").map(str::to_string);
    assert_eq!(disposition("/a%20b.txt"), None);
    assert_eq!(disposition("/a%20b.txt?downloads"), None);
    let attachment = "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt";
    assert_eq!(disposition("/a%20b.txt?x=y&download").as_deref(), Some(attachment));
    assert_eq!(disposition("/nothing?download"), None);
}

#[test]
fn a_part_is_saved_and_an_answer_without_a_file_is_not() {
    let tree = Tree::new(&["a.txt"]);
    let of = |fields: &[(&str, &str)]| {
        let answer = ask(&tree.serve(), "GET /a.txt?download", fields);
        (answer.status().code(), answer.headers().get("content-disposition").is_some())
    };
    assert_eq!(of(&[("Range", "bytes=0-0")]), (206, true));
    assert_eq!(of(&[("If-None-Match", "*")]), (304, false));
    assert_eq!(of(&[("If-Match", "\"a\"")]), (412, false));
}

#[test]
fn a_folder_of_an_application_may_be_called_like_an_asset() {
    let tree = Tree::new(&["index.html"]);
    let answer = ask(&tree.serve().spa("index.html"), "GET /packages/node.js/", &[("Sec-Fetch-Mode", "navigate")]);
    assert_eq!(answer.status().code(), 200);
}

#[test]
fn a_directory_that_is_called_like_an_index_is_passed_over() {
    let tree = Tree::new(&["d/index.html/x.txt", "d/index.htm"]);
    let answer = ask(&tree.serve().index(["index.html", "index.htm"]), "GET /d/", &[]);
    assert_eq!(answer.body().len(), Some("d/index.htm".len() as u64));
}

#[test]
fn an_application_says_that_a_404_depends_on_who_asks() {
    let tree = Tree::new(&["index.html"]);
    let missing = ask(&tree.serve().spa("index.html"), "GET /users/42", &[("Accept", "*/*")]);
    assert_eq!((missing.status().code(), missing.headers().get("vary")), (404, Some("accept, sec-fetch-mode")));
}

#[test]
fn addresses_of_people_and_sites_are_no_assets() {
    let tree = Tree::new(&["index.html"]);
    let directory = tree.serve().spa("index.html");
    for path in ["/users/ann@example.org", "/sites/example.com", "/in/john.me", "/tools/chat.ai"] {
        let answer = ask(&directory, &format!("GET {path}"), &[("Sec-Fetch-Mode", "navigate")]);
        assert_eq!(answer.status().code(), 200, "{path}");
    }
}
