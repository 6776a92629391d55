//! What is checked of exercise 7, a directory served without a way out of it.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex07_directory.rs"]
mod ex07_directory;

use course::check::{self, Check};
use course::client::{Answer, Client};
use course::page::links;
use ex07_directory::Site;
use std::process::ExitCode;
use switchboard::{Running, Server, Threads};
use tempfile::TempDir;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "files_are_sent_whole",
            points: 1,
            does: "gets files of 0 bytes to 1 MiB, and compares bytes and lengths",
            read: "Step 2: a file",
            run: files_are_sent_whole,
        },
        Check {
            name: "what_is_not_there_is_404",
            points: 1,
            does: "asks for names that are not there",
            read: "Step 1: from a path to a file",
            run: what_is_not_there_is_404,
        },
        Check {
            name: "a_path_is_decoded",
            points: 1,
            does: "gets files whose names have to be percent-encoded",
            read: "Step 3: decode",
            run: a_path_is_decoded,
        },
        Check {
            name: "a_directory_without_a_slash_is_redirected",
            points: 1,
            does: "asks for directories without their last slash, and looks where it is sent",
            read: "Step 4: directories",
            run: a_directory_without_a_slash_is_redirected,
        },
        Check {
            name: "the_methods_are_get_and_head",
            points: 1,
            does: "compares the answers to HEAD and GET on one connection, and sends a POST",
            read: "Step 5: methods",
            run: the_methods_are_get_and_head,
        },
        Check {
            name: "links_of_a_listing_lead_to_what_is_there",
            points: 2,
            does: "gets the listings of two directories, and follows their links",
            read: "Step 6: a listing",
            run: links_of_a_listing_lead_to_what_is_there,
        },
    ])
}

/// A server on a directory with these files, and the directory.
fn serve(files: &[(&str, &[u8])]) -> (Running, TempDir) {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for (name, bytes) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().expect("beneath the root")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
    }
    let site = Site::new(root.path()).expect("Site::new, with a directory that is there");
    let server = Server::bind("127.0.0.1:0").expect("a port");
    (server.spawn(Threads::new(), site).expect("a server"), root)
}

/// Fails unless this is 200 with exactly these bytes.
#[track_caller]
fn is_file(answer: &Answer, bytes: &[u8], path: &str) {
    assert_eq!(answer.status, 200, "the status for {path} is not 200");
    let length = answer.field("Content-Length");
    assert_eq!(length, Some(bytes.len().to_string().as_str()), "the Content-Length of {path}");
    let same = answer.body.iter().zip(bytes).take_while(|(sent, right)| sent == right).count();
    assert!(answer.body == bytes, "{path}: of {} bytes, {same} came before the first wrong one", bytes.len());
}

fn files_are_sent_whole() {
    let large: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_be_bytes).collect();
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    let files: [(&str, &[u8]); 5] = [
        ("a.txt", b"one line\n"),
        ("bytes", &bytes),
        ("docs/deep/b.txt", b"two\nlines\n"),
        ("empty", b""),
        ("large.bin", &large),
    ];
    let (running, _root) = serve(&files);
    let mut client = Client::connect(running.addr());
    for (name, bytes) in files {
        is_file(&client.get(&format!("/{name}")), bytes, name);
    }
    is_file(&client.get("/a.txt?a=query/../does&not=count"), files[0].1, "/a.txt with a query");
    is_file(&client.get("/docs//./deep/b.txt"), files[2].1, "/docs//./deep/b.txt");
}

fn what_is_not_there_is_404() {
    let (running, _root) = serve(&[("a.txt", b"a"), ("docs/b.txt", b"b")]);
    let mut client = Client::connect(running.addr());
    for path in ["/b.txt", "/A.tx", "/docs/a.txt", "/docs/b.txt/c", "/none/", "/none/a.txt", "/a.txt/"] {
        let answer = client.get(path);
        assert_eq!(
            answer.status,
            404,
            "the status for {path}, which is not there, and the body is {:?}",
            answer.text()
        );
    }
}

