//! A directory that is served as it should be: files of any size, long listings, what is compressed on the way. (What
//! is done to it with bad intent is among the [`threats`](super::threats).)

use super::threats::site::Site;
use super::{Client, Subject};

/// Around the turns that large bodies go out in.
const SIZES: &[usize] = &[0, 1, 65_000, 65_535, 65_536, 65_537, 262_145, 3_000_001];

/// Bytes that tell where they come from.
fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

pub(super) fn files_of_any_size_arrive_whole(subject: &Subject) {
    let mut site = Site::of(subject, &["small.txt"]);
    for &len in SIZES {
        let content = content(len);
        site.write("a.bin", &content);
        let reply = site.get("/a.bin");
        assert!((reply.status, &reply.body) == (200, &content), "{len} bytes");
        assert_eq!(site.ask("HEAD /a.bin", "").field("content-length"), Some(len.to_string().as_str()));
        let (first, last) = (len / 3, len.saturating_sub(2));
        if first < last {
            let part = site.ask("GET /a.bin", &format!("Range: bytes={first}-{last}\r\n"));
            assert!((part.status, &part.body[..]) == (206, &content[first..=last]), "a part of {len} bytes");
        }
        let mut client = Client::of(&site.server);
        let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        client.send(request("/small.txt") + &request("/a.bin") + &request("/small.txt"));
        assert_eq!(client.reply().text(), "small.txt");
        assert!(client.reply().body == content, "{len} bytes between others");
        assert_eq!(client.reply().text(), "small.txt");
    }
}

pub(super) fn a_long_listing_arrives_whole(subject: &Subject) {
    let mut site = Site::with(subject, &["dir/0.txt"], |directory| directory.sorted_listings(600));
    for (files, is_sorted) in [(100, true), (500, true), (1_500, false)] {
        for file in 0..files {
            site.write(&format!("dir/{file}.txt"), "");
        }
        let expected: Vec<_> = (0..files).map(|file| format!("{file}.txt")).collect();
        let reply = site.ask("GET /dir/", "Accept: text/plain\r\n");
        let mut names: Vec<_> = reply.text().lines().map(str::to_string).collect();
        if !is_sorted {
            names.sort_by_key(|name| name.trim_end_matches(".txt").parse::<u32>().ok());
        }
        assert!(names == expected, "{files} files: {names:?}");
        assert!(site.get("/dir/").text().ends_with("</html>\n"));
    }
}

#[cfg(feature = "gzip")]
pub(super) fn a_text_is_compressed_on_the_way(subject: &Subject) {
    let mut site = Site::with(subject, &[], |directory| directory.compress(true));
    let text = "the same again and again\n".repeat(20_000);
    site.write("a.txt", &text);
    for _ in 0..3 {
        let reply = site.ask("GET /a.txt", "Accept-Encoding: gzip\r\n");
        assert_eq!((reply.status, reply.field("content-encoding")), (200, Some("gzip")));
        let (magic, length) = (&reply.body[..3], &reply.body[reply.body.len() - 4..]);
        assert_eq!((magic, length), (&b"\x1f\x8b\x08"[..], &(text.len() as u32).to_le_bytes()[..]), "RFC 1952");
        assert!(reply.body.len() < text.len() / 50);
        assert!(site.get("/a.txt").text() == text);
    }
}
