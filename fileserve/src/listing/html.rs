//! A listing for people: a page with a table, its counts, and the directory's README.
//!
//! Each entry is a row of its own, so that the page of a large directory can be sent while it is made; what the page
//! ends with is counted on the way.

use super::order::{Key, Order};
use super::readme::Readme;
use super::{Format, href, shown, timestamp};
use crate::entries::Entry;
use crate::location::Location;
use std::fmt::Write;

/// Nothing from anywhere: the style is in the page, the pictures are in the style, and the form asks for this page.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    form-action 'self'; base-uri 'none'";
const STYLE: &str = include_str!("style.css");
const HEADS: [(Key, &str); 3] = [(Key::Name, "Name"), (Key::Size, "Size"), (Key::Time, "Modified (UTC)")];

pub(super) struct Page {
    location: Location,
    order: Order,
    readme: Option<Readme>,
    directories: u64,
    files: u64,
    bytes: u64,
}

impl Page {
    pub(super) fn new(location: Location, order: Order, readme: Option<Readme>) -> Self {
        Self { location, order, readme, directories: 0, files: 0, bytes: 0 }
    }

    fn summary(&self) -> String {
        let plural = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let directories = plural(self.directories, "folder", "folders");
        let files = plural(self.files, "file", "files");
        format!("<p title=\"{} bytes\">{directories}, {files}, {}</p>\n", self.bytes, readable(self.bytes))
    }
}

impl Format for Page {
    fn begin(&mut self, is_sorted: bool, out: &mut String) {
        let title = self.location.segments().next_back().map_or("/".into(), |name| escape(&shown(name)));
        *out += &format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
            <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
            <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
            <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
            breadcrumbs(&self.location)
        );
        if !is_sorted {
            *out += "<p>This folder is not sorted: it is too large, or too many large ones are being read.</p>\n";
        }
        *out += "<form>\n<table>\n<thead><tr>";
        let order = is_sorted.then_some(self.order);
        HEADS.iter().for_each(|(key, text)| *out += &head(order, *key, text));
        *out += "</tr></thead>\n<tbody>\n";
        if self.location.segments().next().is_some() {
            *out += "<tr><td class=\"directory\"><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
        }
    }

    fn entry(&mut self, entry: &Entry, out: &mut String) {
        if entry.is_directory {
            self.directories += 1;
        } else {
            self.files += 1;
            self.bytes = self.bytes.saturating_add(entry.len);
        }
        *out += &row(entry);
    }

    fn end(&mut self, out: &mut String) {
        *out += "</tbody>\n</table>\n</form>\n";
        *out += &self.summary();
        if let Some(Readme { name, text }) = &self.readme {
            let text = escape(text);
            // Of the lines of a `pre`, the first is dropped if it is empty: this one.
            let _ = write!(out, "<h2><a href=\"./{name}\">{name}</a></h2>\n<pre>\n{text}</pre>\n");
        }
        *out += "</body>\n</html>\n";
    }
}

/// The way from the root, each step a link, relative so that the page works behind any prefix.
fn breadcrumbs(location: &Location) -> String {
    let depth = location.segments().count();
    let up = |steps: usize| if steps == 0 { "./".into() } else { "../".repeat(steps) };
    let mut crumbs = format!("<a href=\"{}\">Home</a>", up(depth));
    for (index, segment) in location.segments().enumerate() {
        crumbs += &format!(" / <a href=\"{}\">{}</a>", up(depth - 1 - index), escape(&shown(segment)));
    }
    crumbs
}

/// The head of a column; a button that asks for its order, where there is one.
fn head(order: Option<Order>, key: Key, text: &str) -> String {
    let Some(order) = order else { return format!("<th>{text}</th>") };
    let sorted = match order.is_descending {
        _ if order.key != key => "",
        false => " aria-sort=\"ascending\"",
        true => " aria-sort=\"descending\"",
    };
    format!("<th{sorted}><button name=\"sort\" value=\"{}\">{text}</button></th>", order.offer(key))
}

