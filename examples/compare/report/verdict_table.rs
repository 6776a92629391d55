//! The verdicts: a row for each load, a column for each backend, so that who is compared stands side by side. On a
//! phone each load becomes a card with a line for each backend.

use super::key::Key;
use super::markup::{Prose, Text};
use crate::measure::Better;
use crate::model::{Run, Subject};
use crate::point;
use crate::scenario::Scenario;
use crate::standing::Standing;
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
    let (variant, x) = run.part(scenario).and_then(point::verdict_point).unwrap_or(about.verdict);
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
        Some(Standing::Rank { .. }) if verdict.is_suspect => "suspect",
        Some(Standing::Rank { rank: 1, .. }) => "best",
        Some(Standing::Rank { .. }) => "ranked",
        Some(Standing::Refused(_)) => "refused",
        None => "absent",
    };
    let mut words = format!("<span class=\"value\"><b>{}</b> {}</span>\n", badge(verdict), Text(&verdict.value));
    if !verdict.range.is_empty() {
        words += &format!("<span class=\"range\">{}</span>\n", Text(&verdict.range));
    }
    for (class, line) in [("place", place(verdict)), ("reason", &verdict.reason)] {
        if !line.is_empty() {
            words += &format!("<span class=\"{class}\">{}</span>\n", Prose(line));
        }
    }
    format!("<td class=\"{class}\" data-of=\"{}\">{words}</td>\n", Text(backend))
}

/// The rank, filled for the best and in outline for others.
fn badge(verdict: &Verdict) -> String {
    match &verdict.standing {
        Some(Standing::Rank { rank, .. }) => rank.to_string(),
        Some(Standing::Refused(_)) | None => "–".into(),
    }
}

/// What there is to say of the rank itself.
fn place(verdict: &Verdict) -> &str {
    match &verdict.standing {
        Some(Standing::Rank { .. }) if verdict.is_suspect => "see the warnings",
        Some(Standing::Rank { .. }) => &verdict.shares,
        Some(Standing::Refused(_)) => "not ranked",
        None => "",
    }
}
