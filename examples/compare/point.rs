//! All backends at one point of a scenario, judged by one measure: what every claim of better or worse is made from.
//!
//! Only [`standings`] decides who may be compared, and only [`Spread::is_clearly_below`] who is better. A ratio is
//! given to a backend that is clearly better, never just to the one with the best median, which may be a matter of
//! noise.

use crate::measure::{Better, Measure};
use crate::model::{Case, Part, Run};
use crate::scenario::Scenario;
use crate::standing::{Refusal, Spread, Standing, standings};
use crate::words;

/// One point. There is at least one entry.
pub(crate) struct Point<'a> {
    pub(crate) scenario: Scenario,
    pub(crate) variant: String,
    pub(crate) x: f64,
    pub(crate) measure: Measure,
    /// The simplest backend first.
    pub(crate) entries: Vec<Entry<'a>>,
}

/// A backend at this point.
pub(crate) struct Entry<'a> {
    pub(crate) case: &'a Case,
    pub(crate) spread: Option<Spread>,
    pub(crate) standing: Standing,
}

impl<'a> Point<'a> {
    /// `None` if nobody was measured there.
    pub(crate) fn new(run: &Run, part: &'a Part, variant: &str, x: f64, measure: Measure) -> Option<Self> {
        let mut cases = part.at(variant, x);
        cases.sort_by_key(|case| words::simplicity(&case.backend));
        Self::of(run, part.scenario, variant, x, measure, cases)
    }

    fn of(
        run: &Run,
        scenario: Scenario,
        variant: &str,
        x: f64,
        measure: Measure,
        cases: Vec<&'a Case>,
    ) -> Option<Self> {
        let standings = standings(run, &cases, measure);
        let entry = |(case, standing): (&'a Case, Standing)| Entry { case, spread: measured(case, measure), standing };
        let entries: Vec<Entry<'a>> = cases.into_iter().zip(standings).map(entry).collect();
        if entries.is_empty() {
            return None;
        }
        Some(Self { scenario, variant: variant.to_string(), x, measure, entries })
    }

    /// Where a scenario is judged, by its headline.
    pub(crate) fn of_verdict(run: &'a Run, scenario: Scenario) -> Option<Self> {
        let part = run.part(scenario)?;
        let (variant, x) = verdict_point(part)?;
        Self::new(run, part, variant, x, scenario.about().headline)
    }

    /// The same point by another measure.
    pub(crate) fn by(&self, run: &'a Run, measure: Measure) -> Option<Self> {
        Self::new(run, run.part(self.scenario)?, &self.variant, self.x, measure)
    }

    /// As if some had not taken part.
    pub(crate) fn without(&self, run: &Run, names: &[&str]) -> Option<Self> {
        let cases = self.entries.iter().map(|entry| entry.case).filter(|case| !names.contains(&case.backend.as_str()));
        Self::of(run, self.scenario, &self.variant, self.x, self.measure, cases.collect())
    }

    pub(crate) fn entry(&self, backend: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.backend() == backend)
    }

    /// Those that nobody is clearly better than, the simplest first.
    pub(crate) fn best(&self) -> Vec<&Entry<'a>> {
        self.entries.iter().filter(|entry| entry.rank() == Some(1)).collect()
    }

    /// Those that somebody is clearly better than, the best first.
    pub(crate) fn behind(&self) -> Vec<&Entry<'a>> {
        let mut behind: Vec<&Entry<'a>> = self.entries.iter().filter(|entry| entry.rank() > Some(1)).collect();
        behind.sort_by(|one, other| self.compare_medians(one, other));
        behind
    }

    pub(crate) fn refused(&self) -> Vec<&Entry<'a>> {
        self.entries.iter().filter(|entry| entry.rank().is_none()).collect()
    }

    /// Of those that are clearly better than `entry`, the one with the best median.
    pub(crate) fn beaten_by(&self, entry: &Entry<'a>) -> Option<&Entry<'a>> {
        let mut better = self.best();
        better.retain(|other| self.is_clearly_better(other, entry));
        better.sort_by(|one, other| self.compare_medians(one, other));
        better.first().copied()
    }

    /// How far `entry` is behind one that is clearly better, from 1 up; 1 if nobody is.
    pub(crate) fn distance(&self, entry: &Entry<'a>) -> Option<f64> {
        entry.rank()?;
        let Some(better) = self.beaten_by(entry) else { return Some(1.0) };
        let ratio = words::ratio(entry.spread.as_ref()?, better.spread.as_ref()?)?;
        Some(if self.measure.better() == Better::Higher { 1.0 / ratio } else { ratio })
    }

    fn is_clearly_better(&self, one: &Entry<'a>, other: &Entry<'a>) -> bool {
        let (Some(one), Some(other)) = (&one.spread, &other.spread) else { return false };
        match self.measure.better() {
            Better::Lower => one.is_clearly_below(other),
            Better::Higher => other.is_clearly_below(one),
            Better::Neither => false,
        }
    }

    fn compare_medians(&self, one: &Entry<'a>, other: &Entry<'a>) -> std::cmp::Ordering {
        let median = |entry: &Entry<'a>| entry.spread.map_or(f64::INFINITY, |spread| spread.median);
        let order = median(one).total_cmp(&median(other));
        if self.measure.better() == Better::Higher { order.reverse() } else { order }
    }
}

