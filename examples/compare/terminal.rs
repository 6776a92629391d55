//! The verdicts and answers as plain text, for a terminal of 100 columns.

use crate::findings;
use crate::guide::advise;
use crate::model::Run;
use crate::verdict::{Verdict, verdicts};
use crate::warnings::warnings;
use crate::words;

/// What it has to fit into.
const WIDTH: usize = 100;
const GAP: &str = "  ";

fn widest(column: &[String]) -> usize {
    column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn width(columns: &[Vec<String>]) -> usize {
    columns.iter().map(|column| widest(column) + GAP.len()).sum::<usize>().saturating_sub(GAP.len())
}

/// The names to the left, everything else to the right.
fn lines(columns: &[Vec<String>]) -> String {
    let rows = columns.first().map_or(0, Vec::len);
    let mut text = String::new();
    for row in 0..rows {
        let cells = columns.iter().enumerate().map(|(index, column)| {
            let width = widest(column);
            if index == 0 { format!("{:<width$}", column[row]) } else { format!("{:>width$}", column[row]) }
        });
        text.push_str(cells.collect::<Vec<_>>().join(GAP).trim_end());
        text.push('\n');
    }
    text
}

/// The end of a run: what is wrong, the answers, and who is to be taken for which load.
pub(crate) fn summary(run: &Run) -> String {
    let mut text = String::new();
    for warning in warnings(run) {
        text.push_str(&wrapped(&format!("warning: {warning}"), "  "));
    }
    text.push('\n');
    text.push_str(&verdict_table(run));
    for answer in findings::answers(run) {
        text.push('\n');
        text.push_str(&wrapped(answer.question, ""));
        text.push_str(&wrapped(&format!("  {}", answer.answer), "  "));
    }
    let advice = advise(run);
    for advice in &advice {
        text.push('\n');
        text.push_str(&wrapped(&format!("{}: {}", advice.load, advice.pick), "  "));
    }
    if !advice.is_empty() {
        text.push_str("\nThe report says why.\n");
    }
    text.trim_start().to_string()
}

/// Value and rank of every backend in every scenario, over as many tables as it takes.
pub(crate) fn verdict_table(run: &Run) -> String {
    let verdicts = verdicts(run);
    let names = std::iter::once("backend".to_string()).chain(verdicts.rows.iter().map(|(name, _)| name.clone()));
    let names: Vec<String> = names.collect();
    let mut text = String::new();
    let mut columns = vec![names.clone()];
    for (index, scenario) in verdicts.columns.iter().enumerate() {
        let head = format!("{scenario} {}", scenario.about().headline.label());
        let cells = verdicts.rows.iter().map(|(_, row)| row.get(index).map(cell).unwrap_or_default());
        let column: Vec<String> = std::iter::once(head).chain(cells).collect();
        if width(&columns) + GAP.len() + widest(&column) > WIDTH {
            text.push_str(&lines(&columns));
            text.push('\n');
            columns = vec![names.clone()];
        }
        columns.push(column);
    }
    if columns.len() > 1 {
        text.push_str(&lines(&columns));
        let doubt = verdicts.rows.iter().flat_map(|(_, row)| row).any(|verdict| verdict.is_suspect);
        let doubt = if doubt { "; ! see the warnings" } else { "" };
        let legend = format!("In parentheses: the rank; = others have the same; – is not ranked{doubt}.");
        text.push_str(&legend);
        text.push('\n');
        for scenario in &verdicts.columns {
            text.push_str(&format!("{:<4}{}\n", scenario.id(), scenario.about().title));
        }
    }
    text
}

fn cell(verdict: &Verdict) -> String {
    match &verdict.standing {
        None => "–".into(),
        Some(standing) => {
            let doubt = if verdict.is_suspect { "!" } else { "" };
            format!("{} ({}{doubt})", verdict.value, words::rank(standing))
        }
    }
}

/// Lines of at most [`WIDTH`], the second and later ones begun with `indent`. What is one word is not broken.
fn wrapped(text: &str, indent: &str) -> String {
    let start = text.len() - text.trim_start().len();
    let mut lines = vec![text[..start].to_string()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or("", String::as_str);
        let is_empty = line.trim().is_empty();
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{indent}{word}"));
        } else if let Some(line) = lines.last_mut() {
            line.push_str(if is_empty { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_whole::whole;

    #[test]
    fn everything_fits_the_screen() {
        let mut run = whole();
        run.parts[1].cases[0].samples[0].errors.insert("reset".into(), 500);
        let text = summary(&run);
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line:?}");
        }
        assert!(text.starts_with("warning: threads: 0.99 % of its requests failed"), "what is wrong comes first");
    }

    #[test]
    fn a_word_too_long_for_a_line_has_one_of_its_own() {
        let word = "x".repeat(WIDTH + 1);
        assert_eq!(wrapped(&format!("  a {word} b"), "  "), format!("  a\n  {word}\n  b\n"));
    }
}
