//! A load: the question, how it was measured, charts, what is to be seen in them, all numbers, and how to repeat it.

use super::charts::charts;
use super::markup::{Prose, Text, list};
use super::table;
use crate::findings::sentences;
use crate::model::{Case, Part, Run};
use crate::words;

pub(super) fn html(run: &Run, part: &Part) -> String {
    let scenario = part.scenario;
    let about = scenario.about();
    format!(
        "<section id=\"{scenario}\">\n<h2>{scenario} {}</h2>\n<p class=\"question\">{}</p>\n<p>{}</p>\n{}{}{}{}\
         <details>\n<summary>All numbers of {scenario}</summary>\n{}</details>\n\
         <div class=\"repeat\">Repeat it:<pre>{}</pre></div>\n</section>\n",
        Text(about.title),
        Prose(about.question),
        Prose(about.method),
        charts(run, part),
        seen(run, part),
        errors(part),
        missing(part),
        table::html(run, part),
        Text(&command(run, part)),
    )
}

fn seen(run: &Run, part: &Part) -> String {
    let sentences = list("seen", &sentences(run, part));
    if sentences.is_empty() { sentences } else { format!("<h3>What you see</h3>\n{sentences}") }
}

/// Whether what is shown was answered.
fn errors(part: &Part) -> String {
    let answered: u64 = part.cases.iter().map(Case::answered).sum();
    let count: u64 = part.cases.iter().flat_map(|case| case.errors().into_values()).sum();
    match (answered, count) {
        (0, 0) => String::new(),
        (_, 0) => format!("<p class=\"errors\">Errors: none in {} requests.</p>\n", words::count(answered as f64)),
        (_, _) => {
            let failing: Vec<&Case> = part.cases.iter().filter(|case| !case.errors().is_empty()).collect();
            let of = |case: &&Case| format!("{} ({})", place(part, case), table::errors(case));
            let failing: Vec<String> = failing.iter().map(of).collect();
            let (count, all) = (words::count(count as f64), words::count((count + answered) as f64));
            format!("<p class=\"errors\">Errors: {count} in {all} requests: {}.</p>\n", Text(&words::list(&failing)))
        }
    }
}

/// What could not be measured, and why.
fn missing(part: &Part) -> String {
    let failed = part.cases.iter().filter_map(|case| Some((case, case.failure.as_ref()?)));
    let words = |(case, failure): (&Case, &String)| {
        let how = if case.samples.is_empty() { "not measured" } else { "measured less often" };
        format!("{}: {how}: {failure}.", place(part, case))
    };
    list("missing", &failed.map(words).collect::<Vec<_>>())
}

/// A case in words: the backend, and what tells it from its other cases.
fn place(part: &Part, case: &Case) -> String {
    let at = match words::at(part.scenario, &case.backend, case.x) {
        nowhere if nowhere.is_empty() => nowhere,
        somewhere => format!(" at {somewhere}"),
    };
    let variant = if case.variant.is_empty() { String::new() } else { format!(", {}", case.variant) };
    format!("{}{variant}{at}", case.backend)
}

/// What repeats this part of the run, and nothing else.
fn command(run: &Run, part: &Part) -> String {
    let names: Vec<&str> = run.subjects.iter().map(|subject| subject.name.as_str()).collect();
    let (scenario, backends) = (part.scenario, quoted(&names.join(",")));
    let Run { method, .. } = run;
    format!("cargo run --release --example compare -- {method} --scenarios {scenario} --backends {backends}")
}

/// For a shell, if it needs it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ",:-_./=".contains(letter);
    if word.chars().all(is_plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;
    use crate::sample_run::{case, run};
    use crate::scenario::Scenario;

    #[test]
    fn the_command_can_be_given_to_a_shell() {
        let mut run = run(Scenario::KeepAlive, vec![case("pool:8", 1.0, Measure::Cpu, &[1.0])]);
        run.method = "--rounds 5".into();
        let command = |run: &Run| super::command(run, &run.parts[0]);
        assert_eq!(
            command(&run),
            "cargo run --release --example compare -- --rounds 5 --scenarios S2 --backends pool:8"
        );
        run.subjects[0].name = "it's; rm".into();
        assert!(command(&run).ends_with(r"--backends 'it'\''s; rm'"), "{}", command(&run));
    }
}
