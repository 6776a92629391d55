//! Two runs side by side: first what is clearly different, then everything.

use super::markup::{Text, list};
use crate::against::{Change, cautions, changes};
use crate::measure::Better;
use crate::model::Run;
use crate::preface::date;
use crate::standing::Spread;
use crate::words;

pub(super) fn html(before: &Run, now: &Run) -> String {
    let changes = changes(before, now);
    let clear: Vec<&Change> = changes.iter().filter(|change| change.clear).collect();
    let words = match (changes.len(), clear.len()) {
        (0, _) => "The two have nothing in common that could be compared.".to_string(),
        (all, 0) => format!("No clear difference in {}.", words::plural(all as f64, "number")),
        (all, some) => format!("{some} of {} differ clearly.", words::plural(all as f64, "number")),
    };
    let all: Vec<&Change> = changes.iter().collect();
    let all = match all.len() == clear.len() {
        true => String::new(),
        false => format!("<details>\n<summary>All that both measured</summary>\n{}</details>\n", table(&all)),
    };
    format!(
        "<section id=\"before\">\n<h2>Against a run of before</h2>\n<p>Before: {}, <code>{}</code>, commit {}. \
         {words}</p>\n\
         {}{}{all}</section>\n",
        Text(&date(&before.started)),
        Text(&before.command),
        Text(if before.environment.revision.is_empty() { "unknown" } else { &before.environment.revision }),
        list("warnings", &cautions(before, now)),
        table(&clear),
    )
}

fn table(changes: &[&Change]) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let words = ["backend", "load", "measure"].map(|head| format!("<th scope=\"col\" class=\"words\">{head}</th>"));
    let numbers = ["before", "now", "change"].map(|head| format!("<th scope=\"col\">{head}</th>"));
    let heads = words.concat() + &numbers.concat() + "<th scope=\"col\" class=\"words\">verdict</th>";
    let rows: String = changes.iter().map(|change| row(change)).collect();
    format!(
        "<div class=\"scroll\"><table class=\"numbers changes\">\n\
         <thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\
         </table></div>\n"
    )
}

fn row(change: &Change) -> String {
    let at = words::at(change.scenario, &change.backend, change.x);
    let load = [change.scenario.to_string(), change.variant.clone(), at];
    let load: Vec<String> = load.into_iter().filter(|word| !word.is_empty()).collect();
    let cell = |spread: &Spread| {
        let [low, median, high] =
            [spread.low, spread.median, spread.high].map(|value| change.measure.unit().show(value));
        format!("<td>{}<small>{} to {}</small></td>", Text(&median), Text(&low), Text(&high))
    };
    format!(
        "<tr{}><th scope=\"row\">{}</th><td class=\"words\">{}</td><td class=\"words\">{}</td>{}{}<td>{}</td>\
         <td class=\"words\">{}</td></tr>\n",
        if change.clear { " class=\"clear\"" } else { "" },
        Text(&change.backend),
        Text(&load.join(", ")),
        Text(change.measure.label()),
        cell(&change.before),
        cell(&change.now),
        percent(change),
        verdict(change),
    )
}

/// By how much the median moved.
fn percent(change: &Change) -> String {
    let percent = (change.now.median / change.before.median - 1.0) * 100.0;
    if percent.is_finite() { format!("{percent:+.0} %").replace('-', "−") } else { "–".into() }
}

fn verdict(change: &Change) -> &'static str {
    let is_less = change.now.median < change.before.median;
    match (change.clear, change.measure.better(), is_less) {
        (false, ..) => "no clear difference",
        (true, Better::Neither, true) => "clearly less",
        (true, Better::Neither, false) => "clearly more",
        (true, Better::Lower, true) => "▼ clearly better",
        (true, Better::Higher, false) => "▲ clearly better",
        (true, Better::Lower, false) => "▲ clearly worse",
        (true, Better::Higher, true) => "▼ clearly worse",
    }
}
