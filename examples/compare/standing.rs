//! Who is better than whom, and when that may be said.
//!
//! A machine others share is noisy, so a single figure proves nothing. A backend is *clearly* better than another if
//! their ranges over all rounds do not overlap, **and** their medians are at least 10 % apart; anything less is "no
//! clear difference". A rank is one more than the number of backends that are clearly better, so that two of the same
//! rank have no clear difference from the best of it.
//!
//! "No clear difference" is not transitive: a backend whose samples vary widely has none from anybody. So that noise is
//! nobody's merit, ranks follow the medians: who would come before one with a better median, or is more than ten times
//! as far as the best of its rank without being clearly worse, is not placed at all.
//!
//! Nor are those whose answers differ or failed, who let go of connections that were to be kept, who have too few
//! samples, and who were waiting for the load generator; the reason stands in the place of the rank.

use crate::measure::{Better, Measure};
use crate::model::{Case, Run};
use crate::words;
use std::fmt;

/// By how much medians have to differ.
const MARGIN: f64 = 0.10;
/// What the generator calls its own failures.
const LOCAL: &str = "local";
/// Fewer samples than this have no range.
pub(crate) const FEWEST: usize = 3;
/// A generator that is busier than this, in per cent, is what is measured.
pub(crate) const GENERATOR_BOUND: f64 = 90.0;
/// Who kept fewer than these, in per cent, let go of connections.
const KEEPS: f64 = 99.5;
/// This many times the best of its rank is too far for "no clear difference".
const TOO_FAR: f64 = 10.0;

/// The median of some samples, and their range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
    pub(crate) count: usize,
}

/// The place of a case among others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// From 1; `shared` if others have the same.
    Rank { rank: usize, shared: bool },
    /// Not ranked, because of this.
    Refused(Refusal),
}

/// Why there is no rank.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// Its answers are not those of the others.
    Differs(String),
    /// Some requests were not answered, or not rightly: the share of them, in per cent, and the classes.
    Errors { percent: f64, classes: String },
    /// It let go of connections that were to be kept; those kept, in per cent.
    LetGo(f64),
    /// The load came as fast as the generator could make it; how busy that was, in per cent.
    GeneratorBound(f64),
    /// Its samples vary so much that it could be anywhere: the lowest and the highest.
    TooNoisy { measure: Measure, low: f64, high: f64 },
    /// The load generator could not do its part: how often, by class.
    Generator(String),
    /// There are only so many samples.
    TooFew(usize),
    /// It is not a matter of better or worse.
    NotOrdered,
}

impl Spread {
    /// `None` if there is nothing.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&low, &high) = (sorted.first()?, sorted.last()?);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] };
        Some(Self { low, median, high, count: sorted.len() })
    }

    /// How many times the lowest the highest is.
    fn width(&self) -> f64 {
        self.high / self.low.max(f64::MIN_POSITIVE)
    }

    /// Of a measure, in a case.
    pub(crate) fn measured(case: &Case, measure: Measure) -> Option<Self> {
        Self::of(&case.values(measure))
    }

    /// Whether it is lower than `other` beyond doubt.
    pub(crate) fn is_clearly_below(&self, other: &Self) -> bool {
        self.high < other.low && self.median <= other.median * (1.0 - MARGIN)
    }

    /// Whether one of the two is better beyond doubt.
    pub(crate) fn differs_clearly(&self, other: &Self) -> bool {
        self.is_clearly_below(other) || other.is_clearly_below(self)
    }
}

/// The places of `cases`, which are of one part, variant and point, by `measure`: as many, in their order.
pub(crate) fn standings(run: &Run, cases: &[&Case], measure: Measure) -> Vec<Standing> {
    let mut judged: Vec<Result<Spread, Refusal>> = cases.iter().map(|case| judge(run, case, measure)).collect();
    while let Some((index, Spread { low, high, .. })) = first_without_a_place(&judged, measure) {
        judged[index] = Err(Refusal::TooNoisy { measure, low, high });
    }
    let ranks: Vec<usize> = judged.iter().flatten().map(|spread| rank(&judged, measure, spread)).collect();
    let standing = |result: &Result<Spread, Refusal>| match result {
        Ok(spread) => {
            let rank = rank(&judged, measure, spread);
            Standing::Rank { rank, shared: ranks.iter().filter(|other| **other == rank).count() > 1 }
        }
        Err(refusal) => Standing::Refused(refusal.clone()),
    };
    judged.iter().map(standing).collect()
}

fn rank(judged: &[Result<Spread, Refusal>], measure: Measure, spread: &Spread) -> usize {
    1 + judged.iter().flatten().filter(|other| is_better(measure, other, spread)).count()
}