fn row(entry: &Entry) -> String {
    let (class, slash, size) = if entry.is_directory {
        (" class=\"directory\"", "/", "<td></td>".into())
    } else {
        ("", "", format!("<td title=\"{} bytes\">{}</td>", entry.len, readable(entry.len)))
    };
    let (href, name) = (href(entry), escape(&shown(&entry.name)));
    let modified = entry.modified.and_then(timestamp).map(|time| time_of(&time)).unwrap_or_default();
    format!("<tr><td{class}><a href=\"{href}\">{name}{slash}</a></td>{size}<td>{modified}</td></tr>\n")
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

/// A time for people, in the order in which times sort.
fn time_of(timestamp: &str) -> String {
    format!("<time datetime=\"{timestamp}\">{}</time>", timestamp.trim_end_matches('Z').replace('T', " "))
}

/// A text as text of a page, or of an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dotfiles;
    use std::time::{Duration, SystemTime};

    fn entry(name: &str, is_directory: bool) -> Entry {
        Entry { name: name.into(), is_directory, len: 1536, modified: None }
    }

    fn page(path: &str, query: &str, is_sorted: bool, readme: Option<&str>, entries: &[Entry]) -> String {
        let readme = readme.map(|text| Readme { name: "README.md", text: text.into() });
        let mut page = Page::new(Location::parse(path, Dotfiles::Hidden).unwrap(), Order::of(Some(query)), readme);
        let mut text = String::new();
        page.begin(is_sorted, &mut text);
        entries.iter().for_each(|entry| page.entry(entry, &mut text));
        page.end(&mut text);
        text
    }

    #[test]
    fn names_can_do_no_harm() {
        let names = [
            "<img src=x onerror=alert(1)>.txt",
            "\"quoted\" & 'co'",
            "#?%41;",
            "a\nb",
            "javascript:alert(1)",
            "a\u{202E}b",
        ];
        let page = page("/%3Cb%3E/", "", true, None, &names.map(|name| entry(name, false)));
        assert!(!page.contains("<img") && !page.contains("<b>") && !page.contains("\"quoted\""), "{page}");
        assert!(page.contains(">&quot;quoted&quot; &amp; &#39;co&#39;</a>"), "{page}");
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;.txt</a>"));
        assert!(page.contains("href=\"./%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E.txt\""));
        assert!(page.contains("href=\"./%23%3F%2541%3B\""));
        assert!(page.contains("href=\"./a%0Ab\""));
        assert!(page.contains("a\u{FFFD}b</a>") && !page.contains('\u{202E}'));
        assert!(page.contains("href=\"./javascript%3Aalert%281%29\""));
        assert!(page.contains("href=\"./\">&lt;b&gt;</a>"));
        assert!(page.contains("<title>&lt;b&gt;</title>"));
    }

    #[test]
    fn a_readme_is_text() {
        let readme = "# <script>alert(1)</script>\n\t</pre> & \"more\"\n";
        let page = page("/", "", true, Some(readme), &[]);
        let shown = "<h2><a href=\"./README.md\">README.md</a></h2>\n<pre>\n# &lt;script&gt;alert(1)&lt;/script&gt;\n\
            \t&lt;/pre&gt; &amp; &quot;more&quot;\n</pre>\n";
        assert!(page.contains(shown), "{page}");
    }

    #[test]
    fn rows() {
        let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
        let file = Entry { modified, ..entry("a b", false) };
        let cells = "<td><a href=\"./a%20b\">a b</a></td><td title=\"1536 bytes\">1.5 KiB</td>\
            <td><time datetime=\"1994-11-06T08:49:37Z\">1994-11-06 08:49:37</time></td>";
        assert_eq!(row(&file), format!("<tr>{cells}</tr>\n"));
        let cells = "<td class=\"directory\"><a href=\"./sub/\">sub/</a></td><td></td><td></td>";
        assert_eq!(row(&entry("sub", true)), format!("<tr>{cells}</tr>\n"));
    }

    #[test]
    fn heads_are_buttons_where_there_is_an_order() {
        let head = |sorted: &str, value: &str, text: &str| {
            format!("<th{sorted}><button name=\"sort\" value=\"{value}\">{text}</button></th>")
        };
        for (query, name, size) in [
            ("", head(" aria-sort=\"ascending\"", "-name", "Name"), head("", "-size", "Size")),
            ("sort=-name", head(" aria-sort=\"descending\"", "name", "Name"), head("", "-size", "Size")),
            ("sort=-size", head("", "name", "Name"), head(" aria-sort=\"descending\"", "size", "Size")),
        ] {
            let page = page("/", query, true, None, &[]);
            assert!(page.contains(&format!("<tr>{name}{size}{}</tr>", head("", "-time", "Modified (UTC)"))), "{page}");
            assert!(page.contains("<form>") && !page.contains("not sorted"), "no action, which a crawler would follow");
        }
        let page = page("/", "sort=size", false, None, &[]);
        assert!(page.contains("<tr><th>Name</th><th>Size</th><th>Modified (UTC)</th></tr>"), "{page}");
        assert!(page.contains("not sorted") && !page.contains("<button"), "{page}");
    }

    #[test]
    fn counts() {
        let entries = [entry("a", false), entry("b", true), entry("c", false)];
        let large = [Entry { len: u64::MAX, ..entry("d", false) }, entry("e", false)];
        for (entries, expected) in [
            (&entries[..], "<p title=\"3072 bytes\">1 folder, 2 files, 3.0 KiB</p>"),
            (&entries[..1], "<p title=\"1536 bytes\">0 folders, 1 file, 1.5 KiB</p>"),
            (&[], "<p title=\"0 bytes\">0 folders, 0 files, 0 B</p>"),
            (&large, "<p title=\"18446744073709551615 bytes\">0 folders, 2 files, 16 EiB</p>"),
        ] {
            let page = page("/", "", true, None, entries);
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }

    #[test]
    fn the_way_back() {
        assert!(page("/", "", true, None, &[]).contains("<h1><a href=\"./\">Home</a></h1>"));
        let page = page("/a/b/", "", true, None, &[]);
        let crumbs = "<a href=\"../../\">Home</a> / <a href=\"../\">a</a> / <a href=\"./\">b</a>";
        assert!(page.contains(crumbs) && page.contains("<a href=\"../\">../</a>"), "{page}");
    }

    #[test]
    fn sizes_for_people() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10_240, "10 KiB"), (u64::MAX, "16 EiB")];
        for (bytes, text) in cases {
            assert_eq!(readable(bytes), text);
        }
    }
}
