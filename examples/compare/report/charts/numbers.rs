//! Charts of a number for each case: lines over the axis, bars at a point, pairs of bars.

use super::figure::{self, Figure};
use super::judged::{backends, hollow, judged, judged_at, places};
use super::{Scene, lines, rows};
use crate::measure::{Better, Measure};
use crate::model::STRUCTURE;
use crate::point::{self, Entry, measured};
use crate::report::key::Key;
use crate::report::scale::Scale;
use crate::step::Place;

impl Scene<'_> {
    /// Lines over the axis, or bars if there is only one point.
    pub(super) fn trend(self, measure: Measure) -> Vec<Figure> {
        if self.part.points().len() < 2 {
            return self.bars(measure);
        }
        let variants = self.part.variants().into_iter();
        variants.filter_map(|variant| self.lines_of(measure, variant)).collect()
    }

    fn lines_of(self, measure: Measure, variant: &str) -> Option<Figure> {
        let mut all = judged(self.run, self.part, measure);
        all.retain(|judged| judged.case.variant == variant && judged.case.backend != STRUCTURE);
        let line = |backend: &str| {
            let own = all.iter().filter(|judged| judged.case.backend == backend);
            let points = own.filter_map(|judged| {
                let is_hollow = judged.refusal().is_some();
                Some(lines::Point { x: judged.case.x, spread: judged.spread?, is_hollow })
            });
            lines::Line { name: backend.into(), key: Key::of(self.run, backend), points: points.collect() }
        };
        let lines: Vec<lines::Line> = backends(all.iter().map(|judged| judged.case)).into_iter().map(line).collect();
        let axis = self.part.scenario.about().axis;
        let axes = lines::Axes { x: axis, y: measure.label(), unit: measure.unit() };
        let title = figure::over(measure, axis, variant);
        let svg = lines::draw(&title, &axes, &lines)?;
        Some(Figure { title, svg, notes: hollow(&all) })
    }

    /// A chart for each point of each variant, the best first and those without a rank last.
    pub(super) fn bars(self, measure: Measure) -> Vec<Figure> {
        places(self.part).into_iter().filter_map(|point| self.bars_at(measure, point, None)).collect()
    }

    /// The same for one variant, on a scale that all share.
    pub(super) fn multiples(self, measure: Measure, variant: &str) -> Vec<Figure> {
        let scale = fitting(measure, &judged(self.run, self.part, measure));
        let own = places(self.part).into_iter().filter(|point| point.0 == variant);
        own.filter_map(|point| self.bars_at(measure, point, scale.as_ref())).collect()
    }

    fn bars_at(self, measure: Measure, point: Place<'_>, shared: Option<&Scale>) -> Option<Figure> {
        let mut all = judged_at(self.run, self.part, measure, point);
        let scale = shared.cloned().or_else(|| fitting(measure, &all))?;
        let place = |judged: &Entry<'_>| judged.spread.map_or(f64::INFINITY, |spread| spread.median);
        all.sort_by(|one, other| match measure.better() {
            Better::Higher => place(other).total_cmp(&place(one)),
            _ => place(one).total_cmp(&place(other)),
        });
        all.sort_by_key(|judged| judged.refusal().is_some());
        let rows: Vec<rows::Row> = all.iter().filter_map(|judged| self.row(judged, "")).collect();
        if rows.is_empty() {
            return None;
        }
        let title = figure::title(measure, &[point.0, &self.place(point.1)]);
        let svg = rows::draw(&title, measure.label(), measure.unit(), &scale, &rows);
        Some(Figure { title, svg, notes: hollow(&all) })
    }

    /// Rows in which the variants of a backend stand together.
    pub(super) fn pairs(self, measure: Measure) -> Vec<Figure> {
        self.pairs_of(measure).into_iter().collect()
    }

    fn pairs_of(self, measure: Measure) -> Option<Figure> {
        let x = point::verdict_x(self.part, self.part.scenario.about().verdict.0)?;
        let mut all = judged(self.run, self.part, measure);
        all.retain(|judged| judged.case.x == x && judged.case.backend != STRUCTURE);
        all.sort_by_key(|judged| Key::of(self.run, &judged.case.backend).0);
        let rows: Vec<rows::Row> = all.iter().filter_map(|judged| self.row(judged, &judged.case.variant)).collect();
        let scale = fitting(measure, &all)?;
        let title = figure::title(measure, &[&self.place(x)]);
        let svg = rows::draw(&title, measure.label(), measure.unit(), &scale, &rows);
        Some(Figure { title, svg, notes: hollow(&all) })
    }

    fn row(self, judged: &Entry<'_>, aside: &str) -> Option<rows::Row> {
        let name = judged.case.backend.clone();
        let key = Key::of(self.run, &name);
        Some(rows::Row {
            name,
            aside: aside.into(),
            key,
            spread: judged.spread?,
            is_hollow: judged.refusal().is_some(),
        })
    }

    /// Timers by themselves.
    pub(super) fn structures(self) -> Vec<Figure> {
        let cases = || self.part.cases.iter().filter(|case| case.backend == STRUCTURE);
        let line = |(index, variant): (usize, &str)| {
            let own = cases().filter(|case| case.variant == variant);
            let mut points: Vec<lines::Point> = own
                .filter_map(|case| {
                    Some(lines::Point { x: case.x, spread: measured(case, Measure::Modify)?, is_hollow: false })
                })
                .collect();
            points.sort_by(|one, other| one.x.total_cmp(&other.x));
            lines::Line { name: variant.into(), key: Key(index), points }
        };
        let mut lines: Vec<_> = self.part.variants().into_iter().enumerate().map(line).collect();
        lines.retain(|line| !line.points.is_empty());
        let axes = lines::Axes { x: "timers", y: Measure::Modify.label(), unit: Measure::Modify.unit() };
        let title = figure::title(Measure::Modify, &["the structure by itself"]);
        let figure = lines::draw(&title, &axes, &lines).map(|svg| Figure { title, svg, notes: Vec::new() });
        figure.into_iter().collect()
    }
}

fn fitting(measure: Measure, all: &[Entry<'_>]) -> Option<Scale> {
    let values: Vec<f64> = all.iter().filter_map(|judged| judged.spread).flat_map(|s| [s.low, s.high]).collect();
    Scale::fitting(measure.unit(), &values)
}
