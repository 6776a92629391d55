//! A connection for each request (S1): what the step from a thread per connection to a work queue is worth here. It
//! is the step that khttpd took, and the load is the one it was measured by.

use crate::findings::ranking::ranking;
use crate::measure::Measure;
use crate::model::{Part, Run};
use crate::point::{Entry, Point};
use crate::scenario::Scenario;
use crate::standing::{Refusal, Spread, Standing};
use crate::words;

/// What khttpd has measured of the same step.
const OF_KHTTPD: &str = "khttpd, the server inside the Linux kernel that this project descends from, went from 75,470 \
                         to 136,501 requests a second (1.81 times) by the same step; on another machine and inside \
                         the kernel, so only the direction can be compared.";

/// The ranking, and the step.
pub(super) fn sentences(run: &Run, part: &Part) -> Vec<String> {
    let mut sentences = Point::of_verdict(run, Scenario::SeedReplay).map(|point| ranking(&point)).unwrap_or_default();
    sentences.extend(step(run, part));
    sentences.extend(overflows(run));
    sentences
}

/// Rate and CPU, beside khttpd's figure.
pub(super) fn step(run: &Run, _: &Part) -> Vec<String> {
    let Some(cpu) = Point::of_verdict(run, Scenario::SeedReplay) else { return Vec::new() };
    let Some(rate) = cpu.by(run, Measure::Rate) else { return Vec::new() };
    let (threads, queue) = match (of_kind(&cpu, "threads"), of_kind(&cpu, "workqueue")) {
        (Some(threads), Some(queue)) => (threads, queue),
        (None, None) => return vec![missing("neither threads nor workqueue was")],
        (None, _) => return vec![missing("threads was not")],
        (_, None) => return vec![missing("workqueue was not")],
    };
    vec![of_rate(&rate, threads, queue), of_cpu(&cpu, threads, queue), OF_KHTTPD.into()]
}

fn missing(who: &str) -> String {
    format!("This takes both threads and workqueue, and {who} measured in this scenario.")
}

/// The backend of that name; if it has knobs only, the first of these.
fn of_kind<'a>(point: &'a Point<'_>, kind: &str) -> Option<&'a str> {
    point.entries.iter().map(Entry::backend).find(|name| words::kind(name) == kind)
}

/// `In a second workqueue answers 18,300/s and threads 13,000/s: workqueue answers 1.41 times (1.33–1.49) as many.`
fn of_rate(rate: &Point<'_>, threads: &str, queue: &str) -> String {
    match both(rate, queue, threads) {
        Ok(pair) => {
            let [(one, many), (other, few)] = larger_first(pair);
            let [shown_many, shown_few] = [&many, &few].map(|spread| words::spread(Measure::Rate, spread));
            let ratio = clear_ratio(&many, &few).map(|ratio| format!("{one} answers {ratio} as many"));
            let worth = ratio.unwrap_or_else(|| "no clear difference".into());
            format!("In a second {one} answers {shown_many} and {other} {shown_few}: {worth}.")
        }
        Err(why) => limited(rate, threads, queue).unwrap_or_else(|| format!("Their rates cannot be compared: {why}.")),
    }
}

/// Both rates, if all there is against them is that the load generator could not do more.
fn limited(rate: &Point<'_>, threads: &str, queue: &str) -> Option<String> {
    let [few, many] = [threads, queue].map(|name| rate.entry(name));
    let (few, many) = (few?, many?);
    let mut limits = Vec::new();
    for entry in [few, many] {
        match entry.standing {
            Standing::Refused(Refusal::GeneratorBound(busy)) => {
                limits.push(format!("{} ({busy:.0} % busy)", entry.backend()));
            }
            Standing::Refused(_) => return None,
            Standing::Rank { .. } => (),
        }
    }
    let [few, many] = [few, many].map(|entry| entry.shown(Measure::Rate));
    Some(format!(
        "In a second {queue} answers {many} and {threads} {few}, which cannot be compared: the load generator was at \
         its limit beside {}.",
        words::list(&limits)
    ))
}

fn of_cpu(cpu: &Point<'_>, threads: &str, queue: &str) -> String {
    match both(cpu, threads, queue) {
        Ok(pair) => {
            let [(one, much), (other, little)] = larger_first(pair);
            let [shown_much, shown_little] = [&much, &little].map(|spread| words::spread(Measure::Cpu, spread));
            let ratio = clear_ratio(&much, &little).map(|ratio| format!("{one} takes {ratio} as much"));
            let worth = ratio.unwrap_or_else(|| "no clear difference".into());
            format!(
                "The server's CPU time for each request is {shown_much} on {one} and {shown_little} on {other}: \
                 {worth}."
            )
        }
        Err(why) => format!("Their CPU times cannot be compared: {why}."),
    }
}

/// The ratio with its range, if there is a clear difference.
fn clear_ratio(of: &Spread, to: &Spread) -> Option<String> {
    of.differs_clearly(to).then(|| words::ratio_with_range(of, to))
}

/// A backend and its figure.
type Figure<'a> = (&'a str, Spread);

