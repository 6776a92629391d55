//! A page as a browser reads it, as far as its links go.

/// A link of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads, as the page says it, without HTML's escapes.
    pub href: String,
    /// Its text without tags and escapes: what a reader sees.
    pub text: String,
}

impl Link {
    /// The target of a request that follows it, from a page whose path is `base`, which ends in a slash.
    pub fn target(&self, base: &str) -> String {
        let href = self.href.split('#').next().unwrap_or_default();
        match href.strip_prefix("./").unwrap_or(href) {
            absolute if absolute.starts_with('/') => absolute.to_string(),
            relative => format!("{base}{relative}"),
        }
    }
}

/// The links of a page, in order.
pub fn links(page: &str) -> Vec<Link> {
    let small = page.to_ascii_lowercase();
    small.match_indices("<a ").filter_map(|(at, _)| link(&page[at..], &small[at..])).collect()
}

/// The link that `page` begins with; `small` is the same in small letters.
fn link(page: &str, small: &str) -> Option<Link> {
    let start = small.find("href=")? + "href=".len();
    let quote = page[start..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (href, rest) = page[start + 1..].split_once(quote)?;
    let text = rest.split_once('>')?.1;
    let end = text.to_ascii_lowercase().find("</a>")?;
    Some(Link { href: unescaped(href), text: unescaped(&without_tags(&text[..end])) })
}

fn without_tags(text: &str) -> String {
    let mut pieces = text.split('<');
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |text, piece| text + piece.split_once('>').unwrap_or_default().1)
}

fn unescaped(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let entity = piece.split_once(';').and_then(|(name, rest)| Some((entity(name)?, rest)));
        match entity {
            Some((character, rest)) => {
                plain.push(character);
                plain.push_str(rest);
            }
            None => plain = plain + "&" + piece,
        }
    }
    plain
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_as_a_browser_does() {
        let page = "<p>no <b>link</b><A class=x HREF='/a?b&amp;c'>a &lt;b&#62; <i>c&#x21;</i> &amp;lt; & d</A>\
            <a href=\"./e#f\"><script>x</a>";
        let expected = [("/a?b&c", "a <b> c! &lt; & d"), ("./e#f", "x")];
        let expected = expected.map(|(href, text)| Link { href: href.into(), text: text.into() });
        assert_eq!(links(page), expected);
        assert_eq!(expected.map(|link| link.target("/d/")), ["/a?b&c", "/d/e"]);
    }
}
