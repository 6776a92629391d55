//! Charts of many numbers for each case: percentiles, and the longest latency over time.

use super::figure::{self, Figure};
use super::judged::{hollow, judged_at, places};
use super::percentiles::combined;
use super::{Scene, percentiles, timeline};
use crate::measure::{Measure, Unit};
use crate::model::{Case, STRUCTURE, Sample};
use crate::point::{self, Entry};
use crate::report::key::Key;
use crate::report::scale::Scale;
use crate::step::Place;

impl<'a> Scene<'a> {
    /// A percentile plot for each rate.
    pub(super) fn latencies(self) -> Vec<Figure> {
        let dotted = "Solid: counted from when a request was due. Dotted: from when it was really sent.";
        self.curves(places(self.part), "Latency", "share of requests", dotted)
    }

    /// A percentile plot for each kind of timer.
    pub(super) fn lateness(self) -> Vec<Figure> {
        let variants = self.part.variants().into_iter();
        let points = variants.filter_map(|variant| Some((variant, point::verdict_x(self.part, variant)?)));
        self.curves(points.collect(), "How late timers fired", "share of timers", "")
    }

    fn curves(self, points: Vec<Place<'_>>, what: &str, of: &str, dotted: &str) -> Vec<Figure> {
        let lines_at = |(variant, x): Place<'_>| -> Vec<percentiles::Line> {
            let all = judged_at(self.run, self.part, Measure::P99, (variant, x)).into_iter();
            all.filter(|judged| judged.case.backend != STRUCTURE).map(|judged| self.curve(&judged)).collect()
        };
        let all: Vec<_> = points.iter().map(|&point| (point, lines_at(point))).collect();
        let values: Vec<f64> = all.iter().flat_map(|(_, lines)| percentiles::values(lines)).collect();
        let Some(scale) = Scale::logarithmic(Unit::Micros, &values) else { return Vec::new() };
        let figure = |((variant, x), lines): &(Place<'_>, Vec<percentiles::Line>)| {
            let title = figure::heading(what, &[variant, &self.place(*x)]);
            let svg = percentiles::draw(&title, &what.to_lowercase(), of, &scale, lines)?;
            let mut notes = hollow(&judged_at(self.run, self.part, Measure::P99, (variant, *x)));
            if lines.iter().any(|line| !line.dotted.is_empty()) {
                notes.insert(0, dotted.into());
            }
            Some(Figure { title, svg, notes })
        };
        all.iter().filter_map(figure).collect()
    }

    fn curve(self, judged: &Entry<'_>) -> percentiles::Line {
        let case = judged.case;
        percentiles::Line {
            name: case.backend.clone(),
            key: Key::of(self.run, &case.backend),
            is_hollow: judged.spread.is_some() && judged.refusal().is_some(),
            solid: combined(case, |sample| &sample.curve),
            dotted: combined(case, |sample| &sample.uncorrected),
        }
    }

    /// The longest latency over time, at the point where `variant` is judged; on a scale that all variants share.
    pub(super) fn timeline(self, variant: &str) -> Vec<Figure> {
        let variants = self.part.variants().into_iter();
        let strips = variants.flat_map(|variant| self.strips(variant));
        let values: Vec<f64> = strips.flat_map(|strip| strip.points).map(|(_, value)| *value).collect();
        let figure = || {
            let scale = Scale::logarithmic(Unit::Micros, &values)?;
            let x = point::verdict_x(self.part, variant)?;
            let title = figure::heading("Longest latency over time", &[variant, &self.place(x)]);
            let svg = timeline::draw(&title, "longest latency in each 50 ms", &scale, &self.strips(variant))?;
            let note = "Over time: one sample of each backend, the one in the middle. A gap: nothing was answered.";
            Some(Figure { title, svg, notes: vec![note.into()] })
        };
        figure().into_iter().collect()
    }

    fn strips(self, variant: &str) -> Vec<timeline::Strip<'a>> {
        let headline = self.part.scenario.about().headline;
        let strip = |case: &'a Case| {
            let points = middle(case, headline)?.series.as_slice();
            Some(timeline::Strip { name: &case.backend, key: Key::of(self.run, &case.backend), points })
        };
        let at = point::verdict_x(self.part, variant).map(|x| self.part.at(variant, x)).unwrap_or_default();
        at.into_iter().filter_map(strip).collect()
    }
}

/// The sample in the middle of those that have a series.
fn middle(case: &Case, measure: Measure) -> Option<&Sample> {
    let mut samples: Vec<&Sample> = case.samples.iter().filter(|sample| !sample.series.is_empty()).collect();
    samples.sort_by(|one, other| {
        let [one, other] = [one, other].map(|sample| sample.measures.get(&measure).copied().unwrap_or(f64::INFINITY));
        one.total_cmp(&other)
    });
    samples.get(samples.len() / 2).copied()
}
