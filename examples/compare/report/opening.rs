//! The beginning: what this is, when and where it was measured, and what has to be known before a number is
//! believed.

use super::markup::{Prose, Text, list};
use crate::model::Run;
use crate::preface;
use crate::warnings::warnings;

pub(super) fn html(run: &Run) -> String {
    format!(
        "<header>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<p class=\"facts\"><time datetime=\"{}\">{}</time> · took \
         {} · {}</p>\n{}{}</header>\n",
        Text(preface::TITLE),
        Prose(&preface::introduction(run)),
        Text(&run.started),
        Text(&preface::date(&run.started)),
        preface::duration(run.seconds),
        Prose(&preface::machine(&run.environment)),
        list("warnings", &warnings(run)),
        list("cut", &preface::notes(run)),
    )
}
