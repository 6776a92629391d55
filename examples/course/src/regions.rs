//! Regions of an exercise's file: one source of truth for its solution, its stub and its mutants.
//!
//! ```text
//! //~ solution
//! self.sender.send(job)
//! //~ mutant drops_jobs: every_job_is_done
//! //| drop(job);
//! //| Ok(())
//! //~ stub
//! //| let _ = job;
//! //| todo!("exercise 3: queue the job")
//! //~ end
//! ```
//!
//! The file compiles as it stands, with the solution; what replaces it stands in comments, behind `//|`. A region may
//! have several mutants: wrong solutions, each with the checks that it must lose, and none but those. Regions are not
//! nested. A stub may be empty, and a region without a mutant has none to offer.

use std::fmt;

/// A file, taken apart.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pieces: Vec<Piece<'a>>,
}

#[derive(Debug)]
enum Piece<'a> {
    /// A line outside of regions.
    Line(&'a str),
    Region(Region<'a>),
}

#[derive(Debug, Default)]
struct Region<'a> {
    solution: Vec<&'a str>,
    mutants: Vec<(Mutant<'a>, Vec<String>)>,
    stub: Vec<String>,
}

/// A wrong solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutant<'a> {
    pub(crate) name: &'a str,
    /// The checks that it loses; the first is the one it is meant to lose.
    pub(crate) loses: Vec<&'a str>,
}

/// Which of its forms a file takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    Solution,
    Stub,
    /// The solution, but for the region that has the mutant of this name.
    Mutant(&'a str),
}

/// What is wrong with a region.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    line: usize,
    what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// In which part of a region a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Outside,
    Solution,
    Mutant,
    Stub,
}

impl<'a> Source<'a> {
    /// Takes a file apart.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (mut pieces, mut region, mut part) = (Vec::new(), Region::default(), Part::Outside);
        let mut last = 0;
        for (line, text) in text.lines().enumerate().map(|(index, text)| (index + 1, text)) {
            last = line;
            let malformed = |what| Malformed { line, what };
            let Some(mark) = text.trim_start().strip_prefix("//~ ") else {
                match part {
                    Part::Outside => pieces.push(Piece::Line(text)),
                    Part::Solution => region.solution.push(text),
                    Part::Mutant | Part::Stub => {
                        let replacement = uncommented(text).ok_or(malformed("a line that does not begin with //|"))?;
                        let lines = region.mutants.last_mut().map(|(_, lines)| lines);
                        lines.filter(|_| part == Part::Mutant).unwrap_or(&mut region.stub).push(replacement);
                    }
                }
                continue;
            };
            part = match (part, mark.split_once(' ').map_or(mark, |(word, _)| word)) {
                (Part::Outside, "solution") => Part::Solution,
                (Part::Solution | Part::Mutant, "mutant") => {
                    let mutant = Mutant::parse(mark).ok_or(malformed("not as in `mutant name: check check`"))?;
                    region.mutants.push((mutant, Vec::new()));
                    Part::Mutant
                }
                (Part::Solution | Part::Mutant, "stub") => Part::Stub,
                (Part::Stub, "end") => {
                    pieces.push(Piece::Region(std::mem::take(&mut region)));
                    Part::Outside
                }
                _ => return Err(malformed("a mark where it cannot be: the order is solution, mutants, stub, end")),
            };
        }
        let is_closed = part == Part::Outside;
        is_closed.then_some(Source { pieces }).ok_or(Malformed { line: last, what: "a region has no end" })
    }

    /// Its mutants, in order.
    pub(crate) fn mutants(&self) -> impl Iterator<Item = &Mutant<'a>> {
        self.regions().flat_map(|region| region.mutants.iter().map(|(mutant, _)| mutant))
    }

    /// Whether there is anything to solve.
    pub(crate) fn has_regions(&self) -> bool {
        self.regions().next().is_some()
    }

    fn regions(&self) -> impl Iterator<Item = &Region<'a>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Region(region) => Some(region),
            Piece::Line(_) => None,
        })
    }

    /// The file in one of its forms, without any marks.
    pub(crate) fn render(&self, form: Form<'_>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Line(line) => push(&mut text, [line]),
                Piece::Region(region) => region.render(form, &mut text),
            }
        }
        text
    }
}

impl Region<'_> {
    fn render(&self, form: Form<'_>, text: &mut String) {
        let mutant = self.mutants.iter().find(|(mutant, _)| form == Form::Mutant(mutant.name));
        match (form, mutant) {
            (Form::Stub, _) => push(text, &self.stub),
            (_, Some((_, lines))) => push(text, lines),
            (_, None) => push(text, &self.solution),
        }
    }
}

impl<'a> Mutant<'a> {
    fn parse(mark: &'a str) -> Option<Self> {
        let (name, loses) = mark.strip_prefix("mutant ")?.split_once(':')?;
        let loses: Vec<_> = loses.split_whitespace().collect();
        (!name.trim().is_empty() && !loses.is_empty()).then_some(Self { name: name.trim(), loses })
    }
}

/// A line of a mutant or a stub, at the place of its comment.
fn uncommented(text: &str) -> Option<String> {
    let code = text.trim_start();
    let indent = &text[..text.len() - code.len()];
    let code = code.strip_prefix("//|")?;
    let code = code.strip_prefix(' ').unwrap_or(code);
    Some(if code.is_empty() { String::new() } else { format!("{indent}{code}") })
}

fn push(text: &mut String, lines: impl IntoIterator<Item = impl AsRef<str>>) {
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "fn two() -> u32 {
    //~ solution
    1 + 1
    //~ mutant three: it_is_two it_is_even
    //| 1 + 2
    //~ mutant none: it_is_two
    //| let one = 1;
    //|
    //|     one - 1
    //~ stub
    //| unimplemented!()
    //~ end
}
";

    #[test]
    fn a_file_has_all_of_its_forms() {
        let source = Source::parse(FILE).unwrap();
        let body = |form| {
            let text = source.render(form);
            text.strip_prefix("fn two() -> u32 {\n").and_then(|text| text.strip_suffix("}\n")).unwrap().to_string()
        };
        assert_eq!(body(Form::Solution), "    1 + 1\n");
        assert_eq!(body(Form::Stub), "    unimplemented!()\n");
        assert_eq!(body(Form::Mutant("three")), "    1 + 2\n");
        assert_eq!(body(Form::Mutant("none")), "    let one = 1;\n\n        one - 1\n");
        let mutants: Vec<_> = source.mutants().map(|mutant| (mutant.name, mutant.loses.as_slice())).collect();
        assert_eq!(mutants, [("three", &["it_is_two", "it_is_even"][..]), ("none", &["it_is_two"])]);
    }

    #[test]
    fn what_is_malformed_is_told_with_its_line() {
        let line = |text: &str| Source::parse(text).err().map(|malformed| malformed.line);
        assert_eq!(line("//~ solution\n//~ stub\n//~ end\n"), None);
        assert_eq!(line("//~ stub\n"), Some(1));
        assert_eq!(line("//~ solution\n//~ solution\n"), Some(2));
        assert_eq!(line("//~ solution\n//~ end\n"), Some(2));
        assert_eq!(line("//~ solution\n//~ stub\ncode\n//~ end\n"), Some(3));
        assert_eq!(line("//~ solution\n//~ mutant name\n//~ stub\n//~ end\n"), Some(2));
        assert_eq!(line("\n//~ solution\n//~ stub\n"), Some(3));
    }
}
