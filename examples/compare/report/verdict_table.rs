//! The verdicts: a row for each load, a column for each backend, so that who is compared stands side by side. On a
//! phone each load becomes a card with a line for each backend.

use super::key::Key;
use super::markup::{Prose, Text};
use crate::measure::Better;
use crate::model::{Run, Subject};
use crate::point;
use crate::scenario::Scenario;
use crate::standing::{Refusal, Standing};
use crate::verdict::{Verdict, Verdicts, verdicts};
use crate::words;

pub(super) fn html(run: &Run) -> String {
    let Verdicts { columns, rows } = verdicts(run);
    let mut html = String::from("<section id=\"verdicts\">\n<h2>The verdicts</h2>\n");
    html += &backends(run);
    if columns.is_empty() || rows.is_empty() {
        return html + "<p>Nothing was measured.</p>\n</section>\n";
    }
    let heads: String = rows.iter().map(|(name, _)| format!("<th scope=\"col\">{}</th>", Text(name))).collect();
    let columns = columns.iter().enumerate();
    let body: String = columns.map(|(index, scenario)| row(run, *scenario, index, &rows)).collect();
    let width = 11 + 8 * rows.len();
    html += &format!(
        "<p>The median, the range from the lowest to the highest sample, and the rank. Several have the same rank \
         if there is no clear difference between them. The best have a filled mark.</p>\n\
         <div class=\"scroll\"><table class=\"verdicts\" style=\"min-width: {width}rem\">\n\
         <thead><tr><th scope=\"col\">load</th>{heads}</tr></thead>\n\
         <tbody>\n{body}</tbody></table></div>\n</section>\n"
    );
    html
}

/// What the backends are, and what stands for them in the charts.
fn backends(run: &Run) -> String {
    let one = |subject: &Subject| {
        let key = Key::of(run, &subject.name);
        let (name, about) = (Text(&subject.name), Text(&subject.about));
        format!("<dt>{}{name}</dt>\n<dd>{about}</dd>\n", sign(key))
    };
    let list: String = run.subjects.iter().map(one).collect();
    if list.is_empty() { list } else { format!("<dl class=\"backends\">\n{list}</dl>\n") }
}

/// Its mark on its line, as in the charts.
fn sign(key: Key) -> String {
    format!(
        "<svg class=\"sign {}\" viewBox=\"0 0 40 16\" aria-hidden=\"true\"><path class=\"line\" d=\"M0 8H40\"/>\
         <path class=\"mark\" transform=\"translate(20 8)\" d=\"{}\"/></svg>",
        key.class(),
        key.shape()
    )
}

fn row(run: &Run, scenario: Scenario, column: usize, rows: &[(String, Vec<Verdict>)]) -> String {
    let about = scenario.about();
    let better = match about.headline.better() {
        Better::Lower => ", less is better",
        Better::Higher => ", more is better",
        Better::Neither => "",
    };
    let (variant, named) = about.verdict;
    let x = run.part(scenario).and_then(|part| point::verdict_x(part, variant)).unwrap_or(named);
    let at = if about.axis.is_empty() { String::new() } else { format!("at {} {}", words::count(x), about.axis) };
    let at: Vec<&str> = [variant, &at].into_iter().filter(|word| !word.is_empty()).collect();
    let cells: String = rows.iter().filter_map(|(name, verdicts)| Some(cell(name, verdicts.get(column)?))).collect();
    format!(
        "<tr><th scope=\"row\"><a href=\"#{scenario}\">{scenario} \
         {}</a><small>{}{better}</small><small>{}</small></th>\n\
         {cells}</tr>\n",
        Text(about.title),
        Text(about.headline.label()),
        Text(&at.join(", ")),
    )
}

fn cell(backend: &str, verdict: &Verdict) -> String {
    let class = match &verdict.standing {
        Some(Standing::Rank { rank: 1, .. }) => "best",
        Some(Standing::Rank { .. }) => "ranked",
        Some(Standing::Refused(_)) => "refused",
        None => "absent",
    };
    let (rank, place) = place(verdict.standing.as_ref());
    let mut words = format!("<span class=\"value\"><b>{rank}</b> {}</span>\n", Text(&verdict.value));
    if !verdict.range.is_empty() {
        words += &format!("<span class=\"range\">{}</span>\n", Text(&verdict.range));
    }
    let reason = if place.contains(&verdict.reason) { "" } else { &verdict.reason };
    for (class, line) in [("place", place.as_str()), ("reason", reason)] {
        if !line.is_empty() {
            words += &format!("<span class=\"{class}\">{}</span>\n", Prose(line));
        }
    }
    format!("<td class=\"{class}\" data-of=\"{}\">{words}</td>\n", Text(backend))
}

/// The rank for a badge, filled for the best and in outline for others; and what else there is to say of it.
fn place(standing: Option<&Standing>) -> (String, String) {
    let (rank, words) = match standing {
        Some(Standing::Rank { rank, shared: true }) => (rank.to_string(), "no clear difference".into()),
        Some(Standing::Rank { rank, shared: false }) => (rank.to_string(), String::new()),
        Some(Standing::Refused(Refusal::Differs(_))) => ("–".into(), "not ranked: its answers differ".into()),
        Some(refused @ Standing::Refused(_)) => ("–".into(), refused.to_string()),
        None => ("–".into(), "not measured".into()),
    };
    (rank, words)
}
