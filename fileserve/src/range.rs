//! The Range field: which bytes of a representation are asked for (RFC 9110 section 14).
//!
//! # Rules
//!
//! 1. Another unit, or a range that is malformed, is answered with the whole, which the RFC allows a server for any
//!    range.
//! 2. Ranges that begin behind the end, and the last 0 bytes, are left out; if none is left, that is 416.
//! 3. Several are answered in the client's order, each as it was asked for: they are not merged.
//! 4. More than [`MOST`] ranges, or two that overlap, are answered with the whole: few clients need them, and they can
//!    ask for more bytes than there are (section 17.15). Those that do not overlap cannot.

/// How many ranges are answered as such.
pub(crate) const MOST: usize = 16;

/// The bytes to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    Whole,
    Part(Part),
    /// Two or more, in the client's order.
    Parts(Vec<Part>),
    /// There is nothing where the ranges are: 416.
    Unsatisfiable,
}

/// From `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Part {
    /// In bytes; never 0.
    pub(crate) fn len(self) -> u64 {
        self.last - self.first + 1
    }

    fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// What `range` selects of `len` bytes.
pub(crate) fn select(range: &str, len: u64) -> Selection {
    parse(range, len).unwrap_or(Selection::Whole)
}

/// `None` if the whole is sent instead.
fn parse(range: &str, len: u64) -> Option<Selection> {
    let (unit, set) = range.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    // Empty elements of a list are nothing (RFC 9110 section 5.6.1).
    let specs = set.split(',').map(|spec| spec.trim_matches([' ', '\t'])).filter(|spec| !spec.is_empty());
    let asked: Vec<Option<Part>> = specs.take(MOST + 1).map(|spec| part(spec, len)).collect::<Option<_>>()?;
    if asked.is_empty() || asked.len() > MOST {
        return None;
    }
    let parts: Vec<Part> = asked.into_iter().flatten().collect();
    match parts[..] {
        [] => Some(Selection::Unsatisfiable),
        [part] => Some(Selection::Part(part)),
        _ if any_overlap(&parts) => None,
        _ => Some(Selection::Parts(parts)),
    }
}

fn any_overlap(parts: &[Part]) -> bool {
    parts.iter().enumerate().any(|(index, part)| parts[..index].iter().any(|before| before.overlaps(*part)))
}

/// What one range selects: `Some(None)` if nothing is there, `None` if the whole is sent instead.
fn part(spec: &str, len: u64) -> Option<Option<Part>> {
    match spec.split_once('-')? {
        ("", suffix) => match number(suffix)? {
            0 => Some(None),
            _ if len == 0 => None,
            suffix => Some(Some(Part { first: len.saturating_sub(suffix), last: len - 1 })),
        },
        (from, to) => {
            let first = number(from)?;
            let last = if to.is_empty() { u64::MAX } else { number(to)? };
            match first {
                _ if !to.is_empty() && magnitude(from) > magnitude(to) => None,
                _ if first >= len => Some(None),
                _ => Some(Some(Part { first, last: last.min(len - 1) })),
            }
        }
    }
}

