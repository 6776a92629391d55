//! Which backend to take, for a load described in words.
//!
//! The pick is the best group of the scenario that stands for the load: all that nobody is clearly better than, the
//! simplest first. If nobody may be ranked there, nothing is picked, and it says why.

use crate::findings::{handlers::bounds, ranking};
use crate::measure::Measure;
use crate::model::Run;
use crate::point::{Entry, Point};
use crate::scenario::Scenario;
use crate::standing::{Refusal, Standing};
use crate::verdict::backends;
use crate::warnings::is_suspect;
use crate::words;

/// A load, who is to be taken for it, and why.
pub(crate) struct Advice {
    pub(crate) load: &'static str,
    pub(crate) pick: String,
    pub(crate) why: String,
}

/// The loads, and what stands for each.
const LOADS: [(&str, Scenario); 7] = [
    ("Short requests on kept connections; handlers only compute an answer", Scenario::KeepAlive),
    ("Thousands of clients that are mostly silent: chat, server-sent events, long polling", Scenario::Idle),
    ("Handlers that block: database drivers, other people's code", Scenario::Blocking),
    ("A connection for each request: health checks, old proxies", Scenario::SeedReplay),
    ("Slow and hostile clients", Scenario::Slow),
    ("Some requests compute for long", Scenario::Computing),
    ("Files", Scenario::Files),
];

/// What is meant by thousands of connections begins here.
const THOUSANDS: f64 = 1000.0;

/// For the loads that were measured, and for one that is not known yet.
pub(crate) fn advise(run: &Run) -> Vec<Advice> {
    let names = backends(run);
    let suspects: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_suspect(run, name)).collect();
    let point = |scenario| Point::of_verdict(run, scenario)?.without(run, &suspects);
    let loads = LOADS.into_iter().filter_map(|(load, scenario)| Some((load, point(scenario)?)));
    let mut all: Vec<Advice> = loads.map(|(load, point)| advice(run, load, &point)).collect();
    let points: Vec<Point<'_>> = Scenario::ALL.into_iter().filter_map(point).collect();
    all.extend(unknown(&points, &names));
    if !suspects.is_empty() {
        let suspects = words::list(&suspects);
        let left_out =
            format!(" {suspects} is left out: it seems to make requests wait for nothing (see the warnings).");
        all.iter_mut().for_each(|advice| advice.why.push_str(&left_out));
    }
    all
}

fn advice(run: &Run, load: &'static str, point: &Point<'_>) -> Advice {
    let best = point.best();
    let names: Vec<&str> = best.iter().map(|entry| entry.backend()).collect();
    let are_few = point.scenario == Scenario::Idle && point.x < THOUSANDS;
    let pick = match names.as_slice() {
        [] => "no pick".into(),
        _ if are_few => format!("no pick: only {} measured", were(point.x)),
        [only] if point.behind().is_empty() => only_one(only),
        names => words::either(names),
    };
    let mut why = vec![ranking::best(point)];
    if are_few {
        let (least, most) = (words::count(THOUSANDS), words::count(point.x));
        why.insert(
            0,
            format!("No more than {most} were measured, and it takes at least {least} to speak of thousands."),
        );
    } else if names.len() > 1 {
        why.push("The simplest is named first.".into());
    }
    why.extend(runner_up(point));
    if point.scenario == Scenario::Blocking {
        why.extend(if_told(run, point));
        why.extend(run.part(point.scenario).and_then(bounds));
    }
    why.extend(but(run, point));
    why.extend(ranking::refused(point));
    Advice { load, pick, why: format!("{}: {}", point.scenario, why.join(" ")) }
}

/// Being the best of one is no merit.
fn only_one(name: &str) -> String {
    format!("no pick: only {name} could be ranked")
}

fn were(connections: f64) -> String {
    let verb = if connections == 1.0 { "was" } else { "were" };
    format!("{} {verb}", words::plural(connections, "connection"))
}

