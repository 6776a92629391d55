//! The answers, the first sentence of each in bold, and which backend suits which load.

use super::markup::{Prose, Text};
use crate::findings::answers;
use crate::guide::advise;
use crate::model::Run;

pub(super) fn html(run: &Run) -> String {
    let answers: String = answers(run)
        .iter()
        .map(|one| {
            let (first, rest) = one.answer.split_at(one.answer.find(". ").map_or(one.answer.len(), |end| end + 1));
            let question = Text(one.question);
            format!("<dt>{question}</dt>\n<dd><strong>{}</strong>{}</dd>\n", Prose(first), Prose(rest))
        })
        .collect();
    let advice: String = advise(run)
        .iter()
        .map(|one| {
            let (load, pick, why) = (Text(one.load), Prose(&one.pick), Prose(&one.why));
            format!("<div class=\"advice\"><h3>{load}</h3>\n<p class=\"pick\">{pick}</p>\n<p>{why}</p></div>\n")
        })
        .collect();
    let mut html = String::new();
    if !answers.is_empty() {
        html += &format!(
            "<section id=\"answers\">\n<h2>The answers</h2>\n<dl class=\"answers\">\n{answers}</dl>\n</section>\n"
        );
    }
    if !advice.is_empty() {
        html += &format!(
            "<section id=\"guide\">\n<h2>Which backend for which load</h2>\n\
             <div class=\"guide\">\n{advice}</div>\n</section>\n"
        );
    }
    html
}
