//! Who is best at a point, who is clearly behind, and who is not ranked: the sentences every scenario begins with.

use crate::measure::Better;
use crate::point::{Entry, Point};
use crate::words;

/// Up to three sentences.
pub(crate) fn ranking(point: &Point<'_>) -> Vec<String> {
    [Some(best(point)), behind(point), refused(point)].into_iter().flatten().collect()
}

/// `With 64 connections, may has the lowest server CPU time for each request: 6.01 µs (5.95–6.10 µs).`
pub(crate) fn best(point: &Point<'_>) -> String {
    let best = point.best();
    let place = words::capital(&words::place(point.scenario, &point.variant, point.x));
    let noun = words::noun(point.measure);
    let superlative = if point.measure.better() == Better::Higher { "most" } else { "lowest" };
    match best.as_slice() {
        [] => format!("{place}, nobody can be ranked by {noun}."),
        [only] if point.behind().is_empty() => {
            format!("{place}, only {} can be ranked; its {noun}: {}.", only.backend(), only.shown(point.measure))
        }
        [one] => {
            format!("{place}, {} has the {superlative} {noun}: {}.", one.backend(), one.shown(point.measure))
        }
        several => {
            let names = words::list(&several.iter().map(|entry| entry.backend()).collect::<Vec<_>>());
            let span = words::span(point.measure.unit(), several.iter().filter_map(|entry| entry.spread.as_ref()));
            if point.behind().is_empty() {
                format!("{place}, there is no clear difference in {noun} between {names}: {span}.")
            } else {
                format!("{place}, {names} share the {superlative} {noun}, with no clear difference: {span}.")
            }
        }
    }
}

/// `Clearly more: threads 8.40 µs (1.40 times may).`
pub(crate) fn behind(point: &Point<'_>) -> Option<String> {
    let word = if point.measure.better() == Better::Higher { "less" } else { "more" };
    let figure = |entry: &&Entry<'_>| {
        let better = point.beaten_by(entry);
        let ratio = better.and_then(|better| words::ratio(entry.spread.as_ref()?, better.spread.as_ref()?));
        let beside =
            ratio.zip(better).map(|(ratio, better)| format!(" ({} {})", words::times(ratio), better.backend()));
        let median = entry.spread.map(|spread| point.measure.unit().show(spread.median)).unwrap_or_default();
        format!("{} {median}{}", entry.backend(), beside.unwrap_or_default())
    };
    let figures: Vec<String> = point.behind().iter().map(figure).collect();
    (!figures.is_empty()).then(|| format!("Clearly {word}: {}.", words::list(&figures)))
}

/// All that have no rank, each with its reason.
pub(crate) fn refused(point: &Point<'_>) -> Option<String> {
    refusals(point.refused().into_iter())
}

/// Some of them.
pub(crate) fn refusals<'a, 'b: 'a>(entries: impl Iterator<Item = &'a Entry<'b>>) -> Option<String> {
    let reason = |entry: &Entry<'_>| Some(format!("{} ({})", entry.backend(), entry.refusal()?));
    let reasons: Vec<String> = entries.filter_map(reason).collect();
    (!reasons.is_empty()).then(|| format!("Not ranked: {}.", words::list(&reasons)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;
    use crate::model::Case;
    use crate::sample_run::{case, run};
    use crate::scenario::Scenario;

    fn said(cases: Vec<Case>) -> Vec<String> {
        let run = run(Scenario::KeepAlive, cases);
        Point::of_verdict(&run, Scenario::KeepAlive).map(|point| ranking(&point)).unwrap_or_default()
    }

    #[test]
    fn one_that_is_clearly_best_is_named_and_the_rest_is_put_beside_it() {
        let cases = vec![
            case("threads", 64.0, Measure::Cpu, &[8.3, 8.4, 8.5]),
            case("may", 64.0, Measure::Cpu, &[5.95, 6.0, 6.1]),
        ];
        let text = [
            "With 64 connections, may has the lowest server CPU time for each request: 6 µs (5.95–6.10 µs).",
            "Clearly more: threads 8.40 µs (1.40 times may).",
        ];
        assert_eq!(said(cases), text);
    }

    #[test]
    fn nothing_is_claimed_where_ranges_overlap() {
        let cases = vec![
            case("threads", 64.0, Measure::Cpu, &[6.05, 8.4, 8.5]),
            case("may", 64.0, Measure::Cpu, &[5.95, 6.0, 6.1]),
        ];
        let text = "With 64 connections, there is no clear difference in server CPU time for each request between \
                    threads and may: 6–8.40 µs.";
        assert_eq!(said(cases), [text]);
    }

    #[test]
    fn who_is_not_ranked_is_named_with_the_reason() {
        let mut failing = case("mutant:drop", 64.0, Measure::Cpu, &[1.0, 1.0, 1.0]);
        failing.samples[0].errors = [("reset".into(), 120)].into();
        let mut absent = case("may", 64.0, Measure::Cpu, &[]);
        absent.failure = Some("it did not start".into());
        let text = [
            "With 64 connections, nobody can be ranked by server CPU time for each request.",
            "Not ranked: may (it did not start) and mutant:drop (3.85 % of its requests failed: 120 reset).",
        ];
        // The failing backend is measured, so the scenario has a point.
        assert_eq!(said(vec![failing, absent]), text);
    }
}
