//! The beginning: what this is, when and where it was measured, and what has to be known before a number is
//! believed.

use super::markup::{Prose, Text, list};
use super::measured;
use crate::measure::Unit;
use crate::model::{Environment, Run};
use crate::scenario::Scenario;
use crate::warnings::warnings;
use crate::words;
use jiff::Timestamp;

pub(super) fn html(run: &Run) -> String {
    format!(
        "<header>\n<h1>Which concurrency for which load?</h1>\n\
         <p class=\"lead\">Switchboard is a web server framework in which one handler runs on any of several \
         backends. A backend decides what a connection is inside the server: a thread, a turn in a pool of threads, \
         a green thread, or an async task. {}</p>\n<p class=\"facts\"><time datetime=\"{}\">{}</time> · took {} · \
         {}</p>\n{}{}</header>\n",
        compared(run),
        Text(&run.started),
        Text(&date(&run.started)),
        duration(run.seconds),
        Prose(&machine(&run.environment)),
        list("warnings", &warnings(run)),
        list("cut", &cut(run)),
    )
}

fn compared(run: &Run) -> String {
    let backends = words::plural(run.subjects.len() as f64, "backend");
    match measured(run).len() {
        0 => "Nothing was measured here.".into(),
        loads => format!(
            "Here {backends} served the same handler under {}, one after the other, each in a process of its own.",
            words::plural(loads as f64, "load")
        ),
    }
}

/// What is not there.
fn cut(run: &Run) -> Vec<String> {
    let mut cut = run.notes.clone();
    if run.quick {
        cut.push("A quick run: what is close here needs a full one to tell apart.".into());
    }
    let is_there = |scenario: &Scenario| measured(run).iter().any(|part| part.scenario == *scenario);
    let absent = Scenario::ALL.into_iter().filter(|scenario| !is_there(scenario));
    let absent: Vec<String> = absent.map(|scenario| format!("{scenario} ({})", scenario.about().title)).collect();
    if !absent.is_empty() {
        cut.push(format!("Not measured: {}.", words::list(&absent)));
    }
    cut
}

/// The machine, in a line.
fn machine(environment: &Environment) -> String {
    let memory = Unit::Bytes.show(environment.memory as f64);
    let known = [
        environment.cpu.clone(),
        if environment.cores > 0 { words::plural(environment.cores as f64, "core") } else { String::new() },
        if environment.memory > 0 { format!("{memory} of memory") } else { String::new() },
        environment.kernel.clone(),
    ];
    let known: Vec<String> = known.into_iter().filter(|word| !word.is_empty()).collect();
    if known.is_empty() { "on a machine that did not tell what it is".into() } else { known.join(", ") }
}

/// To the minute; as it stands, if it is no date.
pub(super) fn date(started: &str) -> String {
    let parsed = started.parse::<Timestamp>();
    parsed.map_or(started.into(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        short @ ..60 => format!("{short} s"),
        middle @ ..3600 => format!("{} min {} s", middle / 60, middle % 60),
        long => format!("{} h {} min", long / 3600, long % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_for_people() {
        assert_eq!([0.4, 88.0, 7384.0].map(duration), ["0 s", "1 min 28 s", "2 h 3 min"]);
        assert_eq!(date("2026-11-29T12:00:59Z"), "2026-11-29 12:00 UTC");
        assert_eq!(date("yesterday"), "yesterday");
    }
}