impl Entry<'_> {
    pub(crate) fn backend(&self) -> &str {
        &self.case.backend
    }

    pub(crate) fn rank(&self) -> Option<usize> {
        match self.standing {
            Standing::Rank { rank, .. } if self.spread.is_some() => Some(rank),
            _ => None,
        }
    }

    /// What it has measured itself, if nothing is wrong with that. Who varies too much for a place among the others can
    /// still be compared with another by its range.
    pub(crate) fn usable(&self) -> Option<Spread> {
        match self.standing {
            Standing::Rank { .. } | Standing::Refused(Refusal::TooNoisy { .. }) => self.spread,
            Standing::Refused(_) => None,
        }
    }

    /// Its median and range, or a dash.
    pub(crate) fn shown(&self, measure: Measure) -> String {
        self.spread.map_or("–".into(), |spread| words::spread(measure, &spread))
    }

    /// Another measure of the same samples.
    pub(crate) fn other(&self, measure: Measure) -> Option<Spread> {
        measured(self.case, measure)
    }

    /// Why it has no rank, if that is worth saying.
    pub(crate) fn refusal(&self) -> Option<String> {
        match &self.standing {
            Standing::Refused(Refusal::NotOrdered) | Standing::Rank { .. } => None,
            Standing::Refused(refusal) => Some(words::reason(refusal, self.case).trim_end_matches('.').to_string()),
        }
    }
}

/// What was measured, as far as it is a number.
pub(crate) fn measured(case: &Case, measure: Measure) -> Option<Spread> {
    let values: Vec<f64> = case.values(measure).into_iter().filter(|value| value.is_finite()).collect();
    Spread::of(&values)
}

/// The variant and point that a scenario is judged at: those it names, or else the nearest that was measured.
pub(crate) fn verdict_point(part: &Part) -> Option<(&str, f64)> {
    let wanted = part.scenario.about().verdict.0;
    let has_headline = |case: &&Case| !case.values(part.scenario.about().headline).is_empty();
    let variants = part.cases.iter().filter(has_headline).map(|case| case.variant.as_str());
    let variant = variants.min_by_key(|variant| (*variant != wanted, *variant))?;
    Some((variant, verdict_x(part, variant)?))
}

/// The point that a variant is judged at.
pub(crate) fn verdict_x(part: &Part, variant: &str) -> Option<f64> {
    let about = part.scenario.about();
    // Points are steps of a ratio; a tie goes to the larger.
    let distance = |point: f64| ((point + 1.0) / (about.verdict.1 + 1.0)).ln().abs();
    let has_headline = |case: &&Case| case.variant == variant && !case.values(about.headline).is_empty();
    let measured = part.cases.iter().filter(has_headline).map(|case| case.x);
    measured.max_by(|one, other| distance(*other).total_cmp(&distance(*one)).then(one.total_cmp(other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_run::{case, run};

    #[test]
    fn a_scenario_is_judged_at_its_point_or_the_nearest() {
        let at = |points: &[f64]| {
            let cases = points.iter().map(|x| case("a", *x, Measure::Cpu, &[1.0, 1.0, 1.0])).collect();
            verdict_point(&run(Scenario::KeepAlive, cases).parts[0]).map(|(_, x)| x)
        };
        assert_eq!(at(&[1.0, 64.0, 1024.0]), Some(64.0));
        assert_eq!(at(&[1.0, 16.0, 1024.0]), Some(16.0));
        assert_eq!(at(&[1.0]), Some(1.0));
        assert_eq!(at(&[]), None);
    }

    #[test]
    fn a_ratio_is_given_to_one_that_is_clearly_better() {
        // `wide` has the best median, but its range reaches over that of `last`: only `narrow` is clearly better.
        let cases = vec![
            case("wide", 64.0, Measure::Cpu, &[4.0, 4.0, 20.0]),
            case("narrow", 64.0, Measure::Cpu, &[5.0, 5.0, 5.0]),
            case("last", 64.0, Measure::Cpu, &[10.0, 10.0, 10.0]),
        ];
        let run = run(Scenario::KeepAlive, cases);
        let point = Point::of_verdict(&run, Scenario::KeepAlive).expect("a point");
        let last = point.entry("last").expect("it is there");
        assert_eq!(point.best().iter().map(|entry| entry.backend()).collect::<Vec<_>>(), ["narrow", "wide"]);
        assert_eq!(point.beaten_by(last).map(Entry::backend), Some("narrow"));
        assert_eq!(point.distance(last), Some(2.0));
    }
}
