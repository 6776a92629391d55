//! Files that are not what a server expects: dated strangely, changing while they are sent, asked for in strange parts,
//! named to do harm.

use super::super::{Client, Reply, Subject};
use super::site::Site;
use super::witness::{LAST, SMUGGLED, Told};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

/// Times in seconds since 1970.
const TIMES: &[i64] = &[
    i64::MIN,
    -62_135_596_801,
    -62_135_596_800,
    -1 << 40,
    -1_000_000,
    -1,
    0,
    1,
    1 << 31,
    1 << 32,
    4_102_444_800,
    253_402_300_799,
    253_402_300_800,
    1 << 40,
    i64::MAX,
];

pub(super) fn times_out_of_range(subject: &Subject) {
    let mut site = Site::of(subject, &["a.txt"]);
    for &seconds in TIMES {
        let since = Duration::from_secs(seconds.unsigned_abs());
        let time = match seconds {
            ..0 => SystemTime::UNIX_EPOCH.checked_sub(since),
            0.. => SystemTime::UNIX_EPOCH.checked_add(since),
        };
        let file = File::options().write(true).open(site.file("a.txt")).expect("the file");
        if time.is_none_or(|time| file.set_modified(time).is_err()) {
            continue; // the system has no such times
        }
        let stored = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
        let reply = site.get("/a.txt");
        assert_eq!((reply.status, reply.text()), (200, "a.txt"), "{seconds}");
        let has_date = stored >= SystemTime::UNIX_EPOCH && stored <= SystemTime::now();
        assert_eq!(reply.field("last-modified").is_some(), has_date, "{seconds}: {reply:?}");
        let etag = reply.field("etag").expect("a tag").to_string();
        for (condition, status) in [
            (format!("If-None-Match: {etag}\r\n"), 304),
            (format!("If-Match: {etag}\r\n"), 200),
            (format!("If-Range: {etag}\r\nRange: bytes=0-0\r\n"), 206),
        ] {
            assert_eq!(site.ask("GET /a.txt", &condition).status, status, "{seconds}: {condition}");
        }
        assert_eq!(site.get("/").status, 200, "the listing has dates as well");
    }
    for date in
        ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 10000 00:00:00 GMT", "0", "x"]
    {
        for name in ["If-Modified-Since", "If-Unmodified-Since", "If-Range"] {
            let status = site.ask("GET /a.txt", &format!("{name}: {date}\r\nRange: bytes=0-0\r\n")).status;
            assert!(matches!(status, 200 | 206 | 304 | 412), "{name}: {date}: {status}");
        }
    }
}

/// More than the sockets' buffers take.
const LARGE: usize = 16 << 20;

