//! Exercise 10: the comparison report.
//!
//! Read `docs/course/ex10_report.md` first. `cargo course check 10` says what works, and `cargo course report`
//! measures what you have built and writes your report about it.

use course::bench::Series;
use course::environment::Environment;

/// The middle one of some runs, in ascending order; of an even number, the mean of the two in the middle. `None` if
/// there are no runs, or if one of them is not a finite number.
pub fn median(runs: &[f64]) -> Option<f64> {
    //~ solution
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    //~ mutant forgets_to_sort: median_and_percentile_are_found the_table_shows_every_series
    //| let sorted = runs.to_vec();
    //~ stub
    //| let _ = runs;
    //| todo!("exercise 10: find the median")
    //~ end
    //~ solution
    let below = sorted.get(sorted.len().saturating_sub(1) / 2)?;
    let above = sorted.get(sorted.len() / 2)?;
    runs.iter().all(|run| run.is_finite()).then(|| below.midpoint(*above))
    //~ mutant mean_in_place_of_the_median: median_and_percentile_are_found the_table_shows_every_series
    //| let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
    //| mean.is_finite().then_some(mean)
    //~ mutant takes_nan_for_a_figure: median_and_percentile_are_found
    //| let below = sorted.get(sorted.len().saturating_sub(1) / 2)?;
    //| let above = sorted.get(sorted.len() / 2)?;
    //| Some(below.midpoint(*above))
    //~ stub
    //~ end
}

/// The smallest latency that `percent` of all latencies do not exceed (the nearest rank): of n in ascending order the
/// one in place ⌈percent · n / 100⌉, counted from 1; for 0 percent the first. `None` if there are no latencies, or if
/// `percent` is not from 0 to 100.
pub fn percentile(latencies: &[u64], percent: f64) -> Option<u64> {
    //~ solution
    if !(0.0..=100.0).contains(&percent) {
        return None;
    }
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    //~ stub
    //| let _ = (latencies, percent);
    //| todo!("exercise 10: find the percentile")
    //~ end
    //~ solution
    let rank = (percent * sorted.len() as f64 / 100.0).ceil() as usize;
    //~ mutant rank_of_a_rounded_quotient: median_and_percentile_are_found
    //| let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    //~ stub
    //~ end
    //~ solution
    sorted.get(rank.saturating_sub(1)).copied()
    //~ mutant percentile_off_by_one: median_and_percentile_are_found
    //| sorted.get(rank.min(sorted.len().saturating_sub(1))).copied()
    //~ stub
    //~ end
}

/// A request of a load generator, and its answer, in microseconds since the generator began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// When the request was sent.
    pub sent: u64,
    /// When the whole answer was there.
    pub done: u64,
}

/// The latencies that users would have had, one for each exchange, in the same order.
///
/// The generator means to send a request every `interval` µs: the first was due when it was sent, and each other one
/// `interval` after the one before was *due*. But it has only one connection, and sends nothing while it waits for an
/// answer. A user would not have waited with asking: so a latency counts from when its request was due. No request is
/// sent before it is due.
pub fn corrected(log: &[Exchange], interval: u64) -> Vec<u64> {
    //~ solution
    let first = log.first().map_or(0, |exchange| exchange.sent);
    let due = (0..).map(|index| first + index * interval);
    log.iter().zip(due).map(|(exchange, due)| exchange.done - due).collect()
    //~ mutant latency_from_when_it_was_sent: latency_counts_from_when_it_was_due
    //| let _ = interval;
    //| log.iter().map(|exchange| exchange.done - exchange.sent).collect()
    //~ mutant schedule_slips: latency_counts_from_when_it_was_due
    //| let due = log.iter().map(|exchange| exchange.sent + interval);
    //| let due = log.iter().take(1).map(|exchange| exchange.sent).chain(due);
    //| log.iter().zip(due).map(|(exchange, due)| exchange.done - due.min(exchange.sent)).collect()
    //~ stub
    //| let _ = (log, interval);
    //| todo!("exercise 10: count from when each request was due")
    //~ end
}

/// What can be said of the figures of one series beside those of another. (Whether less is better is another
/// question: it is for ns, and it is not for requests/s.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first is clearly less.
    Less,
    /// The first is clearly more.
    More,
    /// Their ranges overlap, or their medians are too close.
    NoClearDifference,
    /// One of them says too little, or nothing.
    CannotSay,
}

