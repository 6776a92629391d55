//! What was let go: idle connections that were to be kept, and requests at a stop.

use super::judged::backends;
use crate::measure::Measure;
use crate::model::Part;
use crate::point::measured;
use crate::report::markup::Text;
use crate::words;

/// A short table: of the idle connections, how many were kept.
pub(super) fn kept(part: &Part) -> String {
    let points: Vec<f64> = part.points().into_iter().filter(|x| *x > 0.0).collect();
    let is_known = part.cases.iter().any(|case| measured(case, Measure::Kept).is_some());
    if points.is_empty() || !is_known {
        return String::new();
    }
    let head: String = points.iter().map(|x| format!("<th scope=\"col\">{}</th>", words::count(*x))).collect();
    let mut rows = String::new();
    for backend in backends(part.cases.iter()) {
        let cell = |x: &f64| {
            let case = part.cases.iter().find(|case| case.backend == backend && case.x == *x);
            match case.and_then(|case| measured(case, Measure::Kept)) {
                Some(kept) if kept.low < 100.0 => format!("<td><strong>{}</strong></td>", percent(kept.median)),
                Some(kept) => format!("<td>{}</td>", percent(kept.median)),
                None => "<td>not measured</td>".into(),
            }
        };
        let cells: String = points.iter().map(cell).collect();
        rows += &format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", Text(backend));
    }
    let caption = "<caption>Idle connections kept to the end</caption>";
    format!(
        "<div class=\"scroll\"><table class=\"short\">{caption}\n\
         <thead><tr><th scope=\"col\">of</th>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn percent(value: f64) -> String {
    Measure::Kept.unit().show(value)
}

/// A sentence: requests that had been sent before the order to stop and got no answer.
pub(super) fn requests(part: &Part) -> String {
    let known: Vec<_> = part.cases.iter().filter_map(|case| Some((case, measured(case, Measure::Lost)?))).collect();
    let lost: Vec<String> = known
        .iter()
        .filter(|(_, lost)| lost.high > 0.0)
        .map(|(case, lost)| {
            format!("{} up to {} at {}", case.backend, Measure::Lost.unit().show(lost.high), words::count(case.x))
        })
        .collect();
    match (known.is_empty(), lost.is_empty()) {
        (true, _) => String::new(),
        (_, true) => "<p><strong>No request was lost</strong>, in any round, on any backend.</p>\n".into(),
        (_, false) => {
            let lost = words::list(&lost);
            format!("<p><strong>Requests were lost:</strong> {} idle connections.</p>\n", Text(&lost))
        }
    }
}
