//! A check that a page is well-formed and needs nothing but itself, for the tests.

/// Tags that have no end.
const VOID: [&str; 4] = ["meta", "link", "br", "!DOCTYPE"];

/// Panics at the first thing that is wrong.
pub(super) fn check(page: &str) {
    for word in ["http://", "https://", "<script", "url(", "@import", "src=", "javascript:"] {
        assert!(!page.contains(word), "{word} in the page");
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start], open.last() == Some(&"style"));
        let end = start + rest[start..].find('>').unwrap_or_else(|| panic!("no end: {}", head(&rest[start..])));
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        assert!(!tag.contains('<'), "a tag in a tag: <{tag}>");
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "before {}", head(rest));
            continue;
        }
        check_attributes(tag.trim_end_matches('/'));
        if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty() && page.ends_with("</html>\n"), "still open: {open:?}");
}

fn check_text(text: &str, is_style: bool) {
    assert!(is_style || !text.contains('>'), "a stray > in {}", head(text));
    for after in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|entity| after.starts_with(entity)), "a stray & before {}", head(after));
    }
}

/// Each is `name="value"`, or a name by itself, and none is there twice.
fn check_attributes(tag: &str) {
    let pieces: Vec<&str> = tag.split('"').collect();
    assert!(pieces.len() % 2 == 1, "an odd quote in <{tag}>");
    let names: Vec<&str> = pieces.iter().step_by(2).filter_map(|piece| piece.trim().strip_suffix('=')).collect();
    assert_eq!(names.len(), pieces.len() / 2, "a value without a name in <{tag}>");
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), names.len(), "twice the same in <{tag}>");
}

fn head(text: &str) -> String {
    text.chars().take(80).collect()
}