fn a_path_is_decoded() {
    let files: [(&str, &[u8]); 3] =
        [("read me.txt", b"a space"), ("50%.txt", b"a percent sign"), ("d\u{fc}nn/\u{e9}.txt", b"two letters")];
    let (running, _root) = serve(&files);
    let mut client = Client::connect(running.addr());
    let paths = ["/read%20me.txt", "/50%25.txt", "/d%C3%BCnn/%c3%a9%2Etxt"];
    for (path, (_, bytes)) in paths.iter().zip(files) {
        is_file(&client.get(path), bytes, path);
    }
}

fn a_directory_without_a_slash_is_redirected() {
    let (running, _root) = serve(&[("docs/deep/a.txt", b"a")]);
    let mut client = Client::connect(running.addr());
    for (path, base, target) in [("/docs", "/", "/docs/"), ("/docs/deep", "/docs/", "/docs/deep/")] {
        let answer = client.get(path);
        assert!(matches!(answer.status, 301 | 308), "{path} is a directory; the status is {}", answer.status);
        let location = answer.field("Location").unwrap_or_else(|| panic!("the answer for {path} has no Location"));
        let host = location.strip_prefix("http://course").unwrap_or(location);
        let leads_to = if host.starts_with('/') { host.to_string() } else { format!("{base}{host}") };
        assert_eq!(leads_to, target, "where the Location for {path} leads to, which is {location:?}");
    }
    let answer = client.get("//docs");
    let location = answer.field("Location").unwrap_or_default();
    assert!(!location.starts_with("//"), "//docs was sent to {location:?}: for a browser, that is a host named docs");
}

fn the_methods_are_get_and_head() {
    let (running, _root) = serve(&[("docs/a.txt", b"some text\n")]);
    let mut client = Client::connect(running.addr());
    for path in ["/docs/a.txt", "/docs/", "/docs", "/none"] {
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: course\r\n\r\n")).expect("a request is sent");
        let head = client.answer_to("HEAD").unwrap_or_else(|error| panic!("a HEAD of {path} got no answer: {error}"));
        let get = client.get(path); // what is not an answer here was a body behind the other
        assert_eq!(head.status, get.status, "the status for HEAD and for GET of {path}");
        for field in ["Content-Length", "Content-Type", "Location"] {
            assert_eq!(head.field(field), get.field(field), "the {field} for HEAD and for GET of {path}");
        }
    }
    client.send("POST /docs/a.txt HTTP/1.1\r\nHost: course\r\nContent-Length: 0\r\n\r\n").expect("a request is sent");
    let answer = client.answer().unwrap_or_else(|error| panic!("a POST got no answer: {error}"));
    assert_eq!(answer.status, 405, "the status for a POST");
}

fn links_of_a_listing_lead_to_what_is_there() {
    let files: [(&str, &[u8]); 4] =
        [("a.txt", b"a"), ("read me.txt", b"b"), ("docs/c.txt", b"c"), ("docs/d & e.txt", b"d")];
    let (running, _root) = serve(&files);
    let mut client = Client::connect(running.addr());
    let directories = [("/", &["a.txt", "read me.txt", "docs/"][..]), ("/docs/", &["c.txt", "d & e.txt"])];
    for (directory, names) in directories {
        let answer = client.get(directory);
        assert_eq!(answer.status, 200, "the status for the directory {directory}");
        let content_type = answer.field("Content-Type").unwrap_or_default();
        assert!(content_type.starts_with("text/html"), "the Content-Type of a listing is {content_type:?}");
        let links = links(&answer.text());
        for name in names {
            let link = links.iter().find(|link| link.text.contains(name.trim_end_matches('/')));
            let link = link.unwrap_or_else(|| panic!("no link of {directory} has the text {name:?}: {links:?}"));
            let target = link.target(directory);
            let is_clean = target.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(is_clean, "the link for {name:?} has characters that must be encoded: {target:?}");
            let followed = client.get(&target);
            assert_eq!(followed.status, 200, "the status for {target}, the link for {name:?} in {directory}");
            let file = files.iter().find(|(file, _)| format!("/{file}") == format!("{directory}{name}"));
            if let Some((_, bytes)) = file {
                is_file(&followed, bytes, &target);
            }
        }
    }
}