/// Compares the figures of `a` with those of `b`. The first of these rules that applies decides:
///
/// 1. [`CannotSay`](Verdict::CannotSay) if one of them has fewer than 5 runs, or no median, or if more than 1 % of
///    its operations were errors.
/// 2. [`NoClearDifference`](Verdict::NoClearDifference) if the ranges of their runs, from the least to the
///    greatest, have a point in common; or if the medians are within 10 %: if their difference is at most a tenth
///    of the greater.
/// 3. [`Less`](Verdict::Less) or [`More`](Verdict::More), as the median of `a` is less or more than that of `b`.
pub fn compare(a: &Series, b: &Series) -> Verdict {
    //~ solution
    if objection(a).or(objection(b)).is_some() {
        return Verdict::CannotSay;
    }
    //~ stub
    //| let _ = (a, b);
    //| todo!("exercise 10: say what is clear")
    //~ end
    //~ solution
    let ((least_a, greatest_a), (least_b, greatest_b)) = (range(&a.runs), range(&b.runs));
    let do_overlap = least_a <= greatest_b && least_b <= greatest_a;
    //~ mutant ranks_overlapping_ranges: differences_are_told_only_where_they_are_clear
    //| let do_overlap = false;
    //~ stub
    //~ end
    //~ solution
    let (Some(of_a), Some(of_b)) = (median(&a.runs), median(&b.runs)) else { return Verdict::CannotSay };
    let are_close = (of_a - of_b).abs() <= of_a.max(of_b) / 10.0;
    //~ mutant ranks_close_medians: differences_are_told_only_where_they_are_clear
    //| let (Some(of_a), Some(of_b)) = (median(&a.runs), median(&b.runs)) else { return Verdict::CannotSay };
    //| let are_close = false;
    //~ stub
    //~ end
    //~ solution
    match of_a < of_b {
        _ if do_overlap || are_close => Verdict::NoClearDifference,
        true => Verdict::Less,
        false => Verdict::More,
    }
    //~ mutant less_for_more: differences_are_told_only_where_they_are_clear sentences_say_what_is_clear
    //| match of_a > of_b {
    //|     _ if do_overlap || are_close => Verdict::NoClearDifference,
    //|     true => Verdict::Less,
    //|     false => Verdict::More,
    //| }
    //~ stub
    //~ end
}

//~ solution
/// Why nothing can be said of a series.
fn objection(series: &Series) -> Option<String> {
    let Series { name, runs, operations, errors, .. } = series;
    //~ stub
    //~ end
    //~ solution
    if runs.len() < 5 {
        return Some(format!("\"{name}\" has {} runs, fewer than 5", runs.len()));
    }
    //~ mutant trusts_few_runs: little_or_faulty_data_says_nothing
    //~ stub
    //~ end
    //~ solution
    if *errors > operations / 100 {
        return Some(format!("\"{name}\" has {errors} errors in {operations} operations"));
    }
    //~ mutant trusts_faulty_answers: little_or_faulty_data_says_nothing sentences_say_what_is_clear
    //| let _ = (operations, errors);
    //~ mutant objects_to_any_error: little_or_faulty_data_says_nothing
    //| if *errors > 0 {
    //|     return Some(format!("\"{name}\" has {errors} errors in {operations} operations"));
    //| }
    //~ stub
    //~ end
    //~ solution
    median(runs).is_none().then(|| format!("\"{name}\" has runs without a figure"))
}

/// The least and the greatest of some runs.
fn range(runs: &[f64]) -> (f64, f64) {
    let least = runs.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = runs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, greatest)
}
//~ stub
//~ end

/// Whether it makes sense to compare two series: if they have the same unit and the same load, which is what stands
/// in a name behind its first `", "`. "pool of 4, 64 connections" and "threads, 64 connections" have; names without
/// a comma all have the same load.
pub fn are_comparable(a: &Series, b: &Series) -> bool {
    //~ solution
    a.unit == b.unit && load(a) == load(b)
    //~ mutant compares_any_load: sentences_say_what_is_clear unusual_series_are_reported_too
    //| a.unit == b.unit
    //~ mutant compares_any_unit: sentences_say_what_is_clear
    //| load(a) == load(b)
    //~ stub
    //| let _ = (a, b);
    //| todo!("exercise 10: compare like with like")
    //~ end
}
//~ solution

