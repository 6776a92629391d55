//! Which charts a scenario has. A chart of nothing is none.
//!
//! Small multiples share a scale, so that they can be compared; files, which differ a thousandfold in size, do not.

mod distributions;
mod figure;
mod judged;
mod lines;
mod lost;
mod numbers;
mod percentiles;
mod plot;
mod rows;
mod timeline;

pub(super) use judged::{judged_at, places};

use crate::measure::Measure;
use crate::model::{Part, Run};
use crate::scenario::Scenario;
use crate::words;
use figure::Figure;

/// A scenario's part of a run.
#[derive(Clone, Copy)]
struct Scene<'a> {
    run: &'a Run,
    part: &'a Part,
}

/// The charts of a part, and short tables that stand among them, as HTML.
pub(super) fn charts(run: &Run, part: &Part) -> String {
    let words = match part.scenario {
        Scenario::Idle => lost::kept(part),
        Scenario::Stop => lost::requests(part),
        _ => String::new(),
    };
    figure::html(figures(Scene { run, part }).into_iter().flatten().collect()) + &words
}

fn figures(scene: Scene<'_>) -> Vec<Vec<Figure>> {
    match scene.part.scenario {
        Scenario::SeedReplay | Scenario::Files => vec![scene.bars(Measure::Cpu), scene.bars(Measure::Rate)],
        Scenario::KeepAlive => vec![scene.trend(Measure::Cpu), scene.trend(Measure::Rate)],
        Scenario::OpenLoop => vec![scene.latencies()],
        Scenario::Idle => {
            let each = scene.trend(Measure::MemoryEach);
            let memory = if each.is_empty() { scene.trend(Measure::Memory) } else { each };
            vec![memory, scene.trend(Measure::Threads)]
        }
        Scenario::Slow | Scenario::Blocking => {
            let variants = scene.part.variants().into_iter();
            variants.flat_map(|variant| [scene.multiples(Measure::P99, variant), scene.timeline(variant)]).collect()
        }
        Scenario::Computing => vec![scene.multiples(Measure::P99, "")],
        Scenario::Timers => {
            vec![scene.pairs(Measure::LateP50), scene.pairs(Measure::LateP99), scene.lateness(), scene.structures()]
        }
        Scenario::Stop => vec![scene.multiples(Measure::Stop, "")],
    }
}

impl Scene<'_> {
    /// A point in words; nothing if the scenario has only one.
    fn place(self, x: f64) -> String {
        let axis = self.part.scenario.about().axis;
        if axis.is_empty() { String::new() } else { format!("{} {axis}", words::count(x)) }
    }
}
