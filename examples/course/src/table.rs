//! What a student reads in the terminal.
//!
//! A check that failed says what it did, what it saw, and where to read. Of a hidden one only the name is told.

use crate::grade::{Graded, Sheet};
use crate::place::Place;
use course::check::Verdict;
use course::exercises::{ALL, Exercise};

/// How far from the edge what is said of a check stands.
const INDENT: &str = "                   ";
const WIDTH: usize = 100;

/// The exercises, and how far they are.
pub(crate) fn list(place: &Place) -> String {
    let mut text = format!("{:>2}  {:<28} {:>6} {:>8}  {}\n", "", "", "points", "time", "file");
    for exercise in &ALL {
        let left = match place.read(exercise) {
            _ if !exercise.is_built() => " (needs a feature that this build has not)".to_string(),
            Ok(code) => match undone(&code) {
                0 => String::new(),
                1 => "  1 todo! left".into(),
                left => format!("  {left} todo! left"),
            },
            Err(_) => " (not there)".into(),
        };
        let Exercise { number, title, points, minutes, .. } = exercise;
        text += &format!("{number:>2}  {title:<28} {points:>6} {:>8}  {}{left}\n", time(*minutes), exercise.file());
    }
    text + "\ncargo course check N says what works, and cargo course hint N helps.\n"
}

/// How many places there are to fill in. (In the repository they stand in comments, beside their solutions.)
fn undone(code: &str) -> usize {
    code.lines().filter(|line| line.contains("todo!") && !line.trim_start().starts_with("//")).count()
}

fn time(minutes: u32) -> String {
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h", f64::from(minutes) / 60.0) }
}

/// The headline of an exercise.
pub(crate) fn heading(exercise: &Exercise) -> String {
    format!("Exercise {}: {}", exercise.number, exercise.title)
}

/// A check that has been run.
pub(crate) fn check(graded: &Graded, chapter: &str) -> String {
    let (points, score) = (graded.check.points, graded.score());
    let word = match &graded.verdict {
        None => "not run",
        Some(Verdict::Passed) => "ok",
        Some(Verdict::Failed(_)) => "FAILED",
        Some(Verdict::NotStarted(_)) => "not started",
    };
    let hidden = if graded.is_hidden { " (hidden)" } else { "" };
    let mut text = format!("  {word:<11} {score:>2}/{points:<2}  {}{hidden}\n", graded.check.name);
    let read = format!("{}, \"{}\"", chapter, graded.check.read);
    match &graded.verdict {
        Some(Verdict::Failed(saw)) if !graded.is_hidden => {
            text += &said("did ", &graded.check.does);
            text += &said("saw ", saw);
            text += &said("read", &read);
        }
        Some(Verdict::NotStarted(what)) if !graded.is_hidden => text += &said("todo", what),
        _ => {}
    }
    text
}

/// Words at the indentation of a check, wrapped.
fn said(label: &str, words: &str) -> String {
    let mut text = String::new();
    for (index, line) in words.lines().flat_map(|line| wrap(line, WIDTH - INDENT.len() - 6)).enumerate() {
        let label = if index == 0 { label } else { "    " };
        text += &format!("{INDENT}{label}  {line}\n");
    }
    text
}

fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let last = lines.last_mut().expect("there is one from the beginning");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.into());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    lines
}

/// What an exercise has come to.
pub(crate) fn sum(sheet: &Sheet) -> String {
    if let Some(error) = &sheet.broken {
        return format!("{error}\n  does not compile: 0/{}\n", sheet.exercise.points);
    }
    let (score, here, points) = (sheet.score(), sheet.points_here(), sheet.exercise.points);
    if sheet.hidden_broken.is_some() {
        return format!("  {score} of {points} points; it does not fit the hidden checks: is a signature changed?\n");
    }
    let elsewhere = match points.saturating_sub(here) {
        0 => String::new(),
        1 => "; 1 more by a check that your teacher has".into(),
        more => format!("; {more} more by checks that your teacher has"),
    };
    format!("  {score} of {here} points{elsewhere}\n")
}

/// What all have come to.
pub(crate) fn total(sheets: &[Sheet]) -> String {
    let mut text = String::new();
    for sheet in sheets {
        let (Exercise { number, title, points, .. }, score) = (&sheet.exercise, sheet.score());
        let note = if sheet.broken.is_some() { "  does not compile" } else { "" };
        text += &format!("{number:>2}  {title:<28} {score:>3}/{points}{note}\n");
    }
    let score: u32 = sheets.iter().map(Sheet::score).sum();
    let points: u32 = sheets.iter().map(|sheet| sheet.exercise.points).sum();
    text += &format!("    {:<28} {score:>3}/{points}\n", "");
    if points > 0 && points < 100 {
        let scaled = f64::from(score) * 100.0 / f64::from(points);
        text += &format!("    of 100, without what is not built: {scaled:.1}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use course::check::Listed;

    fn graded(verdict: Verdict, is_hidden: bool) -> Graded {
        let check = Listed { name: "it_works".into(), points: 3, does: "tries it".into(), read: "Step 1".into() };
        Graded { check, is_hidden, verdict: Some(verdict) }
    }

    #[test]
    fn a_failure_says_what_was_seen_and_a_hidden_one_does_not() {
        let failed = Verdict::Failed("nothing came".into());
        let text = check(&graded(failed.clone(), false), "docs/ex03_pool.md");
        assert!(text.starts_with("  FAILED       0/3   it_works\n"), "{text}");
        for words in ["did   tries it", "saw   nothing came", "read  docs/ex03_pool.md, \"Step 1\""] {
            assert!(text.contains(words), "{text}");
        }
        assert_eq!(check(&graded(failed, true), ""), "  FAILED       0/3   it_works (hidden)\n");
        assert_eq!(check(&graded(Verdict::Passed, false), ""), "  ok           3/3   it_works\n");
    }

    #[test]
    fn points_that_are_elsewhere_are_told() {
        let checks = vec![graded(Verdict::Passed, false)];
        let sheet = Sheet { exercise: ALL[5], checks, broken: None, hidden_broken: None };
        assert_eq!(sum(&sheet), "  3 of 3 points; 5 more by checks that your teacher has\n");
        assert!(total(&[sheet]).contains("Timer: a heap                  3/8\n"));
    }
}
