//! Which backend for which load: a card for each.

use super::markup::{Prose, Text};
use crate::guide::{Advice, advise};
use crate::model::Run;

pub(super) fn html(run: &Run) -> String {
    let card = |one: &Advice| {
        let (load, pick, why) = (Text(one.load), Prose(&one.pick), Prose(&one.why));
        format!("<div class=\"advice\"><h3>{load}</h3>\n<p class=\"pick\">{pick}</p>\n<p>{why}</p></div>\n")
    };
    let cards: String = advise(run).iter().map(card).collect();
    if cards.is_empty() {
        return cards;
    }
    format!(
        "<section id=\"guide\">\n<h2>Which backend for which load</h2>\n<div class=\"guide\">\n{cards}</div>\n\
         </section>\n"
    )
}
