//! Methods, conditions and ranges, as a client combines them.

use super::{Tree, ask, get, status, text};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

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
fn several_ranges() {
    let tree = Tree::new(&[]);
    tree.write("digits.txt", "0123456789");
    let directory = tree.serve();
    let ask = |range: &str| ask(&directory, "GET /digits.txt", &[("Range", range)]);
    let parts = ask("bytes=0-1, -2, 4-4");
    assert_eq!(parts.status().code(), 206);
    let media_type = parts.content_type().unwrap().to_string();
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=").unwrap().to_string();
    assert!(parts.headers().get("content-range").is_none());
    let promised = parts.body().len();
    let body = text(parts);
    assert_eq!(promised, Some(body.len() as u64));
    let found: Vec<_> = body.split(&format!("--{boundary}")).map(|part| part.trim_matches(['\r', '\n'])).collect();
    let part = |range: &str, bytes: &str| {
        format!("Content-Type: text/plain; charset=utf-8\r\nContent-Range: bytes {range}/10\r\n\r\n{bytes}")
            .to_lowercase()
    };
    let found: Vec<_> = found.iter().map(|part| part.to_lowercase()).collect();
    assert_eq!(found, [String::new(), part("0-1", "01"), part("8-9", "89"), part("4-4", "4"), "--".into()]);
    assert_eq!(text(ask("bytes=0-1, 20-30")), "01", "what is left is one");
    for whole in ["bytes=0-5, 5-9", "bytes=0-0, 0-0", "bytes=0-, -5", "bytes=0-1, x"] {
        let response = ask(whole);
        assert_eq!((response.status().code(), text(response).as_str()), (200, "0123456789"), "{whole}");
    }
    assert_eq!(ask("bytes=10-11, 20-30").status().code(), 416);
}

#[test]
fn several_ranges_of_a_large_file_are_streamed() {
    let tree = Tree::new(&[]);
    let content: String = (0..40_000).map(|at| format!("{at:07}\n")).collect();
    tree.write("numbers", &content);
    let directory = tree.serve();
    let response = ask(&directory, "GET /numbers", &[("Range", "bytes=0-199999,240000-319999")]);
    let promised = response.body().len();
    let body = text(response);
    assert_eq!(promised, Some(body.len() as u64));
    assert!(body.contains(&content[..200_000]) && body.contains(&content[240_000..]));
}

#[test]
fn head_is_as_get() {
    let tree = Tree::new(&["a.txt", "dir/b.txt", "site/index.html"]);
    let directory = tree.serve();
    for path in ["/a.txt", "/", "/site/", "/dir", "/nothing", "/a.txt?download"] {
        for fields in [&[][..], &[("If-None-Match", "*")], &[("If-Match", "\"a\"")], &[("Accept-Encoding", "gzip")]] {
            let [get, head] = ["GET", "HEAD"].map(|method| ask(&directory, &format!("{method} {path}"), fields));
            assert_eq!(
                format!("{get} {:?}", get.headers()),
                format!("{head} {:?}", head.headers()),
                "{path} {fields:?}"
            );
        }
    }
}

/// Writes other bytes into a file and dates it as it was, until the system's clock has ticked in between.
fn rewrite_in_secret(path: &Path, content: &str) {
    let before = path.metadata().unwrap();
    let time = |of: std::fs::Metadata| (of.ctime(), of.ctime_nsec());
    while time(path.metadata().unwrap()) == time(before.clone()) {
        std::fs::write(path, content).unwrap();
        File::options().write(true).open(path).unwrap().set_modified(before.modified().unwrap()).unwrap();
    }
}

