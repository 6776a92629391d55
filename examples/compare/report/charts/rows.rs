//! A row for each backend: a bar and its range. On a logarithmic axis the length of a bar says nothing, so that
//! there it is a mark in the place of the bar's end.

use crate::measure::Unit;
use crate::report::key::Key;
use crate::report::scale::Scale;
use crate::report::svg::{Anchor, Drawing, LETTER, WIDTH, cut, width_of};
use crate::standing::Spread;

const ROW: f64 = 27.0;
/// Half the height of a bar.
const HALF: f64 = 8.0;
const TOP: f64 = 4.0;

/// One backend.
pub(super) struct Row {
    pub(super) name: String,
    /// What tells it from the other rows of the same backend; often empty.
    pub(super) aside: String,
    pub(super) key: Key,
    pub(super) spread: Spread,
    pub(super) is_hollow: bool,
}

/// All of them on one scale.
pub(super) fn draw(title: &str, axis: &str, unit: Unit, scale: &Scale, rows: &[Row]) -> String {
    let widest = |text: &dyn Fn(&Row) -> String| rows.iter().map(|row| width_of(&text(row))).fold(0.0, f64::max);
    let names = widest(&|row| row.name.clone()).min(130.0);
    let asides = widest(&|row| row.aside.clone()).min(80.0);
    let left = names + asides + if asides > 0.0 { 20.0 } else { 10.0 };
    let right = WIDTH - widest(&|row| unit.show(row.spread.median)) - 12.0;
    let bottom = TOP + ROW * rows.len() as f64;
    let mut drawing = Drawing::default();
    draw_axis(&mut drawing, axis, unit, scale, (left, right), bottom);
    for (index, row) in rows.iter().enumerate() {
        let middle = TOP + ROW * (index as f64 + 0.5);
        let baseline = middle + LETTER * 0.35;
        let is_first = index == 0 || rows[index - 1].name != row.name;
        if is_first {
            drawing.text("name", Anchor::Start, (0.0, baseline), &cut(&row.name, names));
        }
        drawing.text("tick", Anchor::Start, (names + 10.0, baseline), &cut(&row.aside, asides));
        drawing.text("value", Anchor::End, (WIDTH, baseline), &unit.show(row.spread.median));
        draw_row(&mut drawing, unit, scale, row, (left, right), middle);
    }
    drawing.finish(bottom + 44.0, title, &description(unit, rows))
}

fn draw_row(drawing: &mut Drawing, unit: Unit, scale: &Scale, row: &Row, (left, right): (f64, f64), middle: f64) {
    let x = |value| left + scale.at(value) * (right - left);
    let end = x(row.spread.median);
    drawing.group(&row.key.class(), &words(unit, row), |drawing| {
        if !scale.is_logarithmic {
            let class = if row.is_hollow { "bar hollow" } else { "bar" };
            drawing.rectangle(class, (left, middle - HALF), end - left, 2.0 * HALF);
        }
        if row.spread.count > 1 {
            drawing.range((x(row.spread.low), middle), (x(row.spread.high), middle));
        }
        if scale.is_logarithmic {
            drawing.mark(row.key, row.is_hollow, (end, middle));
        }
    });
}

/// The grid, its ticks and their labels, and what is counted.
fn draw_axis(drawing: &mut Drawing, axis: &str, unit: Unit, scale: &Scale, (left, right): (f64, f64), bottom: f64) {
    let mut free = 0.0;
    for &tick in &scale.ticks {
        let x = left + scale.at(tick) * (right - left);
        drawing.line("grid", (x, TOP), (x, bottom));
        let label = unit.show(tick);
        let from = x - width_of(&label) / 2.0;
        if from >= free && from + width_of(&label) <= WIDTH {
            drawing.text("tick", Anchor::Middle, (x, bottom + 18.0), &label);
            free = from + width_of(&label) + 8.0;
        }
    }
    let axis = if scale.is_logarithmic { format!("{axis} (log scale)") } else { axis.to_string() };
    let at_most = WIDTH - width_of(&axis) / 2.0;
    drawing.text("axis", Anchor::Middle, (f64::midpoint(left, right).min(at_most), bottom + 38.0), &axis);
}

fn words(unit: Unit, row: &Row) -> String {
    let Spread { low, median, high, .. } = row.spread;
    let aside = if row.aside.is_empty() { String::new() } else { format!(" {}", row.aside) };
    let not_ranked = if row.is_hollow { ", not ranked" } else { "" };
    format!("{}{aside}: {}, from {} to {}{not_ranked}", row.name, unit.show(median), unit.show(low), unit.show(high))
}

fn description(unit: Unit, rows: &[Row]) -> String {
    rows.iter().map(|row| words(unit, row)).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[f64]) -> String {
        let row = |(index, &median): (usize, &f64)| Row {
            name: format!("b{index}"),
            aside: String::new(),
            key: Key(index),
            spread: Spread { low: median * 0.9, median, high: median * 1.1, count: 5 },
            is_hollow: index == 1,
        };
        let rows: Vec<Row> = values.iter().enumerate().map(row).collect();
        let scale = Scale::fitting(Unit::Micros, values).unwrap();
        draw("t", "p99", Unit::Micros, &scale, &rows)
    }

    #[test]
    fn bars_begin_at_zero_and_marks_take_their_place_on_a_log_scale() {
        let near = rows(&[10.0, 20.0]);
        assert_eq!((near.matches("<rect").count(), near.contains("log scale")), (2, false));
        let far = rows(&[10.0, 2000.0]);
        assert_eq!((far.matches("<rect").count(), far.contains("log scale")), (0, true));
        assert!(far.contains("b1: 2 ms, from 1.80 ms to 2.20 ms, not ranked"), "{far}");
    }
}
