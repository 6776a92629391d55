//! A check, and the `main` of a program of checks.
//!
//! Each exercise has one or two such programs, `tests/ex03.rs` and, where the teacher's part is there,
//! `hidden/ex03.rs`. Each includes the student's file, so what does not compile there costs that exercise and no other.
//!
//! ```no_run
//! use course::check::{Check, main};
//!
//! fn one_and_one() {
//!     assert_eq!(1 + 1, 2, "the sum is wrong");
//! }
//!
//! main(&[Check {
//!     name: "one_and_one",
//!     points: 2,
//!     does: "adds one and one",
//!     read: "Adding, step 1",
//!     run: one_and_one,
//! }]);
//! ```
//!
//! # Rules
//!
//! 1. Each check runs in a process of its own ([`crate::process`]): one that hangs, ends its process or overflows its
//!    stack costs itself.
//! 2. A check fails by a panic on its own thread, whose text says what was seen.
//! 3. What panics on other threads is told with it, if the check fails.
//! 4. Code that has not been written is no failure: the panic of `todo!`, on any thread, ends the process at once with
//!    [`Verdict::NotStarted`].

use crate::process;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::io::{self, Write};
use std::panic;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Something that is checked, and what it is worth.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What holds if it passes, as a name.
    pub name: &'static str,
    /// What it gives.
    pub points: u32,
    /// What the check does, for those who failed it: "opens 4 connections and lets the last one speak first".
    pub does: &'static str,
    /// Where to read about it: the title of a section of the exercise's chapter.
    pub read: &'static str,
    /// Panics if it does not hold.
    pub run: fn(),
}

/// A check as its program tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// [`Check::name`]
    pub name: String,
    /// [`Check::points`]
    pub points: u32,
    /// [`Check::does`]
    pub does: String,
    /// [`Check::read`]
    pub read: String,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not; and what was seen.
    Failed(String),
    /// There is a `todo!` where code should be; and its text.
    NotStarted(String),
}

/// The `main` of a program of checks.
///
/// With `--list` it tells them, a line of JSON each; with `--one NAME` it runs that one in this process, for
/// [`process::run`]; and otherwise all of them, or those whose name contains the first argument, each in a process of
/// its own, as `cargo test` expects it.
pub fn main(checks: &[Check]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--nocapture").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list"] => list(checks),
        ["--one", name] => run_here(checks, name),
        [filter] if !filter.starts_with('-') => run_all(checks, filter),
        [] => run_all(checks, ""),
        _ => {
            eprintln!("a program of checks takes a part of their names, and no options");
            ExitCode::from(2)
        }
    }
}

fn list(checks: &[Check]) -> ExitCode {
    for &Check { name, points, does, read, .. } in checks {
        let listed = Listed { name: name.into(), points, does: does.into(), read: read.into() };
        println!("{}", serde_json::to_string(&listed).expect("words and a number"));
    }
    ExitCode::SUCCESS
}

fn run_all(checks: &[Check], filter: &str) -> ExitCode {
    let program = std::env::current_exe().expect("a program that runs is somewhere");
    let (mut failures, chosen) = (0, checks.iter().filter(|check| check.name.contains(filter)));
    if chosen.clone().next().is_none() && !checks.is_empty() {
        println!("no check has {filter:?} in its name");
    }
    for check in chosen {
        let verdict = process::run(&program, check.name);
        println!("{} ... {}", check.name, verdict.words());
        failures += usize::from(verdict != Verdict::Passed);
    }
    ExitCode::from(u8::from(failures > 0))
}

impl Verdict {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Passed => "ok".into(),
            Self::Failed(saw) => format!("FAILED: {saw}"),
            Self::NotStarted(what) => format!("not started: {what}"),
        }
    }
}

/// What other threads have panicked with.
static ELSEWHERE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The text of `todo!` begins so.
const UNDONE: &str = "not yet implemented";

fn run_here(checks: &[Check], name: &str) -> ExitCode {
    let word = process::word();
    let Some(check) = checks.iter().find(|check| check.name == name) else { return ExitCode::from(2) };
    let (thread, told) = (thread::current().id(), word.clone());
    panic::set_hook(Box::new(move |panic| {
        let text = text(panic.payload());
        if let Some(what) = text.strip_prefix(UNDONE) {
            tell(&told, &Verdict::NotStarted(what.trim_start_matches(':').trim().into()));
            std::process::exit(0);
        }
        if thread::current().id() != thread {
            ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }));
    let verdict = match panic::catch_unwind(check.run) {
        Ok(()) => Verdict::Passed,
        Err(payload) => Verdict::Failed(saw(payload.as_ref())),
    };
    tell(&word, &verdict);
    std::process::exit(0) // whatever threads are left
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_string()
}

fn saw(payload: &(dyn Any + Send)) -> String {
    let mut saw = text(payload);
    for other in ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner).iter().take(3) {
        saw += &format!("; on another thread: {other}");
    }
    saw
}

/// On a line of its own, behind the word that only who asked for it knows.
fn tell(word: &str, verdict: &Verdict) {
    let json = serde_json::to_string(verdict).expect("words");
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "\n{word} {json}").and_then(|()| out.flush()); // nobody may be there to read it
}