/// A ratio is easier to read if it is more than one.
fn larger_first(pair: [Figure<'_>; 2]) -> [Figure<'_>; 2] {
    let [one, other] = pair;
    if one.1.median < other.1.median { [other, one] } else { [one, other] }
}

/// Both figures, or why one of them may not be used.
fn both<'a>(point: &Point<'_>, one: &'a str, other: &'a str) -> Result<[Figure<'a>; 2], String> {
    Ok([(one, usable(point, one)?), (other, usable(point, other)?)])
}

fn usable(point: &Point<'_>, backend: &str) -> Result<Spread, String> {
    let entry = point.entry(backend).ok_or_else(|| format!("{backend} was not measured"))?;
    entry.usable().ok_or_else(|| match &entry.standing {
        Standing::Refused(refusal) => format!("of {backend}, {}", words::reason(refusal, entry.case)),
        Standing::Rank { .. } => format!("{backend} was not measured"),
    })
}

/// Where the system's queue of new connections was too short, a client waited for a second or more.
fn overflows(run: &Run) -> Option<String> {
    let point = Point::of_verdict(run, Scenario::SeedReplay)?;
    let over = point.entries.iter().filter_map(|entry| {
        let most = entry.other(Measure::Overflows).map(|overflows| overflows.high).filter(|most| *most > 0.0)?;
        Some(format!("{} (up to {})", entry.backend(), words::plural(most, "time")))
    });
    let over: Vec<String> = over.collect();
    (!over.is_empty()).then(|| {
        format!(
            "The system's queue for new connections was full at times, which delays clients: {}.",
            words::list(&over)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Case;
    use crate::sample_run::{case, run};

    fn both(backend: &str, cpu: [f64; 3], rate: [f64; 3]) -> Case {
        let mut case = case(backend, 4.0, Measure::Cpu, &cpu);
        for (sample, rate) in case.samples.iter_mut().zip(rate) {
            sample.measures.insert(Measure::Rate, rate);
        }
        case
    }

    fn said(cases: Vec<Case>) -> Vec<String> {
        let run = run(Scenario::SeedReplay, cases);
        step(&run, &run.parts[0])
    }

    #[test]
    fn the_step_is_told_by_rate_and_by_cpu() {
        let threads = both("threads", [50.0, 52.0, 54.0], [12_500.0, 13_000.0, 13_500.0]);
        let queue = both("workqueue", [25.0, 26.0, 27.0], [18_000.0, 18_300.0, 18_600.0]);
        let sentences = said(vec![queue, threads]);
        assert_eq!(
            sentences[..2],
            [
                "In a second workqueue answers 18,300/s (18,000–18,600/s) and threads 13,000/s (12,500–13,500/s): \
                 workqueue answers 1.41 times (1.33–1.49) as many.",
                "The server's CPU time for each request is 52 µs (50–54 µs) on threads and 26 µs (25–27 µs) on \
                 workqueue: threads takes 2 times (1.85–2.16) as much.",
            ]
        );
        assert!(sentences[2].contains("khttpd, the server inside the Linux kernel that this project descends from"));
    }

    #[test]
    fn it_is_no_step_where_ranges_overlap_or_the_generator_set_the_pace() {
        let mut threads = both("threads", [25.0, 26.0, 27.0], [12_500.0, 13_000.0, 13_500.0]);
        let queue = both("workqueue", [25.0, 26.0, 28.0], [18_000.0, 18_300.0, 18_600.0]);
        for sample in &mut threads.samples {
            sample.measures.insert(Measure::Generator, 96.0);
        }
        let sentences = said(vec![threads, queue]);
        let bound = "In a second workqueue answers 18,300/s (18,000–18,600/s) and threads 13,000/s (12,500–13,500/s), \
                     which cannot be compared: the load generator was at its limit beside threads (96 % busy).";
        assert_eq!(sentences[0], bound);
        assert!(sentences[1].ends_with(": no clear difference."), "{}", sentences[1]);
    }

    #[test]
    fn the_larger_is_named_first_even_if_it_is_the_other_one() {
        let threads = both("threads", [25.0, 26.0, 27.0], [25_800.0, 26_000.0, 26_200.0]);
        let queue = both("workqueue", [50.0, 52.0, 54.0], [12_900.0, 13_000.0, 13_100.0]);
        let sentences = said(vec![threads, queue]);
        assert!(sentences[0].starts_with("In a second threads answers 26,000/s"), "{}", sentences[0]);
        assert!(sentences[0].ends_with(": threads answers 2 times (1.97–2.03) as many."), "{}", sentences[0]);
        assert!(sentences[1].ends_with(": workqueue takes 2 times (1.85–2.16) as much."), "{}", sentences[1]);
    }

    #[test]
    fn it_says_what_is_missing() {
        let threads = both("threads", [25.0; 3], [13_000.0; 3]);
        let text = "This takes both threads and workqueue, and workqueue was not measured in this scenario.";
        assert_eq!(said(vec![threads]), [text]);
    }
}