pub(super) fn files_that_change_while_served(subject: &Subject) {
    let mut site = Site::of(subject, &["small.txt"]);
    for shrunk in [0, 1 << 20] {
        let (file, mut client) = under_way(&site, "");
        file.set_len(shrunk).expect("a shorter file");
        assert!(client.rest().len() < LARGE - 1_000, "what is not there is not made up, and the connection ends");
        assert_eq!(site.get("/small.txt").text(), "small.txt", "others are served");
    }
    type Change = fn(&Site, File);
    let changes: [Change; 3] = [
        |_, mut file| file.write_all(&[b'x'; 1 << 20]).expect("a longer file"),
        |site, _| {
            site.write("new.bin", vec![b'x'; 1 << 20]);
            fs::rename(site.file("new.bin"), site.file("large.bin")).expect("another file");
        },
        |site, _| fs::remove_file(site.file("large.bin")).expect("no file"),
    ];
    for change in changes {
        let (file, mut client) = under_way(&site, "GET /small.txt HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        change(&site, file);
        assert!(client.take(LARGE - 1_000) == vec![0; LARGE - 1_000], "what was asked for, not what is there now");
        assert_eq!(client.reply().text(), "small.txt", "exactly so many bytes");
        client.closed();
    }
}

/// A large file of zeros, open for appending, and a client that has taken its first 1,000 bytes, and has sent `more`.
fn under_way(site: &Site, more: &str) -> (File, Client) {
    site.write("large.bin", "");
    let file = File::options().append(true).open(site.file("large.bin")).expect("the file");
    file.set_len(LARGE as u64).expect("a large file");
    let mut client = Client::of(&site.server);
    client.send(format!("GET /large.bin HTTP/1.1\r\nHost: test\r\n\r\n{more}"));
    assert_eq!(client.head().field("content-length"), Some(LARGE.to_string().as_str()));
    client.take(1_000);
    (file, client)
}

/// Ranges of a file of 1,000 bytes: too large to count, or not understood.
const RANGES: &[&str] = &[
    "bytes=0-9223372036854775807",
    "bytes=9223372036854775807-",
    "bytes=9223372036854775808-",
    "bytes=0-18446744073709551615",
    "bytes=18446744073709551615-",
    "bytes=18446744073709551615-18446744073709551615",
    "bytes=18446744073709551616-",
    "bytes=0-18446744073709551616",
    "bytes=-9223372036854775808",
    "bytes=-18446744073709551615",
    "bytes=-18446744073709551616",
    "bytes=-0",
    "bytes=--1",
    "bytes=-",
    "bytes=",
    "bytes",
    "",
    "=0-0",
    "bytes=1-0",
    "bytes=999-1000",
    "bytes=1000-",
    "bytes=+1-5",
    "bytes=1-+5",
    "bytes=0x1-0x5",
    "bytes=1_0-2_0",
    "bytes=1 -5",
    "bytes=1- 5",
    "bytes=1-5-9",
    "bytes = 1-5",
    "bytes=0-0,",
    "bytes=0-0,-1",
    "bytes=0-0, 500-, 2-3",
    "bytes=0-0,0-0",
    "bytes=0-499,499-999",
    "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30",
    "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,32-32",
    "bytes=0-0,18446744073709551616-",
    "bytes=0-0\r\nRange: bytes=1-1",
    "seconds=1-5",
];

pub(super) fn hostile_ranges(subject: &Subject) {
    let mut site = Site::of(subject, &[]);
    let content: Vec<u8> = (0..1_000).map(|at| (at % 251) as u8).collect();
    site.write("a.bin", &content);
    site.write("empty.bin", "");
    let overlapping: Vec<_> = (0..1_300).map(|at| format!("5-{at}")).collect();
    let many = [format!("bytes={}", vec!["0-"; 200].join(",")), format!("bytes=0-,{}", overlapping.join(","))];
    for range in RANGES.iter().copied().chain(many.iter().map(String::as_str)) {
        let _told = Told(range.as_bytes());
        let field = format!("Range: {range}\r\n");
        let reply = site.ask("GET /a.bin", &field);
        match (reply.status, reply.field("content-range")) {
            (200, None) => assert!(reply.body == content, "the whole, once"),
            (206, Some(part)) => assert!(reply.body == content[range_of(part)], "what it says"),
            (206, None) => assert!(parts_of(&reply, &content) <= content.len(), "no more than there is"),
            (416, part) => assert_eq!(part, Some("bytes */1000")),
            _ => panic!("{reply:?}"),
        }
        assert_eq!(site.ask("HEAD /a.bin", &field).status, 200, "it means nothing to HEAD");
        assert!(matches!(site.ask("GET /empty.bin", &field).status, 200 | 416));
    }
    for (range, status) in [
        ("bytes=0-18446744073709551616", 206),
        ("bytes=18446744073709551616-", 416),
        ("bytes=+1-5", 200),
        ("bytes=0-0,-1", 206),
        ("bytes=0-499,499-999", 200),
        ("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,32-32", 200),
    ] {
        assert_eq!(site.ask("GET /a.bin", &format!("Range: {range}\r\n")).status, status, "{range}");
    }
}

/// The bytes that the Content-Range of a part of 1,000 bytes names.
fn range_of(part: &str) -> RangeInclusive<usize> {
    let part = part.strip_prefix("bytes ").and_then(|part| part.strip_suffix("/1000")).expect("a part");
    let (first, last) = part.split_once('-').expect("a part");
    first.parse().expect("a number")..=last.parse().expect("a number")
}

/// How many bytes the parts of a multipart answer have in all; each has to be what it says.
fn parts_of(reply: &Reply, content: &[u8]) -> usize {
    let boundary = reply.field("content-type").and_then(|text| text.strip_prefix("multipart/byteranges; boundary="));
    let delimiter = format!("\r\n--{}", boundary.expect("a boundary"));
    let body = [b"\r\n", &reply.body[..]].concat();
    let found = |text: &[u8], wanted: &str| text.windows(wanted.len()).position(|part| part == wanted.as_bytes());
    let (mut rest, mut sum) = (&body[delimiter.len()..], 0);
    while let Some(end) = found(rest, &delimiter) {
        let (part, behind) = (&rest[..end], &rest[end + delimiter.len()..]);
        let head = found(part, "\r\n\r\n").expect("an empty line");
        let fields = String::from_utf8_lossy(&part[..head]).to_lowercase();
        let range = fields.lines().find_map(|field| field.strip_prefix("content-range: ")).expect("a part");
        assert!(part[head + 4..] == content[range_of(range)], "what it says");
        sum += part.len() - head - 4;
        rest = behind;
    }
    assert_eq!(rest, b"--\r\n", "the end");
    sum
}

/// Names that do harm where they are not escaped, or not encoded.
const NAMES: &[&[u8]] = &[
    b"<script>alert(1)<",
    b"<img src=x onerror=alert(1)>.txt",
    b"\" onmouseover=\"alert(1)",
    b"' onmouseover='alert(1)",
    b"javascript:alert(1)",
    b"data:text,html",
    b"a\nb",
    b"a\r\nSet-Cookie: b",
    b"a\tb",
    b"a\x1b[31mb",
    b"a\x7fb",
    b"%41.txt",
    b"%2e%2e",
    b"%",
    b"#a",
    b"?a=b",
    b"a#?&b",
    b"amp&lt;.txt",
    b"&#60;b&#62;",
    b"a;b",
    b"a b+c",
    b"\\a\\b",
    b"{{a}}",
    b"http:",
    b"a\xffb",
    b"\xc0\xaf",
    b"\xe2\x80\xaetxt.exe",
    "\u{65e5}\u{672c}".as_bytes(),
];

pub(super) fn hostile_names_in_listings(subject: &Subject) {
    let mut site = Site::of(subject, &[]);
    for (folder, name) in ["", "<b>\"'&/"].iter().flat_map(|folder| NAMES.iter().map(move |name| (folder, name))) {
        fs::create_dir_all(site.file(folder)).expect("a folder");
        fs::write(site.file(folder).join(OsStr::from_bytes(name)), name).expect("a file");
    }
    for folder in ["/", "/%3Cb%3E%22'&/"] {
        let listing = site.get(folder);
        assert_eq!(listing.field("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(listing.field("x-content-type-options"), Some("nosniff"));
        assert!(
            listing.field("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'"))
        );
        let page = listing.text();
        for markup in
            ["<script", "<img", "<b>", "\" onmouse", "' onmouse", "\x1b", "\x7f", "\r", "\u{202e}", "&lt;.txt<"]
        {
            assert!(!page.contains(markup), "{markup:?} in {page}");
        }
        let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let mut found: Vec<_> = links.filter_map(|link| link.strip_prefix("./")).collect();
        found.retain(|link| !link.is_empty() && !link.ends_with('/'));
        assert!(found.iter().all(|link| link.bytes().all(is_unreserved_or_encoded)), "{found:?}");
        let mut contents: Vec<_> = found.iter().map(|link| site.get(&format!("{folder}{link}")).body).collect();
        let mut expected: Vec<_> = NAMES.iter().map(|name| name.to_vec()).collect();
        contents.sort();
        expected.sort();
        assert_eq!(contents, expected, "every link leads to its file");
    }
}

fn is_unreserved_or_encoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)
}

