//! What a run shows, in sentences that are computed from its numbers: answers to the questions people come with, and
//! what there is to see in each scenario.
//!
//! Nothing is claimed that [`standing`](crate::standing) does not allow; what was not measured leads to fewer
//! sentences.

mod connections;
pub(crate) mod handlers;
pub(crate) mod ranking;
mod requests;
mod seed;
mod timers;

use crate::model::{Part, Run};
use crate::point::Point;
use crate::scenario::Scenario;
use crate::warnings::is_suspect;
use crate::words;

/// A question, and what this run has to say to it.
pub(crate) struct Answer {
    pub(crate) question: &'static str,
    pub(crate) answer: String,
}

/// How sentences about a scenario are made.
type Say = fn(&Run, &Part) -> Vec<String>;

/// The questions, in the order people ask them.
const QUESTIONS: [(&str, Scenario, Say); 10] = [
    ("Which backend is the cheapest for each request?", Scenario::KeepAlive, requests::cheapest),
    ("Which keep idle connections, and what does one cost?", Scenario::Idle, connections::idle),
    ("What happens to the other requests when handlers block?", Scenario::Blocking, handlers::blocking),
    ("What is the step from a thread per connection to a work queue worth here?", Scenario::SeedReplay, seed::step),
    ("How long do clients wait when requests come at a fixed rate?", Scenario::OpenLoop, requests::fixed_rate),
    ("Who still serves beside slow clients, and when are those ended?", Scenario::Slow, connections::slow),
    ("How long do short requests wait for those that compute?", Scenario::Computing, handlers::computing),
    ("What does it cost to serve files?", Scenario::Files, requests::files),
    ("Does it matter whether the timer is a wheel or a heap?", Scenario::Timers, timers::structure),
    ("How long does a stop take, and is a request lost?", Scenario::Stop, connections::stop),
];

/// As far as their scenarios were measured.
pub(crate) fn answers(run: &Run) -> Vec<Answer> {
    let answer = |(question, scenario, say): (&'static str, Scenario, Say)| {
        let mut sentences = say(run, run.part(scenario)?);
        if !sentences.is_empty() {
            sentences.extend(doubt(run, scenario));
        }
        let answer = sentences.join(" ");
        (!answer.is_empty()).then_some(Answer { question, answer })
    };
    QUESTIONS.into_iter().filter_map(answer).collect()
}

/// Who is among the best at little CPU time because it makes requests wait is not to be named without that.
fn doubt(run: &Run, scenario: Scenario) -> Option<String> {
    let point = Point::of_verdict(run, scenario)?;
    let best = point.best();
    let suspects: Vec<&str> = best.iter().map(|entry| entry.backend()).filter(|name| is_suspect(run, name)).collect();
    (!suspects.is_empty()).then(|| {
        let verb = if suspects.len() == 1 { "seems" } else { "seem" };
        format!("But {} {verb} to make requests wait for nothing (see the warnings).", words::list(&suspects))
    })
}

/// What there is to see in a scenario.
pub(crate) fn sentences(run: &Run, part: &Part) -> Vec<String> {
    let mut sentences = seen(run, part);
    if !sentences.is_empty() {
        sentences.extend(doubt(run, part.scenario));
    }
    sentences
}

