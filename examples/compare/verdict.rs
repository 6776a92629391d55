//! One line for each backend and scenario: its figure, its place among the others, and the reason, from the data.

use crate::measure::Measure;
use crate::model::{Case, Part, Run};
use crate::point::{Entry, Point};
use crate::scenario::Scenario;
use crate::standing::{Spread, Standing};
use crate::warnings::is_suspect;
use crate::words;

/// A table. Its columns are the scenarios that were measured.
pub(crate) struct Verdicts {
    pub(crate) columns: Vec<Scenario>,
    /// The backends, and as many verdicts as there are columns.
    pub(crate) rows: Vec<(String, Vec<Verdict>)>,
}

/// What is said of a backend in a scenario.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) value: String,
    pub(crate) range: String,
    /// `None`: it was not measured.
    pub(crate) standing: Option<Standing>,
    /// One short line.
    pub(crate) reason: String,
    /// Who else has its rank, if it is not the first: `shares rank 4 with workqueue`; often empty.
    pub(crate) shares: String,
    /// Whether the warnings say that it makes requests wait for nothing.
    pub(crate) is_suspect: bool,
}

/// At the verdict point of each scenario.
pub(crate) fn verdicts(run: &Run) -> Verdicts {
    let points: Vec<Point<'_>> =
        Scenario::ALL.into_iter().filter_map(|scenario| Point::of_verdict(run, scenario)).collect();
    let row = |backend: String| {
        let is_suspect = is_suspect(run, &backend);
        let verdict = |point| Verdict { is_suspect, ..verdict(run, point, &backend) };
        let verdicts = points.iter().map(verdict).collect();
        (backend, verdicts)
    };
    let columns = points.iter().map(|point| point.scenario).collect();
    Verdicts { columns, rows: backends(run).into_iter().map(row).collect() }
}

/// As they were asked for; then those that only the measurements know.
pub(crate) fn backends(run: &Run) -> Vec<String> {
    let mut names: Vec<String> = run.subjects.iter().map(|subject| subject.name.clone()).collect();
    let mut strangers: Vec<&str> = run.parts.iter().flat_map(judged).collect();
    strangers.retain(|name| names.iter().all(|known| known != name));
    strangers.sort_by_key(|name| words::simplicity(name));
    strangers.dedup();
    names.extend(strangers.into_iter().map(str::to_string));
    names
}

/// A timer that was measured by itself is no backend, and what backends are judged by is not known of it.
fn judged(part: &Part) -> impl Iterator<Item = &str> {
    let headline = part.scenario.about().headline;
    let has_it = move |case: &&Case| part.scenario != Scenario::Timers || !case.values(headline).is_empty();
    part.cases.iter().filter(has_it).map(|case| case.backend.as_str())
}

fn verdict(run: &Run, point: &Point<'_>, backend: &str) -> Verdict {
    let Some(entry) = point.entry(backend) else {
        return Verdict { value: "–".into(), reason: "not measured".into(), ..Verdict::default() };
    };
    let value = entry.spread.map_or("–".into(), |spread| point.measure.unit().show(spread.median));
    let range = entry.spread.map(|spread| words::range(point.measure, &spread)).unwrap_or_default();
    let reason = match &entry.standing {
        Standing::Refused(refusal) => words::reason(refusal, entry.case),
        Standing::Rank { .. } => {
            let detail = detail(run, point, entry);
            [place(point, entry), detail.unwrap_or_default()].join("; ").trim_end_matches("; ").to_string()
        }
    };
    let (shares, standing) = (shares(point, entry), Some(entry.standing.clone()));
    Verdict { value, range, standing, reason, shares, is_suspect: false }
}

/// Those of the first rank have it in their reason.
fn shares(point: &Point<'_>, entry: &Entry<'_>) -> String {
    let Some(rank) = entry.rank().filter(|rank| *rank > 1) else { return String::new() };
    let others = point.entries.iter().filter(|other| other.rank() == Some(rank) && other.backend() != entry.backend());
    let others: Vec<&str> = others.map(Entry::backend).collect();
    match others.len() {
        0 => String::new(),
        1 | 2 => format!("shares rank {rank} with {}", words::list(&others)),
        several => format!("shares rank {rank} with {several} others"),
    }
}

/// Where it stands: beside those that share its place, or one that is clearly better.
fn place(point: &Point<'_>, entry: &Entry<'_>) -> String {
    if let Some(better) = point.beaten_by(entry) {
        let ratio = entry.spread.zip(better.spread).and_then(|(own, other)| words::ratio(&own, &other));
        return match ratio {
            Some(ratio) => format!("{} {}", words::times(ratio), better.backend()),
            None => format!("clearly behind {}", better.backend()),
        };
    }
    let best = point.best();
    let others: Vec<&str> = best.iter().map(|other| other.backend()).filter(|name| *name != entry.backend()).collect();
    let behind = point.behind();
    match (others.as_slice(), behind.first()) {
        ([], None) => "the only one that can be ranked".into(),
        ([], Some(next)) => match next.spread.zip(entry.spread).and_then(|(next, own)| words::ratio(&next, &own)) {
            Some(ratio) => format!("clearly the best; next is {}, {}", next.backend(), words::times(ratio)),
            None => format!("clearly the best; next is {}", next.backend()),
        },
        (others, _) if others.len() > 2 => format!("no clear difference from {} others", others.len()),
        (others, _) => format!("no clear difference from {}", words::list(others)),
    }
}

