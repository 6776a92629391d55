//! What has to be said before anything else: a backend that looks broken.
//!
//! Wrong answers and errors speak for themselves. A backend that answers rightly but makes every request wait (a
//! sleep, a timer, a missed wake-up) does not: on many connections, throughput hides it, because others are served
//! meanwhile. It is plainest with one connection, so latency is compared at every point of the loads in which nothing
//! is made to wait. It is suspicious to take at least three times as long as every other. Where many connections ask
//! at once, half as long again is enough, if no more CPU is spent on it.
//!
//! Two who do not wait are slow as well: one that computes more, which its CPU time shows; and one that has fewer
//! cores than the others, which keeps those it has busy. The first is reported as what it is, the second not at all.
//!
//! In a closed loop the mean latency is connections divided by rate (Little's law); that stands in for a missing p50.

use crate::measure::{Measure, Unit};
use crate::model::{Case, Part, Run};
use crate::scenario::Scenario;
use crate::standing::{FEWEST, Refusal, Spread, Standing, standings};
use crate::verdict::backends;
use crate::words;
use std::collections::BTreeMap;

/// This many times the latency of every other cannot be a matter of models.
const SUSPICIOUS: f64 = 3.0;
/// This many times is suspicious with many connections, if it is not spent on work.
const SUSPICIOUS_IN_A_CROWD: f64 = 1.5;
/// From this many connections on, a server that does not wait has always something to do.
const CROWD: f64 = 16.0;
/// From this many connections on, what one costs can differ by so much because of the model, and is no fault.
const MULTITUDE: f64 = 256.0;
/// Who keeps less than this share of one core busy has time left.
const BUSY: f64 = 0.7;
/// So many samples are too few for a rank, but enough for something so far off.
const ENOUGH_TO_SUSPECT: usize = 2;
/// A load average for each core from which on a machine has other things to do.
const BUSY_MACHINE: f64 = 0.7;
/// The highest of a case's CPU times is more than so many times the lowest...
const UNSTEADY: f64 = 2.0;
/// ...in more than this share of all cases: that is not by chance.
const UNSTEADY_SHARE: f64 = 0.2;

/// One sentence for each finding; the worst first.
pub(crate) fn warnings(run: &Run) -> Vec<String> {
    let names = backends(run);
    let of_each = |find: fn(&Run, &str) -> Vec<String>| names.iter().flat_map(move |name| find(run, name));
    not_optimized(run)
        .into_iter()
        .chain(shared_cores(run))
        .chain(busy_machine(run))
        .chain(unsteady_machine(run))
        .chain(of_each(wrong))
        .chain(of_each(failed))
        .chain(of_each(waits))
        .chain(of_each(dropped))
        .chain(of_each(lost))
        .chain(of_each(missing))
        .collect()
}

fn not_optimized(run: &Run) -> Option<String> {
    let is_measured = run.parts.iter().any(|part| !part.cases.is_empty());
    (is_measured && !run.environment.optimized).then(|| {
        "This build is not optimized, so its figures say nothing about one that is: build with --release.".into()
    })
}

fn shared_cores(run: &Run) -> Option<String> {
    let is_measured = run.parts.iter().any(|part| !part.cases.is_empty());
    (is_measured && run.environment.shares_cores()).then(|| {
        "The load and the server share cores: each takes time from the other, so rates and latencies are worse than \
         with cores for each. The server's CPU time a request is its own all the same."
            .into()
    })
}

/// It had much else to do when it began.
fn busy_machine(run: &Run) -> Option<String> {
    let (load, cores) = (run.environment.load_average, run.environment.cores as f64);
    (cores > 0.0 && load > BUSY_MACHINE * cores).then(|| {
        format!(
            "The machine was busy when this began (load average {load:.1} on {}): expect wide ranges, and repeat it on \
             a quiet one.",
            words::plural(cores, "core")
        )
    })
}