/// Digits and nothing else. A number that does not fit is as good as the largest that does.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// What orders numbers of any length.
fn magnitude(digits: &str) -> (usize, &str) {
    let digits = digits.trim_start_matches('0');
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let part = |first, last| Selection::Part(Part { first, last });
        let cases = [
            ("bytes=0-0", 10, part(0, 0)),
            ("bytes=2-5", 10, part(2, 5)),
            ("BYTES= 2-5 ", 10, part(2, 5)),
            ("bytes=2-", 10, part(2, 9)),
            ("bytes=2-99", 10, part(2, 9)),
            ("bytes=-3", 10, part(7, 9)),
            ("bytes=-99", 10, part(0, 9)),
            ("bytes=0-99999999999999999999999", 10, part(0, 9)),
            ("bytes=-99999999999999999999999", 10, part(0, 9)),
            ("bytes=10-", 10, Selection::Unsatisfiable),
            ("bytes=99999999999999999999999-", 10, Selection::Unsatisfiable),
            ("bytes=-0", 10, Selection::Unsatisfiable),
            ("bytes=0-", 0, Selection::Unsatisfiable),
            ("bytes=-1", 0, Selection::Whole),
            ("bytes=5-2", 10, Selection::Whole),
            ("bytes=18446744073709551617-18446744073709551616", 10, Selection::Whole),
            ("bytes=005-5", 10, part(5, 5)),
            ("bytes=2-5,", 10, part(2, 5)),
            ("bytes= , ,\t2-5", 10, part(2, 5)),
            ("bytes=", 10, Selection::Whole),
            ("bytes= , ", 10, Selection::Whole),
            ("bytes=2 -5", 10, Selection::Whole),
            ("bytes=2-5 6-7", 10, Selection::Whole),
            ("bytes=-", 10, Selection::Whole),
            ("bytes=+1-5", 10, Selection::Whole),
            ("bytes=1-+5", 10, Selection::Whole),
            ("bytes=a-b", 10, Selection::Whole),
            ("lines=1-2", 10, Selection::Whole),
            ("bytes 1-2", 10, Selection::Whole),
        ];
        for (range, len, selection) in cases {
            assert_eq!(select(range, len), selection, "{range:?} of {len}");
        }
    }

    #[test]
    fn several_ranges() {
        let parts =
            |parts: &[(u64, u64)]| Selection::Parts(parts.iter().map(|&(first, last)| Part { first, last }).collect());
        let part = |first, last| Selection::Part(Part { first, last });
        let cases = [
            ("bytes=0-1,3-4", 10, parts(&[(0, 1), (3, 4)])),
            ("bytes=3-4,0-1", 10, parts(&[(3, 4), (0, 1)])),
            ("bytes=0-1,2-4", 10, parts(&[(0, 1), (2, 4)])),
            ("bytes=\t0-1 ,, 3-4\t,-2", 10, parts(&[(0, 1), (3, 4), (8, 9)])),
            ("bytes=0-1,20-,3-4,-0", 10, parts(&[(0, 1), (3, 4)])),
            ("bytes=0-1,10-", 10, part(0, 1)),
            ("bytes=-0,9-99", 10, part(9, 9)),
            ("bytes=10-,20-,-0", 10, Selection::Unsatisfiable),
            ("bytes=0-,1-,-0", 0, Selection::Unsatisfiable),
            ("bytes=0-,-1", 0, Selection::Whole),
            ("bytes=0-1,3-4,x", 10, Selection::Whole),
            ("bytes=0-1,4-3", 10, Selection::Whole),
            ("bytes=20-,4-3", 10, Selection::Whole),
            ("bytes=0-1;3-4", 10, Selection::Whole),
            ("bytes=0-1,bytes=3-4", 10, Selection::Whole),
            ("bytes=0-3,3-4", 10, Selection::Whole),
            ("bytes=3-4,0-3", 10, Selection::Whole),
            ("bytes=4-9,0-1,-6", 10, Selection::Whole),
            ("bytes=2-5,3-4", 10, Selection::Whole),
            ("bytes=0-,0-", 10, Selection::Whole),
        ];
        for (range, len, selection) in cases {
            assert_eq!(select(range, len), selection, "{range:?} of {len}");
        }
    }

    #[test]
    fn many_ranges_are_the_whole() {
        let ranges = |count: u64| {
            let specs: Vec<String> = (0..count).map(|at| format!("{}-{}", 2 * at, 2 * at)).collect();
            format!("bytes={}", specs.join(","))
        };
        let Selection::Parts(parts) = select(&ranges(MOST as u64), 100) else { panic!("not too many") };
        assert_eq!(parts.len(), MOST);
        assert_eq!(select(&ranges(MOST as u64 + 1), 100), Selection::Whole);
        assert_eq!(select(&ranges(MOST as u64 + 1), 2), Selection::Whole, "also if one only could be answered");
        let empty = format!("bytes=0-0{}", ",".repeat(100));
        assert_eq!(select(&empty, 10), Selection::Part(Part { first: 0, last: 0 }), "nothing is no range");
    }

    #[test]
    fn lengths() {
        assert_eq!(Part { first: 3, last: 3 }.len(), 1);
        assert_eq!(Part { first: 0, last: u64::MAX - 1 }.len(), u64::MAX);
    }
}
