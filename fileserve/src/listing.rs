//! The page that shows what is in a directory.
//!
//! It needs no script and nothing from anywhere else, and says so in its Content-Security-Policy. Every name is
//! escaped as text and encoded as a link.

use crate::resolve::{Entry, Location, encode};
use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fmt::Write;
use std::time::SystemTime;
use switchboard_core::Response;

const STYLE: &str = include_str!("listing.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page of the directory at `location`.
pub(crate) fn page(location: &Location, mut entries: Vec<Entry>) -> Response {
    // Directories first; names without regard to case, as people look for them.
    entries.sort_by_cached_key(|entry| {
        (Reverse(entry.is_directory), entry.name.to_string_lossy().to_lowercase(), entry.name.clone())
    });
    Response::html(html(location, &entries))
        .with_header("cache-control", "no-cache")
        .with_header("content-security-policy", POLICY)
        .with_header("x-content-type-options", "nosniff")
}

fn html(location: &Location, entries: &[Entry]) -> String {
    let title = location.segments().last().map_or("/".into(), |name| escape(name));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n\
        <table>\n<thead><tr><th>Name</th><th>Size</th><th>Modified (UTC)</th></tr></thead>\n<tbody>\n",
        breadcrumbs(location)
    );
    if !location.segments().is_empty() {
        page += "<tr><td class=\"directory\"><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
    }
    entries.iter().for_each(|entry| page += &row(entry));
    page += "</tbody>\n</table>\n";
    let _ = write!(page, "<p>{}</p>\n</body>\n</html>\n", summary(entries)); // a String takes everything
    page
}

/// The way from the root, each step a link, relative so that the page works behind any prefix.
fn breadcrumbs(location: &Location) -> String {
    let depth = location.segments().len();
    let up = |steps: usize| if steps == 0 { "./".into() } else { "../".repeat(steps) };
    let mut crumbs = format!("<a href=\"{}\">Home</a>", up(depth));
    for (index, segment) in location.segments().iter().enumerate() {
        crumbs += &format!(" / <a href=\"{}\">{}</a>", up(depth - 1 - index), escape(segment));
    }
    crumbs
}

fn row(entry: &Entry) -> String {
    let (class, slash, size) =
        if entry.is_directory { (" class=\"directory\"", "/", String::new()) } else { ("", "", readable(entry.len)) };
    let (href, name) = (encode(&entry.name), escape(&entry.name));
    let modified = entry.modified.and_then(minute).unwrap_or_default();
    format!(
        "<tr><td{class}><a href=\"./{href}{slash}\">{name}{slash}</a></td><td>{size}</td><td>{modified}</td></tr>\n"
    )
}

fn summary(entries: &[Entry]) -> String {
    let directories = entries.iter().filter(|entry| entry.is_directory).count();
    let files = entries.len() - directories;
    let size = readable(entries.iter().filter(|entry| !entry.is_directory).map(|entry| entry.len).sum());
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    format!("{}, {}, {size}", plural(directories, "folder", "folders"), plural(files, "file", "files"))
}

/// A size for people, in powers of 1024.
fn readable(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let power = (bytes.ilog2() / 10).min(6);
    let size = bytes as f64 / 1024f64.powi(power as i32);
    let unit = UNITS[power as usize - 1];
    if size < 10.0 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

/// `24 Nov 2026 05:31`; `None` for years that have no such text.
fn minute(time: SystemTime) -> Option<String> {
    const LAST: u64 = 253_402_300_799; // the end of the year 9999
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok().filter(|since| since.as_secs() <= LAST)?;
    let text = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since);
    Some(text["Tue, ".len()..text.len() - ":01 GMT".len()].into())
}

/// A name as text of a page. What is not UTF-8 shows as U+FFFD; its link still has the bytes.
fn escape(name: &OsStr) -> String {
    let mut escaped = String::new();
    for character in name.to_string_lossy().chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            // The marks among these turn the direction of the text, and could disguise an extension.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{FFFD}'),
            control if control.is_control() => escaped.push('\u{FFFD}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn entry(name: &str, is_directory: bool) -> Entry {
        Entry { name: name.into(), is_directory, len: 1536, modified: None }
    }

    #[test]
    fn names_can_do_no_harm() {
        let location = Location::parse("/%3Cb%3E/").unwrap();
        let names = [
            "<img src=x onerror=alert(1)>.txt",
            "\"quoted\" & 'co'",
            "#?%41;",
            "a\nb",
            "javascript:alert(1)",
            "a\u{202E}b",
        ];
        let entries = names.map(|name| entry(name, false));
        let page = html(&location, &entries);
        assert!(!page.contains("<img") && !page.contains("<b>") && !page.contains("\"quoted\""), "{page}");
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;.txt</a>"));
        assert!(page.contains("href=\"./%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E.txt\""));
        assert!(page.contains("href=\"./%23%3F%2541%3B\""));
        assert!(page.contains("href=\"./a%0Ab\""));
        assert!(page.contains("a\u{FFFD}b</a>") && !page.contains('\u{202E}'));
        assert!(page.contains("href=\"./javascript%3Aalert%281%29\""));
        assert!(page.contains("href=\"./\">&lt;b&gt;</a>"));
    }

    #[test]
    fn directories_come_first_and_case_does_not_count() {
        let entries = ["b", "A", "c"].map(|name| entry(name, name == "c")).into_iter().collect();
        let response = page(&Location::parse("/").unwrap(), entries);
        let Some(len) = response.body().len() else { panic!("a page has a length") };
        assert!(len > 0);
        let switchboard_core::Body::Bytes(bytes) = response.into_body() else { panic!("a page is bytes") };
        let page = String::from_utf8(bytes).unwrap();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
        assert!(at(">c/</a>") < at(">A</a>") && at(">A</a>") < at(">b</a>"));
        assert!(page.contains("1 folder, 2 files, 3.0 KiB"));
    }

    #[test]
    fn sizes_for_people() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10_240, "10 KiB"), (u64::MAX, "16 EiB")];
        for (bytes, text) in cases {
            assert_eq!(readable(bytes), text);
        }
    }

    #[test]
    fn times_for_people() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(minute(at(784_111_777)).as_deref(), Some("06 Nov 1994 08:49"));
        assert_eq!(minute(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(minute(at(1 << 40)), None);
    }
}
