//! The whole report as Markdown.

use crate::against::{Change, cautions, changes};
use crate::findings;
use crate::guide::advise;
use crate::measure::Measure;
use crate::model::{Part, Run, Subject};
use crate::scenario::Scenario;
use crate::standing::FEWEST;
use crate::table::Table;
use crate::verdict::{Verdict, verdicts};
use crate::warnings::warnings;
use crate::{glossary, preface, words};

/// With the changes since `before`, if there is one.
pub(crate) fn markdown(run: &Run, before: Option<&Run>) -> String {
    let mut page = vec![format!("# {}", preface::TITLE), opening(run)];
    section(&mut page, "Warnings", items(warnings(run)));
    section(&mut page, "Notes", items(preface::notes(run)));
    section(&mut page, "Which backend for which load", guide(run));
    section(&mut page, "The answers", answers(run));
    section(&mut page, "The verdicts", verdict_section(run));
    section(&mut page, "How to read it", reading());
    for part in preface::measured(run) {
        let title = format!("{}. {}", part.scenario, part.scenario.about().title);
        section(&mut page, &title, chapter(run, part));
    }
    if let Some(before) = before {
        section(&mut page, "Against a run of before", since(before, run));
    }
    section(&mut page, "The environment", environment(run));
    page.join("\n\n") + "\n"
}

/// What this is, and a line for each backend.
fn opening(run: &Run) -> String {
    let kind = if run.quick { "A quick run" } else { "A full run" };
    let (date, took) = (escaped(&preface::date(&run.started)), preface::duration(run.seconds));
    let (command, machine) = (run.command.replace('`', "'"), escaped(&preface::machine(&run.environment)));
    let facts = format!("{kind}, begun {date}, which took {took}, on {machine}: `{command}`");
    let about = |subject: &Subject| match subject.about.as_str() {
        "" => format!("- **{}**", escaped(&subject.name)),
        about => format!("- **{}**: {}", escaped(&subject.name), escaped(about)),
    };
    let backends: Vec<String> = run.subjects.iter().map(about).collect();
    let mut paragraphs = vec![preface::introduction(run), backends.join("\n"), facts];
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}

/// The table, and a line for each scenario in it.
fn verdict_section(run: &Run) -> String {
    let table = verdict_table(run);
    let line = |scenario: &Scenario| format!("- {scenario}: {}", scenario.about().title);
    let lines: Vec<String> = verdicts(run).columns.iter().map(line).collect();
    if table.is_empty() { table } else { format!("{table}\n\n{}", lines.join("\n")) }
}

fn reading() -> String {
    let entries = glossary::method().into_iter().chain(glossary::terms());
    entries.map(|(head, text)| format!("- **{head}**: {}", escaped(&text))).collect::<Vec<_>>().join("\n")
}

/// Nothing at all, if there is nothing in it.
fn section(page: &mut Vec<String>, title: &str, content: String) {
    if !content.is_empty() {
        page.push(format!("## {}", escaped(title)));
        page.push(content);
    }
}

fn items(lines: Vec<String>) -> String {
    lines.iter().map(|line| format!("- {}", escaped(line))).collect::<Vec<_>>().join("\n")
}

fn answers(run: &Run) -> String {
    let answer = |answer: &findings::Answer| format!("**{}** {}", escaped(answer.question), escaped(&answer.answer));
    findings::answers(run).iter().map(answer).collect::<Vec<_>>().join("\n\n")
}

fn guide(run: &Run) -> String {
    let row = |advice: &crate::guide::Advice| vec![advice.load.to_string(), advice.pick.clone(), advice.why.clone()];
    let rows: Vec<Vec<String>> = advise(run).iter().map(row).collect();
    table(&["your load", "take", "why"].map(String::from), &rows)
}

fn verdict_table(run: &Run) -> String {
    let verdicts = verdicts(run);
    let head = |scenario: &Scenario| {
        let place = run.part(*scenario).and_then(crate::point::verdict_point);
        let place = place.map(|(variant, x)| words::place(*scenario, variant, x)).unwrap_or_default();
        format!("{scenario}: {} {place}", scenario.about().headline.label())
    };
    let heads: Vec<String> = std::iter::once(String::new()).chain(verdicts.columns.iter().map(head)).collect();
    let row = |(name, row): &(String, Vec<Verdict>)| {
        std::iter::once(name.clone()).chain(row.iter().map(verdict_cell)).collect::<Vec<_>>()
    };
    table(&heads, &verdicts.rows.iter().map(row).collect::<Vec<_>>())
}