/// In the order of medians, the first whose rank would not follow it, or who is too far from the best of its rank.
fn first_without_a_place(judged: &[Result<Spread, Refusal>], measure: Measure) -> Option<(usize, Spread)> {
    let ranked = judged.iter().enumerate().filter_map(|(index, result)| Some((index, *result.as_ref().ok()?)));
    let mut order: Vec<(usize, Spread)> = ranked.collect();
    order.sort_by(|(_, one), (_, other)| one.median.total_cmp(&other.median));
    if measure.better() == Better::Higher {
        order.reverse();
    }
    let mut best_of_rank: Option<(usize, (usize, Spread))> = None;
    for current in order {
        let rank = rank(judged, measure, &current.1);
        match best_of_rank {
            Some((highest, _)) if rank < highest => return Some(current),
            Some((highest, best)) if rank == highest => {
                let far = (current.1.median / best.1.median).max(best.1.median / current.1.median);
                if far.is_finite() && far > TOO_FAR {
                    return Some(if current.1.width() > best.1.width() { current } else { best });
                }
            }
            _ => best_of_rank = Some((rank, current)),
        }
    }
    None
}

fn is_better(measure: Measure, one: &Spread, other: &Spread) -> bool {
    match measure.better() {
        Better::Lower => one.is_clearly_below(other),
        Better::Higher => other.is_clearly_below(one),
        Better::Neither => false,
    }
}

/// What a case may be ranked by; or why it may not.
fn judge(run: &Run, case: &Case, measure: Measure) -> Result<Spread, Refusal> {
    if let Some(how) = run.subject(&case.backend).and_then(|subject| subject.differs.clone()) {
        return Err(Refusal::Differs(how));
    }
    if let Some(refusal) = failed(case) {
        return Err(refusal);
    }
    if let Some(kept) = Spread::measured(case, Measure::Kept)
        && kept.low < KEEPS
    {
        return Err(Refusal::LetGo(if kept.median < KEEPS { kept.median } else { kept.low }));
    }
    if measure.better() == Better::Neither {
        return Err(Refusal::NotOrdered);
    }
    let spread = Spread::measured(case, measure).filter(|spread| spread.count >= FEWEST);
    let spread = spread.ok_or_else(|| Refusal::TooFew(case.values(measure).len()))?;
    match Spread::measured(case, Measure::Generator) {
        Some(busy) if measure.is_the_generators() && busy.median > GENERATOR_BOUND => {
            Err(Refusal::GeneratorBound(busy.median))
        }
        _ => Ok(spread),
    }
}

