//! The same backend at two points: what grows, and what does not.
//!
//! Only those take part whose samples are sound at both, so that nobody looks unmoved because its requests failed.

use crate::measure::Measure;
use crate::model::{Part, Run};
use crate::point::Point;
use crate::standing::Spread;
use crate::words;

/// Variant and place on the axis.
pub(crate) type Place<'a> = (&'a str, f64);

/// One backend.
pub(crate) struct Step {
    pub(crate) backend: String,
    pub(crate) from: Spread,
    pub(crate) to: Spread,
}

impl Step {
    pub(crate) fn rises(&self) -> bool {
        self.from.is_clearly_below(&self.to)
    }

    pub(crate) fn falls(&self) -> bool {
        self.to.is_clearly_below(&self.from)
    }
}

/// The simplest backend first.
pub(crate) fn steps(run: &Run, part: &Part, from: Place<'_>, to: Place<'_>, measure: Measure) -> Vec<Step> {
    let point = |(variant, x): Place<'_>| Point::new(run, part, variant, x, measure);
    let (Some(from), Some(to)) = (point(from), point(to)) else { return Vec::new() };
    let step = |before: &crate::point::Entry<'_>| {
        let after = to.entry(before.backend())?;
        Some(Step { backend: before.backend().to_string(), from: before.usable()?, to: after.usable()? })
    };
    from.entries.iter().filter_map(step).collect()
}

/// Those that were measured at both and may not be compared, with their figures and the reason.
pub(crate) fn unfit(run: &Run, part: &Part, from: Place<'_>, to: Place<'_>, measure: Measure) -> Option<String> {
    let point = |(variant, x): Place<'_>| Point::new(run, part, variant, x, measure);
    let (from, to) = (point(from)?, point(to)?);
    let unfit = from.entries.iter().filter_map(|before| {
        let after = to.entry(before.backend())?;
        let refused = [before, after].into_iter().find(|entry| entry.usable().is_none())?;
        let reason = refused.refusal()?;
        let figures = match before.spread.zip(after.spread) {
            Some((before, after)) => {
                let [before, after] = [before, after].map(|spread| measure.unit().show(spread.median));
                format!("{before}, then {after}; ")
            }
            None => String::new(),
        };
        Some(format!("{} ({figures}{reason})", before.backend()))
    });
    let unfit: Vec<String> = unfit.collect();
    (!unfit.is_empty()).then(|| format!("Not compared: {}.", words::list(&unfit)))
}

/// `what` is the beginning of the sentence: `From 1 to 64 connections, p99`.
pub(crate) fn describe(what: &str, steps: &[Step], measure: Measure) -> Option<String> {
    let is_unclear = |step: &&Step| !step.rises() && !step.falls();
    let unclear: Vec<&Step> = steps.iter().filter(is_unclear).collect();
    let clauses = [
        moving("rises clearly for", steps, Step::rises, measure),
        moving("falls clearly for", steps, Step::falls, measure),
        (!unclear.is_empty()).then(|| format!("has no clear difference for {}", unmoved(&unclear, measure))),
    ];
    joined(what, clauses.into_iter().flatten().collect())
}

/// The same where only a rise means anything.
pub(crate) fn describe_rise(what: &str, steps: &[Step], measure: Measure) -> Option<String> {
    let others: Vec<&Step> = steps.iter().filter(|step| !step.rises()).collect();
    let clauses = [
        moving("rises clearly for", steps, Step::rises, measure),
        (!others.is_empty()).then(|| format!("shows no clear rise for {}", unmoved(&others, measure))),
    ];
    joined(what, clauses.into_iter().flatten().collect())
}

fn joined(what: &str, clauses: Vec<String>) -> Option<String> {
    (!clauses.is_empty()).then(|| format!("{what} {}.", clauses.join("; it ")))
}

fn moving(how: &str, steps: &[Step], belongs: fn(&Step) -> bool, measure: Measure) -> Option<String> {
    let steps: Vec<String> = steps.iter().filter(|step| belongs(step)).map(|step| shown(step, measure)).collect();
    (!steps.is_empty()).then(|| format!("{how} {}", words::list(&steps)))
}

/// `threads and pool:64 (1.90–1.92 ms, then 1.95–1.97 ms)`.
fn unmoved(steps: &[&Step], measure: Measure) -> String {
    let names: Vec<&str> = steps.iter().map(|step| step.backend.as_str()).collect();
    let before = words::span(measure.unit(), steps.iter().map(|step| &step.from));
    let after = words::span(measure.unit(), steps.iter().map(|step| &step.to));
    let values = if before == after { before } else { format!("{before}, then {after}") };
    format!("{} ({values})", words::list(&names))
}

/// `smol (1.01 ms to 104 ms, 103 times)`.
fn shown(step: &Step, measure: Measure) -> String {
    let unit = measure.unit();
    let ratio = words::ratio(&step.to, &step.from).filter(|_| step.rises());
    let ratio = ratio.map(|ratio| format!(", {}", words::times(ratio))).unwrap_or_default();
    format!("{} ({} to {}{ratio})", step.backend, unit.show(step.from.median), unit.show(step.to.median))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_run::{case, run};
    use crate::scenario::Scenario;

    #[test]
    fn only_what_is_clear_is_said_to_rise() {
        let cases = vec![
            case("smol", 0.0, Measure::P99, &[1000.0, 1010.0, 1020.0]),
            case("smol", 10.0, Measure::P99, &[100_000.0, 104_000.0, 110_000.0]),
            case("threads", 0.0, Measure::P99, &[1000.0, 1010.0, 1200.0]),
            case("threads", 10.0, Measure::P99, &[1100.0, 1300.0, 1400.0]),
            case("gone", 0.0, Measure::P99, &[1000.0, 1000.0, 1000.0]),
            case("few", 0.0, Measure::P99, &[1000.0, 1000.0]),
            case("few", 10.0, Measure::P99, &[9000.0, 9000.0]),
        ];
        let run = run(Scenario::Blocking, cases);
        let steps = steps(&run, &run.parts[0], ("", 0.0), ("", 10.0), Measure::P99);
        let text = describe("p99", &steps, Measure::P99).expect("a sentence");
        assert_eq!(
            text,
            "p99 rises clearly for smol (1.01 ms to 104 ms, 103 times); it has no clear difference for threads \
             (1.01 ms, then 1.30 ms)."
        );
        let rise = describe_rise("p99", &steps, Measure::P99).expect("a sentence");
        assert!(rise.ends_with("; it shows no clear rise for threads (1.01 ms, then 1.30 ms)."), "{rise}");
        let falling = Step { backend: "pool".into(), from: steps[1].to, to: steps[1].from };
        let falling = describe_rise("p99", &[falling], Measure::P99);
        assert_eq!(falling.as_deref(), Some("p99 shows no clear rise for pool (104 ms, then 1.01 ms)."));
        let unfit = unfit(&run, &run.parts[0], ("", 0.0), ("", 10.0), Measure::P99).expect("a sentence");
        assert_eq!(unfit, "Not compared: few (1 ms, then 9 ms; 2 samples (at least 3 are needed)).");
    }
}
