//! What one handler does to the requests of others: by blocking its thread (S6), or by computing (S7).

use crate::findings::ranking::ranking;
use crate::measure::{Measure, Unit};
use crate::model::{Part, Run};
use crate::point::Point;
use crate::scenario::Scenario;
use crate::standing::Spread;
use crate::step::{self, Step};
use crate::words;

/// Handlers that told the server that they block.
const TOLD: &str = "unblock";

/// From no handler that blocks to one in ten; and if they say so.
pub(super) fn blocking(run: &Run, part: &Part) -> Vec<String> {
    let mut sentences = moved(run, part, "blocking");
    sentences.extend(why(run, part));
    sentences.extend(told(run, part));
    sentences
}

/// The ranking first, then the same.
pub(super) fn blocking_in_full(run: &Run, part: &Part) -> Vec<String> {
    let mut sentences = Point::of_verdict(run, Scenario::Blocking).map(|point| ranking(&point)).unwrap_or_default();
    sentences.extend(blocking(run, part));
    sentences
}

pub(super) fn computing(run: &Run, part: &Part) -> Vec<String> {
    let mut sentences = Point::of_verdict(run, Scenario::Computing).map(|point| ranking(&point)).unwrap_or_default();
    sentences.extend(moved(run, part, "computing"));
    sentences
}

/// How p99 of the other requests moves. That it falls is no merit: in a closed loop, others ask less often while some
/// of the connections wait.
fn moved(run: &Run, part: &Part, verb: &str) -> Vec<String> {
    let steps = from_none(run, part);
    let Some(point) = Point::of_verdict(run, part.scenario) else { return Vec::new() };
    let share = words::percent(point.x);
    let what = format!(
        "With {share} of the handlers {verb} instead of none, p99 of the other requests (99 of 100 come within it)"
    );
    let unfit = step::unfit(run, part, ("", 0.0), (&point.variant, point.x), Measure::P99).filter(|_| point.x > 0.0);
    step::describe_rise(&what, &steps, Measure::P99).into_iter().chain(unfit).collect()
}

fn from_none(run: &Run, part: &Part) -> Vec<Step> {
    let point = Point::of_verdict(run, part.scenario);
    let point = point.filter(|point| point.x > 0.0);
    point.map(|point| step::steps(run, part, ("", 0.0), (&point.variant, point.x), Measure::P99)).unwrap_or_default()
}

/// Said only of those of which it is true: that a connection shares a thread with others, or that there are only so
/// many threads.
fn why(run: &Run, part: &Part) -> Vec<String> {
    let steps = from_none(run, part);
    let shares = |step: &Step| matches!(words::kind(&step.backend), "may" | "smol" | "async-io");
    let mut sentences: Vec<String> = Vec::new();
    if steps.iter().any(|step| step.rises() && shares(step)) {
        sentences.push(
            "Where many connections share a thread, a handler that blocks it stops all of them; where each has a \
             thread of its own, only its own client waits."
                .into(),
        );
    }
    sentences.extend(bounds(part));
    // Without knobs they have more threads than there are connections here.
    let is_full = |step: &&Step| step.rises() && words::is_bounded(&step.backend) && step.backend.contains(':');
    let full: Vec<&str> = steps.iter().filter(is_full).map(|step| step.backend.as_str()).collect();
    if !full.is_empty() {
        sentences.push(format!("Here all threads of {} were taken at times.", words::list(&full)));
    }
    sentences
}

/// What is true of those with a bound, though it may not have been reached.
pub(crate) fn bounds(part: &Part) -> Option<String> {
    let is_there = |kind: &str| part.cases.iter().any(|case| words::kind(&case.backend) == kind);
    let (who, bound, verb) = match (is_there("pool"), is_there("workqueue")) {
        (true, true) => ("pool and workqueue", "64 and 256", "have"),
        (true, false) => ("pool", "64", "has"),
        (false, true) => ("workqueue", "256", "has"),
        (false, false) => return None,
    };
    Some(format!(
        "{who} {verb} a bounded number of threads ({bound} unless told otherwise): when as many handlers block at \
         once, the others wait there as well."
    ))
}

/// With `unblock` beside without, at the same share.
fn told(run: &Run, part: &Part) -> Option<String> {
    let plain = Point::of_verdict(run, part.scenario)?;
    let told = Point::new(run, part, TOLD, plain.x, Measure::P99)?;
    let pair = |backend: &str| -> Option<(Spread, Spread)> {
        let [before, after] = [&plain, &told].map(|point| point.entry(backend).filter(|entry| entry.rank().is_some()));
        before?.spread.zip(after?.spread)
    };
    let names = told.entries.iter().map(|entry| entry.backend());
    let pairs: Vec<Step> =
        names.filter_map(|name| pair(name).map(|(from, to)| Step { backend: name.to_string(), from, to })).collect();
    let helped: Vec<String> = pairs.iter().filter(|step| step.falls()).map(shown).collect();
    let harmed: Vec<String> = pairs.iter().filter(|step| step.rises()).map(shown).collect();
    let others = pairs.iter().filter(|step| !step.falls() && !step.rises());
    let others: Vec<String> = others.map(|step| step.backend.clone()).collect();
    let mut clauses = Vec::new();
    if !helped.is_empty() {
        clauses.push(format!("p99 of the others falls to {}", words::list(&helped)));
    }
    if !harmed.is_empty() {
        clauses.push(format!("it rises to {}", words::list(&harmed)));
    }
    if !others.is_empty() {
        clauses.push(format!("no clear difference for {}", words::list(&others)));
    }
    let head = "If the handler gives that piece of work to `unblock` (which runs it on a thread of its own there)";
    (!clauses.is_empty()).then(|| format!("{head}: {}.", clauses.join("; ")))
}

fn shown(step: &Step) -> String {
    format!("{} for {}", Unit::Micros.show(step.to.median), step.backend)
}