fn verdict_cell(verdict: &Verdict) -> String {
    match &verdict.standing {
        None => "–".into(),
        Some(_) if verdict.is_suspect => format!("{} ({}, see the warnings)", verdict.value, rank(verdict)),
        Some(_) => format!("{} ({})", verdict.value, rank(verdict)),
    }
}

fn rank(verdict: &Verdict) -> String {
    verdict.standing.as_ref().map_or("–".into(), words::rank)
}

/// The column of the verdicts that belongs to a scenario, each with its range and its reason.
fn verdict_of(run: &Run, scenario: Scenario) -> String {
    let verdicts = verdicts(run);
    let Some(index) = verdicts.columns.iter().position(|column| *column == scenario) else { return String::new() };
    let place = run.part(scenario).and_then(crate::point::verdict_point);
    let place = place.map(|(variant, x)| words::place(scenario, variant, x)).unwrap_or_default();
    let row = |(name, row): &(String, Vec<Verdict>)| {
        let verdict = row.get(index)?;
        let doubt = if verdict.is_suspect { "see the warnings; " } else { "" };
        let reason = format!("{doubt}{}", verdict.reason);
        Some(vec![name.clone(), rank(verdict), verdict.value.clone(), verdict.range.clone(), reason])
    };
    let head = format!("{} {place}", scenario.about().headline.label());
    let heads = ["backend".to_string(), "rank".into(), head, "range".into(), "because".into()];
    table(&heads, &verdicts.rows.iter().filter_map(row).collect::<Vec<_>>())
}

fn since(before: &Run, now: &Run) -> String {
    let mut paragraphs = vec![format!("Before: {}.", escaped(&preface::date(&before.started)))];
    let cautions = items(cautions(before, now));
    if !cautions.is_empty() {
        paragraphs.push(format!("The two runs differ in more than the server:\n\n{cautions}"));
    }
    let changes = changes(before, now);
    let clear: Vec<Vec<String>> = changes.iter().filter(|change| change.clear).map(changed).collect();
    let unclear = words::plural((changes.len() - clear.len()) as f64, "case");
    if !clear.is_empty() {
        paragraphs
            .push(table(&["scenario", "where", "backend", "before", "now", "now : before"].map(String::from), &clear));
    }
    paragraphs.push(format!("No clear difference in {unclear}."));
    paragraphs.join("\n\n")
}

fn changed(change: &Change) -> Vec<String> {
    let ratio = words::ratio(&change.now, &change.before).map(words::times).unwrap_or_default();
    vec![
        format!("{}: {}", change.scenario, change.measure.label()),
        words::place(change.scenario, &change.variant, change.x),
        change.backend.clone(),
        words::spread(change.measure, &change.before),
        words::spread(change.measure, &change.now),
        ratio,
    ]
}

fn chapter(run: &Run, part: &Part) -> String {
    let about = part.scenario.about();
    let seen = findings::sentences(run, part).join(" ");
    let mut paragraphs = vec![format!("*{}*", about.question), escaped(about.method)];
    if !seen.is_empty() {
        paragraphs.push(format!("What you see: {}", escaped(&seen)));
    }
    paragraphs.extend([verdict_of(run, part.scenario), "All figures:".into(), figures(run, part)]);
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}

/// All cases, with errors and reasons in a last column where there are any.
fn figures(run: &Run, part: &Part) -> String {
    let figures = Table::new(run, part);
    let axis = part.scenario.about().axis;
    let mut heads = vec!["backend".to_string(), axis.to_string(), "rank".to_string()];
    heads.extend(figures.measures.iter().map(|measure| measure.label().to_string()));
    heads.push("remarks".into());
    let rows: Vec<Vec<String>> = figures
        .rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.case.backend.clone(), figures.place(row), row.rank()];
            cells.extend(figures.measures.iter().map(|measure| row.full(*measure)));
            let failure =
                row.case.failure.clone().filter(|failure| row.reason().is_none_or(|why| !why.contains(failure)));
            let fewer = row.case.samples.len() < FEWEST && row.reason().is_none();
            let count = fewer.then(|| words::plural(row.case.samples.len() as f64, "sample"));
            let errors = words::errors(row.case).filter(|_| !figures.measures.contains(&Measure::Rate));
            let remarks: Vec<String> = [row.reason(), failure, count, errors].into_iter().flatten().collect();
            cells.push(remarks.join("; "));
            cells
        })
        .collect();
    table(&heads, &rows)
}

fn environment(run: &Run) -> String {
    let rows = preface::environment(run).into_iter().map(|(name, value)| vec![name.to_string(), value]);
    table(&[String::new(), String::new()], &rows.collect::<Vec<_>>())
}