fn load(series: &Series) -> Option<&str> {
    series.name.split_once(", ").map(|(_, load)| load)
}
//~ mutant load_behind_the_last_comma: unusual_series_are_reported_too
//|
//| fn load(series: &Series) -> Option<&str> {
//|     series.name.rsplit_once(", ").map(|(_, load)| load)
//| }
//~ stub
//~ end

/// The report, in Markdown, with three parts:
///
/// 1. Every text of the environment, or the word "unknown" where it is empty.
/// 2. A table with the columns `series` (the first), `unit`, `median`, `range`, `runs`, `operations` and `errors`,
///    and a row for each series. In `range` stand the least and the greatest run; in `runs`, how many there are.
///    Figures are right to at least three digits, and have no separators between thousands. A `|` in a name or unit
///    is written `\|`, because it would end the cell. What a series without runs has not is written `-`.
/// 3. For each pair of comparable series a line that has both names in it and what [`compare`] says: that one "is
///    less than" or "is more than" the other, that there is "no clear difference", or that you "cannot say", and
///    why: too few "runs", or which of them has how many "errors".
pub fn report(environment: &Environment, series: &[Series]) -> String {
    //~ solution
    let mut text = format!("# Comparison report\n\n{}", surroundings(environment));
    //~ mutant says_nothing_of_the_machine: the_table_shows_every_series unusual_series_are_reported_too
    //| let mut text = String::from("# Comparison report\n");
    //| let _ = (environment, surroundings);
    //~ stub
    //| let _ = (environment, series);
    //| todo!("exercise 10: write the report")
    //~ end
    //~ solution
    text += "\n| series | unit | median | range | runs | operations | errors |\n|---|---|---:|---:|---:|---:|---:|\n";
    text.extend(series.iter().map(row));
    text += "\n## What is clear\n\n";
    //~ stub
    //~ end
    //~ solution
    for (index, a) in series.iter().enumerate() {
        let others = series[index + 1..].iter().filter(|b| are_comparable(a, b));
        text.extend(others.map(|b| sentence(a, b)));
    }
    //~ mutant keeps_the_sentences_to_itself: sentences_say_what_is_clear unusual_series_are_reported_too
    //| let _ = (are_comparable, sentence);
    //~ stub
    //~ end
    //~ solution
    text
    //~ stub
    //~ end
}
//~ solution

fn surroundings(environment: &Environment) -> String {
    let Environment { os, cpu, cores, memory, rustc, load_average } = environment;
    [
        ("System", os),
        ("Processor", cpu),
        ("Cores", cores),
        ("Memory", memory),
        ("Compiler", rustc),
        ("Load average", load_average),
    ]
    .map(|(name, text)| format!("- {name}: {}\n", if text.is_empty() { "unknown" } else { text }))
    .concat()
}
//~ stub
//~ end
//~ solution

fn row(series: &Series) -> String {
    let Series { name, unit, runs, operations, errors } = series;
    //~ stub
    //~ end
    //~ solution
    let (name, unit) = (name.replace('|', "\\|"), unit.replace('|', "\\|"));
    //~ mutant writes_names_as_they_are: unusual_series_are_reported_too
    //~ stub
    //~ end
    //~ solution
    let (median, range) = match median(runs) {
        Some(median) => (figure(median), span(series)),
        None => ("-".into(), "-".into()),
    };
    //~ mutant leaves_out_who_has_errors: the_table_shows_every_series
    //| let (median, range) = match median(runs) {
    //|     _ if *errors > 0 => return String::new(),
    //|     Some(median) => (figure(median), span(series)),
    //|     None => ("-".into(), "-".into()),
    //| };
    //~ mutant expects_a_median: unusual_series_are_reported_too
    //| let (median, range) = (figure(median(runs).expect("there are runs")), span(series));
    //~ stub
    //~ end
    //~ solution
    format!("| {name} | {unit} | {median} | {range} | {} | {operations} | {errors} |\n", runs.len())
    //~ mutant hides_errors: the_table_shows_every_series
    //| let _ = errors;
    //| format!("| {name} | {unit} | {median} | {range} | {} | {operations} | 0 |\n", runs.len())
    //~ stub
    //~ end
    //~ solution
}

