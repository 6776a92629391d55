//! Whether what stands in several places says the same: the list of exercises, their checks, chapters, hints, mutants.

use crate::grade::{Graded, Sheet};
use crate::hints;
use crate::place::{Place, read};
use crate::regions::Source;
use course::exercises::ALL;
use std::collections::BTreeSet;

/// Of an exercise's points, visible checks have at least so many of 10.
const VISIBLE: u32 = 7;

/// What is wrong with the texts, before anything is built.
pub(crate) fn findings(place: &Place) -> Vec<String> {
    let mut findings = Vec::new();
    let book = place.repository().and_then(|root| read(&root.join("docs/course/SUMMARY.md"))).unwrap_or_default();
    for exercise in &ALL {
        let mut find = |what: String| findings.push(format!("{}: {what}", exercise.name()));
        if !book.contains(&format!("({}.md)", exercise.stem)) {
            find("the book's summary does not name its chapter".into());
        }
        let hints = read(&place.root.join(format!("hints/{}.md", exercise.name()))).unwrap_or_default();
        if hints::sections(&hints).len() != hints::COUNT {
            find(format!("it has not {} hints", hints::COUNT));
        }
        let text = place.read(exercise).unwrap_or_default();
        match Source::parse(&text) {
            Err(malformed) => find(format!("{}: {malformed}", exercise.file())),
            Ok(source) if !source.has_regions() => find("there is nothing to solve".into()),
            Ok(source) if source.mutants().next().is_none() => find("it has no mutant".into()),
            Ok(_) => {}
        }
    }
    findings
}

/// What is wrong with an exercise's checks.
pub(crate) fn checks(place: &Place, sheet: &Sheet) -> Vec<String> {
    let (exercise, checks) = (&sheet.exercise, &sheet.checks);
    let mut findings = Vec::new();
    let mut find = |what: String| findings.push(format!("{}: {what}", exercise.name()));
    let of_kind = |hidden| checks.iter().filter(move |graded| graded.is_hidden == hidden);
    let sum = |hidden| of_kind(hidden).map(|graded| graded.check.points).sum();
    let (visible, hidden): (u32, u32) = (sum(false), sum(true));
    if visible + hidden != exercise.points {
        find(format!("its checks give {} points, and the list says {}", visible + hidden, exercise.points));
    }
    if visible * 10 < exercise.points * VISIBLE {
        find(format!("its visible checks give {visible} of {} points, which is too few", exercise.points));
    }
    let chapter = read(&place.chapter(exercise)).unwrap_or_default();
    let titles: BTreeSet<&str> = chapter.lines().filter(|line| line.starts_with('#')).map(title).collect();
    for Graded { check, is_hidden, .. } in checks {
        if !titles.contains(check.read.as_str()) {
            find(format!("{} is to be read about in {:?}, which its chapter has not", check.name, check.read));
        }
        if !chapter.contains(&format!("`{}`", check.name)) {
            let kind = if *is_hidden { "hidden" } else { "visible" };
            find(format!("its chapter does not name the {kind} check {}", check.name));
        }
    }
    let text = place.read(exercise).unwrap_or_default();
    let mutants = Source::parse(&text).map(|source| source.mutants().cloned().collect::<Vec<_>>()).unwrap_or_default();
    for (mutant, name) in mutants.iter().flat_map(|mutant| mutant.loses.iter().map(move |name| (mutant, name))) {
        if !checks.iter().any(|graded| graded.check.name == *name) {
            find(format!("the mutant {} is to lose {name}, which is no check", mutant.name));
        }
    }
    findings
}

fn title(line: &str) -> &str {
    line.trim_start_matches('#').trim()
}
