//! The load of the seed (S1): what its step from a thread per connection to a work queue is worth here.

use crate::findings::ranking::ranking;
use crate::measure::Measure;
use crate::model::{Part, Run};
use crate::point::{Entry, Point};
use crate::scenario::Scenario;
use crate::standing::{Refusal, Spread, Standing};
use crate::words;

/// What the seed has measured of its own step.
const OF_THE_SEED: &str = "The seed's own figure is 75,470 to 136,501 requests a second, 1.81 times as many. It comes \
                           from another machine and from inside the kernel, so only the direction can be compared \
                           with it, not the amount.";

/// The ranking, and the step.
pub(super) fn sentences(run: &Run, part: &Part) -> Vec<String> {
    let mut sentences = Point::of_verdict(run, Scenario::SeedReplay).map(|point| ranking(&point)).unwrap_or_default();
    sentences.extend(step(run, part));
    sentences.extend(overflows(run));
    sentences
}

/// Rate and CPU, beside the seed's figure.
pub(super) fn step(run: &Run, _: &Part) -> Vec<String> {
    let Some(cpu) = Point::of_verdict(run, Scenario::SeedReplay) else { return Vec::new() };
    let Some(rate) = cpu.by(run, Measure::Rate) else { return Vec::new() };
    let (threads, queue) = match (of_kind(&cpu, "threads"), of_kind(&cpu, "workqueue")) {
        (Some(threads), Some(queue)) => (threads, queue),
        (None, None) => return vec![missing("neither threads nor workqueue was")],
        (None, _) => return vec![missing("threads was not")],
        (_, None) => return vec![missing("workqueue was not")],
    };
    vec![of_rate(&rate, threads, queue), of_cpu(&cpu, threads, queue), OF_THE_SEED.into()]
}

fn missing(who: &str) -> String {
    format!("This takes both threads and workqueue, and {who} measured in this scenario.")
}

/// The backend of that name; if it has knobs only, the first of these.
fn of_kind<'a>(point: &'a Point<'_>, kind: &str) -> Option<&'a str> {
    point.entries.iter().map(Entry::backend).find(|name| words::kind(name) == kind)
}

/// `workqueue answers 18,300/s (18,000–18,600/s), threads 13,000/s (...)`: 1.41 times.
fn of_rate(rate: &Point<'_>, threads: &str, queue: &str) -> String {
    match both(rate, queue, threads) {
        Ok((of, to)) => {
            let [many, few] = [&of, &to].map(|spread| words::spread(Measure::Rate, spread));
            let worth = worth(&of, &to, "as many");
            format!("In a second {queue} answers {many} and {threads} {few}: {worth}.")
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
        Ok((of, to)) => {
            let [much, little] = [&of, &to].map(|spread| words::spread(Measure::Cpu, spread));
            let worth = worth(&of, &to, "as much");
            format!("The server's CPU time for each request is {much} on {threads} and {little} on {queue}: {worth}.")
        }
        Err(why) => format!("Their CPU times cannot be compared: {why}."),
    }
}

/// The ratio with its range, if there is a clear difference.
fn worth(of: &Spread, to: &Spread, amount: &str) -> String {
    let ratio = words::ratio_with_range(of, to);
    match of.differs_clearly(to) {
        false => "no clear difference".into(),
        true => format!("{ratio} {amount}"),
    }
}

/// Both figures, or why one of them may not be used.
fn both(point: &Point<'_>, one: &str, other: &str) -> Result<(Spread, Spread), String> {
    Ok((usable(point, one)?, usable(point, other)?))
}

fn usable(point: &Point<'_>, backend: &str) -> Result<Spread, String> {
    let entry = point.entry(backend).ok_or_else(|| format!("{backend} was not measured"))?;
    match (&entry.standing, entry.spread) {
        (Standing::Refused(refusal), _) => Err(format!("of {backend}, {}", words::reason(refusal, entry.case))),
        (Standing::Rank { .. }, Some(spread)) => Ok(spread),
        (Standing::Rank { .. }, None) => Err(format!("{backend} was not measured")),
    }
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
                 1.41 times (1.33–1.49) as many.",
                "The server's CPU time for each request is 52 µs (50–54 µs) on threads and 26 µs (25–27 µs) on \
                 workqueue: 2 times (1.85–2.16) as much.",
            ]
        );
        assert!(sentences[2].contains("75,470 to 136,501 requests a second, 1.81 times"));
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
        assert!(sentences[1].ends_with("on workqueue: no clear difference."), "{}", sentences[1]);
    }

    #[test]
    fn it_says_what_is_missing() {
        let threads = both("threads", [25.0; 3], [13_000.0; 3]);
        let text = "This takes both threads and workqueue, and workqueue was not measured in this scenario.";
        assert_eq!(said(vec![threads]), [text]);
    }
}
