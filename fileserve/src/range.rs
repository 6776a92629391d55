//! The Range field: which bytes of a representation are asked for (RFC 9110 section 14).
//!
//! One range is understood. Several, another unit, or something malformed is answered with the whole, which the RFC
//! allows a server for any range.

/// The bytes to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    Whole,
    /// From `first` to `last`, both included.
    Part {
        first: u64,
        last: u64,
    },
    /// The range begins behind the end: 416.
    Unsatisfiable,
}

/// What `range` selects of `len` bytes.
pub(crate) fn select(range: &str, len: u64) -> Selection {
    parse(range, len).unwrap_or(Selection::Whole)
}

fn parse(range: &str, len: u64) -> Option<Selection> {
    let (unit, spec) = range.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    match spec.trim_matches([' ', '\t']).split_once('-')? {
        ("", suffix) => match number(suffix)? {
            0 => Some(Selection::Unsatisfiable),
            _ if len == 0 => None,
            suffix => Some(Selection::Part { first: len.saturating_sub(suffix), last: len - 1 }),
        },
        (first, last) => {
            let first = number(first)?;
            let last = if last.is_empty() { u64::MAX } else { number(last)? };
            match first {
                _ if first > last => None,
                _ if first >= len => Some(Selection::Unsatisfiable),
                _ => Some(Selection::Part { first, last: last.min(len - 1) }),
            }
        }
    }
}

/// Digits and nothing else. A number that does not fit is as good as the largest that does.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let part = |first, last| Selection::Part { first, last };
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
            ("bytes=0-1,3-4", 10, Selection::Whole),
            ("bytes=", 10, Selection::Whole),
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
}
