//! Phrases that all sentences about a run share, so that the same thing is always said in the same words.
//!
//! Numbers go through [`Unit::show`]. A number that is not finite is never shown.

use crate::measure::{Measure, Unit};
use crate::model::{Case, STRUCTURE};
use crate::scenario::Scenario;
use crate::standing::{FEWEST, Refusal, Spread, Standing, failed};

/// The backends from the simplest to explain to the least; what is not known comes last.
pub(crate) const SIMPLEST_FIRST: [&str; 6] = ["threads", "workqueue", "pool", "may", "smol", "async-io"];

/// With fewer answers than this in a sample there may be too few slow ones among them to tell anything of those.
const ENOUGH: f64 = 1000.0;

/// `8.43 µs (8.20–8.60 µs)`.
pub(crate) fn spread(measure: Measure, spread: &Spread) -> String {
    let median = measure.unit().show(spread.median);
    match range(measure, spread) {
        range if range.is_empty() => median,
        range => format!("{median} ({range})"),
    }
}

/// `8.20–8.60 µs`; how many samples there are, if these are too few; nothing, if all are the same.
pub(crate) fn range(measure: Measure, spread: &Spread) -> String {
    if spread.count < FEWEST {
        return plural(spread.count as f64, "sample");
    }
    between(measure.unit(), spread.low, spread.high)
}

/// Two numbers, and their unit once if it is the same.
pub(crate) fn between(unit: Unit, low: f64, high: f64) -> String {
    let (low, high) = (unit.show(low), unit.show(high));
    if low == high {
        return String::new();
    }
    match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((number, of_low)), Some((_, of_high))) if of_low == of_high => format!("{number}–{high}"),
        _ => format!("{}–{high}", low.strip_suffix("/s").filter(|_| unit == Unit::PerSecond).unwrap_or(&low)),
    }
}

/// `1.81 times`; empty if there is no such number.
pub(crate) fn times(ratio: f64) -> String {
    if ratio.is_finite() { format!("{} times", Unit::Count.show(ratio)) } else { String::new() }
}

/// How many times the other the median is.
pub(crate) fn ratio(of: &Spread, to: &Spread) -> Option<f64> {
    Some(of.median / to.median).filter(|ratio| ratio.is_finite() && *ratio > 0.0)
}

/// The median of a ratio, and between which bounds it must lie if both numbers lie in their ranges.
pub(crate) fn ratio_with_range(of: &Spread, to: &Spread) -> String {
    let Some(middle) = ratio(of, to) else { return String::new() };
    match between(Unit::Count, of.low / to.high, of.high / to.low) {
        range if range.is_empty() || !(of.high / to.low).is_finite() => times(middle),
        range => format!("{} ({range})", times(middle)),
    }
}

/// `threads, pool and may`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "and")
}

/// `threads, pool or may`.
pub(crate) fn either<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "or")
}

fn joined<T: AsRef<str>>(items: &[T], word: &str) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_string(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
    }
}

/// The lowest and the highest median of several, or the one that all have.
pub(crate) fn span<'a>(unit: Unit, spreads: impl IntoIterator<Item = &'a Spread>) -> String {
    let medians: Vec<f64> = spreads.into_iter().map(|spread| spread.median).collect();
    let Some(all) = Spread::of(&medians) else { return String::new() };
    match between(unit, all.low, all.high) {
        same if same.is_empty() => unit.show(all.median),
        span => span,
    }
}

