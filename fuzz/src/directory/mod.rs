//! A request to `switchboard_fileserve::Directory`, answered by it and by a model of it.
//!
//! The bytes are turned into a request in `ask`; `tree` is what is served, `disk` has it there, and `model` says what
//! may be answered. What our parser takes for no request is passed over.
//!
//! # What must be
//!
//! 1. Status, fields and body are what the model says.
//! 2. What lies outside the root never comes out, nor is it listed, nor what is hidden.
//! 3. A 304, 412 or 416 has no bytes of the file, and nothing is longer than it and what frames its parts.
//! 4. A HEAD is answered as a GET is without its Range.
//! 5. A file has the same entity tag every time, and no two have the same.

mod answer;
mod ask;
mod date;
mod disk;
mod model;
mod range;
mod tree;

pub use disk::remove;

use answer::Answer;
use ask::{About, Bytes, Field, Line};
use model::Place;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Panics if something is not as it must be. Answers the status, for who wants to know what has been met.
pub fn check(data: &[u8]) -> Option<u16> {
    let mut bytes = Bytes(data);
    let line = Line::take(&mut bytes);
    let place = model::place(&line.path);
    let plain = Answer::to("GET", &line.target, &[])?;
    let about = about(&place, &plain);
    let fields = ask::fields(&mut bytes, &about);
    judge(&Line { method: "GET", ..line.clone() }, &[], &place, &about, &plain, &plain);
    let answer = Answer::to(line.method, &line.target, &fields)?;
    judge(&line, &fields, &place, &about, &plain, &answer);
    let rangeless: Vec<Field> = fields.iter().filter(|(name, _)| *name != "range").cloned().collect();
    let (head, get) = (Answer::to("HEAD", &line.target, &fields)?, Answer::to("GET", &line.target, &rangeless)?);
    assert_eq!(head.head(), get.head(), "HEAD beside GET: {}", shown(&line, &fields));
    Some(answer.status)
}

/// Panics if `answer` is none that may be given; `plain` is the answer without fields.
fn judge(line: &Line, fields: &[Field], place: &Place, about: &About, plain: &Answer, answer: &Answer) {
    let replies = model::replies(line, place, &about.etag, fields);
    let judged: Vec<_> = replies.iter().map(|reply| answer.check(reply, line, place, plain)).collect();
    if judged.iter().all(Result::is_err) {
        let faults: Vec<String> = judged.into_iter().filter_map(Result::err).collect();
        panic!("{}\nanswered {answer:?}\nwhere {replies:?} may be: {}", shown(line, fields), faults.join("; or "));
    }
}

/// What the fields may speak of: the file that is asked for, which is looked at first, or else just anything.
fn about(place: &Place, plain: &Answer) -> About {
    let Place::File(file) = place else {
        return About { etag: "\"0123456789abcdef\"".into(), changed: 1_000_000_000, len: 100 };
    };
    plain.check_representation(file).unwrap_or_else(|fault| panic!("{}: {fault}", file.path.escape_ascii()));
    let etag = plain.field("etag").unwrap_or_default();
    note_etag(file.path, etag);
    About { etag: etag.into(), changed: file.changed.unwrap_or(1_000_000_000), len: file.bytes.len() }
}

/// Panics if a file has another entity tag than before, or one that another file has.
fn note_etag(path: &'static [u8], etag: &str) {
    static ETAGS: Mutex<BTreeMap<&[u8], String>> = Mutex::new(BTreeMap::new());
    let mut etags = ETAGS.lock().unwrap_or_else(PoisonError::into_inner);
    let before = etags.entry(path).or_insert_with(|| etag.into());
    assert_eq!(before, etag, "the tag of {} changed", path.escape_ascii());
    let owners = etags.values().filter(|other| *other == etag).count();
    assert_eq!(owners, 1, "another file has the tag of {}", path.escape_ascii());
}

fn shown(line: &Line, fields: &[Field]) -> String {
    let fields: String = fields.iter().map(|(name, value)| format!("\n  {name}: {}", value.escape_ascii())).collect();
    format!("{} {}{fields}", line.method, line.target.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_corpus_meets_every_answer() {
        let corpus = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/directory")).unwrap();
        let met = corpus.map(|seed| check(&std::fs::read(seed.unwrap().path()).unwrap()).unwrap());
        let all = [200, 204, 206, 301, 304, 404, 405, 412, 416];
        assert_eq!(met.collect::<BTreeSet<u16>>(), BTreeSet::from(all));
        remove();
    }
}
