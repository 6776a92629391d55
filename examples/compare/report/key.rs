//! What stands for a backend in every chart: a colour, a shape and a dash pattern, the same on the whole page. Any
//! one of the three is enough to tell it, and its name stands beside it. The colours are in `style.css`, the dashes
//! too.

use crate::model::Run;

/// How many colours and dash patterns there are.
const STYLES: usize = 8;

/// Outlines around 0, 0, about 11 wide.
const SHAPES: [&str; 8] = [
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-6L5.8 4.5h-11.6z",
    "M0-6.5L6 0 0 6.5-6 0z",
    "M0 6L5.8-4.5h-11.6z",
    "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    "M0-2.8L3.2-6 6-3.2 2.8 0 6 3.2 3.2 6 0 2.8-3.2 6-6 3.2-2.8 0-6-3.2-3.2-6z",
    "M0-7L1.9-1.9 7 0 1.9 1.9 0 7-1.9 1.9-7 0-1.9-1.9z",
];

/// The place of a backend among those of the run, or of a line among those of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) usize);

impl Key {
    /// Those the run does not know share one.
    pub(super) fn of(run: &Run, backend: &str) -> Self {
        Self(run.subjects.iter().position(|subject| subject.name == backend).unwrap_or(run.subjects.len()))
    }

    /// The class that gives it colour and dashes.
    pub(super) fn class(self) -> String {
        format!("k{}", self.0 % STYLES)
    }

    /// The outline of its mark. When colours begin again, shapes do not.
    pub(super) fn shape(self) -> &'static str {
        SHAPES[(self.0 + self.0 / STYLES) % SHAPES.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_backends_look_the_same() {
        let mut looks: Vec<_> =
            (0..STYLES * SHAPES.len()).map(|index| (Key(index).class(), Key(index).shape())).collect();
        looks.sort();
        looks.dedup();
        assert_eq!(looks.len(), STYLES * SHAPES.len());
    }
}
