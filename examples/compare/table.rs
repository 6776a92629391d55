//! The figures of a scenario as cells, for every kind of text: a row for each case, a column for each measure that
//! any of them has.
//!
//! A rate is never shown without its errors: where there are some, they stand in the same cell.

use crate::measure::Measure;
use crate::model::{Case, Part, Run};
use crate::point::{Entry, Point};
use crate::scenario::Scenario;
use crate::standing::{Refusal, Spread, Standing};
use crate::verdict::backends;
use crate::words;

/// The rows of one scenario, in the order of the axis and of the backends.
pub(crate) struct Table<'a> {
    pub(crate) measures: Vec<Measure>,
    pub(crate) rows: Vec<Row<'a>>,
    scenario: Scenario,
}

/// One case.
pub(crate) struct Row<'a> {
    pub(crate) case: &'a Case,
    /// The same among those at its point, by the headline.
    entry: Entry<'a>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(run: &Run, part: &'a Part) -> Self {
        let about = part.scenario.about();
        let has = |measure: &Measure| part.cases.iter().any(|case| !case.values(*measure).is_empty());
        let mut measures = vec![about.headline];
        measures.extend(about.columns.iter().copied().filter(|measure| *measure != about.headline));
        measures.retain(has);
        let mut variants = part.variants();
        variants.sort_unstable();
        let points = part.points();
        let places = variants.iter().flat_map(|variant| points.iter().map(move |x| (*variant, *x)));
        let points = places.filter_map(|(variant, x)| Point::new(run, part, variant, x, about.headline));
        let order = backends(run);
        let place = |name: &str| order.iter().position(|other| other == name);
        let rows = points.flat_map(|mut point| {
            point.entries.sort_by_key(|entry| place(entry.backend()));
            point.entries.into_iter().map(|entry| Row { case: entry.case, entry })
        });
        Self { measures, rows: rows.collect(), scenario: part.scenario }
    }

    /// Where a row is on the axis; empty where there is only one place.
    pub(crate) fn place(&self, row: &Row<'_>) -> String {
        let x = words::count(row.case.x);
        match (row.case.variant.as_str(), self.scenario.about().axis) {
            (variant, "") => variant.to_string(),
            ("", _) => x,
            (variant, _) => format!("{x} {variant}"),
        }
    }
}

impl Row<'_> {
    pub(crate) fn spread(&self, measure: Measure) -> Option<Spread> {
        self.entry.other(measure)
    }

    /// The median with its range, and beside a rate what failed.
    pub(crate) fn full(&self, measure: Measure) -> String {
        let shown = self.spread(measure).map_or("–".into(), |spread| words::spread(measure, &spread));
        self.with_errors(measure, shown)
    }

    fn with_errors(&self, measure: Measure, shown: String) -> String {
        match words::errors(self.case) {
            Some(errors) if matches!(measure, Measure::Rate | Measure::Throughput) => format!("{shown}, {errors}"),
            _ => shown,
        }
    }

    /// Its rank, `=` if it is shared, or a dash.
    pub(crate) fn rank(&self) -> String {
        words::rank(&self.entry.standing)
    }

    /// Why it has none.
    pub(crate) fn reason(&self) -> Option<String> {
        // If it is only that, the dash in its cell says it already.
        let is_absent = self.entry.standing == Standing::Refused(Refusal::TooFew(0)) && self.case.answered() == 0;
        self.entry.refusal().filter(|_| !is_absent || self.case.failure.is_some())
    }
}