/// The range of a series, in words.
fn span(series: &Series) -> String {
    let (least, greatest) = range(&series.runs);
    format!("{} to {}", figure(least), figure(greatest))
}

/// With three digits at least.
fn figure(figure: f64) -> String {
    let decimals = match figure.abs() {
        0.0..1.0 => 5,
        1.0..100.0 => 2,
        _ => 0,
    };
    format!("{figure:.decimals$}")
}

fn sentence(a: &Series, b: &Series) -> String {
    let (first, second) = (&a.name, &b.name);
    let figures = format!("{} against {} {}", span(a), span(b), a.unit);
    match compare(a, b) {
        Verdict::Less => format!("- \"{first}\" is less than \"{second}\": {figures}.\n"),
        Verdict::More => format!("- \"{first}\" is more than \"{second}\": {figures}.\n"),
        Verdict::NoClearDifference => {
            format!("- There is no clear difference between \"{first}\" and \"{second}\": {figures}.\n")
        }
        Verdict::CannotSay => {
            let why = objection(a).or(objection(b)).unwrap_or_default();
            format!("- I cannot say how \"{first}\" and \"{second}\" compare: {why}.\n")
        }
    }
}
//~ stub
//~ end

/// What is asked of you when everything has been measured.
pub const QUESTIONS: [&str; 5] = [
    "Why does the rate of requests with a connection each differ by backend?",
    "Which backend dies first of idle connections, which of slow senders, which of handlers that block, and why?",
    "A wheel or a heap, and from how many timers on?",
    "What does your load generator hide?",
    "Which backend would you ship, and for whom?",
];

/// Your answers, in the same order, each in at least 40 words of your own, with figures from your report.
//~ solution
pub const ANSWERS: [&str; 5] = [
    "Every backend does the same for the request itself: parse it, call the handler, write one answer. What \
     differs is what a new connection costs. A thread per connection pays for a thread each time, 26 µs of the \
     server's CPU for a request against 19 for the work queue, which keeps its threads. With kept connections the \
     same two are at 6.1 and 6.2 µs, which is no clear difference: so it is the connection, not the request.",
    "Idle connections: the fixed pool first, since 64 idle clients hold its 64 threads; then the queue, at its \
     256; a thread per connection lives on until memory ends, at 24 KiB each. Slow senders: the same order, \
     because a thread waits for a byte as it waits for a request, until a deadline cuts them. Blocking handlers: \
     green threads and async first, for one handler that sleeps 100 ms stops all others of its thread; their p99 \
     was 101 and 301 ms.",
    "A heap, up to about 10,000 timers: pushing one ahead costs 2 to 4 ns in both, and the heap is shorter and \
     exact. At 100,000 the wheel needs 11 ns where the heap needs 35, because log n means cache misses. In \
     between I have not measured, so I do not claim a number there. A request takes microseconds: for most \
     servers it does not matter.",
    "It is a closed loop: it asks only after it has been answered, so while the server stalls it sends nothing, \
     and one stall of a second counts as one slow request where users would have had hundreds. It also runs on \
     the server's cores and takes CPU from it, uses the loopback, where no packet is lost or late, and asks for \
     one small answer.",
    "A thread per connection for an internal tool with a few hundred clients, since its handlers may block and \
     its stack traces can be read. For the public, async: 5,000 idle clients cost 2.6 KiB each, and slow senders \
     did not hurt the others (p99 1.4 ms). I would move handlers that block to threads of their own. It has to be \
     measured again on the real machine, under the real load.",
];
//~ mutant answers_all_questions_alike: answers_are_written
//| pub const ANSWERS: [&str; 5] = [
//|     "It depends, as always, on the load and on the machine, and on what a thread costs there; under some \
//|      loads one of the backends is better, and under other loads another one is, so that whoever wants to \
//|      know has to measure it on a machine like the real one."; 5
//| ];
//~ mutant answers_in_a_word: answers_are_written
//| pub const ANSWERS: [&str; 5] = ["Threads.", "Pool.", "Wheel.", "Nothing.", "Async."];
//~ stub
//| pub const ANSWERS: [&str; 5] = [
//|     // Exercise 10: your answers, one for each question.
//|     "", "", "", "", "",
//| ];
//~ end
