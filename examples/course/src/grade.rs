//! Runs the checks of exercises, and counts their points.

use crate::place::{Place, Program};
use crate::programs::{self, Programs};
use course::check::{Listed, Verdict};
use course::exercises::{ALL, Exercise};
use course::process;
use std::path::Path;
use std::process::Command;

/// A check that is to be run, or has been.
#[derive(Debug, Clone)]
pub(crate) struct Graded {
    pub(crate) check: Listed,
    pub(crate) is_hidden: bool,
    /// `None` until it has been run.
    pub(crate) verdict: Option<Verdict>,
}

impl Graded {
    /// What it gives: all or nothing.
    pub(crate) fn score(&self) -> u32 {
        if self.verdict == Some(Verdict::Passed) { self.check.points } else { 0 }
    }
}

/// An exercise with its checks.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) exercise: Exercise,
    pub(crate) checks: Vec<Graded>,
    /// What the compiler says, if it does not compile. Then nothing is run.
    pub(crate) broken: Option<String>,
    /// What it says of the hidden checks alone: some signature is not what it should be. They are lost, not the others.
    pub(crate) hidden_broken: Option<String>,
}

impl Sheet {
    /// Whether everything that is here holds.
    pub(crate) fn is_whole(&self) -> bool {
        self.broken.is_none()
            && self.hidden_broken.is_none()
            && self.checks.iter().all(|graded| graded.verdict == Some(Verdict::Passed))
    }

    pub(crate) fn score(&self) -> u32 {
        self.checks.iter().map(Graded::score).sum()
    }

    /// What the checks that are here give at most. Where it does not compile, nobody knows which those are.
    pub(crate) fn points_here(&self) -> u32 {
        self.checks.iter().map(|graded| graded.check.points).sum()
    }
}

/// The exercises of these numbers that are part of this build; all of them, if there is none.
pub(crate) fn chosen(numbers: &[usize]) -> Result<Vec<Exercise>, String> {
    let is_chosen = |exercise: &&Exercise| numbers.is_empty() || numbers.contains(&exercise.number);
    if let Some(number) = numbers.iter().find(|number| **number >= ALL.len()) {
        return Err(format!("there is no exercise {number}; they are 0 to {}", ALL.len() - 1));
    }
    let exercises: Vec<Exercise> =
        ALL.iter().filter(is_chosen).filter(|exercise| exercise.is_built()).copied().collect();
    if let ([number], true) = (numbers, exercises.is_empty()) {
        let feature = ALL[*number].feature.unwrap_or_default();
        return Err(format!("exercise {number} needs the feature {feature}, which this build has not"));
    }
    Ok(exercises)
}

/// Builds the programs of these exercises' checks.
pub(crate) fn build(
    place: &Place,
    exercises: &[Exercise],
    is_quiet: bool,
    into: Option<&Path>,
) -> Result<Programs, String> {
    let targets = exercises.iter().flat_map(|exercise| place.programs(exercise)).map(|program| program.target);
    programs::build(place, &targets.collect::<Vec<_>>(), is_quiet, into)
}

/// What there is to be run for an exercise.
pub(crate) fn sheet(place: &Place, exercise: &Exercise, programs: &Programs) -> Sheet {
    let mut sheet = Sheet { exercise: *exercise, checks: Vec::new(), broken: None, hidden_broken: None };
    for Program { target, is_hidden } in place.programs(exercise) {
        match programs.get(&target).map_err(str::to_string).and_then(list) {
            Ok(checks) => {
                let graded = |check| Graded { check, is_hidden, verdict: None };
                sheet.checks.extend(checks.into_iter().map(graded));
            }
            Err(error) if is_hidden => sheet.hidden_broken = Some(error),
            Err(error) => sheet.broken = Some(error),
        }
    }
    if sheet.broken.is_some() {
        sheet.checks.clear();
    }
    sheet
}

/// The checks of a program.
fn list(program: &Path) -> Result<Vec<Listed>, String> {
    let output = Command::new(program).arg("--list").output();
    let output = output.map_err(|error| format!("{} cannot be run: {error}", program.display()))?;
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let check = |line: &str| serde_json::from_str(line).map_err(|error| format!("{line:?} is no check: {error}"));
    lines.lines().map(check).collect()
}

/// The program that has an exercise's visible checks, or its hidden ones.
pub(crate) fn target(exercise: &Exercise, is_hidden: bool) -> String {
    if is_hidden { format!("hidden_{}", exercise.name()) } else { exercise.name() }
}

/// Runs a check of an exercise.
pub(crate) fn run(exercise: &Exercise, graded: &Graded, programs: &Programs) -> Verdict {
    match programs.get(&target(exercise, graded.is_hidden)) {
        Ok(program) => process::run(program, &graded.check.name),
        Err(error) => Verdict::Failed(error.into()),
    }
}