/// What the server spends on a request should be the same in each round; what else runs does not ask.
fn unsteady_machine(run: &Run) -> Option<String> {
    use Scenario::{Files, KeepAlive, OpenLoop, SeedReplay};
    let parts = [SeedReplay, KeepAlive, OpenLoop, Files].into_iter().filter_map(|scenario| run.part(scenario));
    let costs: Vec<Spread> =
        parts.flat_map(|part| &part.cases).filter_map(|case| Spread::measured(case, Measure::Cpu)).collect();
    let unsteady = costs.iter().filter(|cpu| cpu.high > UNSTEADY * cpu.low).count();
    (unsteady as f64 > UNSTEADY_SHARE * costs.len() as f64).then(|| {
        format!(
            "In {unsteady} of {} the server's CPU time varied more than twofold between rounds: something else was \
             using the machine.",
            words::plural(costs.len() as f64, "case")
        )
    })
}

fn cases<'a>(run: &'a Run, backend: &'a str) -> impl Iterator<Item = (Scenario, &'a Case)> {
    let cases = run.parts.iter().flat_map(|part| part.cases.iter().map(move |case| (part.scenario, case)));
    cases.filter(move |(_, case)| case.backend == backend)
}

fn wrong(run: &Run, backend: &str) -> Vec<String> {
    let how = run.subject(backend).and_then(|subject| subject.differs.as_deref());
    let say = |how: &str| {
        let how = how.trim_end_matches('.');
        format!("{backend}: its answers are not those of the others ({how}), so nothing it does is ranked.")
    };
    how.map(say).into_iter().collect()
}

fn failed(run: &Run, backend: &str) -> Vec<String> {
    let mut classes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut places: Vec<Scenario> = Vec::new();
    let mut answered = 0;
    for (scenario, case) in cases(run, backend).filter(|(_, case)| words::errors(case).is_some()) {
        for (class, count) in case.errors() {
            *classes.entry(class).or_default() += count;
        }
        answered += case.answered();
        places.push(scenario);
    }
    let failures: u64 = classes.values().sum();
    if failures == 0 {
        return Vec::new();
    }
    places.sort();
    places.dedup();
    let places: Vec<String> = places.iter().map(Scenario::to_string).collect();
    let share = words::percent(100.0 * failures as f64 / (failures + answered) as f64);
    let classes: Vec<String> =
        classes.iter().map(|(class, count)| format!("{} {class}", words::count(*count as f64))).collect();
    let (classes, places) = (classes.join(", "), words::list(&places));
    vec![format!("{backend}: {share} of its requests failed ({classes}) in {places}, so it is not ranked there.")]
}

/// A latency nobody else has. One sentence, about the place where it is the plainest.
fn waits(run: &Run, backend: &str) -> Vec<String> {
    let mut findings: Vec<Finding> = run.parts.iter().flat_map(|part| findings(run, part, backend)).collect();
    findings.sort_by(|one, other| other.ratio().total_cmp(&one.ratio()));
    findings.first().map(|worst| worst.sentence(backend, findings.len())).into_iter().collect()
}

/// Whether it makes requests wait for nothing. Whoever spends little CPU time in that way is not to be recommended.
pub(crate) fn is_suspect(run: &Run, backend: &str) -> bool {
    !waits(run, backend).is_empty()
}

/// At one point: its latency, and the longest that any other has.
struct Finding {
    place: String,
    own: Spread,
    others: Spread,
    is_work: bool,
}

impl Finding {
    fn ratio(&self) -> f64 {
        self.own.median / self.others.median
    }