/// What the next best costs.
fn runner_up(point: &Point<'_>) -> Option<String> {
    let behind = point.behind();
    let next = behind.first()?;
    let better = point.beaten_by(next)?;
    let ratio = words::ratio(next.spread.as_ref()?, better.spread.as_ref()?).map(words::times);
    let ratio = ratio.map(|ratio| format!(" ({ratio} {})", better.backend())).unwrap_or_default();
    let median = point.measure.unit().show(next.spread?.median);
    Some(format!("Next is {}: {median}{ratio}.", next.backend()))
}

/// Who is as good if blocking work is given to `unblock`.
fn if_told(run: &Run, point: &Point<'_>) -> Option<String> {
    let told = Point::new(run, run.part(point.scenario)?, "unblock", point.x, point.measure)?;
    let best = told.best();
    let names: Vec<&str> = best.iter().map(|entry| entry.backend()).collect();
    match best.as_slice() {
        [] => None,
        [only] => Some(format!(
            "If all such work is given to `unblock`, {} has the lowest: {}.",
            only.backend(),
            only.shown(point.measure)
        )),
        several => Some(format!(
            "If all such work is given to `unblock`, {} share the lowest: {}.",
            words::list(&names),
            words::span(point.measure.unit(), several.iter().filter_map(|entry| entry.spread.as_ref()))
        )),
    }
}

/// A pick by CPU time, or by the longest waits, that makes requests wait clearly longer in another way.
fn but(run: &Run, point: &Point<'_>) -> Option<String> {
    let (measure, which) = match point.measure {
        Measure::Cpu => (Measure::P99, "p99, which 1 of 100 requests exceeds"),
        Measure::P99 => (Measure::P50, "p50, which half of the requests exceed"),
        _ => return None,
    };
    let waits = point.by(run, measure)?;
    let slow = |picked: &&Entry<'_>| {
        let entry = waits.entry(picked.backend())?;
        let better = waits.beaten_by(entry)?;
        let (own, other) = (entry.shown(measure), better.shown(measure));
        Some(format!("{} with {own} is clearly behind {} with {other}", entry.backend(), better.backend()))
    };
    let slow: Vec<String> = point.best().iter().filter_map(slow).collect();
    (!slow.is_empty()).then(|| format!("But in {which}, {}.", words::list(&slow)))
}

/// What is known of a backend over all scenarios.
struct Overall<'a> {
    name: &'a str,
    /// Where it was measured and could not be ranked, though others could.
    refused: Vec<(Scenario, String)>,
    /// Where its samples do not set it apart, so that nobody knows.
    unplaced: Vec<Scenario>,
    /// How far behind the best it is where it is furthest behind, and where.
    worst: Option<(f64, Scenario)>,
    /// In how many scenarios it is ranked.
    ranked: usize,
}

/// The one that is never far behind.
fn unknown(points: &[Point<'_>], names: &[String]) -> Option<Advice> {
    let mut all: Vec<Overall<'_>> = names.iter().map(|name| overall(points, name)).collect();
    all.sort_by_key(|one| words::simplicity(one.name));
    let most = all.iter().map(|one| one.ranked).max().filter(|most| *most > 0)?;
    // Who is missing somewhere where others are ranked, by its own fault or not, is not known to be good there.
    let steady: Vec<&Overall<'_>> = all.iter().filter(|one| one.ranked == most && one.refused.is_empty()).collect();
    let load = "You do not know yet";
    let least = steady.iter().map(|one| behind(one)).min_by(f64::total_cmp);
    let Some(least) = least else {
        let why = "Each backend is unranked in at least one scenario in which others are ranked. ".to_string();
        return Some(Advice { load, pick: "no pick".into(), why: why + &failings(&all) });
    };
    // A tenth more or less in a ratio is nothing to choose by, as everywhere else.
    let picks: Vec<&Overall<'_>> = steady.iter().copied().filter(|one| behind(one) <= least * 1.1).collect();
    let pick = match all.iter().filter(|one| one.ranked > 0).collect::<Vec<_>>().as_slice() {
        [only] => only_one(only.name),
        _ => words::either(&picks.iter().map(|one| one.name).collect::<Vec<_>>()),
    };
    let scenarios: Vec<String> = points.iter().map(|point| point.scenario.to_string()).collect();
    let who = if picks.len() == 1 { "the one that is" } else { "those that are" };
    let mut why = vec![format!("Over {}, {who} least far behind in the worst scenario.", words::list(&scenarios))];
    why.push(distances(points, &steady));
    why.extend(unplaced(&steady));
    let failings = failings(&all);
    if !failings.is_empty() {
        why.push(failings);
    }
    Some(Advice { load, pick, why: why.join(" ") })
}

fn overall<'a>(points: &[Point<'_>], name: &'a str) -> Overall<'a> {
    let mut overall = Overall { name, refused: Vec::new(), unplaced: Vec::new(), worst: None, ranked: 0 };
    for point in points.iter().filter(|point| !point.best().is_empty()) {
        let Some(entry) = point.entry(name) else { continue };
        match &entry.standing {
            Standing::Refused(Refusal::TooNoisy { .. }) => {
                overall.ranked += 1;
                overall.unplaced.push(point.scenario);
            }
            Standing::Refused(refusal) => {
                overall.refused.push((point.scenario, words::reason(refusal, entry.case)));
            }
            Standing::Rank { .. } => {
                overall.ranked += 1;
                let distance = point.distance(entry).filter(|distance| distance.is_finite());
                let further = distance.filter(|distance| overall.worst.is_none_or(|(worst, _)| *distance > worst));
                overall.worst = further.map(|distance| (distance, point.scenario)).or(overall.worst);
            }
        }
    }
    overall
}

