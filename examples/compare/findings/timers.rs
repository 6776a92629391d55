//! Wheel or heap (S9): inside a server, what they wake up for, and by themselves.

use crate::measure::{Measure, Unit};
use crate::model::{Case, Part, Run, STRUCTURE};
use crate::point::Point;
use crate::scenario::Scenario;
use crate::standing::{FEWEST, Spread};
use crate::step::Step;
use crate::words;

/// How late requests wake on each; then what it takes to move a timer.
pub(super) fn structure(run: &Run, part: &Part) -> Vec<String> {
    let inside = Point::of_verdict(run, Scenario::Timers).and_then(|point| inside(run, part, &point));
    inside.into_iter().chain(wakeups(part)).chain(by_itself(part)).collect()
}

/// How often the thread that keeps the timer wakes up, over all backends.
fn wakeups(part: &Part) -> Option<String> {
    let of = |variant: &str| {
        let cases = part.cases.iter().filter(|case| case.variant == variant);
        let spreads: Vec<Spread> = cases.filter_map(|case| Spread::measured(case, Measure::Wakeups)).collect();
        (!spreads.is_empty()).then(|| words::span(Unit::PerSecond, &spreads))
    };
    let (wheel, heap) = (of("wheel")?, of("heap")?);
    Some(format!("For that the thread that keeps the time woke up {wheel} on a wheel, and {heap} on a heap."))
}

/// Each backend with a wheel and with a heap, at the same number of sleepers.
fn inside(run: &Run, part: &Part, wheel: &Point<'_>) -> Option<String> {
    if wheel.variant != "wheel" {
        return None;
    }
    let heap = Point::new(run, part, "heap", wheel.x, wheel.measure)?;
    let ranked = wheel.entries.iter().filter(|entry| entry.rank().is_some());
    let pairs: Vec<Step> = ranked
        .filter_map(|entry| {
            let other = heap.entry(entry.backend()).filter(|other| other.rank().is_some())?;
            Some(Step { backend: entry.backend().to_string(), from: entry.spread?, to: other.spread? })
        })
        .collect();
    let shown = |step: &Step| {
        let [wheel, heap] = [&step.from, &step.to].map(|late| Unit::Micros.show(late.median));
        format!("{} (wheel {wheel}, heap {heap})", step.backend)
    };
    let of = |belongs: fn(&Step) -> bool| pairs.iter().filter(|step| belongs(step)).map(shown).collect::<Vec<_>>();
    let (wheel_wins, heap_wins) = (of(Step::rises), of(Step::falls));
    let mut clauses = Vec::new();
    for (who, names) in [("the wheel is clearly less late for", wheel_wins), ("the heap is for", heap_wins)] {
        if !names.is_empty() {
            clauses.push(format!("{who} {}", words::list(&names)));
        }
    }
    let unclear: Vec<&Step> = pairs.iter().filter(|step| !step.rises() && !step.falls()).collect();
    if !unclear.is_empty() {
        let names: Vec<&str> = unclear.iter().map(|step| step.backend.as_str()).collect();
        let wheels = words::span(wheel.measure.unit(), unclear.iter().map(|step| &step.from));
        let heaps = words::span(wheel.measure.unit(), unclear.iter().map(|step| &step.to));
        clauses.push(format!("no clear difference for {} (wheel {wheels}, heap {heaps})", words::list(&names)));
    }
    let requests = words::plural(wheel.x, "sleeping request");
    let head = format!("With {requests}, how late they wake (99 of 100 are not later than this)");
    (!clauses.is_empty()).then(|| format!("{head}: {}.", clauses.join("; ")))
}

/// What moving a timer takes in either structure, at the fewest and the most timers.
fn by_itself(part: &Part) -> Vec<String> {
    let of = |name: &str, x: f64| {
        let is_it = |case: &&Case| case.backend == STRUCTURE && case.variant == name && case.x == x;
        let spread = |case: &Case| Spread::measured(case, Measure::Modify).filter(|spread| spread.count >= FEWEST);
        part.cases.iter().filter(is_it).find_map(spread)
    };
    let points = part.points();
    let both = |x: &f64| Some((*x, of("wheel", *x)?, of("heap", *x)?));
    let mut found: Vec<(f64, Spread, Spread)> = points.iter().filter_map(both).collect();
    if found.len() > 2 {
        found = vec![found[0], found[found.len() - 1]];
    }
    let say = |(x, wheel, heap): (f64, Spread, Spread)| {
        let verdict = match (wheel.is_clearly_below(&heap), heap.is_clearly_below(&wheel)) {
            (true, _) => "the wheel takes less",
            (_, true) => "the heap takes less",
            _ => "no clear difference",
        };
        let [wheel, heap] = [wheel, heap].map(|spread| words::spread(Measure::Modify, &spread));
        let timers = words::plural(x, "timer");
        format!("By itself, with {timers}, a wheel moves one to a later time in {wheel}, a heap in {heap}: {verdict}.")
    };
    found.into_iter().map(say).collect()
}
