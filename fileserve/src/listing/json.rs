//! A listing for programs, as JSON (RFC 8259), an entry a line:
//!
//! ```text
//! {"path":"/a/b/","sorted":true,"entries":[
//! {"name":"sub","href":"./sub/","type":"directory","size":null,"modified":"2026-11-24T05:31:07Z"},
//! {"name":"x.txt","href":"./x.txt","type":"file","size":1536,"modified":null}
//! ]}
//! ```
//!
//! Names are exact, but for bytes that are not UTF-8, which show as U+FFFD; `href` is exact always. `sorted` is false
//! where there were too many to sort, or too many such lists at once. A time that has no text is null, and so is the
//! size of a directory.

use super::{Format, href, timestamp};
use crate::entries::Entry;
use crate::location::Location;
use std::fmt::Write;

pub(super) struct Document {
    path: String,
    separator: &'static str,
}

impl Document {
    pub(super) fn new(location: &Location) -> Self {
        let segments = location.segments();
        let path = segments.fold("/".into(), |path: String, segment| path + &segment.to_string_lossy() + "/");
        Self { path, separator: "\n" }
    }
}

impl Format for Document {
    fn begin(&mut self, is_sorted: bool, out: &mut String) {
        *out += &format!("{{\"path\":{},\"sorted\":{is_sorted},\"entries\":[", quoted(&self.path));
    }

    fn entry(&mut self, entry: &Entry, out: &mut String) {
        let (name, href) = (quoted(&entry.name.to_string_lossy()), href(entry));
        let (kind, size) =
            if entry.is_directory { ("directory", "null".into()) } else { ("file", entry.len.to_string()) };
        let modified = entry.modified.and_then(timestamp).map_or("null".into(), |time| quoted(&time));
        *out += std::mem::replace(&mut self.separator, ",\n");
        *out += &format!(
            "{{\"name\":{name},\"href\":\"{href}\",\"type\":\"{kind}\",\"size\":{size},\"modified\":{modified}}}"
        );
    }

    fn end(&mut self, out: &mut String) {
        *out += "\n]}\n";
    }
}

/// A text as a string of JSON. Control characters are escaped beyond what must be, so that a terminal is safe.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", control as u32); // a String takes everything
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dotfiles;
    use std::time::{Duration, SystemTime};

    fn document(path: &str, entries: &[Entry]) -> String {
        let mut document = Document::new(&Location::parse(path, Dotfiles::Hidden).unwrap());
        let mut text = String::new();
        document.begin(true, &mut text);
        entries.iter().for_each(|entry| document.entry(entry, &mut text));
        document.end(&mut text);
        text
    }

    #[test]
    fn documents() {
        let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_999));
        let entries = [
            Entry { name: "sub".into(), is_directory: true, len: 4096, modified: None },
            Entry { name: "x y".into(), is_directory: false, len: u64::MAX, modified },
        ];
        let expected = concat!(
            "{\"path\":\"/a/\\\"b\\\"/\",\"sorted\":true,\"entries\":[\n",
            "{\"name\":\"sub\",\"href\":\"./sub/\",\"type\":\"directory\",\"size\":null,\"modified\":null},\n",
            "{\"name\":\"x y\",\"href\":\"./x%20y\",\"type\":\"file\",\"size\":18446744073709551615,",
            "\"modified\":\"1994-11-06T08:49:37Z\"}\n]}\n",
        );
        assert_eq!(document("/a/%22b%22/", &entries), expected);
        assert_eq!(document("/", &[]), "{\"path\":\"/\",\"sorted\":true,\"entries\":[\n]}\n");
    }

    #[test]
    fn names_can_do_no_harm() {
        let cases = [
            ("\"},{\"", r#""\"},{\"""#),
            ("\\\"", r#""\\\"""#),
            ("a\nb\r\t\0", r#""a\u000ab\u000d\u0009\u0000""#),
            ("\x1b[31m\x7f\u{85}", r#""\u001b[31m\u007f\u0085""#),
            ("日本 </script>", "\"日本 </script>\""),
        ];
        for (name, expected) in cases {
            assert_eq!(quoted(name), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_still_leads_to_its_file() {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"a\xff\"").into();
        let text = document("/", &[Entry { name, is_directory: false, len: 1, modified: None }]);
        assert!(text.contains("\"name\":\"a\u{fffd}\\\"\",\"href\":\"./a%FF%22\""), "{text}");
    }
}