fn seen(run: &Run, part: &Part) -> Vec<String> {
    match part.scenario {
        Scenario::SeedReplay => seed::sentences(run, part),
        Scenario::KeepAlive => requests::kept(run, part),
        Scenario::OpenLoop => requests::fixed_rate(run, part),
        Scenario::Idle => connections::idle(run, part),
        Scenario::Slow => connections::slow(run, part),
        Scenario::Blocking => handlers::blocking_in_full(run, part),
        Scenario::Computing => handlers::computing(run, part),
        Scenario::Files => requests::files(run, part),
        Scenario::Timers => timers::structure(run, part),
        Scenario::Stop => connections::stop(run, part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;
    use crate::sample_whole::{quick, whole};

    fn answer(run: &Run, scenario: Scenario) -> String {
        let (question, ..) = QUESTIONS.into_iter().find(|(_, of, _)| *of == scenario).expect("each has a question");
        let found = answers(run).into_iter().find(|answer| answer.question == question);
        found.map(|answer| answer.answer).unwrap_or_default()
    }

    #[test]
    fn a_full_run_answers_everything_and_a_quick_one_four_questions() {
        assert_eq!(answers(&whole()).len(), 10);
        assert_eq!(answers(&quick()).len(), 4);
        assert!(whole().parts.iter().all(|part| !sentences(&whole(), part).is_empty()));
    }

    #[test]
    fn idle_connections_are_told_with_their_cost_and_a_bound_as_what_it_is() {
        let text = answer(&quick(), Scenario::Idle);
        let parts = [
            "smol and async-io share the lowest memory for each connection, with no clear difference: 2.50–2.51 KiB.",
            "threads 20.3 KiB (8.12 times smol)",
            "Threads they need for that: threads 5,004, may 6, smol 6 and async-io 6.",
            "workqueue kept 256 with 260 threads and pool:64 kept 64 with 68 threads. That is by design",
        ];
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }

    #[test]
    fn who_waits_for_a_handler_that_blocks_is_told_and_what_helps() {
        let text = answer(&quick(), Scenario::Blocking);
        let parts = [
            "rises clearly for may (1.05 ms to 310 ms, 295 times), smol (1.15 ms to 205 ms, 178 times) and async-io",
            "shows no clear rise for threads, workqueue and pool:64 (1.90–1.92 ms, then 1.95–1.97 ms)",
            "pool and workqueue have a bounded number of threads (64 and 256 unless told otherwise)",
            "falls to 1.30 ms for may, 1.45 ms for smol and 1.42 ms for async-io",
        ];
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }

    #[test]
    fn who_had_too_few_threads_is_told_that_and_not_that_its_connections_share_one() {
        let mut run = quick();
        let part = run.parts.iter_mut().find(|part| part.scenario == Scenario::Blocking).expect("it is in it");
        part.cases.retain(|case| matches!(case.backend.as_str(), "threads" | "pool:64"));
        for case in part.cases.iter_mut().filter(|case| case.backend == "pool:64" && case.x > 0.0) {
            case.samples.iter_mut().for_each(|sample| *sample.measures.entry(Measure::P99).or_default() = 1e5);
            case.backend = "pool:4".into();
        }
        part.cases.iter_mut().filter(|case| case.backend == "pool:64").for_each(|case| case.backend = "pool:4".into());
        let text = answer(&run, Scenario::Blocking);
        assert!(text.contains("Here all threads of pool:4 were taken at times."), "{text}");
        assert!(!text.contains("share a thread"), "{text}");
    }

    #[test]
    fn a_generator_that_was_the_limit_is_named_instead_of_a_difference() {
        let mut run = quick();
        for case in
            run.parts.iter_mut().filter(|part| part.scenario == Scenario::Blocking).flat_map(|part| &mut part.cases)
        {
            for sample in case.samples.iter_mut().filter(|_| case.backend == "smol") {
                sample.measures.insert(Measure::Generator, 97.0);
            }
        }
        let text = answer(&run, Scenario::Blocking);
        assert!(!text.contains("205 ms, 178 times"), "{text}");
        assert!(text.contains("Not compared: smol (1.15 ms, then 205 ms; the load generator (97 % busy)"), "{text}");
    }

    #[test]
    fn the_order_of_the_data_makes_no_difference() {
        let all = |run: &Run| {
            let mut text: Vec<String> = answers(run).into_iter().map(|answer| answer.answer).collect();
            text.extend(Scenario::ALL.iter().filter_map(|of| run.part(*of)).flat_map(|part| sentences(run, part)));
            text.extend(crate::guide::advise(run).into_iter().flat_map(|advice| [advice.pick, advice.why]));
            text
        };
        let mut reversed = whole();
        reversed.parts.reverse();
        reversed.subjects.reverse();
        for part in &mut reversed.parts {
            part.cases.reverse();
            part.cases.iter_mut().for_each(|case| case.samples.reverse());
        }
        assert_eq!(all(&whole()), all(&reversed));
    }
}
