//! The program `course`: what students run, and what teachers do.
//!
//! | for | command | file |
//! |---|---|---|
//! | students | `list`, `check`, `hint` | `table.rs`, `grade.rs`, `programs.rs`, `hints.rs` |
//! | | `bench`, `report` | `measure.rs` |
//! | teachers | `check all --gradescope FILE` | `results.rs` |
//! | | `mint` | `mint.rs`, `manifest.rs`, `regions.rs` |
//! | | `verify`, `soak` | `verify.rs`, `verdicts.rs`, `agree.rs`, `soak.rs` |
//!
//! The checks themselves are programs of their own, which this one builds and runs ([`course::check`]): it does not
//! contain a line of the student's code, and goes on whatever that does.

mod agree;
mod grade;
mod hints;
mod manifest;
mod measure;
mod mint;
mod place;
mod programs;
mod regions;
mod results;
mod soak;
mod table;
mod verdicts;
mod verify;

use clap::{Parser, Subcommand};
use course::exercises::{ALL, Exercise};
use grade::Sheet;
use mint::Mint;
use place::Place;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Build the parts of a web server yourself, and see what works
#[derive(Parser)]
#[command(name = "course", version)]
struct Course {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// The exercises, and how far they are
    List,
    /// Run the checks of an exercise, or of all
    Check {
        /// Its number, or "all"
        #[arg(value_name = "N", value_parser = numbers)]
        exercises: Numbers,
        /// Print the results as JSON
        #[arg(long)]
        json: bool,
        /// Write the results for Gradescope, after every check
        #[arg(long, value_name = "FILE")]
        gradescope: Option<PathBuf>,
    },
    /// Say a little more about how to solve an exercise
    Hint {
        #[arg(value_name = "N", value_parser = number)]
        exercise: usize,
        /// 1 to 3: each says more than the one before
        #[arg(default_value_t = 1)]
        level: usize,
    },
    /// Measure an exercise
    Bench {
        #[arg(value_name = "N", value_parser = number)]
        exercise: usize,
    },
    /// Measure all exercises, and write the report of exercise 10
    Report,
    /// For teachers: make a starter
    Mint {
        /// The folder to make
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Leave the solutions of exercises 0 to K in it
        #[arg(long, value_name = "K", value_parser = number)]
        upto: Option<usize>,
        /// With the hidden checks: for grading, not for students
        #[arg(long)]
        with_hidden: bool,
    },
    /// For teachers: prove that solutions, stubs and mutants score what they should
    Verify,
    /// For teachers: run checks again and again with every core busy
    Soak {
        /// How often
        times: usize,
        /// Of these exercises; all if none is named
        #[arg(value_name = "N", value_parser = number)]
        exercises: Vec<usize>,
    },
}

/// The numbers of some exercises; none means all.
#[derive(Debug, Clone)]
struct Numbers(Vec<usize>);

fn numbers(text: &str) -> Result<Numbers, String> {
    if text == "all" { Ok(Numbers(Vec::new())) } else { number(text).map(|number| Numbers(vec![number])) }
}

fn number(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number < ALL.len());
    number.ok_or(format!("the exercises are 0 to {}", ALL.len() - 1))
}

fn main() -> ExitCode {
    let place = Place::here();
    match run(&place, Course::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(place: &Place, what: What) -> Result<ExitCode, String> {
    match what {
        What::List => say(&table::list(place)),
        What::Check { exercises, json, gradescope } => return check(place, &exercises.0, json, gradescope),
        What::Hint { exercise, level } => say(&hints::hint(place, &ALL[exercise], level)?),
        What::Bench { exercise } => bench(place, exercise)?,
        What::Report => println!("the report is {}", measure::report(place)?),
        What::Mint { out, upto, with_hidden } => {
            Mint { solved: upto.map_or(0, |upto| upto + 1), with_hidden }.make(place, &out)?;
            mint::begin_history(&out)?;
            println!("the starter is in {}; in it, cargo course list says what there is to do", out.display());
        }
        What::Verify => verify::verify(place)?,
        What::Soak { times, exercises } => soak::soak(place, &grade::chosen(&exercises)?, times)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn bench(place: &Place, number: usize) -> Result<(), String> {
    let exercises = grade::chosen(&[number])?;
    for exercise in &exercises {
        println!("{}", table::heading(exercise));
        let series = measure::bench(place, exercise)?;
        print!(
            "{}",
            if series.is_empty() { "  there is nothing to measure\n".into() } else { measure::table(&series) }
        );
    }
    Ok(())
}

/// Succeeds if every check does that is here.
fn check(place: &Place, numbers: &[usize], json: bool, gradescope: Option<PathBuf>) -> Result<ExitCode, String> {
    let exercises: Vec<Exercise> = grade::chosen(numbers)?;
    let programs = grade::build(place, &exercises, json, None)?;
    let mut sheets: Vec<Sheet> = exercises.iter().map(|exercise| grade::sheet(place, exercise, &programs)).collect();
    let save = |sheets: &[Sheet]| gradescope.as_deref().map_or(Ok(()), |file| results::write_gradescope(file, sheets));
    // Where a program reads, nothing else is printed.
    let tell = |text: &str| {
        if !json {
            say(text);
        }
    };
    save(&sheets)?;
    for number in 0..sheets.len() {
        tell(&format!("{}\n", table::heading(&sheets[number].exercise)));
        for index in 0..sheets[number].checks.len() {
            let sheet = &sheets[number];
            let verdict = grade::run(&sheet.exercise, &sheet.checks[index], &programs);
            sheets[number].checks[index].verdict = Some(verdict);
            tell(&table::check(&sheets[number].checks[index], &place.chapter_name(&sheets[number].exercise)));
            save(&sheets)?;
        }
        tell(&format!("{}\n", table::sum(&sheets[number])));
    }
    if json {
        say(&format!("{:#}\n", results::json(&sheets)));
    } else if sheets.len() > 1 {
        say(&table::total(&sheets));
    }
    let is_whole = sheets.iter().all(Sheet::is_whole);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints something, to whoever is there to read it.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