pub(super) fn bodies_sent_to_files(subject: &Subject) {
    let site = Site::of(subject, &["a.txt", "last", "dir/x.txt"]);
    for (line, status) in [
        ("GET /a.txt", 200),
        ("GET /", 200),
        ("GET /nothing", 404),
        ("GET /dir", 301),
        ("HEAD /a.txt", 200),
        ("HEAD /nothing", 404),
        ("GET /a.txt HTTP/1.1\r\nRange: bytes=9-\r\nX:", 416),
        ("GET /a.txt HTTP/1.1\r\nIf-None-Match: *\r\nX:", 304),
        ("GET /a.txt HTTP/1.1\r\nIf-Match: \"x\"\r\nX:", 412),
        ("POST /a.txt", 405),
        ("PUT /nothing", 405),
        ("get /a.txt", 405),
        ("COW /a.txt", 405),
        ("OPTIONS /a.txt", 204),
    ] {
        let _told = Told(line.as_bytes());
        let mut client = Client::of(&site.server);
        let head = format!("{line} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", SMUGGLED.len());
        client.send([head.as_bytes(), SMUGGLED, LAST].concat());
        let reply = if line.starts_with("HEAD ") { client.head() } else { client.reply() };
        assert_eq!(reply.status, status);
        assert_eq!(reply.field("allow").is_some(), matches!(status, 204 | 405), "{reply:?}");
        assert_eq!(client.reply().text(), "last", "not the request within the body");
        client.closed();
    }
}

pub(super) fn no_5xx_for_strange_paths_and_conditions(subject: &Subject) {
    let mut site = Site::of(subject, &["a.txt", "dir/x.txt"]);
    symlink("loop", site.file("loop")).expect("a link");
    let long = [
        format!("/{}", "x".repeat(256)),
        format!("/{}", "x".repeat(7_000)),
        "/dir".repeat(1_500),
        "/%ff".repeat(1_500),
    ];
    for target in
        ["/loop", "/loop/", "/a.txt/", "/a.txt/x", "/%00", "/%ff", "/%", "/dir/x.txt/index.html", "/%0d%0a", "/:", "/?"]
            .into_iter()
            .chain(long.iter().map(String::as_str))
    {
        let status = site.get(target).status;
        assert!(matches!(status, 200..500), "{target}: {status}");
    }
    for name in [
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "If-Range",
        "Range",
        "Accept-Encoding",
    ] {
        for value in [
            "",
            "\"",
            "W/",
            "W/\"",
            "*",
            "*, *",
            "\"a",
            "a\"",
            ",,,",
            "\u{e9}",
            "0",
            "-1",
            "Mon, 99 Foo 9999 99:99:99 GMT",
        ] {
            for target in ["/a.txt", "/", "/dir", "/nothing"] {
                let status = site.ask(&format!("GET {target}"), &format!("{name}: {value}\r\n")).status;
                assert!(status < 500, "{target} with {name}: {value}: {status}");
            }
        }
    }
}