    fn sentence(&self, backend: &str, places: usize) -> String {
        let more = Unit::Micros.show(self.own.median - self.others.median);
        let verdict = match self.is_work {
            true => "and its CPU time grew with it; what does it compute?",
            false => "though it has CPU time left; does it wait a fixed time in each request?",
        };
        let elsewhere = match places {
            1 => String::new(),
            _ => format!(" It stands out at {} as well.", words::plural((places - 1) as f64, "other point")),
        };
        let [own, others] = [self.own, self.others].map(|latency| words::spread(Measure::P50, &latency));
        format!(
            "{backend}: {}, half of its answers take {own} or longer; the slowest of the others needs {others}. \
             That is {more} more, {verdict}{elsewhere}",
            self.place
        )
    }
}

fn findings(run: &Run, part: &Part, backend: &str) -> Vec<Finding> {
    let mut points = part.points();
    match part.scenario {
        Scenario::SeedReplay | Scenario::KeepAlive => (),
        // The probe alone; what many idle connections do to it is a finding, not a fault.
        Scenario::Idle => points.truncate(1),
        _ => return Vec::new(),
    }
    points.into_iter().filter_map(|x| finding(run, part, x, backend)).collect()
}

fn finding(run: &Run, part: &Part, x: f64, backend: &str) -> Option<Finding> {
    let cases = part.at("", x);
    let latencies = cases.iter().filter_map(|case| Some((*case, latency(run, part.scenario, case)?)));
    let (own, mut others): (Vec<_>, Vec<_>) = latencies.partition(|(case, _)| case.backend == backend);
    let &(case, own) = own.first()?;
    if others.is_empty() {
        let unranked = cases.iter().filter(|case| case.backend != backend);
        others.extend(unranked.filter_map(|case| Some((*case, latency_unranked(run, case)?))));
    }
    let slowest =
        others.iter().map(|(_, latency)| *latency).max_by(|one, other| one.median.total_cmp(&other.median))?;
    if slowest.median <= 0.0 || others.iter().any(|(_, latency)| !latency.is_clearly_below(&own)) {
        return None;
    }
    let ratio = own.median / slowest.median;
    let most_work = others.iter().filter_map(|(case, _)| work(case)).max_by(f64::total_cmp);
    let works = work(case).zip(most_work).map_or(1.0, |(own, most)| own / most);
    let is_lazy = busy(case).is_none_or(|cores| cores < BUSY);
    let is_crowd = part.scenario == Scenario::KeepAlive && x >= CROWD && busy(case).is_some();
    let is_work = works >= SUSPICIOUS && x < MULTITUDE;
    let is_slow = ratio >= SUSPICIOUS && (is_lazy || is_work);
    let is_waiting = is_crowd && ratio >= SUSPICIOUS_IN_A_CROWD && is_lazy && works < 1.0 + (ratio - 1.0) / 2.0;
    let place = format!("in {} {}", part.scenario, words::place(part.scenario, "", x));
    (is_slow || is_waiting).then_some(Finding { place, own, others: slowest, is_work })
}

/// CPU time for a request, in microseconds.
fn work(case: &Case) -> Option<f64> {
    Spread::measured(case, Measure::Cpu).map(|cpu| cpu.median).filter(|cpu| *cpu > 0.0)
}

/// How many cores the server kept busy.
fn busy(case: &Case) -> Option<f64> {
    Some(work(case)? * Spread::measured(case, Measure::Rate)?.median / 1e6)
}

