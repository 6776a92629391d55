//! From values to places on an axis, and where its ticks are.
//!
//! A linear axis begins at 0, so that lengths can be compared. A logarithmic one begins and ends at a tick; it is
//! for values so far apart that the small ones could not be seen otherwise. Ticks are round numbers *in the unit
//! that is shown*: 256 KiB is round, 262,000 bytes are not.

use crate::measure::Unit;

/// Values further apart than this need a logarithmic axis.
const FAR_APART: f64 = 20.0;

/// An axis, and what can be placed on it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) is_logarithmic: bool,
    pub(super) ticks: Vec<f64>,
    low: f64,
    high: f64,
}

impl Scale {
    /// Whichever suits `values`; `None` if there are none.
    pub(super) fn fitting(unit: Unit, values: &[f64]) -> Option<Self> {
        let (low, high) = bounds(values)?;
        let is_far_apart = low > 0.0 && high / low >= FAR_APART;
        if is_far_apart { Self::logarithmic(unit, values) } else { Self::linear(unit, values) }
    }

    /// From 0.
    pub(super) fn linear(unit: Unit, values: &[f64]) -> Option<Self> {
        let (_, most) = bounds(values)?;
        let step = linear_step(unit, most);
        let steps = (most / step - 1e-9).ceil().max(1.0);
        let ticks = (0..=steps as u32).map(|index| f64::from(index) * step).collect();
        Some(Self { is_logarithmic: false, ticks, low: 0.0, high: steps * step })
    }

    /// Of values above 0; others stand at the lower end.
    pub(super) fn logarithmic(unit: Unit, values: &[f64]) -> Option<Self> {
        let positive: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
        let (least, most) = bounds(&positive)?;
        let candidates = candidates(unit, least, most);
        let low = candidates.iter().copied().rfind(|tick| *tick <= least).unwrap_or(least);
        let high = candidates.iter().copied().find(|tick| *tick >= most && *tick > low).unwrap_or(most);
        let ticks = candidates.into_iter().filter(|tick| (low..=high).contains(tick)).collect();
        Some(Self { is_logarithmic: true, ticks, low, high })
    }

    /// Where `value` is, from 0 to 1. What is outside stands at the end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.low } else { value.clamp(self.low, self.high) };
        let share = match self.is_logarithmic {
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        if share.is_finite() { share } else { 0.0 }
    }
}

/// The least and the most of those that are numbers.
fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let numbers = || values.iter().copied().filter(|value| value.is_finite());
    Some((numbers().min_by(f64::total_cmp)?, numbers().max_by(f64::total_cmp)?))
}

/// Four or five round steps up to `most`.
fn linear_step(unit: Unit, most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let shown_in = if is_binary(unit) { 1024f64.powf((most.ln() / 1024f64.ln()).floor().max(0.0)) } else { 1.0 };
    let rough = most / shown_in / 4.0;
    let magnitude = 10f64.powf(rough.log10().floor());
    let round = [1.0, 2.0, 5.0].into_iter().find(|step| step * magnitude >= rough * 0.999).unwrap_or(10.0);
    round * magnitude * shown_in
}

/// Round numbers from below `least` to above `most`: the fewer to a decade, the more decades there are.
fn candidates(unit: Unit, least: f64, most: f64) -> Vec<f64> {
    let ratio = most / least;
    if is_binary(unit) {
        let step: f64 = if ratio > 4096.0 { 16.0 } else { 4.0 };
        let first = (least.ln() / step.ln()).floor() as i32;
        return (first..first + 40).map(|power| step.powi(power)).collect();
    }
    let in_a_decade: &[f64] = match ratio {
        near if near <= 20.0 => &[1.0, 2.0, 5.0],
        middle if middle <= 300.0 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let decades = least.log10().floor() as i32..=most.log10().ceil() as i32 + 1;
    decades.flat_map(|decade| in_a_decade.iter().map(move |step| step * 10f64.powi(decade))).collect()
}

fn is_binary(unit: Unit) -> bool {
    matches!(unit, Unit::Bytes | Unit::BytesPerSecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(unit: Unit, scale: &Scale) -> Vec<String> {
        scale.ticks.iter().map(|tick| unit.show(*tick)).collect()
    }

    #[test]
    fn ticks_are_round_in_the_unit_that_is_shown() {
        let linear = Scale::linear(Unit::Micros, &[3.0, 17.2]).unwrap();
        assert_eq!(shown(Unit::Micros, &linear), ["0 µs", "5 µs", "10 µs", "15 µs", "20 µs"]);
        let bytes = Scale::linear(Unit::Bytes, &[700.0 * 1024.0]).unwrap();
        assert_eq!(shown(Unit::Bytes, &bytes), ["0 B", "200 KiB", "400 KiB", "600 KiB", "800 KiB"]);
        let latency = Scale::logarithmic(Unit::Micros, &[80.0, 99_000.0]).unwrap();
        assert_eq!(shown(Unit::Micros, &latency), ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms"]);
        let memory = Scale::logarithmic(Unit::Bytes, &[5000.0, 300_000.0]).unwrap();
        assert_eq!(shown(Unit::Bytes, &memory), ["4 KiB", "16 KiB", "64 KiB", "256 KiB", "1 MiB"]);
    }

    #[test]
    fn the_axis_goes_from_end_to_end_whatever_the_values() {
        let sets: [&[f64]; 8] = [
            &[0.0],
            &[1.0],
            &[100.0, 100.0],
            &[1e-9, 1e12],
            &[f64::NAN, 3.0],
            &[f64::INFINITY, 2.0],
            &[-4.0],
            &[0.1, 9.0],
        ];
        for values in sets {
            let scales = [Scale::linear(Unit::Count, values), Scale::logarithmic(Unit::Bytes, values)];
            for scale in scales.iter().flatten() {
                let ends = [scale.ticks[0], *scale.ticks.last().unwrap()].map(|tick| scale.at(tick));
                assert_eq!(ends, [0.0, 1.0], "{values:?}: {scale:?}");
                assert!(scale.ticks.len() <= 41, "{values:?}: {scale:?}");
                assert!([f64::NAN, -1.0, 1e300].iter().all(|&value| (0.0..=1.0).contains(&scale.at(value))));
            }
        }
        assert_eq!(Scale::fitting(Unit::Micros, &[f64::NAN]), None);
    }

    #[test]
    fn values_far_apart_are_shown_logarithmically() {
        assert!(Scale::fitting(Unit::Micros, &[200.0, 100_000.0]).unwrap().is_logarithmic);
        assert!(!Scale::fitting(Unit::Micros, &[0.0, 200.0]).unwrap().is_logarithmic);
        assert!(!Scale::fitting(Unit::Micros, &[200.0, 900.0]).unwrap().is_logarithmic);
    }
}