/// A number that was counted, or chosen, with all its digits: `1,024`.
pub(crate) fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    if value.fract() != 0.0 || value < 1000.0 {
        return Unit::Count.show(value);
    }
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 thread`, `5,004 threads`.
pub(crate) fn plural(number: f64, noun: &str) -> String {
    let shown = count(number);
    if shown == "1" { format!("1 {noun}") } else { format!("{shown} {noun}s") }
}

/// Per cent, of which there is some even if it is little.
pub(crate) fn percent(value: f64) -> String {
    if value > 0.0 && value < 0.01 { "less than 0.01 %".into() } else { Unit::Percent.show(value) }
}

/// With a capital letter; but p99 stays what it is.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_numeric() => first.to_uppercase().chain(letters).collect(),
        _ => text.into(),
    }
}

/// A backend's name without its knobs.
pub(crate) fn kind(backend: &str) -> &str {
    backend.split(':').next().unwrap_or(backend)
}

/// Which they are; `any`, if it is none in particular.
pub(crate) fn cores(cores: &[usize]) -> String {
    let numbers: Vec<String> = cores.iter().map(|core| format!("number {core}")).collect();
    if numbers.is_empty() { "any".into() } else { list(&numbers) }
}

/// Its rank, `=` if it is shared, or a dash.
pub(crate) fn rank(standing: &Standing) -> String {
    match standing {
        Standing::Rank { rank, shared } => format!("{rank}{}", if *shared { "=" } else { "" }),
        Standing::Refused(_) => "–".into(),
    }
}

/// For sorting: the simplest first, then by name.
pub(crate) fn simplicity(backend: &str) -> (usize, &str) {
    let known = SIMPLEST_FIRST.iter().position(|name| *name == kind(backend));
    (known.unwrap_or(SIMPLEST_FIRST.len()), backend)
}

/// Whether it has only so many places by design, each with a thread.
pub(crate) fn is_bounded(backend: &str) -> bool {
    matches!(kind(backend), "workqueue" | "pool")
}

/// What a measure is, in the middle of a sentence.
pub(crate) fn noun(measure: Measure) -> &'static str {
    match measure {
        Measure::Rate => "requests answered in a second",
        Measure::Cpu => "server CPU time for each request",
        Measure::P50 => "p50 (half of the answers come within it)",
        Measure::P99 => "p99 (99 of 100 answers come within it)",
        Measure::MemoryEach => "memory for each connection",
        Measure::LateP99 => "lateness (99 of 100 timers fire within it)",
        Measure::Stop => "time to stop",
        other => other.label(),
    }
}

/// Where on the axis: `with 64 connections`.
pub(crate) fn place(scenario: Scenario, variant: &str, x: f64) -> String {
    let place = match scenario {
        Scenario::SeedReplay => format!("with {}", plural(x, "client")),
        Scenario::KeepAlive => format!("with {}", plural(x, "connection")),
        Scenario::OpenLoop => format!("at {} of the slowest backend's rate", percent(x)),
        Scenario::Idle | Scenario::Stop => format!("with {}", plural(x, "idle connection")),
        Scenario::Slow => format!("beside {}", plural(x, "slow sender")),
        Scenario::Blocking => format!("when {} of the handlers block", percent(x)),
        Scenario::Computing => format!("when {} of the handlers compute", percent(x)),
        Scenario::Files if variant.contains("iB") => format!("for a file of {variant}"),
        Scenario::Files => format!("for the {variant}"),
        Scenario::Timers => format!("with {}", plural(x, "sleeping request")),
    };
    match (scenario, variant) {
        (Scenario::Files, _) | (_, "") => place,
        (Scenario::Timers, variant) => format!("{place} on the {variant}"),
        (_, variant) => format!("{place}, with `{variant}`"),
    }
}

/// The same in short, as in `64 connections`; nothing where the scenario has only one place.
pub(crate) fn at(scenario: Scenario, backend: &str, x: f64) -> String {
    match (backend, scenario.about().axis) {
        (STRUCTURE, _) => plural(x, "timer"),
        (_, "") => String::new(),
        (_, axis) => format!("{} {axis}", count(x)),
    }
}

/// Why a case has no rank, for the end of a sentence that begins with its backend.
pub(crate) fn reason(refusal: &Refusal, case: &Case) -> String {
    match refusal {
        Refusal::Differs(how) => format!("its answers differ: {how}"),
        Refusal::Errors { percent: share, classes } => {
            format!("{} of its requests failed: {classes}", percent(*share))
        }
        Refusal::LetGo(kept) => let_go(case, *kept),
        Refusal::GeneratorBound(busy) => {
            format!("the load generator ({busy:.0} % busy), not the server, set the pace")
        }
        Refusal::TooFew(0) => case.failure.clone().unwrap_or_else(|| untold(case)),
        Refusal::TooFew(count) => {
            let failure = case.failure.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{} (at least {FEWEST} are needed){failure}", plural(*count as f64, "sample"))
        }
        _ => refusal.to_string(),
    }
}

/// Why nothing was measured though it did not fail.
fn untold(case: &Case) -> String {
    let answered: Vec<f64> = case.samples.iter().map(|sample| sample.answered as f64).collect();
    match Spread::of(&answered) {
        // Where there were enough for a p99, it is something else that is missing.
        Some(answers) if (1.0..ENOUGH).contains(&answers.median) && case.values(Measure::P99).is_empty() => {
            format!("{} in a sample, which is too few to tell", plural(answers.median, "answer"))
        }
        _ => "not measured".into(),
    }
}

/// `68 threads for 5,000 clients: it kept 64 and let go of the others`.
fn let_go(case: &Case, kept: f64) -> String {
    let threads = Spread::measured(case, Measure::Threads).map(|threads| plural(threads.median, "thread"));
    let kept = count((case.x * kept / 100.0).round());
    let clients = plural(case.x, "client");
    match threads {
        Some(threads) => format!("{threads} for {clients}: it kept {kept} and let go of the others"),
        None => format!("of {clients} it kept {kept} and let go of the others"),
    }
}

/// What went wrong in a case, for the place beside its figures; `None` if nothing did.
pub(crate) fn errors(case: &Case) -> Option<String> {
    failed(case).map(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_names_its_unit_once() {
        let of = |low, median, high| Spread { low, median, high, count: 5 };
        assert_eq!(spread(Measure::Cpu, &of(8.2, 8.43, 8.6)), "8.43 µs (8.20–8.60 µs)");
        assert_eq!(spread(Measure::P99, &of(980.0, 1040.0, 1100.0)), "1.04 ms (980 µs–1.10 ms)");
        assert_eq!(spread(Measure::Rate, &of(10_000.0, 11_000.0, 12_000.0)), "11,000/s (10,000–12,000/s)");
        assert_eq!(spread(Measure::Threads, &of(6.0, 6.0, 6.0)), "6");
        assert_eq!(spread(Measure::Cpu, &Spread { count: 2, ..of(8.2, 8.43, 8.6) }), "8.43 µs (2 samples)");
    }

    #[test]
    fn a_ratio_lies_between_those_of_the_extremes() {
        let of = |low, median, high| Spread { low, median, high, count: 5 };
        assert_eq!(ratio_with_range(&of(18.0, 20.0, 22.0), &of(9.0, 10.0, 11.0)), "2 times (1.64–2.44)");
        assert_eq!(ratio_with_range(&of(1.0, 1.0, 1.0), &of(0.0, 0.0, 0.0)), "", "nothing is said about nothing");
    }

    #[test]
    fn lists_and_counts_read_as_english() {
        assert_eq!(list(&["threads", "pool:8", "may"]), "threads, pool:8 and may");
        assert_eq!(either(&["threads", "may"]), "threads or may");
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!([plural(1.0, "client"), plural(1024.0, "client")], ["1 client", "1,024 clients"]);
        assert_eq!(percent(0.003), "less than 0.01 %");
        assert_eq!(capital("with 4 clients"), "With 4 clients");
    }

    #[test]
    fn the_simplest_comes_first_whatever_its_knobs() {
        let mut names = ["mutant:slow", "async-io", "pool:8", "threads", "workqueue:max=4", "may:2"];
        names.sort_by_key(|name| simplicity(name));
        assert_eq!(names, ["threads", "workqueue:max=4", "pool:8", "may:2", "async-io", "mutant:slow"]);
    }
}
