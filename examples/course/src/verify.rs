//! Proves that the course grades fairly, before a student does.
//!
//! One starter is minted into a temporary folder, with hidden checks, and its exercises' files are changed in place, so
//! that cargo builds again only what a change concerns. All builds share a target directory.
//!
//! # What is proved
//!
//! 1. The list, the checks, the chapters and the hints agree ([`crate::agree`]).
//! 2. Everything that is handed out builds without a warning.
//! 3. The stubs score 0, the solutions all points, and a starter minted up to K exactly the sum of 1 to K.
//! 4. Each mutant loses the checks that it names, and no others.
//! 5. The solutions' backends and timers pass the framework's conformance suite.

use crate::agree;
use crate::grade::{self, Graded, Sheet};
use crate::mint::{self, Mint};
use crate::place::{Place, read, write};
use crate::programs::{self, Programs};
use crate::regions::{Form, Mutant, Source};
use crate::verdicts::Verdicts;
use course::check::Verdict;
use course::exercises::{ALL, Exercise};
use std::path::PathBuf;
use tempfile::TempDir;

/// A mutant of an exercise.
struct Case {
    exercise: Exercise,
    name: String,
    /// The checks that it must lose.
    loses: Vec<String>,
}

struct Verifier {
    /// The repository's package.
    place: Place,
    /// The starter.
    starter: Place,
    target: PathBuf,
    exercises: Vec<Exercise>,
    verdicts: Verdicts,
    findings: Vec<String>,
    /// Goes with it.
    _folder: TempDir,
}

/// Proves everything, and prints what it sees. An error says what does not hold.
pub(crate) fn verify(place: &Place) -> Result<(), String> {
    let mut verifier = Verifier::new(place)?;
    verifier.builds_without_a_warning()?;
    let checks = verifier.scores()?;
    let mutants = verifier.mutants()?;
    let suites = verifier.conformance()?;
    if !verifier.findings.is_empty() {
        return Err(format!("this does not hold:\n  {}", verifier.findings.join("\n  ")));
    }
    println!(
        "\nverified: {} exercises, {checks} checks; solutions {}, starter 0, every prefix its sum; {mutants} mutants, \
         each exposed; {suites} pairs of a backend and a timer conform",
        verifier.exercises.len(),
        verifier.points(ALL.len()),
    );
    Ok(())
}

impl Verifier {
    fn new(place: &Place) -> Result<Self, String> {
        let repository = place.repository()?;
        let folder = TempDir::new().map_err(|error| format!("no temporary folder: {error}"))?;
        let starter = Place { root: folder.path().join("starter") };
        Mint { solved: 0, with_hidden: true }.make(place, &starter.root)?;
        let target = repository.join("target/course");
        let exercises = grade::chosen(&[])?;
        let findings = agree::findings(place);
        let place = place.clone();
        Ok(Self { place, starter, target, exercises, verdicts: Verdicts::default(), findings, _folder: folder })
    }

    /// What the exercises below a number give together.
    fn points(&self, solved: usize) -> u32 {
        self.exercises.iter().filter(|exercise| exercise.number < solved).map(|exercise| exercise.points).sum()
    }

    fn builds_without_a_warning(&mut self) -> Result<(), String> {
        println!("building the starter, everything in it");
        let programs = programs::build_all(&self.starter, Some(&self.target))?;
        self.findings.extend(programs.warnings.iter().map(|warning| format!("the starter: {warning}")));
        Ok(())
    }

    fn put(&self, exercise: &Exercise, form: Form<'_>) -> Result<(), String> {
        mint::put(&self.place, exercise, form, &self.starter.root)
    }

    fn build(&self, exercises: &[Exercise]) -> Result<Programs, String> {
        grade::build(&self.starter, exercises, true, Some(&self.target))
    }

    /// The sheets of these exercises as they stand in the starter.
    fn sheets(&mut self, exercises: &[Exercise], programs: &Programs) -> Vec<Sheet> {
        let sheet = |exercise: &Exercise| grade::sheet(&self.starter, exercise, programs);
        let mut sheets: Vec<Sheet> = exercises.iter().map(sheet).collect();
        for Sheet { exercise, broken, hidden_broken, .. } in &sheets {
            let finding = broken
                .as_ref()
                .or(hidden_broken.as_ref())
                .map(|error| format!("{} does not compile: {error}", exercise.name()));
            self.findings.extend(finding);
        }
        self.verdicts.run(&mut sheets, programs);
        sheets
    }

    /// The stubs, and the solutions up to each exercise. Answers how many checks there are.
    fn scores(&mut self) -> Result<usize, String> {
        let (mut checks, exercises) = (0, self.exercises.clone());
        println!("\n{:<10} {:>6} {:>9}", "solved", "score", "expected");
        for solved in 0..=ALL.len() {
            if let Some(exercise) = solved.checked_sub(1).map(|last| ALL[last]).filter(Exercise::is_built) {
                self.put(&exercise, Form::Solution)?;
            }
            let programs = self.build(&exercises)?;
            let sheets = self.sheets(&exercises, &programs);
            let (score, expected) = (sheets.iter().map(Sheet::score).sum::<u32>(), self.points(solved));
            let words = if solved == 0 { "none".into() } else { format!("up to {}", solved - 1) };
            println!("{words:<10} {score:>6} {expected:>9}");
            self.findings.extend(sheets.iter().filter_map(|sheet| unexpected(sheet, sheet.exercise.number < solved)));
            if solved == 0 {
                let place = &self.place;
                self.findings.extend(sheets.iter().flat_map(|sheet| agree::checks(place, sheet)));
            }
            checks = sheets.iter().map(|sheet| sheet.checks.len()).sum();
        }
        Ok(checks)
    }