fn behind(one: &Overall<'_>) -> f64 {
    one.worst.map_or(1.0, |(distance, _)| distance)
}

/// `threads 8.13 times smol, in S4 (memory a connection 20.3 KiB beside 2.50 KiB)`.
fn distances(points: &[Point<'_>], steady: &[&Overall<'_>]) -> String {
    let place = |one: &&Overall<'_>| {
        let Some((distance, scenario)) = one.worst.filter(|(distance, _)| *distance > 1.0) else {
            return format!("{} is nowhere clearly behind", one.name);
        };
        let point = points.iter().find(|point| point.scenario == scenario);
        let beside = point.and_then(|point| {
            let entry = point.entry(one.name)?;
            let better = point.beaten_by(entry)?;
            let [own, other] = [entry.spread?, better.spread?].map(|spread| point.measure.unit().show(spread.median));
            Some(format!(" ({}: {own} beside {other} of {})", point.measure.label(), better.backend()))
        });
        format!("{} {} in {scenario}{}", one.name, words::times(distance), beside.unwrap_or_default())
    };
    let mut steady = steady.to_vec();
    steady.sort_by(|one, other| behind(one).total_cmp(&behind(other)));
    format!("How far behind the best, at worst: {}.", steady.iter().map(place).collect::<Vec<_>>().join("; "))
}

/// What the distances leave out.
fn unplaced(steady: &[&Overall<'_>]) -> Option<String> {
    let place = |one: &&Overall<'_>| {
        let scenarios: Vec<String> = one.unplaced.iter().map(Scenario::to_string).collect();
        (!scenarios.is_empty()).then(|| format!("{} in {}", one.name, words::list(&scenarios)))
    };
    let places: Vec<String> = steady.iter().filter_map(place).collect();
    let what = "Not counted, because the samples there do not set it apart from others of different ranks";
    (!places.is_empty()).then(|| format!("{what}: {}.", words::list(&places)))
}

