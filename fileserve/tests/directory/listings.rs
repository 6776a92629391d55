//! A real directory behind `Directory`: how it is listed.

use super::{Tree, ask, get, order, text};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};
use switchboard_core::{Request, block_on};

#[test]
fn a_listing_is_sorted_as_its_query_says() {
    let tree = Tree::new(&["b/x"]);
    for (name, len, time) in [("a2.txt", 300, 1), ("a10.txt", 200, 4), ("c.txt", 100, 2)] {
        tree.write(name, &"x".repeat(len));
        let file = File::options().write(true).open(tree.root().join(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(time)).unwrap();
    }
    File::open(tree.root().join("b")).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(3)).unwrap();
    let directory = tree.serve();
    for (query, expected) in [
        ("", ["b/", "a2.txt", "a10.txt", "c.txt"]),
        ("?sort=name", ["b/", "a2.txt", "a10.txt", "c.txt"]),
        ("?sort=-name", ["b/", "c.txt", "a10.txt", "a2.txt"]),
        ("?sort=size", ["b/", "c.txt", "a10.txt", "a2.txt"]),
        ("?sort=-size", ["b/", "a2.txt", "a10.txt", "c.txt"]),
        ("?sort=time", ["a2.txt", "c.txt", "b/", "a10.txt"]),
        ("?sort=-time", ["a10.txt", "b/", "c.txt", "a2.txt"]),
        ("?sort=%00", ["b/", "a2.txt", "a10.txt", "c.txt"]),
    ] {
        assert_eq!(order(&text(get(&directory, &format!("/{query}")))), expected, "{query}");
        let lines = text(ask(&directory, &format!("GET /{query}"), &[("Accept", "text/plain")]));
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected, "{query}");
        let json = text(ask(&directory, &format!("GET /{query}"), &[("Accept", "application/json")]));
        assert_eq!(order(&json.replace("\"href\":", "href=")), expected, "{query}");
    }
}

#[test]
fn a_listing_is_what_the_client_prefers() {
    let tree = Tree::new(&["sub/x.txt"]);
    let directory = tree.serve();
    for (accept, media_type, body) in [
        ("text/html, */*;q=0.8", "text/html; charset=utf-8", "<a href=\"./x.txt\">x.txt</a>"),
        ("*/*", "text/html; charset=utf-8", "<a href=\"./x.txt\">x.txt</a>"),
        (
            "application/json",
            "application/json",
            "{\"path\":\"/sub/\",\"sorted\":true,\"entries\":[\n{\"name\":\"x.txt\"",
        ),
        ("text/plain, text/html;q=0.5", "text/plain; charset=utf-8", "x.txt\n"),
        ("image/png", "text/html; charset=utf-8", "<a href=\"./x.txt\">x.txt</a>"),
    ] {
        let get = ask(&directory, "GET /sub/", &[("Accept", accept)]);
        let head = ask(&directory, "HEAD /sub/", &[("Accept", accept)]);
        assert_eq!(format!("{get} {:?}", get.headers()), format!("{head} {:?}", head.headers()));
        assert_eq!(get.content_type(), Some(media_type), "{accept}");
        for (name, value) in [("vary", "accept"), ("cache-control", "no-cache"), ("x-content-type-options", "nosniff")]
        {
            assert_eq!(get.headers().get(name), Some(value), "{accept}");
        }
        let policy = get.headers().get("content-security-policy");
        assert_eq!(policy.is_some(), media_type.starts_with("text/html"), "{accept}");
        assert!(policy.is_none_or(|policy| policy.starts_with("default-src 'none'; ") && !policy.contains("script")));
        let text = text(get);
        assert!(text.contains(body), "{accept}: {text}");
    }
}