    /// All mutants: those of different exercises are built together. Answers how many there are.
    fn mutants(&mut self) -> Result<usize, String> {
        let mut left: Vec<Vec<Case>> =
            self.exercises.iter().map(|exercise| cases(&self.place, exercise)).collect::<Result<_, _>>()?;
        let (mut count, mut rows) = (0, Vec::new());
        while left.iter().any(|cases| !cases.is_empty()) {
            let turn: Vec<Case> = left.iter_mut().filter_map(Vec::pop).collect();
            for case in &turn {
                self.put(&case.exercise, Form::Mutant(&case.name))?;
            }
            let exercises: Vec<Exercise> = turn.iter().map(|case| case.exercise).collect();
            let programs = self.build(&exercises)?;
            let sheets = self.sheets(&exercises, &programs);
            for (case, sheet) in turn.iter().zip(&sheets) {
                rows.push((case.exercise.number, count, self.mutant(case, sheet)));
                self.put(&case.exercise, Form::Solution)?;
                count += 1;
            }
        }
        rows.sort();
        println!("\n{:<5} {:<42} loses", "", "mutant");
        rows.iter().for_each(|(_, _, row)| println!("{row}"));
        Ok(count)
    }

    /// Whether it loses what it should; and its row of the table.
    fn mutant(&mut self, case: &Case, sheet: &Sheet) -> String {
        let is_lost = |graded: &&Graded| graded.verdict != Some(Verdict::Passed);
        let mut lost: Vec<String> =
            sheet.checks.iter().filter(is_lost).map(|graded| graded.check.name.clone()).collect();
        let (name, mut expected) = (case.exercise.name(), case.loses.clone());
        let row = format!("{name:<5} {:<42} {}", case.name, lost.join(", "));
        lost.sort();
        expected.sort();
        if lost != expected {
            let words = format!("{name}: the mutant {} loses {lost:?} and should lose {expected:?}", case.name);
            self.findings.push(words);
        }
        row
    }

    /// The framework's suite on the solutions. Answers how many pairs there were.
    fn conformance(&mut self) -> Result<usize, String> {
        println!();
        let yours = self.starter.root.join("yours.rs");
        let given = read(&yours)?;
        for (backend, timer) in PAIRS {
            let text = given
                .replace("Box::new(switchboard::Threads::new())", &format!("Box::new({backend})"))
                .replace("Box::new(switchboard::Wheel::new())", &format!("Box::new({timer})"));
            write(&yours, &text)?;
            let mut cargo = programs::cargo(&self.starter, "test");
            cargo.args(["--quiet", "--test", "conformance", "--target-dir"]).arg(&self.target);
            let output = cargo.output().map_err(|error| format!("cannot run cargo: {error}"))?;
            let said = String::from_utf8_lossy(&output.stdout);
            let last = said.lines().rev().find(|line| line.starts_with("test result")).unwrap_or("no result");
            println!("{backend} with {timer}: {last}");
            if !output.status.success() || text == given {
                self.findings.push(format!("{backend} with {timer} does not conform:\n{said}"));
            }
        }
        write(&yours, given)?;
        Ok(PAIRS.len())
    }
}

/// What goes through the framework's suite: a backend and a timer, as they stand in `yours.rs`.
const PAIRS: [(&str, &str); 4] = [
    ("ex02_threads::Threads::new()", "ex05_heap::Heap::new()"),
    ("ex03_pool::Pool::new(64, 1024)?", "ex06_wheel::Wheel::new()"),
    ("ex04_queue::queue(course::given::elastic::Policy::Unbound { max_active: 256 })?", "ex05_heap::Heap::new()"),
    ("ex09_executor::Tasks::new()?", "ex06_wheel::Wheel::new()"),
];

/// What is wrong with a sheet that should have all points, or none.
fn unexpected(sheet: &Sheet, is_solved: bool) -> Option<String> {
    let name = sheet.exercise.name();
    let is_wrong = |graded: &&Graded| (graded.verdict == Some(Verdict::Passed)) != is_solved;
    let wrong = sheet.checks.iter().find(is_wrong)?;
    let words = wrong.verdict.as_ref().map_or("not run".into(), Verdict::words);
    let which = if is_solved { "solution" } else { "stub" };
    Some(format!("{name}: the {which} in {}: {words}", wrong.check.name))
}

/// The mutants of an exercise, the first last.
fn cases(place: &Place, exercise: &Exercise) -> Result<Vec<Case>, String> {
    let text = place.read(exercise)?;
    let source = Source::parse(&text).map_err(|malformed| format!("{}: {malformed}", exercise.file()))?;
    let case = |mutant: &Mutant<'_>| Case {
        exercise: *exercise,
        name: mutant.name.into(),
        loses: mutant.loses.iter().map(|check| check.to_string()).collect(),
    };
    let mut cases: Vec<Case> = source.mutants().map(case).collect();
    cases.reverse();
    Ok(cases)
}