/// What else was measured that helps to understand the figure.
fn detail(run: &Run, point: &Point<'_>, entry: &Entry<'_>) -> Option<String> {
    let show = |measure: Measure| entry.other(measure).map(|spread| measure.unit().show(spread.median));
    match point.scenario {
        Scenario::SeedReplay | Scenario::KeepAlive | Scenario::Files => entry
            .other(Measure::Voluntary)
            .map(|waits| format!("{} voluntary switches a request", words::count(waits.median))),
        Scenario::OpenLoop => show(Measure::P50).map(|p50| format!("half of the answers within {p50}")),
        Scenario::Idle => {
            let threads = entry.other(Measure::Threads)?;
            Some(words::plural(threads.median, "thread"))
        }
        Scenario::Slow => show(Measure::CutAfter).map(|after| format!("slow clients ended after {after}")),
        Scenario::Blocking | Scenario::Computing => {
            let without = Point::new(run, run.part(point.scenario)?, &point.variant, 0.0, point.measure)?;
            let calm = without.entry(entry.backend()).filter(|entry| entry.rank().is_some())?.spread?;
            Some(format!("{} when none does", point.measure.unit().show(calm.median)))
        }
        Scenario::Timers => show(Measure::Wakeups).map(|wakeups| format!("timer woke {wakeups}")),
        Scenario::Stop => entry.other(Measure::Lost).map(|lost| lost_requests(&lost)),
    }
}

/// The most that were lost in one stop, for one is too many.
fn lost_requests(lost: &Spread) -> String {
    match lost.high {
        none if none <= 0.0 => "no request lost".into(),
        1.0 => "1 request lost".into(),
        some => format!("up to {} requests lost", words::count(some)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_whole::{case, whole};

    /// What is said of a backend in a scenario, in one line.
    fn line(run: &Run, backend: &str, scenario: Scenario) -> String {
        let verdicts = verdicts(run);
        let index = verdicts.columns.iter().position(|column| *column == scenario).expect("it was measured");
        let (_, row) = verdicts.rows.iter().find(|(name, _)| name == backend).expect("it was asked for");
        let verdict = &row[index];
        let standing = verdict.standing.as_ref().map(Standing::to_string).unwrap_or_default();
        format!("{} | {} | {standing} | {}", verdict.value, verdict.range, verdict.reason)
    }

    #[test]
    fn each_has_its_figure_its_place_and_the_reason() {
        let run = whole();
        let cases = [
            (
                "may",
                Scenario::KeepAlive,
                "6 µs | 5.88–6.12 µs | 1 | clearly the best; next is async-io, 1.13 times; 0.11 voluntary switches a \
                 request",
            ),
            (
                "threads",
                Scenario::SeedReplay,
                "53.7 µs | 52.6–54.8 µs | 6 | 1.98 times workqueue; 3.10 voluntary switches a request",
            ),
            (
                "smol",
                Scenario::Idle,
                "2.50 KiB | 2.45–2.55 KiB | 1 (no clear difference) | no clear difference from async-io; 6 \
                 threads",
            ),
            (
                "pool:64",
                Scenario::Idle,
                "20.1 KiB | 19.7–20.5 KiB | not ranked: kept 1.3 % of the connections | 68 threads for 5,000 \
                 clients: it kept 64 and let go of the others",
            ),
            ("smol", Scenario::Blocking, "205 ms | 201–209 ms | 4 | 105 times threads; 1.15 ms when none does"),
        ];
        for (backend, scenario, text) in cases {
            assert_eq!(line(&run, backend, scenario), text);
        }
    }

    #[test]
    fn who_shares_a_rank_behind_the_first_is_told_with_whom() {
        let verdicts = verdicts(&whole());
        let kept = verdicts.columns.iter().position(|column| *column == Scenario::KeepAlive).expect("it was measured");
        let shares: Vec<&str> = verdicts.rows.iter().map(|(_, row)| row[kept].shares.as_str()).collect();
        let [two, one] = ["shares rank 4 with workqueue and pool:64", "shares rank 2 with async-io"];
        assert_eq!((shares[0], shares[3], shares[4]), (two, "", one));
    }

    #[test]
    fn who_was_not_measured_stays_in_the_table_and_who_was_not_asked_for_comes_last() {
        let mut run = whole();
        run.parts[1].cases.retain(|case| case.backend != "may");
        run.parts[1].cases.push(case("stranger", "", 64.0, &[(Measure::Cpu, 6.0)]));
        assert_eq!(line(&run, "may", Scenario::KeepAlive), "– |  |  | not measured");
        assert_eq!(verdicts(&run).rows.last().map(|(name, _)| name.as_str()), Some("stranger"));
    }
}
