//! What a directory says about itself: its README, as it stands there. It is never rendered as Markdown.

use crate::resolve::{Found, Root};
use std::io::Read;
use std::path::Path;

/// The names that are looked for, in this order.
const NAMES: [&str; 2] = ["README.md", "README.txt"];
/// How much of it is shown, in bytes.
const MOST: usize = 64 << 10;

pub(super) struct Readme {
    pub(super) name: &'static str,
    pub(super) text: String,
}

impl Readme {
    /// That of the directory at `path`, if there is one that is not empty.
    pub(super) fn find(root: &Root, path: &Path) -> Option<Self> {
        NAMES.into_iter().find_map(|name| {
            let Ok(Found::File(opened)) = root.find(&path.join(name)) else { return None };
            let mut bytes = Vec::new();
            opened.file.take(MOST as u64 + 1).read_to_end(&mut bytes).ok()?;
            let text = text(&bytes);
            (!text.trim().is_empty()).then_some(Self { name, text })
        })
    }
}

/// What of `bytes` is shown. Control characters that do not lay the text out show as U+FFFD.
fn text(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(MOST)];
    let mut text = String::from_utf8_lossy(shown).replace("\r\n", "\n");
    if shown.len() < bytes.len() {
        text.truncate(text.trim_end_matches('\u{FFFD}').len()); // half a character
        text += "…";
    }
    text.replace(|character: char| character.is_control() && !matches!(character, '\n' | '\t'), "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tree;
    use std::fs;

    #[test]
    fn the_first_that_says_something_is_shown_up_to_a_limit() {
        let tree = Tree::new(&["sub/README.md/x"]);
        let root = Root::open(&tree.path("")).unwrap();
        let write = |name: &str, content: &[u8]| fs::write(tree.path(name), content).unwrap();
        let find = || Readme::find(&root, Path::new("sub")).map(|readme| (readme.name, readme.text));
        assert_eq!(find(), None, "a directory of that name");
        write("sub/README.txt", b"a\r\n\tb\xff\x1b[31m\n");
        assert_eq!(find(), Some(("README.txt", "a\n\tb\u{FFFD}\u{FFFD}[31m\n".into())));
        fs::remove_dir_all(tree.path("sub/README.md")).unwrap();
        write("sub/README.md", b"\n \n");
        assert_eq!(find().unwrap().0, "README.txt", "the other is empty");
        write("sub/README.md", b"first");
        assert_eq!(find(), Some(("README.md", "first".into())));
        let whole = "é".repeat(MOST / 2);
        write("sub/README.md", whole.as_bytes());
        assert!(find().unwrap().1 == whole);
        write("sub/README.md", format!("x{whole}").as_bytes());
        assert!(find().unwrap().1 == format!("x{}…", "é".repeat(MOST / 2 - 1)));
        assert!(Readme::find(&root, Path::new(".")).is_none());
    }
}
