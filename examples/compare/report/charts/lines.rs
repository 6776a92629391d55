//! A line for each backend over a logarithmic x axis, with the range at each point. A point 0, which such an axis
//! has no place for, stands at its left end, before a break.

use super::plot::{End, Plot};
use crate::measure::Unit;
use crate::report::key::Key;
use crate::report::scale::Scale;
use crate::report::svg::At;
use crate::standing::Spread;
use crate::words;

/// A backend.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) key: Key,
    /// In the order of x.
    pub(super) points: Vec<Point>,
}

/// What it has at one point of the axis.
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) spread: Spread,
    pub(super) is_hollow: bool,
}

/// What the axes say.
pub(super) struct Axes<'a> {
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    pub(super) unit: Unit,
}

/// Nothing if there is no point.
pub(super) fn draw(title: &str, axes: &Axes<'_>, lines: &[Line]) -> Option<String> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let values: Vec<f64> = points().flat_map(|point| [point.spread.low, point.spread.high]).collect();
    let scale = Scale::fitting(axes.unit, &values)?;
    let places = Places::of(points().map(|point| point.x).collect());
    let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    let mut plot = Plot::new(scale, axes.y, axes.unit, &names);
    let ticks: Vec<_> = places.points.iter().map(|&x| (places.at(x), words::count(x))).collect();
    let x_title = if places.points.len() > 1 { format!("{} (log scale)", axes.x) } else { axes.x.to_string() };
    plot.draw_x_axis(&x_title, &ticks);
    if places.has_gap() {
        plot.draw_break(GAP / 2.0);
    }
    let mut ends = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        // A little to the side of each other, so that ranges do not lie on top of each other.
        let aside = (index as f64 - (lines.len() - 1) as f64 / 2.0) * (18.0 / lines.len() as f64).min(3.0);
        let ats: Vec<At> =
            line.points.iter().map(|p| (plot.x(places.at(p.x)) + aside, plot.y(p.spread.median))).collect();
        draw_line(&mut plot, axes.unit, line, &ats);
        ends.extend(ats.last().map(|&at| End { name: &line.name, key: line.key, at }));
    }
    plot.draw_names(&ends);
    Some(plot.finish(title, &description(axes, lines)))
}

fn draw_line(plot: &mut Plot, unit: Unit, line: &Line, ats: &[At]) {
    let ranges: Vec<(f64, f64)> = line.points.iter().map(|p| (plot.y(p.spread.low), plot.y(p.spread.high))).collect();
    plot.drawing.group(&line.key.class(), "", |drawing| {
        drawing.path("line", ats);
        for ((point, &at), (low, high)) in line.points.iter().zip(ats).zip(ranges) {
            drawing.group("point", &words(unit, &line.name, point), |drawing| {
                if point.spread.count > 1 {
                    drawing.range((at.0, low), (at.0, high));
                }
                drawing.mark(line.key, point.is_hollow, at);
            });
        }
    });
}

fn words(unit: Unit, name: &str, point: &Point) -> String {
    let Spread { low, median, high, .. } = point.spread;
    let not_ranked = if point.is_hollow { ", not ranked" } else { "" };
    let [low, median, high] = [low, median, high].map(|value| unit.show(value));
    format!("{name} at {}: {median}, from {low} to {high}{not_ranked}", words::count(point.x))
}

fn description(axes: &Axes<'_>, lines: &[Line]) -> String {
    let of_line = |line: &Line| {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|p| format!("{} at {}", axes.unit.show(p.spread.median), words::count(p.x)))
            .collect();
        format!("{}: {}", line.name, points.join(", "))
    };
    format!("{} over {}. {}", axes.y, axes.x, lines.iter().map(of_line).collect::<Vec<_>>().join("; "))
}

/// The share of the axis between 0 and the first point.
const GAP: f64 = 0.17;

/// Points of the axis, and where they are.
struct Places {
    points: Vec<f64>,
}

impl Places {
    fn of(mut points: Vec<f64>) -> Self {
        points.sort_by(f64::total_cmp);
        points.dedup();
        Self { points }
    }

    fn has_gap(&self) -> bool {
        self.points.len() > 1 && self.points[0] <= 0.0
    }

    fn at(&self, x: f64) -> f64 {
        let above: Vec<f64> = self.points.iter().copied().filter(|point| *point > 0.0).collect();
        let from = if self.has_gap() { GAP } else { 0.0 };
        match above.as_slice() {
            _ if x <= 0.0 && self.has_gap() => 0.0,
            [least, .., most] => from + (1.0 - from) * (x / least).ln() / (most / least).ln(),
            _ => 0.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decade_is_as_wide_as_the_next_and_zero_stands_apart() {
        let places = |points: &[f64]| points.iter().map(|&x| Places::of(points.to_vec()).at(x)).collect::<Vec<_>>();
        assert_eq!(places(&[1.0, 10.0, 100.0]), [0.0, 0.5, 1.0]);
        assert_eq!(places(&[0.0, 10.0, 100.0]), [0.0, GAP, 1.0]);
        assert_eq!((places(&[64.0]), places(&[0.0]), places(&[0.0, 64.0])), (vec![0.5], vec![0.5], vec![0.0, 0.5]));
    }

    #[test]
    fn no_points_are_no_chart() {
        let axes = Axes { x: "connections", y: "p99", unit: Unit::Micros };
        assert_eq!(draw("t", &axes, &[]), None);
        assert_eq!(draw("t", &axes, &[Line { name: "a".into(), key: Key(0), points: Vec::new() }]), None);
    }
}
