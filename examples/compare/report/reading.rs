//! How to read the rest, the words that are used, and where the numbers come from.

use super::markup::{Prose, Text};
use crate::glossary::{self, Entry};
use crate::model::Run;
use crate::preface;

pub(super) fn html(run: &Run) -> String {
    format!(
        "<section id=\"reading\">\n<h2>How to read it</h2>\n<div class=\"columns\">\n<div>\n{}</div>\n<div>\n{}\
         </div>\n</div>\n<h3>The environment</h3>\n{}</section>\n",
        paragraphs(&glossary::method()),
        paragraphs(&glossary::terms()),
        environment(run)
    )
}

fn paragraphs(entries: &[Entry]) -> String {
    entries.iter().map(|(head, text)| format!("<h3>{head}</h3>\n<p>{}</p>\n", Prose(text))).collect()
}

/// What the system told.
fn environment(run: &Run) -> String {
    let row =
        |(name, value): (&str, String)| format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", Text(&value));
    let rows: String = preface::environment(run).into_iter().map(row).collect();
    format!("<table class=\"environment\">\n<tbody>\n{rows}</tbody></table>\n")
}
