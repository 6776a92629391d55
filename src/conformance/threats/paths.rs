//! Where a path may lead: to what is beneath the root, to nothing else, and to nothing that makes a request wait.

use super::super::{Client, Subject};
use super::site::{SECRET, Site};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// What somebody may take for `..`.
const DOT_DOT: &[&str] = &[
    "..",
    "%2e%2e",
    "%2E%2E",
    "%2e.",
    ".%2e",
    "%2E.",
    ".%2E",
    "%252e%252e",
    "%252e.",
    ".%252E",
    "%25252e%25252e",
    "%%32%65%%32%65",
    "%u002e%u002e",
    "%uff0e%uff0e",
    "%c0%ae%c0%ae",
    "%c0%2e%c0%2e",
    "%c0.%c0.",
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%ef%bc%8e%ef%bc%8e",
    "\u{ff0e}\u{ff0e}",
    "\u{2025}",
    "..%00",
    "%00..",
    "%2e%00%2e",
    "..;",
    "..;a=b",
    "..%3b",
    "..%20",
    "..%09",
    "..%0a",
    "..%0d",
    "...",
    "....",
    "..%01",
    "..::$DATA",
    "./..",
];

/// What somebody may take for a slash.
const SEPARATORS: &[&str] = &[
    "/",
    "//",
    "/./",
    "%2f",
    "%2F",
    "%252f",
    "%u2215",
    "\\",
    "%5c",
    "%255C",
    "%c0%af",
    "%c1%9c",
    "%e0%80%af",
    "%ef%bc%8f",
    "\u{2215}",
    "%00/",
    ";/",
];

