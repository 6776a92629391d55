//! All cases with their number and their standing, in the order in which the backends were asked for; and why some
//! are hollow.

use crate::measure::Measure;
use crate::model::{Case, Part, Run};
use crate::point::{Entry, Point};
use crate::report::key::Key;
use crate::step::Place;
use crate::words;

/// All cases, point by point, in the order of the axis.
pub(super) fn judged<'a>(run: &Run, part: &'a Part, measure: Measure) -> Vec<Entry<'a>> {
    places(part).into_iter().flat_map(|place| judged_at(run, part, measure, place)).collect()
}

/// Those of one point.
pub(in super::super) fn judged_at<'a>(
    run: &Run,
    part: &'a Part,
    measure: Measure,
    (variant, x): Place<'_>,
) -> Vec<Entry<'a>> {
    let mut entries = Point::new(run, part, variant, x, measure).map(|point| point.entries).unwrap_or_default();
    entries.sort_by_key(|entry| Key::of(run, entry.backend()).0);
    entries
}

/// Each variant at each of its points: what small multiples are one of each for.
pub(in super::super) fn places(part: &Part) -> Vec<Place<'_>> {
    let variants = part.variants().into_iter();
    let at_all = variants.flat_map(|variant| part.points().into_iter().map(move |x| (variant, x)));
    at_all.filter(|&(variant, x)| !part.at(variant, x).is_empty()).collect()
}

/// A note for each reason why some of those drawn are hollow.
pub(super) fn hollow(drawn: &[Entry<'_>]) -> Vec<String> {
    let drawn = || drawn.iter().filter(|judged| judged.spread.is_some());
    let mut reasons: Vec<String> = Vec::new();
    for reason in drawn().filter_map(Entry::refusal) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let note = |reason: &String| {
        let has_it = |judged: &&Entry<'_>| judged.refusal().as_ref() == Some(reason);
        let places: Vec<String> = backends(drawn().filter(has_it).map(|judged| judged.case))
            .into_iter()
            .map(|backend| {
                let own = || drawn().filter(|judged| judged.case.backend == backend);
                let mut at: Vec<String> = own().filter(has_it).map(|judged| words::count(judged.case.x)).collect();
                at.dedup();
                if own().all(|judged| has_it(&judged)) {
                    backend.into()
                } else {
                    format!("{backend} at {}", words::list(&at))
                }
            })
            .collect();
        format!("Hollow, not ranked: {}: {reason}.", words::list(&places))
    };
    reasons.iter().map(note).collect()
}

/// Whoever has a case, each once, in order.
pub(super) fn backends<'a>(cases: impl Iterator<Item = &'a Case>) -> Vec<&'a str> {
    let mut backends = Vec::new();
    for case in cases {
        if !backends.contains(&case.backend.as_str()) {
            backends.push(&case.backend);
        }
    }
    backends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_run::{case, run};
    use crate::scenario::Scenario;

    #[test]
    fn notes_say_where_and_why_something_is_hollow() {
        let mut failing = case("a", 64.0, Measure::Cpu, &[1.0, 1.0, 1.0]);
        failing.samples[0].errors.insert("reset".into(), 1);
        let few = |backend, x| case(backend, x, Measure::Cpu, &[1.0]);
        let fine = case("a", 1.0, Measure::Cpu, &[1.0, 1.0, 1.0]);
        let run = run(
            Scenario::KeepAlive,
            vec![fine, failing, few("b", 1.0), few("b", 64.0), few("a", 256.0), few("a", 1024.0)],
        );
        let notes = hollow(&judged(&run, &run.parts[0], Measure::Cpu));
        assert_eq!(notes.len(), 2);
        assert!(
            notes[0].starts_with("Hollow, not ranked: b and a at 256 and 1,024: 1 sample (at least 3 are needed)."),
            "{notes:?}"
        );
        assert!(
            notes[1].starts_with("Hollow, not ranked: a at 64: 0.03 % of its requests failed: 1 reset."),
            "{notes:?}"
        );
    }
}
