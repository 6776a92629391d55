//! The hints of an exercise, of which each says more than the one before.

use crate::place::{Place, read};
use course::exercises::Exercise;

/// How many hints an exercise has.
pub(crate) const COUNT: usize = 3;

/// One of an exercise's hints, counted from 1.
pub(crate) fn hint(place: &Place, exercise: &Exercise, level: usize) -> Result<String, String> {
    let path = place.root.join(format!("hints/{}.md", exercise.name()));
    let hints = sections(&read(&path)?);
    let hint = level.checked_sub(1).and_then(|index| hints.get(index));
    let hint = hint.ok_or(format!("there are hints 1 to {} for exercise {}", hints.len(), exercise.number))?;
    let more = match level < hints.len() {
        true => format!("\n\nThe next hint says more: cargo course hint {} {}\n", exercise.number, level + 1),
        false => "\n".into(),
    };
    Ok(format!("Hint {level} of {} for exercise {}\n\n{hint}{more}", hints.len(), exercise.number))
}

/// The texts of all hints of a file, which stand beneath `## 1`, `## 2` and so on.
pub(crate) fn sections(text: &str) -> Vec<String> {
    let sections = text.split("\n## ").skip(1);
    sections.map(|section| section.split_once('\n').map_or("", |(_, text)| text).trim().to_string()).collect()
}