/// Who is out, and why: each reason once.
fn failings(all: &[Overall<'_>]) -> String {
    let one = |one: &Overall<'_>| {
        let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
        for (scenario, reason) in &one.refused {
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, scenarios)) => scenarios.push(scenario.to_string()),
                None => reasons.push((reason, vec![scenario.to_string()])),
            }
        }
        let reasons: Vec<String> = reasons
            .iter()
            .map(|(reason, scenarios)| format!("{}: {}", words::list(scenarios), reason.trim_end_matches('.')))
            .collect();
        (!reasons.is_empty()).then(|| format!("{} ({})", one.name, reasons.join("; ")))
    };
    let all: Vec<String> = all.iter().filter_map(one).collect();
    if all.is_empty() { String::new() } else { format!("Left out: {}.", words::list(&all)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_whole::{quick, whole};

    fn pick(run: &Run, load: &str) -> (String, String) {
        let found = advise(run).into_iter().find(|advice| advice.load.starts_with(load));
        found.map(|advice| (advice.pick, advice.why)).unwrap_or_default()
    }

    #[test]
    fn the_best_group_is_picked_the_simplest_first() {
        let run = whole();
        assert_eq!(pick(&run, "Short requests").0, "may");
        assert_eq!(pick(&run, "Thousands").0, "smol or async-io");
        assert_eq!(pick(&run, "A connection for each").0, "workqueue");
        let (pick, why) = pick(&run, "Handlers that block");
        assert_eq!(pick, "threads, workqueue or pool:64");
        assert!(why.contains("Next is smol: 205 ms (105 times threads)."), "{why}");
        assert!(why.contains("given to `unblock`, may and async-io share the lowest: 1.30–1.42 ms."), "{why}");
    }

    #[test]
    fn without_a_known_load_the_one_that_is_never_far_behind() {
        let (pick, why) = pick(&quick(), "You do not know");
        assert_eq!(pick, "threads");
        assert!(why.starts_with("Over S1, S2, S4 and S6, the one that is least far behind"), "{why}");
        assert!(
            why.contains("threads 8.12 times in S4 (memory a connection: 20.3 KiB beside 2.50 KiB of smol)"),
            "{why}"
        );
        assert!(why.contains("Left out: workqueue (S4: 260 threads for 5,000 clients"), "{why}");
    }

    #[test]
    fn nothing_is_picked_where_nothing_may_be_ranked() {
        let mut run = quick();
        for case in run.parts.iter_mut().flat_map(|part| &mut part.cases) {
            case.samples.truncate(2);
        }
        let advice = advise(&run);
        assert_eq!(advice.len(), 4, "no overall pick either");
        assert!(advice.iter().all(|advice| advice.pick == "no pick" && advice.why.contains("at least 3 are needed")));
    }

    #[test]
    fn one_that_had_no_rival_is_no_pick() {
        let mut run = quick();
        for part in &mut run.parts {
            part.cases.retain(|case| case.backend == "may");
        }
        let advice = advise(&run);
        assert_eq!(advice.len(), 5);
        assert!(advice.iter().all(|advice| advice.pick == "no pick: only may could be ranked"));
    }

    #[test]
    fn a_hundred_connections_are_not_thousands() {
        let mut run = quick();
        run.parts.iter_mut().for_each(|part| part.cases.retain(|case| case.x <= 100.0));
        let (pick, why) = pick(&run, "Thousands");
        assert_eq!(pick, "no pick: only 100 connections were measured");
        let start = "S4: No more than 100 were measured, and it takes at least 1,000 to speak of thousands. With 100";
        assert!(why.starts_with(start), "{why}");
    }

    #[test]
    fn a_pick_that_makes_some_wait_is_not_praised_without_it() {
        let mut run = whole();
        for case in run.parts.iter_mut().flat_map(|part| &mut part.cases).filter(|case| case.backend == "may") {
            for sample in &mut case.samples {
                sample.measures.entry(Measure::P99).and_modify(|p99| *p99 *= 50.0);
            }
        }
        let (_, why) = pick(&run, "Short requests");
        assert!(why.contains("But in p99, which 1 of 100 requests exceeds, may with 50.5 ms"), "{why}");
    }

    #[test]
    fn a_pick_by_the_longest_waits_says_so_if_the_usual_one_is_longer() {
        let mut run = whole();
        let best = pick(&run, "Some requests compute").0;
        let cases = run.parts.iter_mut().filter(|part| part.scenario == Scenario::Computing);
        for case in cases.flat_map(|part| &mut part.cases) {
            let p50 = if best.contains(&case.backend) { 5_000.0 } else { 1_000.0 };
            for sample in &mut case.samples {
                sample.measures.insert(Measure::P50, p50);
            }
        }
        let (_, why) = pick(&run, "Some requests compute");
        assert!(why.contains("But in p50, which half of the requests exceed, "), "{why}");
    }
}
