//! A listing for scripts that read lines: a name on each, a slash behind those of directories, nothing else.
//!
//! What could act on a terminal, or look like another line, shows as U+FFFD: who needs exact names asks for JSON.

use super::{Format, shown};
use crate::entries::Entry;

pub(super) struct Lines;

impl Format for Lines {
    fn entry(&mut self, entry: &Entry, out: &mut String) {
        *out += &shown(&entry.name);
        *out += if entry.is_directory { "/\n" } else { "\n" };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_for_each_whatever_its_name() {
        let mut text = String::new();
        for (name, is_directory) in
            [("a b", false), ("sub", true), ("x\r\ny\x1b[31m\u{85}\u{202e}", false), ("<é>", false)]
        {
            Lines.entry(&Entry { name: name.into(), is_directory, len: 1, modified: None }, &mut text);
        }
        assert_eq!(text, "a b\nsub/\nx\u{fffd}\u{fffd}y\u{fffd}[31m\u{fffd}\u{fffd}\n<é>\n");
    }

    #[test]
    fn other_line_ends_and_marks() {
        let mut text = String::new();
        for name in ["a\u{2028}b", "a\u{2029}b", "a\u{200f}b", "a\u{61c}b"] {
            Lines.entry(&Entry { name: name.into(), is_directory: false, len: 1, modified: None }, &mut text);
        }
        assert_eq!(text, "a\u{FFFD}b\n".repeat(4));
    }
}