pub(super) fn dot_dot_in_any_spelling(subject: &Subject) {
    let mut site = Site::of(subject, &["inside.txt", "dir/deep/x.txt"]);
    let mut refused = |target: &str| {
        let reply = site.get(target);
        assert!(matches!(reply.status, 400 | 404), "{target}: {reply:?}");
        assert!(!reply.body.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{target}");
    };
    for (up, separator) in DOT_DOT.iter().flat_map(|up| SEPARATORS.iter().map(move |separator| (up, separator))) {
        refused(&format!("/{up}{separator}secret.txt"));
        refused(&format!("/dir{separator}{up}{separator}{up}{separator}secret.txt"));
    }
    for up in DOT_DOT {
        refused(&format!("/{up}/root-sibling/secret.txt"));
    }
    for target in [
        "/..",
        "/../",
        "/dir/../../",
        "/-sibling/secret.txt",
        "/..root-sibling/secret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/etc/passwd",
        "/proc/self/environ",
        "file:///etc/passwd",
        "http://test/../secret.txt",
        "http://test/%2e%2e/secret.txt",
        "/C:/secret.txt",
        "/~root/secret.txt",
        "/inside.txt%00.html",
        "/inside.txt/",
        "/inside.txt/../../secret.txt",
        "/%2569nside.txt",
        "/../root/inside.txt",
        "/dir/../inside.txt",
    ] {
        refused(target);
    }
    assert_eq!(site.get("/%69nside%2Etxt").text(), "inside.txt", "what is encoded once is decoded once");
    assert_eq!(site.get("//./dir//deep%2f/./x.txt?../../secret.txt").text(), "dir/deep/x.txt");
}

pub(super) fn symlinks_leaving_the_root(subject: &Subject) {
    let mut site = Site::of(subject, &["inside.txt", "dir/x.txt"]);
    let absolute = site.beside("secret.txt");
    for (to, link) in [
        (Path::new("../secret.txt"), "out.txt"),
        (Path::new("../../secret.txt"), "dir/out.txt"),
        (Path::new("dir/../../secret.txt"), "dir-out.txt"),
        (Path::new("out.txt"), "chain.txt"),
        (&absolute, "absolute.txt"),
        (Path::new(".."), "up"),
        (Path::new("up"), "chained-up"),
        (Path::new("../root-sibling"), "sibling"),
        (Path::new("/"), "slash"),
        (Path::new("/etc"), "etc"),
        (Path::new("/dev/zero"), "zero"),
        (Path::new("/proc/self/cwd"), "cwd"),
        (Path::new("/proc/self/fd"), "fd"),
        (Path::new("loop"), "loop"),
        (Path::new("nowhere"), "nowhere-to-be-found"),
        (Path::new("inside.txt"), "in.txt"),
        (Path::new("../inside.txt"), "dir/in.txt"),
    ] {
        symlink(to, site.file(link)).expect("a link");
    }
    for target in [
        "/out.txt",
        "/dir/out.txt",
        "/dir-out.txt",
        "/chain.txt",
        "/absolute.txt",
        "/up",
        "/up/",
        "/up/secret.txt",
        "/up/root/inside.txt",
        "/chained-up/secret.txt",
        "/sibling/",
        "/sibling/secret.txt",
        "/slash/",
        "/slash/etc/passwd",
        "/etc/passwd",
        "/zero",
        "/cwd/",
        "/cwd/Cargo.toml",
        "/fd/0",
        "/loop",
        "/loop/x",
        "/nowhere-to-be-found",
    ] {
        assert_eq!(site.get(target).status, 404, "{target}");
        assert_eq!(site.ask(&format!("HEAD {target}"), "").status, 404, "{target}");
    }
    for target in ["/in.txt", "/dir/in.txt"] {
        assert_eq!(site.get(target).text(), "inside.txt", "a link that stays inside is followed");
    }
    let listing = site.get("/");
    assert!(listing.text().contains(">in.txt<") && listing.text().contains(">dir/<"));
    for name in
        ["out.txt", "dir-out", "chain", "absolute", "up", "sibling", "slash", "etc", "zero", "cwd", "fd", "loop"]
    {
        assert!(!listing.text().contains(&format!("\"./{name}")), "{name} cannot be fetched, so it is not listed");
    }
}

pub(super) fn fifos_devices_and_sockets(subject: &Subject) {
    let mut site = Site::of(subject, &["a.txt", "odd/x.txt"]);
    let make = |tool: &str, name: &str, kind: &[&str]| {
        let status = Command::new(tool).arg(site.file(name)).args(kind).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    assert!(make("mkfifo", "fifo", &[]) && make("mkfifo", "odd/index.html", &[]), "mkfifo");
    let mut special = vec!["/fifo", "/socket"];
    if make("mknod", "zero", &["c", "1", "5"]) {
        special.push("/zero"); // only a privileged process can make one
    }
    let _listener = UnixListener::bind(site.file("socket")).expect("a socket");
    let mut waiting: Vec<_> = (0..6).map(|_| Client::of(&site.server)).collect(); // more than there are workers of some
    for client in &mut waiting {
        client.send("GET /fifo HTTP/1.1\r\nHost: test\r\n\r\n".repeat(4));
    }
    assert_eq!(site.get("/a.txt").text(), "a.txt", "others are served meanwhile");
    for client in &mut waiting {
        assert_eq!([(); 4].map(|()| client.reply().status), [404; 4]);
    }
    for target in special {
        for (line, fields) in [
            (format!("GET {target}"), ""),
            (format!("HEAD {target}"), ""),
            (format!("GET {target}/"), ""),
            (format!("GET {target}"), "Range: bytes=0-0\r\n"),
            (format!("GET {target}"), "If-None-Match: *\r\n"),
        ] {
            assert_eq!(site.ask(&line, fields).status, 404, "{line}");
        }
    }
    let listing = site.get("/");
    assert!(listing.text().contains("a.txt"));
    for name in ["fifo", "socket", "zero"] {
        assert!(!listing.text().contains(name), "{name} is listed");
    }
    assert!(site.get("/odd/").text().contains("x.txt"), "an index that is no file is none");
}

pub(super) fn redirects_to_other_hosts(subject: &Subject) {
    let mut site = Site::of(subject, &["sub/x.txt", "evil.example/sub/x.txt"]);
    fs::create_dir(site.file("a\r\nSet-Cookie: b")).expect("a folder");
    for (target, location) in [
        ("/sub", "/sub/"),
        ("//sub", "/sub/"),
        ("////sub", "/sub/"),
        ("/%2fsub", "/sub/"),
        ("/.//sub", "/sub/"),
        ("/%2e/%2f/sub", "/sub/"),
        ("//evil.example", "/evil.example/"),
        ("//evil.example/sub", "/evil.example/sub/"),
        ("/%2f%2Fevil.example", "/evil.example/"),
        ("/.//evil.example", "/evil.example/"),
        ("http://evil.example/sub", "/sub/"),
        ("http://evil.example//evil.example", "/evil.example/"),
        ("/sub?//evil.example", "/sub/?//evil.example"),
        ("/sub?%0d%0aSet-Cookie:%20b", "/sub/?%0d%0aSet-Cookie:%20b"),
        ("/sub?\\\\evil.example", "/sub/?%5C%5Cevil.example"),
        ("/a%0d%0aSet-Cookie:%20b", "/a%0D%0ASet-Cookie%3A%20b/"),
    ] {
        let reply = site.ask(&format!("GET {target}"), "X-Forwarded-Host: evil.example\r\n");
        assert_eq!((reply.status, reply.field("location")), (301, Some(location)), "{target}");
        assert_eq!(reply.field("set-cookie"), None, "{target}");
    }
    for target in
        ["/\\evil.example", "/%5cevil.example", "//evil.example/..", "//evil.example/%2e%2e", "/%09/evil.example"]
    {
        let reply = site.get(target);
        assert!(matches!(reply.status, 400 | 404) && reply.field("location").is_none(), "{target}: {reply:?}");
    }
}
