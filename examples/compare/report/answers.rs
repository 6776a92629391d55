//! The answers, the first sentence of each in bold.

use super::markup::{Prose, Text};
use crate::findings::{Answer, answers};
use crate::model::Run;

pub(super) fn html(run: &Run) -> String {
    let one = |one: &Answer| {
        let (first, rest) = one.answer.split_at(one.answer.find(". ").map_or(one.answer.len(), |end| end + 1));
        let question = Text(one.question);
        format!("<dt>{question}</dt>\n<dd><strong>{}</strong>{}</dd>\n", Prose(first), Prose(rest))
    };
    let answers: String = answers(run).iter().map(one).collect();
    if answers.is_empty() {
        return answers;
    }
    format!("<section id=\"answers\">\n<h2>The answers</h2>\n<dl class=\"answers\">\n{answers}</dl>\n</section>\n")
}