/// Its p50, or what follows from its rate; `None` if neither can be relied on, or if it has fewer places than there
/// are connections by design, so that they have to wait for each other.
fn latency(run: &Run, scenario: Scenario, case: &Case) -> Option<Spread> {
    let threads = Spread::measured(case, Measure::Threads).map_or(1.0, |threads| threads.median);
    let is_crowded = words::is_bounded(&case.backend) && case.x > threads;
    let standing = |measure| standings(run, &[case], measure).into_iter().next();
    let may_be_ranked = |measure| matches!(standing(measure), Some(Standing::Rank { .. }));
    let may_be_suspected = match standing(Measure::P50) {
        Some(Standing::Rank { .. }) => true,
        Some(Standing::Refused(Refusal::TooFew(count))) => count >= ENOUGH_TO_SUSPECT,
        _ => false,
    };
    if is_crowded {
        return None;
    }
    if may_be_suspected {
        return Spread::measured(case, Measure::P50);
    }
    let is_closed = matches!(scenario, Scenario::SeedReplay | Scenario::KeepAlive);
    let rate = Spread::measured(case, Measure::Rate).filter(|rate| rate.low > 0.0)?;
    let mean = |rate: f64| case.x / rate * 1e6;
    let has_p50 = !case.values(Measure::P50).is_empty();
    (is_closed && !has_p50 && rate.count >= FEWEST && may_be_ranked(Measure::Rate)).then(|| Spread {
        low: mean(rate.high),
        median: mean(rate.median),
        high: mean(rate.low),
        count: rate.count,
    })
}

/// The p50 of one whose answers differ, or that failed at times: where there is nobody else, its right answers still
/// show how fast they can be.
fn latency_unranked(run: &Run, case: &Case) -> Option<Spread> {
    let standing = standings(run, &[case], Measure::P50).into_iter().next()?;
    let has_answers = matches!(standing, Standing::Refused(Refusal::Differs(_) | Refusal::Errors { .. }));
    Spread::measured(case, Measure::P50).filter(|p50| has_answers && p50.count >= FEWEST)
}

/// Idle connections that were ended though nothing in its design says so.
fn dropped(run: &Run, backend: &str) -> Vec<String> {
    if words::is_bounded(backend) {
        return Vec::new();
    }
    let Some(part) = run.part(Scenario::Idle) else { return Vec::new() };
    let mut letting_go: Vec<(f64, f64)> = Vec::new();
    for case in part.cases.iter().filter(|case| case.backend == backend) {
        let standing = standings(run, &[case], Measure::MemoryEach);
        if let Some(Standing::Refused(Refusal::LetGo(kept))) = standing.first() {
            letting_go.push((case.x, *kept));
        }
    }
    letting_go.sort_by(|one, other| one.0.total_cmp(&other.0));
    let say = |(x, kept): &(f64, f64)| {
        let (count, kept) = (words::plural(*x, "idle connection"), words::count((x * kept / 100.0).round()));
        format!("{backend}: of {count} it kept {kept}, and it has no bound that would explain it.")
    };
    letting_go.last().map(say).into_iter().collect()
}

fn lost(run: &Run, backend: &str) -> Vec<String> {
    let lost = cases(run, backend).filter(|(scenario, _)| *scenario == Scenario::Stop);
    let most = lost.flat_map(|(_, case)| case.values(Measure::Lost)).fold(0.0, f64::max);
    if most <= 0.0 {
        return Vec::new();
    }
    vec![format!("{backend}: it lost up to {} while it stopped.", words::plural(most, "request"))]
}

