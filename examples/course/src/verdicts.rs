//! Runs the checks of sheets, many at once, and remembers what came of each.
//!
//! A check whose program is byte for byte one that has been run is not run again: it is the same program, and sees
//! nothing but itself.

use crate::grade::{self, Graded, Sheet};
use crate::programs::Programs;
use course::check::Verdict;
use course::exercises::Exercise;
use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// How many checks run at once: most of one is waiting.
const AT_ONCE: usize = 8;

/// What is known, by program and check.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    known: HashMap<Key, Verdict>,
}

/// The mark of a program, and the name of a check.
type Key = (u64, String);

impl Verdicts {
    /// Gives every check of these sheets its verdict.
    pub(crate) fn run(&mut self, sheets: &mut [Sheet], programs: &Programs) {
        let marks: Vec<[u64; 2]> = sheets.iter().map(|sheet| marks(&sheet.exercise, programs)).collect();
        let key = |sheet: usize, graded: &Graded| -> Key {
            (marks[sheet][usize::from(graded.is_hidden)], graded.check.name.clone())
        };
        let all = sheets
            .iter()
            .enumerate()
            .flat_map(|(index, sheet)| sheet.checks.iter().map(move |graded| (index, &sheet.exercise, graded)));
        let new: Vec<(Key, &Exercise, &Graded)> = all
            .map(|(index, exercise, graded)| (key(index, graded), exercise, graded))
            .filter(|(key, ..)| !self.known.contains_key(key))
            .collect();
        self.known.extend(run_all(&new, programs));
        for (index, sheet) in sheets.iter_mut().enumerate() {
            for graded in &mut sheet.checks {
                graded.verdict = self.known.get(&key(index, graded)).cloned();
            }
        }
    }
}

fn run_all(checks: &[(Key, &Exercise, &Graded)], programs: &Programs) -> Vec<(Key, Verdict)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || checks.get(next.fetch_add(1, Relaxed));
        let run =
            |(key, exercise, graded): &(Key, &Exercise, &Graded)| (key.clone(), grade::run(exercise, graded, programs));
        std::iter::from_fn(take).map(run).collect()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| -> Vec<_> { thread.join().expect("no check runs in here") }).collect()
    })
}

/// Those of an exercise's visible and hidden checks.
fn marks(exercise: &Exercise, programs: &Programs) -> [u64; 2] {
    [false, true].map(|is_hidden| programs.get(&grade::target(exercise, is_hidden)).map_or(0, mark))
}

/// A program that cannot be read has the mark of none, and its checks fail.
fn mark(program: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    fs::read(program).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
