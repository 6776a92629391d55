//! A chart with its title above and notes below, which are HTML so that they can be read at any size.

use crate::measure::Measure;
use crate::report::markup::{Text, list};
use crate::words;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Figure {
    pub(super) title: String,
    pub(super) svg: String,
    pub(super) notes: Vec<String>,
}

/// All of them, one after the other. What is noted at several is said once, below.
pub(super) fn html(mut figures: Vec<Figure>) -> String {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for note in figures.iter().flat_map(|figure| &figure.notes) {
        *times.entry(note.clone()).or_default() += 1;
    }
    let mut common: Vec<String> = Vec::new();
    for figure in &mut figures {
        let (several, own) = figure.notes.drain(..).partition(|note| times.get(note).is_some_and(|times| *times > 1));
        figure.notes = own;
        let several: Vec<String> = several;
        common.extend(several);
    }
    let mut seen = BTreeSet::new();
    common.retain(|note| seen.insert(note.clone()));
    let figures: String = figures.iter().map(Figure::html).collect();
    if figures.is_empty() {
        figures
    } else {
        format!("<div class=\"figures\">\n{figures}</div>\n{}", list("notes", &common))
    }
}

impl Figure {
    fn html(&self) -> String {
        let Self { title, svg, notes } = self;
        format!("<figure>\n<figcaption>{}</figcaption>\n{svg}{}</figure>\n", Text(title), list("notes", notes))
    }
}

/// What is shown, and of what, without what is empty.
pub(super) fn heading(what: &str, of: &[&str]) -> String {
    let of: Vec<&str> = of.iter().copied().filter(|word| !word.is_empty()).collect();
    if of.is_empty() { what.into() } else { format!("{what}: {}", of.join(", ")) }
}

pub(super) fn title(measure: Measure, of: &[&str]) -> String {
    heading(&words::capital(measure.label()), of)
}

pub(super) fn over(measure: Measure, axis: &str, variant: &str) -> String {
    heading(&format!("{} over {axis}", words::capital(measure.label())), &[variant])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_leave_out_what_is_empty() {
        assert_eq!(title(Measure::P99, &["", "64 connections"]), "p99: 64 connections");
        assert_eq!(title(Measure::Modify, &[]), "A timer moved");
        assert_eq!(title(Measure::Cpu, &["", ""]), "Server CPU a request");
    }
}