#[test]
fn a_readme_is_shown_on_the_page_and_nowhere_else() {
    let tree = Tree::new(&["a/x", "odd/x"]);
    tree.write("a/README.md", "# <b>Hello</b>\r\n");
    mknodat(CWD, tree.root().join("odd/README.md"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    fs::write(tree.0.join("secret"), "secret").unwrap();
    symlink("../../secret", tree.root().join("odd/README.txt")).unwrap();
    let directory = tree.serve();
    let page = text(get(&directory, "/a/"));
    assert!(page.contains("<pre>\n# &lt;b&gt;Hello&lt;/b&gt;\n</pre>"), "{page}");
    assert!(!text(get(&directory, "/odd/")).contains("<pre>"), "a FIFO, and a link that leads out");
    let lines = text(ask(&directory, "GET /a/", &[("Accept", "text/plain")]));
    assert_eq!(lines, "README.md\nx\n");
}

#[test]
fn a_link_is_listed_as_what_it_leads_to() {
    let tree = Tree::new(&["dir/x.txt"]);
    symlink("dir/x.txt", tree.root().join("file")).unwrap();
    symlink("../dir", tree.root().join("dir/again")).unwrap();
    let json = |path| text(ask(&tree.serve(), &format!("GET {path}"), &[("Accept", "application/json")]));
    assert!(json("/").contains("{\"name\":\"file\",\"href\":\"./file\",\"type\":\"file\",\"size\":9,"));
    assert!(json("/dir/").contains("{\"name\":\"again\",\"href\":\"./again/\",\"type\":\"directory\",\"size\":null,"));
}

#[test]
fn a_large_directory_is_streamed() {
    let names: Vec<_> = (1..=300).map(|number| format!("{number}.txt")).collect();
    let tree = Tree::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let directory = tree.serve();
    let head = ask(&directory, "HEAD /", &[]);
    assert_eq!(
        (head.status().code(), head.body().len(), head.content_type()),
        (200, None, Some("text/html; charset=utf-8"))
    );
    let mut request = Request::parse("GET /?sort=-name HTTP/1.1\r\nHost: test\r\nAccept: text/plain\r\n\r\n").unwrap();
    let response = directory.respond(&request);
    let body = block_on(response.into_body().collect(&mut request)).unwrap();
    let expected: String = names.iter().rev().map(|name| format!("{name}\n")).collect();
    assert_eq!(String::from_utf8(body).unwrap(), expected);
}

#[test]
fn beyond_its_limit_a_listing_is_whole_and_says_that_it_is_not_sorted() {
    let tree = Tree::new(&["1", "2", "3", "4", "5"]);
    let directory = tree.serve().sorted_listings(4);
    let listing = |accept| text(ask(&directory, "GET /?sort=-name", &[("Accept", accept)]));
    let (page, json) = (listing("text/html"), listing("application/json"));
    assert!(page.contains("not sorted") && !page.contains("<button"), "{page}");
    assert!(json.starts_with("{\"path\":\"/\",\"sorted\":false,"), "{json}");
    for (listing, found) in [("page", order(&page)), ("json", order(&json.replace("\"href\":", "href=")))] {
        let mut found = found;
        found.sort_unstable();
        assert_eq!(found, ["1", "2", "3", "4", "5"], "{listing}");
    }
    let page = text(get(&directory.sorted_listings(5), "/?sort=-name"));
    assert_eq!(order(&page), ["5", "4", "3", "2", "1"]);
    assert!(!page.contains("not sorted"), "{page}");
}

#[test]
fn a_page_is_light_or_dark_and_fetches_nothing() {
    let tree = Tree::new(&["a.txt"]);
    let page = text(get(&tree.serve(), "/"));
    assert!(page.contains("<meta name=\"color-scheme\" content=\"light dark\">"), "{page}");
    assert!(page.contains("@media (prefers-color-scheme: dark)"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<link rel=\"stylesheet\""), "{page}");
    let elsewhere = page.matches("http").count() - page.matches("xmlns='http://www.w3.org/2000/svg'").count();
    assert_eq!(elsewhere, 0, "no address but the name of SVG: {page}");
}

#[test]
fn well_known_is_listed_at_the_root_only() {
    let tree = Tree::new(&[".well-known/x", "dir/.well-known/x", "dir/y"]);
    let lines = |path: &str| {
        let answer = ask(&tree.serve(), &format!("GET {path}"), &[("Accept", "text/plain")]);
        let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        String::from_utf8(switchboard_core::block_on(answer.into_body().collect(&mut request)).unwrap()).unwrap()
    };
    assert_eq!((lines("/"), lines("/dir/")), (".well-known/\ndir/\n".into(), "y\n".into()));
}

#[test]
fn conditions_of_a_listing() {
    let tree = Tree::new(&["x"]);
    let same = ask(&tree.serve(), "GET /", &[("If-None-Match", "*")]);
    assert_eq!((same.status().code(), same.headers().get("vary")), (304, Some("accept")));
    assert_eq!(same.headers().get("cache-control"), Some("no-cache"));
    assert_eq!(ask(&tree.serve(), "GET /", &[("If-Match", "\"a\"")]).status().code(), 412);
}