/// What could not be measured, and why.
fn missing(run: &Run, backend: &str) -> Vec<String> {
    let place = |scenario: Scenario, case: &Case| words::place(scenario, &case.variant, case.x);
    let mut failures: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (scenario, case) in cases(run, backend) {
        if let Some(failure) = &case.failure {
            let failure = failure.trim_end_matches('.');
            failures.entry(failure).or_default().push(format!("{scenario} {}", place(scenario, case)));
        }
    }
    let mut lines = Vec::new();
    for (failure, mut places) in failures {
        places.sort();
        let more = places.len().saturating_sub(3);
        places.truncate(3);
        if more > 0 {
            places.push(format!("{more} more"));
        }
        lines.push(format!("{backend}: not all could be measured ({}): {failure}.", words::list(&places)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Subject;
    use crate::sample_whole::{case, whole};

    fn with(name: &str) -> Run {
        let mut run = whole();
        run.subjects.push(Subject { name: name.into(), about: String::new(), differs: None });
        run
    }

    fn add(run: &mut Run, scenario: Scenario, case: Case) {
        run.parts.iter_mut().find(|part| part.scenario == scenario).expect("a full run").cases.push(case);
    }

    /// What `threads` would show in S2 if each answer came a millisecond later: those of others go on meanwhile.
    fn late(connections: f64) -> Case {
        let rate = (connections / 1045e-6).min(113_000.0);
        let figures = [(Measure::Cpu, 8.6), (Measure::Rate, rate), (Measure::P50, connections / rate * 1e6)];
        case("mutant:slow", "", connections, &figures)
    }

    #[test]
    fn a_sound_run_has_none() {
        assert_eq!(warnings(&whole()), Vec::<String>::new());
    }

    #[test]
    fn a_millisecond_in_each_answer_is_exposed_and_not_recommended() {
        let mut run = with("mutant:slow");
        for connections in [1.0, 16.0, 64.0] {
            add(&mut run, Scenario::KeepAlive, late(connections));
        }
        let text = "mutant:slow: in S2 with 1 connection, half of its answers take 1.04 ms (1.02–1.07 ms) or longer; \
                    the slowest of the others needs 45.5 µs (44.5–46.4 µs). That is 1.00 ms more, though it has CPU \
                    time left; does it wait a fixed time in each request? It stands out at 2 other points as well.";
        assert_eq!(warnings(&run), [text]);

        // By its CPU time alone it would be the best.
        for case in run.parts[1].cases.iter_mut().filter(|case| case.backend == "mutant:slow") {
            case.samples.iter_mut().for_each(|sample| *sample.measures.entry(Measure::Cpu).or_default() = 4.0);
        }
        let advice = crate::guide::advise(&run).remove(0);
        assert_eq!(advice.pick, "may");
        assert!(advice.why.contains("mutant:slow is left out: it seems to make requests wait for nothing"));
        let answer = crate::findings::answers(&run).remove(0).answer;
        assert!(answer.ends_with("But mutant:slow seems to make requests wait for nothing (see the warnings)."));
        assert!(crate::markdown::markdown(&run, None).contains("| 4 µs (1, see the warnings) |"));
        assert!(crate::report::html(&run, None).contains("<td class=\"suspect\" data-of=\"mutant:slow\">"));
        assert!(crate::terminal::verdict_table(&run).contains("4 µs (1!)"));
    }

    #[test]
    fn two_samples_are_enough_to_expose_it() {
        let mut run = with("mutant:slow");
        add(&mut run, Scenario::KeepAlive, late(1.0));
        for (left, count) in [(2, 1), (1, 0)] {
            run.parts[1].cases.iter_mut().for_each(|case| case.samples.truncate(left));
            let exposed = warnings(&run).iter().filter(|text| text.starts_with("mutant:slow: in S2")).count();
            assert_eq!(exposed, count, "with {left} samples");
        }
    }

    #[test]
    fn and_with_many_connections_only_and_without_a_p50() {
        let mut run = with("mutant:slow");
        run.parts.retain(|part| part.scenario == Scenario::KeepAlive);
        run.parts[0].cases.retain(|case| case.x == 64.0);
        let mut late = late(64.0);
        for sample in &mut late.samples {
            sample.measures.remove(&Measure::P50);
        }
        add(&mut run, Scenario::KeepAlive, late);
        let warnings = warnings(&run);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with("mutant:slow: in S2 with 64 connections, half of its answers take 1.04 ms"));
    }

    #[test]
    fn who_gives_other_answers_is_a_yardstick_if_there_is_no_other() {
        let mut run = with("mutant:slow");
        add(&mut run, Scenario::KeepAlive, late(1.0));
        run.subjects[0].differs = Some("GET / has another body".into());
        let alone = |backend: &str| matches!(backend, "threads" | "mutant:slow");
        run.parts.iter_mut().for_each(|part| part.cases.retain(|case| alone(&case.backend)));
        assert!(is_suspect(&run, "mutant:slow") && !is_suspect(&run, "threads"));
    }

    #[test]
    fn a_machine_that_others_use_is_told() {
        let mut run = whole();
        run.environment.load_average = 23.94;
        let cases = run.parts.iter_mut().take(3).flat_map(|part| &mut part.cases);
        for sample in cases.filter_map(|case| case.samples.last_mut()) {
            sample.measures.entry(Measure::Cpu).and_modify(|cpu| *cpu *= 2.5);
        }
        assert_eq!(
            warnings(&run),
            [
                "The machine was busy when this began (load average 23.9 on 2 cores): expect wide ranges, and repeat \
                 it on a quiet one.",
                "In 30 of 48 cases the server's CPU time varied more than twofold between rounds: something else was \
                 using the machine.",
            ]
        );
    }

    #[test]
    fn who_has_fewer_cores_or_computes_is_not_taken_for_one_that_waits() {
        let mut run = with("smol:1");
        // Where the others have eight cores, one core is eight times as slow and always busy.
        let one_core = [(Measure::Cpu, 6.9), (Measure::Rate, 14_000.0), (Measure::P50, 4_570.0)];
        add(&mut run, Scenario::KeepAlive, case("smol:1", "", 64.0, &one_core[1..]));
        run.parts[1].cases.pop();
        let busy = [(Measure::Cpu, 68.0), one_core[1], one_core[2]];
        add(&mut run, Scenario::KeepAlive, case("smol:1", "", 64.0, &busy));
        assert!(warnings(&run)[0].contains("its CPU time grew with it; what does it compute?"));
        // With a thousand connections a model may cost as much.
        let busy = [(Measure::Cpu, 68.0), one_core[1], (Measure::P50, 73_100.0)];
        *run.parts[1].cases.last_mut().expect("added") = case("smol:1", "", 1024.0, &busy);
        assert_eq!(warnings(&run), Vec::<String>::new());
        let cpu_of_one_core = [(Measure::Cpu, 7.0), (Measure::Rate, 140_000.0), (Measure::P50, 4_570.0)];
        *run.parts[1].cases.last_mut().expect("added") = case("smol:1", "", 64.0, &cpu_of_one_core);
        assert_eq!(warnings(&run), Vec::<String>::new());
    }

    #[test]
    fn failures_and_wrong_answers_come_first() {
        let mut run = with("mutant:drop");
        let mut failing = case("mutant:drop", "", 64.0, &[(Measure::Cpu, 8.4)]);
        failing.samples[0].errors.insert("reset".into(), 120);
        failing.samples.iter_mut().for_each(|sample| sample.answered = 2_376);
        add(&mut run, Scenario::KeepAlive, failing);
        run.subjects[0].differs = Some("GET / has another body".into());
        assert_eq!(
            warnings(&run),
            [
                "threads: its answers are not those of the others (GET / has another body), so nothing it does is \
                 ranked.",
                "mutant:drop: 1 % of its requests failed (120 reset) in S2, so it is not ranked there.",
            ]
        );
    }

    #[test]
    fn connections_let_go_without_a_bound_requests_lost_and_gaps_are_told() {
        let mut run = whole();
        for case in run.parts.iter_mut().flat_map(|part| &mut part.cases).filter(|case| case.backend == "smol") {
            for sample in &mut case.samples {
                if let Some(kept) = sample.measures.get_mut(&Measure::Kept) {
                    *kept = 90.0;
                }
                if let Some(lost) = sample.measures.get_mut(&Measure::Lost) {
                    *lost = 1.0;
                }
            }
        }
        run.parts[0].cases[0].failure = Some("it did not stop".into());
        assert_eq!(
            warnings(&run),
            [
                "smol: of 5,000 idle connections it kept 4,500, and it has no bound that would explain it.",
                "smol: it lost up to 1 request while it stopped.",
                "threads: not all could be measured (S1 with 4 clients): it did not stop.",
            ]
        );
    }
}