/// Empty without rows. Columns without a head and without content are left out.
fn table(heads: &[String], rows: &[Vec<String>]) -> String {
    let has_content = |index: &usize| rows.iter().any(|row| row.get(*index).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<usize> = (0..heads.len()).filter(has_content).collect();
    if columns.is_empty() {
        return String::new();
    }
    let line = |cells: &[String]| {
        let cells: Vec<String> =
            columns.iter().map(|index| cells.get(*index).map(|cell| escaped(cell)).unwrap_or_default()).collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule = format!("|{}", "---|".repeat(columns.len()));
    let rows = rows.iter().map(|row| line(row));
    [line(heads), rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// Text that Markdown leaves as it is. Code stays code.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '\\' | '|' | '*' => escaped.extend(['\\', letter]),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_run;
    use crate::sample_whole::{quick, whole};

    #[test]
    fn everything_is_in_it_and_nothing_that_is_no_number() {
        let mut run = whole();
        run.notes.push("a | b <c> *d*".into());
        let text = markdown(&run, None);
        let parts = [
            "## The answers\n\n**Which backend is the cheapest for each request?** With 64 connections, may has",
            "| Short requests on kept connections; handlers only compute an answer | may | S2: With 64 connections",
            "| threads | 53.7 µs (6) | 8.40 µs (4=) |",
            "## S10. A graceful stop",
            "| kernel | 6.18 |",
            "- a \\| b &lt;c> \\*d\\*",
        ];
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in the page");
        }
        for part in ["NaN", "inf ", "## Warnings", "Since before"] {
            assert!(!text.contains(part), "{part:?} is in the page");
        }
    }

    #[test]
    fn what_people_come_for_stands_before_the_details() {
        let mut run = quick();
        run.subjects[0].about = "a thread per connection".into();
        run.environment.optimized = false;
        let text = markdown(&run, None);
        let parts = [
            "A backend decides what a connection is inside the server",
            "- **threads**: a thread per connection",
            "A quick run, begun 2026-11-29 12:00 UTC, which took 15 min 0 s, on",
            "## Warnings",
            "## Notes",
            "- Not measured: S3 (Requests at a fixed rate)",
            "## Which backend for which load",
            "## The answers",
            "## The verdicts",
            "- S4: Idle connections",
            "## How to read it",
            "## S1. ",
            "## The environment",
        ];
        let places = parts.map(|part| text.find(part).unwrap_or_else(|| panic!("{part:?} is not in the page")));
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn a_rate_has_its_errors_beside_it() {
        let mut run = quick();
        let case = &mut run.parts[1].cases[0];
        case.samples[0].errors = [("reset".into(), 500)].into();
        let text = markdown(&run, None);
        assert!(text.contains("| 22,000/s (21,600–22,400/s), 0.99 % failed (500 reset) |"));
        assert!(text.contains("## Warnings\n\n- threads: 0.99 % of its requests failed (500 reset) in S2"));
    }

    #[test]
    fn what_has_changed_is_told_if_it_is_clear() {
        let (before, mut now) = (quick(), quick());
        for sample in
            now.parts[1].cases.iter_mut().filter(|case| case.backend == "may").flat_map(|case| &mut case.samples)
        {
            sample.measures.entry(Measure::Cpu).and_modify(|cpu| *cpu /= 2.0);
        }
        now.environment.kernel = "6.19".into();
        let text = markdown(&now, Some(&before));
        assert!(text.contains("- The kernel differs: 6.18 before, 6.19 now."));
        let row = "with 64 connections | may | 6 µs (5.88–6.12 µs) | 3 µs (2.94–3.06 µs) | 0.50 times |";
        assert!(text.contains(row));
        assert!(text.contains("No clear difference in 62 cases."), "the others have not changed");
    }

    #[test]
    fn a_run_with_nothing_or_little_in_it_is_told_as_far_as_it_goes() {
        let nothing = sample_run::run(Scenario::KeepAlive, Vec::new());
        let text = markdown(&nothing, Some(&nothing));
        assert!(text.contains("Nothing was measured here.") && !text.contains("## The answers"));
        // Each scenario with each measure alone: whatever is missing, nothing goes wrong.
        for scenario in Scenario::ALL {
            for measure in Measure::ALL {
                let x = scenario.about().verdict.1;
                let cases = [0.0, 0.0, f64::NAN].map(|value| sample_run::case("a", x, measure, &[value; 3]));
                let run = sample_run::run(scenario, cases.into());
                let text = markdown(&run, Some(&whole())) + &crate::terminal::summary(&run);
                assert!(!text.contains("NaN"), "{scenario} with {measure:?}: {text}");
            }
        }
    }
}
