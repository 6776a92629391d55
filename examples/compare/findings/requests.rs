//! What a request costs (S2), how long it waits at a fixed rate (S3), and what a file costs (S8).

use crate::findings::ranking::{self, ranking};
use crate::measure::{Measure, Unit};
use crate::model::{Case, Part, Run};
use crate::point::Point;
use crate::scenario::Scenario;
use crate::standing::{FEWEST, Spread};
use crate::{step, words};

/// At the verdict point.
pub(super) fn cheapest(run: &Run, _: &Part) -> Vec<String> {
    Point::of_verdict(run, Scenario::KeepAlive).map(|point| ranking(&point)).unwrap_or_default()
}

/// The same, and how it grows with the connections.
pub(super) fn kept(run: &Run, part: &Part) -> Vec<String> {
    let mut sentences = cheapest(run, part);
    let points = part.points();
    if let (Some(&few), Some(&many)) = (points.first(), points.last())
        && few < many
    {
        let what = format!("From {} to {}, server CPU time for each request", words::count(few), connections(many));
        let steps = step::steps(run, part, ("", few), ("", many), Measure::Cpu);
        sentences.extend(step::describe(&what, &steps, Measure::Cpu));
    }
    sentences.extend(waits(run));
    sentences
}

fn connections(count: f64) -> String {
    words::plural(count, "connection")
}

/// How often threads waited, which is what a thread for each connection pays for.
fn waits(run: &Run) -> Option<String> {
    let point = Point::of_verdict(run, Scenario::KeepAlive)?;
    let waits = point.entries.iter().filter(|entry| entry.rank().is_some()).filter_map(|entry| {
        let waits = entry.other(Measure::Voluntary)?;
        Some(format!("{} {}", entry.backend(), Unit::Count.show(waits.median)))
    });
    let waits: Vec<String> = waits.collect();
    (!waits.is_empty()).then(|| {
        format!(
            "Voluntary context switches for each request: {} (each time a thread stopped to wait, and the system had \
             to wake it again).",
            words::list(&waits)
        )
    })
}

/// At the highest rate, and what the lower ones were like.
pub(super) fn fixed_rate(run: &Run, part: &Part) -> Vec<String> {
    let Some(point) = Point::of_verdict(run, Scenario::OpenLoop) else { return Vec::new() };
    let mut sentences = ranking(&point);
    if let Some(low) = part.points().first().copied().filter(|low| *low < point.x) {
        let what = format!("From {} to {} of that rate, p99", words::percent(low), words::percent(point.x));
        let steps = step::steps(run, part, (&point.variant, low), (&point.variant, point.x), Measure::P99);
        sentences.extend(step::describe(&what, &steps, Measure::P99));
    }
    sentences.extend(omission(&point));
    sentences
}

/// What the latency would look like if it were counted from when a request was sent: of the backend that would gain
/// most.
fn omission(point: &Point<'_>) -> Option<String> {
    let both = |case: &Case| {
        let of = |curve: fn(&crate::model::Sample) -> &[(f64, f64)]| {
            let values: Vec<f64> = case.samples.iter().filter_map(|sample| at_99(curve(sample))).collect();
            Spread::of(&values).filter(|spread| spread.count >= FEWEST)
        };
        Some((of(|sample| &sample.curve)?, of(|sample| &sample.uncorrected)?))
    };
    let ranked = point.entries.iter().filter(|entry| entry.rank().is_some());
    let clear = ranked.filter_map(|entry| Some((entry, both(entry.case)?)));
    let clear = clear.filter(|(_, (due, sent))| sent.is_clearly_below(due));
    let (entry, (due, sent)) = clear
        .max_by(|(_, one), (_, other)| (one.0.median / one.1.median).total_cmp(&(other.0.median / other.1.median)))?;
    let [due, sent] = [due.median, sent.median].map(|value| Unit::Micros.show(value));
    Some(format!(
        "Counted from when each request was really sent, p99 of {} would look like {sent} and not like {due}: that \
         leaves out the time in which a request that was due could not be sent yet (coordinated omission).",
        entry.backend()
    ))
}

fn at_99(curve: &[(f64, f64)]) -> Option<f64> {
    curve.iter().filter(|(share, _)| *share >= 0.99).map(|(_, micros)| *micros).min_by(f64::total_cmp)
}

/// A line for each kind of file.
pub(super) fn files(run: &Run, part: &Part) -> Vec<String> {
    let mut variants = part.variants();
    variants.sort_unstable();
    let mut sentences = Vec::new();
    for variant in variants {
        let points = part.points().into_iter();
        for point in points.filter_map(|x| Point::new(run, part, variant, x, Scenario::Files.about().headline)) {
            sentences.push(ranking::best(&point));
            sentences.extend(ranking::behind(&point));
            sentences.extend(ranking::refused(&point));
        }
    }
    sentences
}
