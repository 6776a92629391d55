//! Text that goes into a page. Whatever was not written in this folder goes through [`Text`]: names of backends, the
//! command line, what a system said of itself, and all that is said about a run.

use std::fmt::{self, Write};

/// Escaped, between tags and in attributes alike.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(' ')?,
                // A page may not hold these, not even escaped.
                control if control.is_control() => f.write_char(char::REPLACEMENT_CHARACTER)?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Sentences: escaped as well, what stands between backticks is code, and a number is kept on a line with its unit.
pub(super) struct Prose<'a>(pub(super) &'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces: Vec<&str> = self.0.split('`').collect();
        if pieces.len().is_multiple_of(2) {
            return Text(&bound(self.0)).fmt(f); // a backtick of its own
        }
        for (index, piece) in pieces.iter().enumerate() {
            match index.is_multiple_of(2) {
                true => Text(&bound(piece)).fmt(f)?,
                false => write!(f, "<code>{}</code>", Text(piece))?,
            }
        }
        Ok(())
    }
}

/// With spaces nobody breaks a line at, between numbers and units.
fn bound(text: &str) -> String {
    const UNITS: [&str; 8] = ["ns", "µs", "ms", "s", "B", "KiB", "MiB", "GiB"];
    let mut bound = String::new();
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            let unit = word.trim_end_matches(|letter: char| ",.;:)".contains(letter));
            let is_unit = unit == "%" || unit.split('/').next().is_some_and(|unit| UNITS.contains(&unit));
            let after_number = bound.ends_with(|letter: char| letter.is_ascii_digit());
            bound.push(if is_unit && after_number { '\u{a0}' } else { ' ' });
        }
        bound += word;
    }
    bound
}

/// A list of sentences, or nothing if there is nothing in it.
pub(super) fn list<T: AsRef<str>>(class: &str, items: &[T]) -> String {
    let items: String = items.iter().map(|item| format!("<li>{}</li>\n", Prose(item.as_ref()))).collect();
    if items.is_empty() { items } else { format!("<ul class=\"{class}\">\n{items}</ul>\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            Text("<b title='1' id=\"2\">&\n\0").to_string(),
            "&lt;b title=&#39;1&#39; id=&quot;2&quot;&gt;&amp; \u{fffd}"
        );
    }

    #[test]
    fn sentences_keep_numbers_and_units_together() {
        let prose = |text| Prose(text).to_string();
        assert_eq!(
            prose(" 5 ms, 3 % (2 MiB/s) of `a<b>`"),
            " 5\u{a0}ms, 3\u{a0}% (2\u{a0}MiB/s) of <code>a&lt;b&gt;</code>"
        );
        assert_eq!(prose("at 5 connections, a ` of its own"), "at 5 connections, a ` of its own");
    }
}
