//! Drawing: an SVG inside the page. It has no size of its own: it is 480 units wide, and the page gives it a width,
//! so that the same one does for a phone, a screen and paper. Colours come from classes in `style.css`.
//!
//! Nobody tells us how wide a text is; it is estimated, a little on the wide side.

use super::key::Key;
use super::markup::Text;
use std::fmt;

/// The width of every drawing, in units.
pub(super) const WIDTH: f64 = 480.0;
/// The height of a letter. On a phone a drawing is shown at three quarters of its units.
pub(super) const LETTER: f64 = 14.0;

/// A place: from the left, from the top.
pub(super) type At = (f64, f64);

/// What has been drawn up to now.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    body: String,
}

/// Which end of a text stands at its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Drawing {
    pub(super) fn line(&mut self, class: &str, (x1, y1): At, (x2, y2): At) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(Unit);
        self.body += &format!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>\n");
    }

    pub(super) fn rectangle(&mut self, class: &str, (x, y): At, width: f64, height: f64) {
        let [x, y, width, height] = [x, y, width.max(0.0), height].map(Unit);
        let size = format!("width=\"{width}\" height=\"{height}\"");
        self.body += &format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" {size}/>\n");
    }

    /// From point to point. Points nobody could tell apart are left out.
    pub(super) fn path(&mut self, class: &str, points: &[At]) {
        let mut steps = String::new();
        let mut before: Option<At> = None;
        for (index, &(x, y)) in points.iter().enumerate() {
            let is_near = before.is_some_and(|(left, top)| (x - left).abs() < 0.7 && (y - top).abs() < 0.7);
            if is_near && index + 1 < points.len() {
                continue;
            }
            let step = if before.is_none() { 'M' } else { 'L' };
            steps += &format!("{step}{} {}", Unit(x), Unit(y));
            before = Some((x, y));
        }
        if points.len() > 1 {
            self.body += &format!("<path class=\"{class}\" d=\"{steps}\"/>\n");
        }
    }

    /// A range: a line between two places, with a cap at each end.
    pub(super) fn range(&mut self, from: At, to: At) {
        let (across, along) = if from.1 == to.1 { (0.0, 3.5) } else { (3.5, 0.0) };
        self.line("range", from, to);
        for (x, y) in [from, to] {
            self.line("range", (x - across, y - along), (x + across, y + along));
        }
    }

    pub(super) fn mark(&mut self, key: Key, is_hollow: bool, (x, y): At) {
        let class = if is_hollow { "mark hollow" } else { "mark" };
        let [x, y] = [x, y].map(Unit);
        self.body += &format!("<path class=\"{class}\" transform=\"translate({x} {y})\" d=\"{}\"/>\n", key.shape());
    }

    pub(super) fn text(&mut self, class: &str, anchor: Anchor, (x, y): At, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y] = [x, y].map(Unit);
        let text = Text(text);
        let how = format!("class=\"{class}\" text-anchor=\"{anchor}\"");
        self.body += &format!("<text {how} x=\"{x}\" y=\"{y}\">{text}</text>\n");
    }

    /// A group with a class, and words for whoever points at it.
    pub(super) fn group(&mut self, class: &str, words: &str, draw: impl FnOnce(&mut Self)) {
        self.body += &format!("<g class=\"{class}\">");
        if !words.is_empty() {
            self.body += &format!("<title>{}</title>\n", Text(words));
        }
        draw(self);
        self.body += "</g>\n";
    }

    /// The whole; `description` says in words what is to be seen.
    pub(super) fn finish(self, height: f64, title: &str, description: &str) -> String {
        let (width, height) = (Unit(WIDTH), Unit(height));
        let (title, description) = (Text(title), Text(description));
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n\
             <desc>{description}</desc>\n{}</svg>\n",
            self.body
        )
    }
}

/// A coordinate, in tenths.
struct Unit(f64);

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = if self.0.is_finite() { (self.0 * 10.0).round() } else { 0.0 };
        (tenths / 10.0 + 0.0).fmt(f) // and no -0
    }
}

/// How wide a text will be, about.
pub(super) fn width_of(text: &str) -> f64 {
    let wide = |letter: char| if letter.is_ascii() { 0.57 } else { 0.75 };
    text.chars().map(|letter| wide(letter) * LETTER).sum()
}

/// As much of a text as fits.
pub(super) fn cut(text: &str, width: f64) -> String {
    if width_of(text) <= width {
        return text.into();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if width_of(&kept) + 2.0 * LETTER > width {
            break;
        }
        kept.push(letter);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_numbers_whatever_they_come_from() {
        let shown = [1.0, 0.25, -0.04, f64::NAN, f64::INFINITY].map(|value| Unit(value).to_string());
        assert_eq!(shown, ["1", "0.3", "0", "0", "0"]);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut("threads", 100.0), "threads");
        let name = cut("a-backend-with-a-long-name", 100.0);
        assert!(name.ends_with('…') && width_of(&name) <= 100.0, "{name}");
    }

    #[test]
    fn words_in_a_drawing_are_escaped() {
        let mut drawing = Drawing::default();
        drawing.group("k0", "<1>", |drawing| drawing.text("name", Anchor::Start, (0.0, 0.0), "<2>"));
        let svg = drawing.finish(10.0, "\"3\"", "<4>");
        for escaped in ["&lt;1&gt;", "&lt;2&gt;", "&quot;3&quot;", "&lt;4&gt;"] {
            assert!(svg.contains(escaped), "{escaped} in {svg}");
        }
    }
}
