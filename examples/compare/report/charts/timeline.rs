//! The longest latency over time: a strip for each backend, one under the other, on the same axes.

use crate::measure::Unit;
use crate::report::key::Key;
use crate::report::scale::Scale;
use crate::report::svg::{Anchor, At, Drawing, LETTER, WIDTH, cut, width_of};

/// The height of a strip, and what stands above it.
const STRIP: f64 = 58.0;
const HEAD: f64 = 28.0;
/// Points further apart than this, in milliseconds, are not joined: nothing was answered in between.
const PAUSE: f64 = 150.0;

/// A backend: milliseconds since the start, and microseconds.
pub(super) struct Strip<'a> {
    pub(super) name: &'a str,
    pub(super) key: Key,
    pub(super) points: &'a [(f64, f64)],
}

/// Nothing if there are no points.
pub(super) fn draw(title: &str, y_title: &str, scale: &Scale, strips: &[Strip<'_>]) -> Option<String> {
    let times: Vec<f64> = strips.iter().flat_map(|strip| strip.points).map(|(time, _)| *time).collect();
    let time = Scale::linear(Unit::Millis, &times)?;
    let labels = scale.ticks.iter().map(|tick| width_of(&Unit::Micros.show(*tick)));
    let (left, right) = (labels.fold(0.0, f64::max) + 8.0, WIDTH - 24.0);
    let mut drawing = Drawing::default();
    let y_title = if scale.is_logarithmic { format!("{y_title} (log scale)") } else { y_title.to_string() };
    drawing.text("axis", Anchor::Start, (0.0, 14.0), &y_title);
    for (index, strip) in strips.iter().enumerate() {
        let bottom = 18.0 + (HEAD + STRIP) * (index + 1) as f64;
        draw_grid(&mut drawing, scale, (left, right), bottom);
        let name = cut(strip.name, right - left - 20.0);
        drawing.text("name", Anchor::Start, (left + 16.0, bottom - STRIP - 6.0), &name);
        let place = |(at, value): (f64, f64)| (left + time.at(at) * (right - left), bottom - scale.at(value) * STRIP);
        drawing.group(&strip.key.class(), &words(strip), |drawing| {
            drawing.mark(strip.key, false, (left + 6.0, bottom - STRIP - 11.0));
            for stretch in strip.points.chunk_by(|one, other| other.0 - one.0 <= PAUSE) {
                draw_stretch(drawing, &stretch.iter().copied().map(place).collect::<Vec<_>>(), bottom);
            }
        });
    }
    let bottom = 18.0 + (HEAD + STRIP) * strips.len() as f64;
    for &tick in &time.ticks {
        let x = left + time.at(tick) * (right - left);
        drawing.text("tick", Anchor::Middle, (x, bottom + 22.0), &Unit::Millis.show(tick));
    }
    drawing.text("axis", Anchor::Middle, (f64::midpoint(left, right), bottom + 43.0), "time since the start");
    let description = strips.iter().map(words).collect::<Vec<_>>().join("; ");
    Some(drawing.finish(bottom + 49.0, title, &description))
}

fn draw_grid(drawing: &mut Drawing, scale: &Scale, (left, right): (f64, f64), bottom: f64) {
    let mut free = f64::INFINITY;
    for &tick in &scale.ticks {
        let y = bottom - scale.at(tick) * STRIP;
        drawing.line("grid", (left, y), (right, y));
        if y + 2.0 * LETTER <= free {
            drawing.text("tick", Anchor::End, (left - 8.0, y + LETTER * 0.35), &Unit::Micros.show(tick));
            free = y;
        }
    }
}

/// A line over a shade of its own, or a stroke if it is of one point.
fn draw_stretch(drawing: &mut Drawing, ats: &[At], bottom: f64) {
    if let ([first, ..], [.., last]) = (ats, ats) {
        let mut outline = ats.to_vec();
        outline.extend([(last.0, bottom), (first.0, bottom)]);
        drawing.path("shade", &outline);
        if ats.len() == 1 {
            drawing.path("solid", &[(first.0, bottom), *first]);
        }
        drawing.path("solid", ats);
    }
}

fn words(strip: &Strip<'_>) -> String {
    let longest = strip.points.iter().map(|(_, value)| *value).max_by(f64::total_cmp).unwrap_or_default();
    format!("{}: at most {}", strip.name, Unit::Micros.show(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_gap() {
        let points = [(0.0, 100.0), (50.0, 200.0), (400.0, 9000.0), (450.0, 100.0)];
        let scale = Scale::logarithmic(Unit::Micros, &[100.0, 9000.0]).unwrap();
        let svg = draw("t", "longest", &scale, &[Strip { name: "a", key: Key(0), points: &points }]).unwrap();
        assert_eq!(svg.matches("class=\"solid\"").count(), 2);
        assert!(svg.contains("a: at most 9 ms"), "{svg}");
        assert_eq!(draw("t", "longest", &scale, &[]), None);
    }
}
