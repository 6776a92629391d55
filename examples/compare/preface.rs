//! What every report says before its first number: what was compared, when and on what, and what is missing; and,
//! for those who want to know, all that the system told of itself.

use crate::measure::Unit;
use crate::model::{Environment, Part, Run};
use crate::scenario::Scenario;
use crate::words;
use jiff::Timestamp;

pub(crate) const TITLE: &str = "Which concurrency for which load?";

const WHAT_A_BACKEND_IS: &str = "Switchboard is a web server framework in which one handler runs on any of several \
                                 backends. A backend decides what a connection is inside the server: a thread, a \
                                 turn in a pool of threads, a green thread, or an async task.";

/// A few sentences for somebody who has never heard of it.
pub(crate) fn introduction(run: &Run) -> String {
    let backends = words::plural(run.subjects.len() as f64, "backend");
    let compared = match measured(run).len() {
        0 => "Nothing was measured here.".into(),
        loads => format!(
            "Here {backends} served the same handler under {}, one after the other, each in a process of its own.",
            words::plural(loads as f64, "load")
        ),
    };
    format!("{WHAT_A_BACKEND_IS} {compared}")
}

/// The parts with something in them, in the order of the scenarios.
pub(crate) fn measured(run: &Run) -> Vec<&Part> {
    let parts = Scenario::ALL.into_iter().filter_map(|scenario| run.part(scenario));
    parts.filter(|part| !part.cases.is_empty()).collect()
}

/// What is not there, and what else has to be known.
pub(crate) fn notes(run: &Run) -> Vec<String> {
    let mut notes = run.notes.clone();
    if run.quick {
        notes.push("A quick run: what is close here needs a full one to tell apart.".into());
    }
    let is_there = |scenario: &Scenario| measured(run).iter().any(|part| part.scenario == *scenario);
    let absent = Scenario::ALL.into_iter().filter(|scenario| !is_there(scenario));
    let absent: Vec<String> = absent.map(|scenario| format!("{scenario} ({})", scenario.about().title)).collect();
    if !absent.is_empty() {
        notes.push(format!("Not measured: {}.", words::list(&absent)));
    }
    notes
}

/// The machine, in a line.
pub(crate) fn machine(environment: &Environment) -> String {
    let known = [
        environment.cpu.clone(),
        cores(environment),
        if environment.memory > 0 { format!("{} of memory", memory(environment)) } else { String::new() },
        environment.kernel.clone(),
    ];
    let known: Vec<String> = known.into_iter().filter(|word| !word.is_empty()).collect();
    if known.is_empty() { "a machine that did not tell what it is".into() } else { known.join(", ") }
}

/// `2 cores (1 for the server)`.
fn cores(environment: &Environment) -> String {
    match (environment.cores, environment.server_cores.len()) {
        (0, _) => String::new(),
        (all, of_the_server) if (1..all).contains(&of_the_server) => {
            format!("{} ({of_the_server} for the server)", words::plural(all as f64, "core"))
        }
        (all, _) => words::plural(all as f64, "core"),
    }
}

/// All that is known of the place where it ran, by name.
pub(crate) fn environment(run: &Run) -> Vec<(&'static str, String)> {
    let environment = &run.environment;
    let count = |number: u64| if number > 0 { words::count(number as f64) } else { String::new() };
    let shared = if environment.shares_cores() { " (shared)" } else { "" };
    let build = if environment.optimized { "optimized" } else { "not optimized: its figures mean nothing" };
    let rows = [
        ("started", date(&run.started)),
        ("processor", environment.cpu.clone()),
        ("cores", count(environment.cores as u64)),
        ("the server's cores", words::cores(&environment.server_cores) + shared),
        ("the load's cores", words::cores(&environment.generator_cores) + shared),
        ("memory", if environment.memory > 0 { memory(environment) } else { String::new() }),
        ("kernel", environment.kernel.clone()),
        ("compiler", environment.rustc.clone()),
        ("build", build.into()),
        ("switchboard", environment.version.clone()),
        ("commit", environment.revision.clone()),
        ("backends in this build", words::list(&environment.features)),
        ("open files, at most", count(environment.open_files)),
        ("connections that may wait to be accepted (somaxconn)", count(environment.somaxconn)),
        ("load average at the start", format!("{:.2}", environment.load_average)),
    ];
    rows.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn memory(environment: &Environment) -> String {
    Unit::Bytes.show(environment.memory as f64)
}

/// To the minute; as it stands, if it is no date.
pub(crate) fn date(started: &str) -> String {
    let parsed = started.parse::<Timestamp>();
    parsed.map_or(started.into(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

pub(crate) fn duration(seconds: f64) -> String {
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
        assert_eq!(date("2026-11-29T12:00:59.427292924Z"), "2026-11-29 12:00 UTC");
        assert_eq!(date("yesterday"), "yesterday");
    }
}
