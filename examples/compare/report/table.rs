//! All numbers of a load: a group of rows for each point, a row for each backend.

use super::charts::{judged_at, places};
use super::markup::Text;
use crate::measure::Measure;
use crate::model::{Case, Part, Run};
use crate::point::measured;
use crate::standing::Spread;
use crate::step::Place;
use crate::words;

pub(super) fn html(run: &Run, part: &Part) -> String {
    let about = part.scenario.about();
    let has_values = |measure: &Measure| part.cases.iter().any(|case| measured(case, *measure).is_some());
    let columns: Vec<Measure> = about.columns.iter().copied().filter(has_values).collect();
    let mut heads = String::from("<th scope=\"col\">backend</th><th scope=\"col\" class=\"words\">rank</th>");
    for &measure in &columns {
        heads += &format!("<th scope=\"col\">{}</th>", Text(measure.label()));
        if measure == Measure::Rate {
            heads += "<th scope=\"col\" class=\"words\">errors</th>";
        }
    }
    if !columns.contains(&Measure::Rate) {
        heads += "<th scope=\"col\" class=\"words\">errors</th>";
    }
    let groups: String = places(part).into_iter().map(|point| group(run, part, &columns, point)).collect();
    format!(
        "<p>The rank is by {}. Below each median is its range.</p>\n<div class=\"scroll\"><table \
         class=\"numbers\">\n\
         <thead><tr>{heads}</tr></thead>\n{groups}</table></div>\n",
        Text(about.headline.label())
    )
}

fn group(run: &Run, part: &Part, columns: &[Measure], (variant, x): Place<'_>) -> String {
    let about = part.scenario.about();
    let backend = part.at(variant, x).first().map_or("", |case| &case.backend);
    let at = words::at(part.scenario, backend, x);
    let words: Vec<&str> = [variant, &at].into_iter().filter(|word| !word.is_empty()).collect();
    let mut rows = String::new();
    if !words.is_empty() {
        let width = columns.len() + 3;
        let words = words.join(", ");
        rows += &format!(
            "<tr class=\"point\"><th colspan=\"{width}\" scope=\"rowgroup\"><span>{}</span></th></tr>\n",
            Text(&words)
        );
    }
    for judged in judged_at(run, part, about.headline, (variant, x)) {
        let rank = match judged.refusal() {
            None => words::rank(&judged.standing),
            Some(why) if judged.spread.is_none() => why,
            Some(why) => format!("not ranked: {why}"),
        };
        let (backend, rank) = (Text(&judged.case.backend), Text(&rank));
        let cells = cells(judged.case, columns);
        rows += &format!("<tr><th scope=\"row\">{backend}</th><td class=\"words\">{rank}</td>{cells}</tr>\n");
    }
    format!("<tbody>\n{rows}</tbody>\n")
}

fn cells(case: &Case, columns: &[Measure]) -> String {
    let errors = format!("<td class=\"words\">{}</td>", Text(&errors(case)));
    let mut cells = String::new();
    for &measure in columns {
        cells += &cell(measure, measured(case, measure));
        if measure == Measure::Rate {
            cells += &errors;
        }
    }
    if columns.contains(&Measure::Rate) { cells } else { cells + &errors }
}

fn cell(measure: Measure, spread: Option<Spread>) -> String {
    let show = |value| Text(&measure.unit().show(value)).to_string();
    match spread {
        None => "<td>–</td>".into(),
        Some(Spread { low, median, high, .. }) if low == high => format!("<td>{}</td>", show(median)),
        Some(Spread { low, median, high, .. }) => {
            format!("<td>{}<small>{} to {}</small></td>", show(median), show(low), show(high))
        }
    }
}

/// By class, the most frequent first.
pub(super) fn errors(case: &Case) -> String {
    let mut errors: Vec<(&str, u64)> = case.errors().into_iter().collect();
    errors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let word = |(class, count): &(&str, u64)| format!("{} {class}", words::count(*count as f64));
    let words: Vec<String> = errors.iter().map(word).collect();
    match (words.is_empty(), case.samples.is_empty()) {
        (true, true) => "–".into(),
        (true, false) => "none".into(),
        (false, _) => words.join(", "),
    }
}
