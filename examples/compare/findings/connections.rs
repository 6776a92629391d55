//! What open connections do: those that are idle (S4), slow (S5), or there when the server stops (S10).

use crate::findings::ranking::{self, ranking};
use crate::measure::Measure;
use crate::model::{Part, Run};
use crate::point::{Entry, Point};
use crate::scenario::Scenario;
use crate::standing::{Refusal, Standing};
use crate::{step, words};

/// Who keeps them, at which cost; who lets go, and why; whether the one that asks notices.
pub(super) fn idle(run: &Run, part: &Part) -> Vec<String> {
    let Some(point) = Point::of_verdict(run, Scenario::Idle) else { return Vec::new() };
    let mut sentences = vec![ranking::best(&point)];
    sentences.extend(ranking::behind(&point));
    sentences.extend(threads(&point));
    sentences.extend(let_go(&point));
    sentences.extend(refused_otherwise(&point));
    sentences.extend(probe(run, part, &point));
    sentences
}

/// How many threads the survivors have for it.
fn threads(point: &Point<'_>) -> Option<String> {
    let counts = point.entries.iter().filter(|entry| entry.rank().is_some()).filter_map(|entry| {
        let threads = entry.other(Measure::Threads)?;
        Some(format!("{} {}", entry.backend(), words::count(threads.median)))
    });
    let counts: Vec<String> = counts.collect();
    (!counts.is_empty()).then(|| format!("Threads they need for that: {}.", words::list(&counts)))
}

/// A bound is a decision, not a failure; without one it is something to look into.
fn let_go(point: &Point<'_>) -> Vec<String> {
    let by_design = |is_bounded: bool| {
        let belongs = |entry: &&Entry<'_>| words::is_bounded(entry.backend()) == is_bounded;
        let kept: Vec<String> = point.entries.iter().filter(belongs).filter_map(kept).collect();
        words::list(&kept)
    };
    let clients = words::count(point.x);
    let (bounded, others) = (by_design(true), by_design(false));
    let mut sentences = Vec::new();
    if !bounded.is_empty() {
        sentences.push(format!(
            "Of {clients} clients, {bounded}. That is by design: the number of threads is bounded, and each \
             connection that is kept holds one; as soon as others wait for a thread, clients that are idle make \
             room for them (their connection is closed, and they have to connect again)."
        ));
    }
    if !others.is_empty() {
        sentences.push(format!("Of {clients} clients, {others}, with no bound in its design that would explain it."));
    }
    sentences
}

/// `pool:64 kept 64 with 68 threads`, if it let go of others.
fn kept(entry: &Entry<'_>) -> Option<String> {
    let Standing::Refused(Refusal::LetGo(kept)) = &entry.standing else { return None };
    let kept = words::count((entry.case.x * kept / 100.0).round());
    let threads = entry.other(Measure::Threads).map(|threads| words::plural(threads.median, "thread"));
    let threads = threads.map(|threads| format!(" with {threads}")).unwrap_or_default();
    Some(format!("{} kept {kept}{threads}", entry.backend()))
}

/// Those that are not ranked for another reason.
fn refused_otherwise(point: &Point<'_>) -> Option<String> {
    let is_other = |entry: &&Entry<'_>| !matches!(entry.standing, Standing::Refused(Refusal::LetGo(_)));
    ranking::refusals(point.refused().into_iter().filter(is_other))
}

/// Whether the one client that goes on asking waits longer for it.
fn probe(run: &Run, part: &Part, point: &Point<'_>) -> Option<String> {
    let few = part.points().first().copied().filter(|few| *few < point.x)?;
    let steps = step::steps(run, part, (&point.variant, few), (&point.variant, point.x), Measure::P99);
    let what = format!(
        "From {} to {}, p99 of the one client that goes on asking (99 of 100 of its answers come within it)",
        words::count(few),
        words::plural(point.x, "idle connection")
    );
    step::describe(&what, &steps, Measure::P99)
}

/// How long the honest wait, and when the slow are ended.
pub(super) fn slow(run: &Run, part: &Part) -> Vec<String> {
    let Some(point) = Point::of_verdict(run, Scenario::Slow) else { return Vec::new() };
    let mut sentences = ranking(&point);
    sentences.extend(ends(&point));
    if let Some(few) = part.points().first().copied().filter(|few| *few < point.x) {
        let what = format!("From {} to {}, p99", words::count(few), words::plural(point.x, "slow sender"));
        let steps = step::steps(run, part, (&point.variant, few), (&point.variant, point.x), Measure::P99);
        sentences.extend(step::describe(&what, &steps, Measure::P99));
    }
    sentences
}

/// When the slow are ended, and how many of them.
fn ends(point: &Point<'_>) -> Option<String> {
    let of = |measure: Measure| point.entries.iter().filter_map(move |entry| entry.other(measure));
    let share = words::span(Measure::Cut.unit(), &of(Measure::Cut).collect::<Vec<_>>());
    let share = if share.is_empty() { share } else { format!("{share} of ") };
    let times = words::span(Measure::CutAfter.unit(), &of(Measure::CutAfter).collect::<Vec<_>>());
    let ending = point.entries.iter().filter(|entry| entry.other(Measure::CutAfter).is_some());
    let ending: Vec<&str> = ending.map(Entry::backend).collect();
    let who = match ending.as_slice() {
        [] => return None,
        [only] => format!("median of {only}"),
        several => format!("medians of these {} backends", several.len()),
    };
    Some(format!("{share}the slow clients are ended, after {times} ({who})."))
}

/// How long it takes; whether a request was lost.
pub(super) fn stop(run: &Run, part: &Part) -> Vec<String> {
    let Some(point) = Point::of_verdict(run, Scenario::Stop) else { return Vec::new() };
    let mut sentences = ranking(&point);
    let lost = |case: &crate::model::Case| case.values(Measure::Lost).into_iter().fold(None, most);
    let losers = point.entries.iter().filter_map(|entry| {
        let cases = part.cases.iter().filter(|case| case.backend == entry.backend());
        let lost = cases.filter_map(lost).fold(None, most)?;
        Some((entry.backend(), lost))
    });
    let known: Vec<(&str, f64)> = losers.collect();
    let losers: Vec<String> =
        known.iter().filter(|(_, lost)| *lost > 0.0).map(|(name, lost)| losses(name, *lost)).collect();
    if !losers.is_empty() {
        sentences.push(format!("Requests were lost: {}.", words::list(&losers)));
    } else if !known.is_empty() {
        sentences.push("No request that was on the way was lost.".into());
    }
    sentences
}

fn most(most: Option<f64>, value: f64) -> Option<f64> {
    Some(most.map_or(value, |most| most.max(value)))
}

fn losses(backend: &str, lost: f64) -> String {
    format!("{backend} up to {} in one stop", words::count(lost))
}
