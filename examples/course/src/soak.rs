//! Runs checks again and again while every processor is busy, and says which do not always pass.

use crate::grade::{self, Graded, Sheet};
use crate::place::Place;
use crate::programs::Programs;
use crate::say;
use course::check::Verdict;
use course::exercises::Exercise;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// How many times a check runs at once, beside the threads that keep the processors busy.
const AT_ONCE: usize = 4;

/// A check's verdicts.
struct Soaked {
    name: String,
    passed: usize,
    others: Vec<Verdict>,
    longest: Duration,
}

/// Runs each check `times` times. An error names those that did not always pass.
pub(crate) fn soak(place: &Place, exercises: &[Exercise], times: usize) -> Result<(), String> {
    let programs = grade::build(place, exercises, false, None)?;
    let sheets: Vec<Sheet> = exercises.iter().map(|exercise| grade::sheet(place, exercise, &programs)).collect();
    if let Some(broken) = sheets.iter().find(|sheet| sheet.broken.is_some()) {
        return Err(format!("{} does not compile", broken.exercise.name()));
    }
    let is_over = AtomicBool::new(false);
    let soaked: Vec<Soaked> = thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (0..cores).for_each(|_| drop(scope.spawn(|| burn(&is_over))));
        let _end = End(&is_over); // also if something panics
        let checks = sheets.iter().flat_map(|sheet| sheet.checks.iter().map(|graded| (&sheet.exercise, graded)));
        checks.map(|(exercise, graded)| soak_check(exercise, graded, times, &programs)).collect()
    });
    let failing: Vec<&str> =
        soaked.iter().filter(|soaked| soaked.has_failed()).map(|soaked| soaked.name.as_str()).collect();
    say(&format!("\n{} checks, {times} times each, with every core busy\n", soaked.len()));
    if failing.is_empty() { Ok(()) } else { Err(format!("these did not always pass: {}", failing.join(", "))) }
}

fn soak_check(exercise: &Exercise, graded: &Graded, times: usize, programs: &Programs) -> Soaked {
    let name = format!("{} {}", exercise.name(), graded.check.name);
    let done = AtomicUsize::new(0);
    let run = || {
        let begin = Instant::now();
        (grade::run(exercise, graded, programs), begin.elapsed())
    };
    let take = || (done.fetch_add(1, Relaxed) < times).then(run);
    let runs: Vec<(Verdict, Duration)> = thread::scope(|scope| {
        let work = || std::iter::from_fn(take).collect();
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| -> Vec<_> { thread.join().expect("no check runs in here") }).collect()
    });
    let longest = runs.iter().map(|(_, took)| *took).max().unwrap_or_default();
    let (passed, others): (Vec<_>, Vec<_>) =
        runs.into_iter().map(|(verdict, _)| verdict).partition(|verdict| *verdict == Verdict::Passed);
    let soaked = Soaked { name, passed: passed.len(), others, longest };
    say(&format!("{}\n", soaked.words()));
    soaked
}

impl Soaked {
    fn has_failed(&self) -> bool {
        !self.others.is_empty()
    }

    fn words(&self) -> String {
        let Self { name, passed, others, longest } = self;
        let other =
            others.first().map_or(String::new(), |other| format!("; {} others, as {}", others.len(), other.words()));
        format!("{name:<60} passed {passed}{other}; the longest {} ms", longest.as_millis())
    }
}

/// Ends the burning when it is dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn burn(is_over: &AtomicBool) {
    let mut number = 0_u64;
    while !is_over.load(Relaxed) {
        for _ in 0..10_000 {
            number = black_box(number.wrapping_mul(31).wrapping_add(7));
        }
    }
}
