//! Latencies by percentile, on an axis that gives the slowest 10, 1 and 0.1 % of requests as much room as the rest:
//! x is 1/(1-p), logarithmic.

use super::plot::{End, Plot};
use crate::measure::Unit;
use crate::model::{Case, Sample};
use crate::report::key::Key;
use crate::report::scale::Scale;
use crate::standing::Spread;

/// Shares with a tick and a mark.
const TICKS: &[(f64, &str)] = &[(0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %")];

/// A share from 0 to 1, and within how many microseconds so many were served.
type Curve = Vec<(f64, f64)>;

/// A backend.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) key: Key,
    pub(super) is_hollow: bool,
    pub(super) solid: Curve,
    /// May be empty.
    pub(super) dotted: Curve,
}

/// What `samples` say together: at each share the median of them.
pub(super) fn combined(case: &Case, curve: impl Fn(&Sample) -> &Curve) -> Curve {
    let curves: Vec<&Curve> = case.samples.iter().map(&curve).filter(|curve| !curve.is_empty()).collect();
    let mut shares: Vec<f64> = curves.iter().flat_map(|curve| curve.iter().map(|(share, _)| *share)).collect();
    shares.retain(|share| (0.0..1.0).contains(share));
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let median = |share: f64| {
        let values: Vec<f64> = curves.iter().filter_map(|curve| within(curve, share)).collect();
        // Where only some samples go so far out, the others would be as if they had been as slow.
        let spread = Spread::of(&values).filter(|spread| 2 * spread.count > curves.len())?;
        Some((share, spread.median))
    };
    shares.into_iter().filter_map(median).collect()
}

/// The value of the first point that covers `share`.
fn within(curve: &Curve, share: f64) -> Option<f64> {
    curve.iter().find(|(covered, _)| *covered >= share).map(|(_, value)| *value).filter(|value| value.is_finite())
}

/// All values that will be drawn, for a scale that several charts share.
pub(super) fn values(lines: &[Line]) -> Vec<f64> {
    lines.iter().flat_map(|line| line.solid.iter().chain(&line.dotted)).map(|(_, value)| *value).collect()
}

/// Nothing if there is no curve.
pub(super) fn draw(title: &str, y_title: &str, x_title: &str, scale: &Scale, lines: &[Line]) -> Option<String> {
    let lines: Vec<&Line> = lines.iter().filter(|line| !line.solid.is_empty()).collect();
    let farthest = lines.iter().flat_map(|line| line.solid.last()).map(|(share, _)| *share).max_by(f64::total_cmp)?;
    let end = TICKS.iter().map(|(tick, _)| *tick).find(|tick| *tick >= farthest).unwrap_or(0.9999);
    let place = |share: f64| (rarity(share) / rarity(end)).min(1.0);
    let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    let mut plot = Plot::new(scale.clone(), y_title, Unit::Micros, &names);
    let shown = TICKS.iter().filter(|(tick, _)| *tick <= end);
    let ticks: Vec<_> = shown.map(|(tick, label)| (place(*tick), label.to_string())).collect();
    plot.draw_x_axis(x_title, &ticks);
    let mut ends = Vec::new();
    for line in &lines {
        let at = |(share, value): &(f64, f64)| (plot.x(place(*share)), plot.y(*value));
        let until_end = |curve: &Curve| curve.iter().filter(|(share, _)| *share <= end).map(at).collect::<Vec<_>>();
        let (solid, dotted) = (until_end(&line.solid), until_end(&line.dotted));
        let marked = TICKS.iter().filter_map(|(tick, label)| Some((*tick, *label, within(&line.solid, *tick)?)));
        let marks: Vec<_> = marked.map(|(tick, label, value)| (at(&(tick, value)), label, value)).collect();
        plot.drawing.group(&line.key.class(), "", |drawing| {
            drawing.path("solid", &solid);
            drawing.path("dotted", &dotted);
            for (at, label, value) in marks {
                let words = format!("{}: {label} within {}", line.name, Unit::Micros.show(value));
                drawing.group("point", &words, |drawing| drawing.mark(line.key, line.is_hollow, at));
            }
        });
        ends.extend(solid.last().map(|&at| End { name: &line.name, key: line.key, at }));
    }
    plot.draw_names(&ends);
    Some(plot.finish(title, &description(&lines)))
}

/// 0 for all requests, 1 for one in ten, 2 for one in a hundred.
fn rarity(share: f64) -> f64 {
    -(1.0 - share).log10()
}

fn description(lines: &[&Line]) -> String {
    let of_line = |line: &&Line| {
        let at = |curve: &Curve, share, label| {
            let value = within(curve, share)?;
            Some(format!("{label} within {}", Unit::Micros.show(value)))
        };
        let points: Vec<String> = TICKS.iter().filter_map(|(share, label)| at(&line.solid, *share, label)).collect();
        format!("{}: {}", line.name, points.join(", "))
    };
    lines.iter().map(of_line).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;
    use crate::sample_run::case;

    #[test]
    fn samples_are_combined_by_the_median_at_each_share() {
        let mut case = case("a", 90.0, Measure::P99, &[1.0, 1.0, 1.0]);
        for (sample, slow) in case.samples.iter_mut().zip([10.0, 30.0, 20.0]) {
            sample.curve = vec![(0.5, slow / 10.0), (0.99, slow), (1.0, 1000.0)];
        }
        case.samples[0].curve.insert(2, (0.999, 500.0));
        let curve = combined(&case, |sample| &sample.curve);
        assert_eq!(curve, [(0.5, 2.0), (0.99, 20.0), (0.999, 1000.0)], "and the last 1 % are not on the axis");
    }

    #[test]
    fn each_nine_is_as_wide_as_the_one_before() {
        let places = [0.0, 0.9, 0.99, 0.999].map(|share| (rarity(share) * 1000.0).round());
        assert_eq!(places, [0.0, 1000.0, 2000.0, 3000.0]);
    }
}
