//! What charts with lines have in common: a frame with two axes, and names at the ends of the lines. A name stands
//! as near to the end of its line as the others let it, after the line's own mark, so that no colour has to be told.

use crate::measure::Unit;
use crate::report::key::Key;
use crate::report::scale::Scale;
use crate::report::svg::{Anchor, At, Drawing, LETTER, WIDTH, cut, width_of};

const TOP: f64 = 30.0;
const BOTTOM: f64 = 260.0;
const HEIGHT: f64 = BOTTOM + 46.0;
/// From one name to the next.
const NAME: f64 = 17.0;
/// From the plot to a name: a leader and a mark.
const LEADER: f64 = 44.0;
/// Between the sides of the frame and the first and last place, so that marks stand clear of labels.
const INSET: f64 = 14.0;

/// A frame to draw lines in.
pub(super) struct Plot {
    pub(super) drawing: Drawing,
    left: f64,
    right: f64,
    y: Scale,
}

/// Where a line ends, and whose it is.
pub(super) struct End<'a> {
    pub(super) name: &'a str,
    pub(super) key: Key,
    pub(super) at: At,
}

impl Plot {
    /// With its y axis, and room for names at the right.
    pub(super) fn new(y: Scale, y_title: &str, unit: Unit, names: &[&str]) -> Self {
        let labels: Vec<String> = y.ticks.iter().map(|tick| unit.show(*tick)).collect();
        let widest = |texts: &mut dyn Iterator<Item = &str>| texts.map(width_of).fold(0.0, f64::max);
        let left = widest(&mut labels.iter().map(String::as_str)) + 8.0;
        let right = WIDTH - LEADER - widest(&mut names.iter().copied()).min(110.0);
        let mut plot = Self { drawing: Drawing::default(), left, right, y };
        let title = if plot.y.is_logarithmic { format!("{y_title} (log scale)") } else { y_title.to_string() };
        plot.drawing.text("axis", Anchor::Start, (0.0, 14.0), &title);
        for (tick, label) in plot.y.ticks.clone().into_iter().zip(&labels) {
            let y = plot.y(tick);
            plot.drawing.line("grid", (left, y), (right, y));
            plot.drawing.text("tick", Anchor::End, (left - 8.0, y + LETTER * 0.35), label);
        }
        plot
    }

    /// Where a share of the x axis is.
    pub(super) fn x(&self, share: f64) -> f64 {
        self.left + INSET + share * (self.right - self.left - 2.0 * INSET)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        BOTTOM - self.y.at(value) * (BOTTOM - TOP)
    }

    /// The x axis: places and their labels, as many as have room.
    pub(super) fn draw_x_axis(&mut self, title: &str, ticks: &[(f64, String)]) {
        let mut free = 0.0;
        for (share, label) in ticks {
            let x = self.x(*share);
            self.drawing.line("grid", (x, TOP), (x, BOTTOM));
            let half = width_of(label) / 2.0;
            if x - half >= free {
                self.drawing.text("tick", Anchor::Middle, (x, BOTTOM + 19.0), label);
                free = x + half + 6.0;
            }
        }
        let half = width_of(title) / 2.0;
        let middle = f64::midpoint(self.left, self.right).max(half).min(WIDTH - half);
        self.drawing.text("axis", Anchor::Middle, (middle, BOTTOM + 40.0), title);
    }

    /// The axis is broken here: what is left of it is not where the scale would have it.
    pub(super) fn draw_break(&mut self, share: f64) {
        let x = self.x(share);
        for x in [x - 3.0, x + 3.0] {
            self.drawing.line("range", (x - 3.0, BOTTOM + 6.0), (x + 3.0, BOTTOM - 6.0));
        }
    }

    pub(super) fn draw_names(&mut self, ends: &[End<'_>]) {
        let wanted: Vec<f64> = ends.iter().map(|end| end.at.1).collect();
        let right = self.right;
        for (end, y) in ends.iter().zip(apart(&wanted, NAME, TOP - 6.0, BOTTOM)) {
            self.drawing.group(&end.key.class(), "", |drawing| {
                drawing.line("leader", end.at, (right + 18.0, y));
                drawing.mark(end.key, false, (right + 27.0, y));
            });
            let name = cut(end.name, WIDTH - right - LEADER + 6.0);
            self.drawing.text("name", Anchor::Start, (right + 38.0, y + LETTER * 0.35), &name);
        }
    }

    pub(super) fn finish(self, title: &str, description: &str) -> String {
        self.drawing.finish(HEIGHT, title, description)
    }
}

/// Places as near to those wanted as can be, `gap` from each other and between `low` and `high`; in the order given.
fn apart(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let gap = gap.min((high - low) / wanted.len().max(1) as f64);
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&one, &other| wanted[one].total_cmp(&wanted[other]));
    let mut places = wanted.to_vec();
    let mut least = low;
    for &index in &order {
        places[index] = places[index].max(least);
        least = places[index] + gap;
    }
    let mut most = high;
    for &index in order.iter().rev() {
        places[index] = places[index].min(most);
        most = places[index] - gap;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_distance_and_their_order() {
        assert_eq!(apart(&[50.0, 10.0], 15.0, 0.0, 100.0), [50.0, 10.0]);
        assert_eq!(apart(&[50.0, 50.0, 51.0], 15.0, 0.0, 100.0), [50.0, 65.0, 80.0]);
        assert_eq!(apart(&[99.0, 98.0, 97.0], 15.0, 0.0, 100.0), [100.0, 85.0, 70.0]);
        let crowd = apart(&[5.0; 20], 15.0, 0.0, 100.0);
        assert!(crowd.windows(2).all(|pair| pair[1] - pair[0] > 4.9), "{crowd:?}");
        assert!(crowd.iter().all(|place| (0.0..=100.0).contains(place)), "{crowd:?}");
    }
}