#[test]
fn a_tag_is_strong_and_no_date_hides_a_change() {
    let tree = Tree::new(&["a.txt"]);
    let directory = tree.serve();
    let (path, tag) =
        (tree.root().join("a.txt"), |path| get(&directory, path).headers().get("etag").unwrap().to_string());
    let (before, length) = (tag("/a.txt"), path.metadata().unwrap().len());
    assert!(before.starts_with('"') && before == tag("/a.txt"), "{before}");
    rewrite_in_secret(&path, "other");
    let after = path.metadata().unwrap();
    assert_eq!((after.len(), get(&directory, "/a.txt").headers().get("last-modified").is_some()), (length, true));
    assert_ne!(before, tag("/a.txt"), "as long, and dated as before, but other bytes");
    let again = ask(&directory, "GET /a.txt", &[("Range", "bytes=0-0"), ("If-Range", &before)]);
    assert_eq!((again.status().code(), text(again).as_str()), (200, "other"), "parts of both would not fit together");
}

#[test]
fn conditions_come_in_their_order_and_before_ranges() {
    let tree = Tree::new(&["a.txt"]);
    let directory = tree.serve();
    let first = get(&directory, "/a.txt");
    let [tag, date] = ["etag", "last-modified"].map(|name| first.headers().get(name).unwrap().to_string());
    let (tag, date, other) = (tag.as_str(), date.as_str(), "\"other\"");
    let long_ago = "Sun, 06 Nov 1994 08:49:37 GMT";
    let beyond = ("Range", "bytes=99-");
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("If-Unmodified-Since", long_ago)], 412),
        (&[("If-Unmodified-Since", date)], 200),
        (&[("If-Match", tag), ("If-Unmodified-Since", long_ago)], 200),
        (&[("If-Match", other), ("If-Unmodified-Since", date)], 412),
        (&[("If-None-Match", other), ("If-Modified-Since", date)], 200),
        (&[("If-None-Match", tag), ("If-Modified-Since", long_ago)], 304),
        (&[("If-Match", other), ("If-None-Match", tag)], 412),
        (&[("If-Match", tag), ("If-None-Match", tag)], 304),
        (&[beyond], 416),
        (&[beyond, ("If-None-Match", tag)], 304),
        (&[beyond, ("If-Match", other)], 412),
        (&[beyond, ("If-Range", other)], 200),
        (&[("Range", "bytes=0-0"), ("If-Range", date)], 200),
    ];
    for (fields, status) in cases {
        assert_eq!(ask(&directory, "GET /a.txt", fields).status().code(), *status, "{fields:?}");
    }
}

#[test]
fn what_is_said_of_a_file() {
    let tree = Tree::new(&["a.txt"]);
    let directory = tree.serve();
    let names = |fields: &[(&str, &str)]| {
        let response = ask(&directory, "GET /a.txt", fields);
        let mut names: Vec<_> = response.headers().iter().map(|(name, _)| name.to_string()).collect();
        names.sort();
        (response.status().code(), names.join(" "))
    };
    let (copies, bytes) = ("cache-control", "content-type etag last-modified x-content-type-options");
    assert_eq!(names(&[]), (200, format!("accept-ranges {copies} {bytes}")));
    let part = format!("accept-ranges {copies} content-range {bytes}");
    assert_eq!(names(&[("Range", "bytes=0-0")]), (206, part));
    assert_eq!(names(&[("If-None-Match", "*")]), (304, format!("{copies} etag last-modified")));
    let file = get(&directory, "/a.txt");
    assert_eq!(file.headers().get("x-content-type-options"), Some("nosniff"));
}

#[test]
fn files_say_what_they_are_and_that_they_have_ranges() {
    let tree = Tree::new(&["a.txt"]);
    for (fields, code) in [(&[][..], 200), (&[("Range", "bytes=0-0")], 206), (&[("Range", "bytes=0-0,2-2")], 206)] {
        let answer = ask(&tree.serve(), "GET /a.txt", fields);
        assert_eq!(answer.status().code(), code);
        assert_eq!(answer.headers().get("x-content-type-options"), Some("nosniff"), "{code}");
        assert_eq!(answer.headers().get("accept-ranges"), Some("bytes"), "{code}");
        assert!(answer.headers().get("etag").is_some() && answer.headers().get("last-modified").is_some());
    }
}
