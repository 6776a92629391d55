//! Results as files: our own JSON, and the form that Gradescope reads.
//!
//! Gradescope's is written anew after every check, to the side and then renamed, so that whatever ends the run leaves a
//! whole file with what was known by then. (Its fields: the documentation of Gradescope's autograder, "Output format".)

use crate::grade::{Graded, Sheet};
use crate::place::write;
use course::check::Verdict;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Everything that is known, for programs to read.
pub(crate) fn json(sheets: &[Sheet]) -> Value {
    let score: u32 = sheets.iter().map(Sheet::score).sum();
    let points: u32 = sheets.iter().map(|sheet| sheet.exercise.points).sum();
    json!({ "score": score, "points": points, "exercises": sheets.iter().map(exercise).collect::<Vec<_>>() })
}

fn exercise(sheet: &Sheet) -> Value {
    json!({
        "number": sheet.exercise.number,
        "title": sheet.exercise.title,
        "score": sheet.score(),
        "points": sheet.exercise.points,
        "does_not_compile": sheet.broken,
        "checks": sheet.checks.iter().map(check).collect::<Vec<_>>(),
    })
}

fn check(graded: &Graded) -> Value {
    json!({
        "name": graded.check.name,
        "score": graded.score(),
        "points": graded.check.points,
        "hidden": graded.is_hidden,
        "verdict": word(graded),
        "did": graded.check.does,
        "saw": words(graded),
        "read": graded.check.read,
    })
}

fn word(graded: &Graded) -> &'static str {
    match graded.verdict {
        None => "not run",
        Some(Verdict::Passed) => "passed",
        Some(Verdict::Failed(_)) => "failed",
        Some(Verdict::NotStarted(_)) => "not started",
    }
}

fn words(graded: &Graded) -> &str {
    match &graded.verdict {
        None | Some(Verdict::Passed) => "",
        Some(Verdict::Failed(words) | Verdict::NotStarted(words)) => words,
    }
}

/// Writes what Gradescope reads.
pub(crate) fn write_gradescope(path: &Path, sheets: &[Sheet]) -> Result<(), String> {
    let aside = path.with_extension("part");
    let text = serde_json::to_string_pretty(&gradescope(sheets)).expect("words and numbers");
    write(&aside, text)?;
    fs::rename(&aside, path).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn gradescope(sheets: &[Sheet]) -> Value {
    let mut results = json!({ "tests": sheets.iter().flat_map(tests).collect::<Vec<_>>() });
    let points: u32 = sheets.iter().map(|sheet| sheet.exercise.points).sum();
    if points > 0 && points < 100 {
        let score: u32 = sheets.iter().map(Sheet::score).sum();
        results["score"] = json!(f64::from(score) * 100.0 / f64::from(points)); // not everything is in this build
    }
    results
}

fn tests(sheet: &Sheet) -> Vec<Value> {
    let number = sheet.exercise.number;
    let title = |name: &str| format!("{number}. {}: {name}", sheet.exercise.title);
    if let Some(error) = &sheet.broken {
        return vec![json!({
            "name": title("does not compile"),
            "number": format!("{number}"),
            "score": 0,
            "max_score": sheet.exercise.points,
            "status": "failed",
            "output": error,
            "visibility": "visible",
            "tags": [sheet.exercise.name()],
        })];
    }
    let test = |(index, graded): (usize, &Graded)| {
        json!({
            "name": title(&graded.check.name),
            "number": format!("{number}.{}", index + 1),
            "score": graded.score(),
            "max_score": graded.check.points,
            "status": if graded.verdict == Some(Verdict::Passed) { "passed" } else { "failed" },
            "output": output(graded),
            "visibility": if graded.is_hidden { "after_due_date" } else { "visible" },
            "tags": [sheet.exercise.name()],
        })
    };
    let mut tests: Vec<Value> = sheet.checks.iter().enumerate().map(test).collect();
    if let Some(error) = &sheet.hidden_broken {
        tests.push(json!({
            "name": title("it does not fit the hidden checks"),
            "number": format!("{number}.{}", tests.len() + 1),
            "score": 0,
            "max_score": sheet.exercise.points - sheet.points_here(),
            "status": "failed",
            "output": error,
            "visibility": "after_due_date", // the compiler shows what it compiles
            "tags": [sheet.exercise.name()],
        }));
    }
    tests
}

fn output(graded: &Graded) -> String {
    match (word(graded), words(graded)) {
        (word, "") => word.into(),
        ("failed", saw) => {
            format!("did: {}\nsaw: {saw}\nread: {}", graded.check.does, graded.check.read)
        }
        (word, words) => format!("{word}: {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use course::check::Listed;
    use course::exercises::ALL;

    fn sheets() -> Vec<Sheet> {
        let check =
            |name: &str, points| Listed { name: name.into(), points, does: "tries it".into(), read: "Step 1".into() };
        let graded = |name, points, is_hidden, verdict| Graded { check: check(name, points), is_hidden, verdict };
        let checks = vec![
            graded("passes", 5, false, Some(Verdict::Passed)),
            graded("fails", 2, true, Some(Verdict::Failed("nothing".into()))),
            graded("waits", 1, false, None),
        ];
        let whole = Sheet { exercise: ALL[2], checks, broken: None, hidden_broken: None };
        vec![
            whole,
            Sheet { exercise: ALL[3], checks: Vec::new(), broken: Some("no such name".into()), hidden_broken: None },
        ]
    }

    #[test]
    fn gradescope_learns_of_every_check_and_its_maximum() {
        let results = gradescope(&sheets());
        let tests = results["tests"].as_array().unwrap();
        let seen: Vec<_> = tests
            .iter()
            .map(|test| (test["score"].as_u64().unwrap(), test["max_score"].as_u64().unwrap(), &test["visibility"]))
            .collect();
        let (visible, hidden) = (&json!("visible"), &json!("after_due_date"));
        assert_eq!(seen, [(5, 5, visible), (0, 2, hidden), (0, 1, visible), (0, 10, visible)]);
        assert_eq!(tests[1]["output"], "did: tries it\nsaw: nothing\nread: Step 1");
        assert_eq!(tests[2]["output"], "not run");
        assert_eq!(results["score"], json!(5.0 * 100.0 / 18.0));
    }

    #[test]
    fn our_own_has_sums() {
        let json = json(&sheets());
        assert_eq!((&json["score"], &json["points"]), (&json!(5), &json!(18)));
        assert_eq!(json["exercises"][0]["checks"][1]["saw"], "nothing");
        assert_eq!(json["exercises"][1]["does_not_compile"], "no such name");
    }
}
