//! `bench` and `report`: figures of the student's code, each with what it was measured beside.

use crate::place::{Place, write};
use crate::programs;
use course::bench::Series;
use course::environment::Environment;
use course::exercises::{ALL, Exercise};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the benchmarks of an exercise.
pub(crate) fn bench(place: &Place, exercise: &Exercise) -> Result<Vec<Series>, String> {
    let output = run(cargo_bench(place, exercise), None)?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn cargo_bench(place: &Place, exercise: &Exercise) -> Command {
    let mut cargo = programs::cargo(place, "bench");
    cargo.args(["--quiet", "--bench", &exercise.name()]);
    cargo
}

/// Its output, if it succeeds; what it says on stderr goes there.
fn run(mut command: Command, input: Option<String>) -> Result<Output, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(|error| format!("cannot run cargo: {error}"))?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        let _ = stdin.write_all(input.as_bytes()); // one that does not read it says so by its status
    }
    let output = child.wait_with_output().map_err(|error| format!("cannot run cargo: {error}"))?;
    let words = "the benchmark has failed; what it says stands above (is something not started yet?)";
    if output.status.success() { Ok(output) } else { Err(words.into()) }
}

/// Series as a table: the median of each, and its range.
pub(crate) fn table(all: &[Series]) -> String {
    let mut text = String::new();
    for Series { name, unit, runs, operations, errors } in all {
        let mut sorted = runs.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().map_or("-".into(), figure);
        let (low, median, high) = (at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)));
        text += &format!("  {name:<44} {median:>10} {unit:<11} ({low} to {high}; {errors} errors in {operations})\n");
    }
    text
}

fn figure(figure: f64) -> String {
    match figure.abs() {
        0.0..10.0 => format!("{figure:.2}"),
        10.0..1000.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// Measures every exercise, has the student's exercise 10 make a report of it, and answers where it is.
pub(crate) fn report(place: &Place) -> Result<String, String> {
    let last = ALL[ALL.len() - 1];
    let environment = Environment::here(); // before anything is measured: its load average is that of others
    let mut lines = vec![serde_json::to_string(&environment).expect("words and numbers")];
    let mut all = Vec::new();
    for exercise in ALL[..last.number].iter().filter(|exercise| exercise.is_built()) {
        eprintln!("measuring exercise {}: {}", exercise.number, exercise.title);
        match bench(place, exercise) {
            Ok(series) => all.extend(series),
            Err(error) => eprintln!("  left out: {error}"),
        }
    }
    lines.extend(all.iter().map(|series| serde_json::to_string(series).expect("words and numbers")));
    let folder = place.root.join("report");
    let json = serde_json::json!({ "environment": environment, "series": all });
    write(&folder.join("report.json"), serde_json::to_string_pretty(&json).expect("words and numbers"))?;
    let output = run(cargo_bench(place, &last), Some(lines.join("\n") + "\n"))?;
    let path = folder.join("report.md");
    write(&path, &output.stdout)?;
    Ok(format!("{}\nand, for programs, report.json beside it", path.display()))
}
