//! Writes the student's report: what `cargo course report` runs last.
//!
//! On stdin comes a line of JSON with the environment, and then a line for each series. On stdout goes the report in
//! Markdown, with the questions and answers behind it.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex10_report.rs"]
mod ex10_report;

use course::bench::Series;
use course::environment::Environment;
use ex10_report::{ANSWERS, QUESTIONS, report};
use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

fn main() -> ExitCode {
    match input().and_then(|text| read(&text)) {
        Ok(Some((environment, series))) => {
            println!("{}\n\n## Questions", report(&environment, &series).trim_end());
            for (question, answer) in QUESTIONS.iter().zip(ANSWERS) {
                println!("\n### {question}\n\n{}", if answer.is_empty() { "(no answer)" } else { answer });
            }
            ExitCode::SUCCESS
        }
        Ok(None) => {
            eprintln!("This writes a report of what others have measured: cargo course report");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is piped in; nothing, if it would be typed.
fn input() -> Result<String, String> {
    let mut stdin = io::stdin();
    let mut text = String::new();
    if !stdin.is_terminal() {
        stdin.read_to_string(&mut text).map_err(|error| format!("cannot read what was measured: {error}"))?;
    }
    Ok(text)
}

fn read(text: &str) -> Result<Option<(Environment, Vec<Series>)>, String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let Some(first) = lines.next() else { return Ok(None) };
    let environment = serde_json::from_str(first).map_err(|error| format!("no environment ({error}): {first}"))?;
    let series = lines.map(|line| serde_json::from_str(line).map_err(|error| format!("no series ({error}): {line}")));
    Ok(Some((environment, series.collect::<Result<_, _>>()?)))
}
