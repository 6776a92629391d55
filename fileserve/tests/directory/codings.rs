//! Compressed forms: from beside the file, or made on the way.

use super::{Tree, ask, bytes, get, status, text};
use std::fs::{self, File};
use std::io::Read;
use std::time::{Duration, SystemTime};
use switchboard_core::Response;

/// The coding, the tag and Vary of a response.
fn about(response: &Response) -> [Option<&str>; 3] {
    ["content-encoding", "etag", "vary"].map(|name| response.headers().get(name))
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn siblings_by_preference() {
    let tree = Tree::new(&[
        "app.js",
        "app.js.br",
        "app.js.zst",
        "app.js.gz",
        "only.css",
        "only.css.gz",
        "photo.jpg",
        "photo.jpg.gz",
    ]);
    let directory = tree.serve().precompressed(true);
    for (path, accepted, served, coding) in [
        ("/app.js", "gzip, deflate, br, zstd", "app.js.br", Some("br")),
        ("/app.js", "gzip, br;q=0.5", "app.js.gz", Some("gzip")),
        ("/app.js", "zstd", "app.js.zst", Some("zstd")),
        ("/app.js", "gzip;q=0", "app.js", None),
        ("/app.js", "identity, gzip;q=0.5", "app.js", None),
        ("/app.js", "deflate", "app.js", None),
        ("/only.css", "br, gzip;q=0.1", "only.css.gz", Some("gzip")),
        ("/photo.jpg", "gzip", "photo.jpg", None),
    ] {
        let response = ask(&directory, &format!("GET {path}"), &[("Accept-Encoding", accepted)]);
        let is_photo = path == "/photo.jpg";
        let [found, etag, vary] = about(&response);
        assert_eq!((found, vary), (coding, Some("accept-encoding").filter(|_| !is_photo)), "{path} {accepted}");
        assert!(etag.is_some());
        let media_type = response.content_type().map(str::to_string);
        assert_eq!(media_type, get(&directory, path).content_type().map(str::to_string));
        assert_eq!(text(response), served, "{path} {accepted}");
    }
}

#[test]
fn a_sibling_answers_only_for_a_file_that_is_there() {
    let tree = Tree::new(&["gone.js.gz", "a.js", "a.js.gz/x", "b.js"]);
    std::os::unix::fs::symlink("/etc/hostname", tree.root().join("b.js.gz")).unwrap();
    let directory = tree.serve().precompressed(true);
    let gzip = ("Accept-Encoding", "gzip");
    assert_eq!(ask(&directory, "GET /gone.js", &[gzip]).status().code(), 404);
    assert_eq!(text(ask(&directory, "GET /a.js", &[gzip])), "a.js", "a directory is no sibling");
    assert_eq!(text(ask(&directory, "GET /b.js", &[gzip])), "b.js", "nor is what leads out");
    let itself = get(&directory, "/gone.js.gz");
    assert_eq!(
        (itself.status().code(), about(&itself)[0], itself.content_type()),
        (200, None, Some("application/gzip"))
    );
}

#[test]
fn a_sibling_has_a_tag_and_ranges_of_its_own() {
    let tree = Tree::new(&["app.js"]);
    tree.write("app.js.gz", "0123456789");
    let directory = tree.serve().precompressed(true);
    let gzip = ("Accept-Encoding", "gzip");
    let (plain, coded) = (get(&directory, "/app.js"), ask(&directory, "GET /app.js", &[gzip]));
    let (plain, coded) = (about(&plain)[1].unwrap(), about(&coded)[1].unwrap());
    assert_ne!(plain, coded);
    let again = ask(&directory, "GET /app.js", &[gzip, ("If-None-Match", coded)]);
    assert_eq!((again.status().code(), about(&again)), (304, [None, Some(coded), Some("accept-encoding")]));
    assert_eq!(ask(&directory, "GET /app.js", &[("If-None-Match", coded)]).status().code(), 200);
    let part = ask(&directory, "GET /app.js", &[gzip, ("Range", "bytes=2-3"), ("If-Range", coded)]);
    assert_eq!((part.status().code(), part.headers().get("content-range")), (206, Some("bytes 2-3/10")));
    assert_eq!(about(&part)[0], Some("gzip"));
    assert_eq!(text(part), "23");
    let other = ask(&directory, "GET /app.js", &[gzip, ("Range", "bytes=2-3"), ("If-Range", plain)]);
    assert_eq!((other.status().code(), text(other).as_str()), (200, "0123456789"));
}

#[test]
fn siblings_are_a_promise_that_nobody_made() {
    let tree = Tree::new(&["app.js", "app.js.gz"]);
    let response = ask(&tree.serve(), "GET /app.js", &[("Accept-Encoding", "gzip")]);
    assert_eq!((about(&response)[0], about(&response)[2]), (None, None));
    assert_eq!(text(response), "app.js");
}

#[test]
fn texts_are_compressed_on_the_way() {
    let tree = Tree::new(&["small.txt"]);
    let content = "the same again and again\n".repeat(1_000);
    tree.write("large.txt", &content);
    tree.write("large.jpg", &content);
    let directory = tree.serve().compress(true);
    let gzip = ("Accept-Encoding", "br, gzip");
    let plain = get(&directory, "/large.txt");
    let coded = ask(&directory, "GET /large.txt", &[gzip]);
    let etag = about(&coded)[1].unwrap().to_string();
    assert_eq!((about(&coded)[0], about(&coded)[2]), (Some("gzip"), Some("accept-encoding")));
    assert_eq!((about(&plain)[0], about(&plain)[2]), (None, Some("accept-encoding")));
    assert_ne!(about(&plain)[1], Some(etag.as_str()));
    assert_eq!(coded.headers().get("accept-ranges"), None);
    let compressed = bytes(coded);
    assert!(compressed.len() < content.len() / 10 && gunzip(&compressed) == content);
    let again = ask(&directory, "GET /large.txt", &[gzip, ("If-None-Match", &etag)]);
    assert_eq!((again.status().code(), about(&again)[1]), (304, Some(etag.as_str())));
    let part = ask(&directory, "GET /large.txt", &[gzip, ("Range", "bytes=0-4")]);
    assert_eq!((part.status().code(), about(&part)[0]), (206, None), "of the file itself");
    assert_eq!(text(part), "the s");
    for path in ["/small.txt", "/large.jpg"] {
        assert_eq!(
            about(&ask(&directory, &format!("GET {path}"), &[gzip])),
            about(&get(&tree.serve(), path)),
            "{path}"
        );
    }
}

#[test]
fn what_is_compressed_is_not_compressed_again() {
    let tree = Tree::new(&[]);
    let content = "x".repeat(5_000);
    for name in ["a.txt", "a.txt.gz", "a.txt.br"] {
        tree.write(name, &content);
    }
    let directory = tree.serve().precompressed(true).compress(true);
    let coded = ask(&directory, "GET /a.txt", &[("Accept-Encoding", "gzip")]);
    assert_eq!(about(&coded)[0], Some("gzip"));
    assert_eq!(text(coded), content, "as it lies there");
    for path in ["/a.txt.gz", "/a.txt.br"] {
        let itself = ask(&directory, &format!("GET {path}"), &[("Accept-Encoding", "gzip")]);
        assert_eq!(about(&itself)[0], None, "{path}");
    }
    status(&directory, "/a.txt.zst", 404);
}

#[test]
fn the_smallest_file_that_is_compressed() {
    let tree = Tree::new(&[]);
    let coding = |len: usize| {
        fs::write(tree.root().join("a.txt"), "x".repeat(len)).unwrap();
        let answer = ask(&tree.serve().compress(true), "GET /a.txt", &[("Accept-Encoding", "gzip")]);
        (answer.headers().get("content-encoding").is_some(), answer.headers().get("vary").is_some())
    };
    assert_eq!((coding(1023), coding(1024)), ((false, false), (true, true)));
}

#[test]
fn who_wants_files_compressed_has_not_promised_what_lies_beside_them() {
    let tree = Tree::new(&["a.txt.gz"]);
    fs::write(tree.root().join("a.txt"), "x".repeat(5_000)).unwrap();
    let answer = ask(&tree.serve().compress(true), "GET /a.txt", &[("Accept-Encoding", "gzip")]);
    assert_eq!(answer.headers().get("content-encoding"), Some("gzip"));
    assert_eq!(answer.body().len(), None, "made on the way");
}

#[test]
fn a_sibling_that_is_older_than_its_file_is_left_alone() {
    let tree = Tree::new(&["a.js", "a.js.gz"]);
    let gz = File::options().write(true).open(tree.root().join("a.js.gz")).unwrap();
    gz.set_modified(SystemTime::now() - Duration::from_secs(10)).unwrap();
    let response = ask(&tree.serve().precompressed(true), "GET /a.js", &[("Accept-Encoding", "gzip")]);
    assert_eq!((about(&response)[0], about(&response)[2]), (None, Some("accept-encoding")));
}