/// What went wrong that a client would have seen; or what the generator itself could not do.
pub(crate) fn failed(case: &Case) -> Option<Refusal> {
    let errors = case.errors();
    let class = |(class, count): (&&str, &u64)| format!("{} {class}", words::count(*count as f64));
    let classes = errors.iter().map(class).collect::<Vec<_>>().join(", ");
    let own = errors.iter().filter(|(class, _)| class.ends_with(LOCAL)).map(|(_, count)| count).sum::<u64>();
    let count: u64 = errors.values().sum();
    let percent = 100.0 * count as f64 / (count + case.answered()) as f64;
    match (count, own) {
        (0, _) => None,
        (_, 0) => Some(Refusal::Errors { percent, classes }),
        _ => Some(Refusal::Generator(classes)),
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rank { rank, shared: false } => write!(f, "{rank}"),
            Self::Rank { rank, shared: true } => write!(f, "{rank} (no clear difference)"),
            Self::Refused(Refusal::NotOrdered) => f.write_str("–"),
            Self::Refused(refusal) => write!(f, "not ranked: {refusal}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(how) => write!(f, "its answers differ ({how})"),
            Self::Errors { percent, classes } => write!(f, "{} failed ({classes})", words::percent(*percent)),
            Self::LetGo(kept) => write!(f, "kept {kept:.1} % of the connections"),
            Self::GeneratorBound(busy) => write!(f, "generator-bound ({busy:.0} % busy)"),
            Self::TooNoisy { measure, low, high } => {
                let [low, high] = [low, high].map(|value| measure.unit().show(*value));
                write!(f, "its samples, from {low} to {high}, do not set it apart from others of different ranks")
            }
            Self::Generator(classes) => write!(f, "the load generator could not do its part ({classes})"),
            Self::TooFew(count) => write!(f, "{count} samples, which is fewer than {FEWEST}"),
            Self::NotOrdered => f.write_str("neither more nor less of it is better"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Sample, Subject};
    use crate::sample_run::{case, run};
    use crate::scenario::Scenario;

    fn ranks(cases: &[Case], measure: Measure) -> Vec<String> {
        let run = run(Scenario::KeepAlive, cases.to_vec());
        let cases: Vec<&Case> = run.parts[0].cases.iter().collect();
        standings(&run, &cases, measure).iter().map(Standing::to_string).collect()
    }

    #[test]
    fn ranges_that_overlap_are_no_clear_difference() {
        let cases = [
            case("a", 64.0, Measure::Cpu, &[6.0, 6.1, 6.9]),
            case("b", 64.0, Measure::Cpu, &[6.8, 7.0, 7.2]),
            case("c", 64.0, Measure::Cpu, &[9.0, 9.1, 9.2]),
        ];
        assert_eq!(ranks(&cases, Measure::Cpu), ["1 (no clear difference)", "1 (no clear difference)", "3"]);
    }

    #[test]
    fn ranges_apart_by_a_hair_are_none_either() {
        let cases = [case("a", 64.0, Measure::Cpu, &[6.0, 6.1, 6.2]), case("b", 64.0, Measure::Cpu, &[6.3, 6.4, 6.5])];
        assert_eq!(ranks(&cases, Measure::Cpu), ["1 (no clear difference)", "1 (no clear difference)"]);
    }

    #[test]
    fn noise_is_nobodys_merit() {
        let best = case("best", 64.0, Measure::P99, &[10.6, 11.0, 13.6]);
        let steady = case("steady", 64.0, Measure::P99, &[28.0, 29.0, 30.0]);
        let noisy = case("noisy", 64.0, Measure::P99, &[4.1, 34.5, 46.8]);
        let refused =
            "not ranked: its samples, from 4.10 µs to 46.8 µs, do not set it apart from others of different ranks";
        assert_eq!(ranks(&[best.clone(), steady, noisy.clone()], Measure::P99), ["1", "2", refused]);
        // It is not clearly worse than the best, and yet far away.
        let wide = case("wide", 64.0, Measure::P99, &[4.1, 345.0, 468.0]);
        let refused =
            "not ranked: its samples, from 4.10 µs to 468 µs, do not set it apart from others of different ranks";
        assert_eq!(ranks(&[wide, best.clone()], Measure::P99), [refused, "1"]);
        let shared = "1 (no clear difference)";
        assert_eq!(ranks(&[noisy, best], Measure::P99), [shared, shared], "thrice as far may be noise");
    }

    #[test]
    fn what_the_generator_could_not_do_is_not_the_servers_fault() {
        let mut poor = case("a", 64.0, Measure::Cpu, &[1.0, 1.0, 1.0]);
        poor.samples[1].errors.insert("local".into(), 7);
        let reason = "not ranked: the load generator could not do its part (7 local)";
        assert_eq!(ranks(&[poor], Measure::Cpu), [reason]);
    }

    #[test]
    fn more_is_better_where_it_is() {
        let cases =
            [case("a", 64.0, Measure::Rate, &[1.0, 1.0, 1.1]), case("b", 64.0, Measure::Rate, &[2.0, 2.0, 2.1])];
        assert_eq!(ranks(&cases, Measure::Rate), ["2", "1"]);
    }

    #[test]
    fn a_busy_generator_is_not_the_servers_merit() {
        let mut fast = case("a", 64.0, Measure::Rate, &[5.0, 5.0, 5.0]);
        for sample in &mut fast.samples {
            sample.measures.insert(Measure::Generator, 97.0);
            sample.measures.insert(Measure::Cpu, 4.0);
        }
        let slow = case("b", 64.0, Measure::Rate, &[2.0, 2.0, 2.0]);
        assert_eq!(ranks(&[fast.clone(), slow], Measure::Rate), ["not ranked: generator-bound (97 % busy)", "1"]);
        assert_eq!(ranks(&[fast], Measure::Cpu), ["1"], "what the server spends is its own");
    }

    #[test]
    fn who_let_go_of_some_once_is_told_with_the_fewest_it_kept() {
        let kept = |samples: [f64; 3]| {
            let mut one = case("one", 0.0, Measure::MemoryEach, &[1.0, 1.0, 1.0]);
            for (sample, kept) in one.samples.iter_mut().zip(samples) {
                sample.measures.insert(Measure::Kept, kept);
            }
            ranks(&[one], Measure::MemoryEach).remove(0)
        };
        assert_eq!(kept([100.0, 90.4, 100.0]), "not ranked: kept 90.4 % of the connections");
        assert_eq!(kept([5.1, 4.4, 5.1]), "not ranked: kept 5.1 % of the connections");
        assert_eq!(kept([100.0; 3]), "1");
    }

    #[test]
    fn errors_and_wrong_answers_have_no_rank() {
        let mut failing = case("a", 64.0, Measure::Cpu, &[1.0, 1.0, 1.0]);
        failing.samples[0] = Sample { answered: 99, errors: [("reset".into(), 1)].into(), ..Sample::default() };
        assert_eq!(ranks(&[failing.clone()], Measure::Cpu), ["not ranked: 0.05 % failed (1 reset)"]);

        failing.samples[0].errors.clear();
        let mut run = run(Scenario::KeepAlive, vec![failing]);
        let wrong = Subject { name: "a".into(), about: String::new(), differs: Some("/ has other bytes".into()) };
        run.subjects = vec![wrong];
        let standing = &standings(&run, &[&run.parts[0].cases[0]], Measure::Cpu)[0];
        assert_eq!(standing.to_string(), "not ranked: its answers differ (/ has other bytes)");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(Spread::of(&[4.0, 1.0, 3.0, 2.0]).map(|spread| spread.median), Some(2.5));
        assert_eq!(Spread::of(&[]), None);
    }
}
