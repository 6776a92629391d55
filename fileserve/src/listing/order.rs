//! In which order a listing shows its entries: what the query asks for.
//!
//! # Rules
//!
//! 1. `sort=name`, `size` or `time` is the order, a `-` before it turns it round. Anything else is the order by name.
//! 2. Names are compared as people look for them: without regard to case, and their numbers by value. They also decide
//!    between entries that are alike otherwise.
//! 3. Directories come first, in both directions: their size says nothing. Only times mix them with files, because
//!    who looks for the newest means either.

use crate::entries::Entry;
use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fmt;

/// What entries are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Name,
    Size,
    Time,
}

impl Key {
    fn text(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Time => "time",
        }
    }
}

/// A key and a direction; its text is the value of `sort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) key: Key,
    pub(super) is_descending: bool,
}

impl Order {
    /// The order that a query asks for.
    pub(super) fn of(query: Option<&str>) -> Self {
        let value = query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("sort=")));
        let value = value.unwrap_or_default();
        let (is_descending, text) = match value.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, value),
        };
        match [Key::Name, Key::Size, Key::Time].into_iter().find(|key| key.text() == text) {
            Some(key) => Self { key, is_descending },
            None => Self { key: Key::Name, is_descending: false },
        }
    }

    /// The order to offer where `key` can be chosen: this one turned round, or else what is looked for most: the first
    /// name, the largest file, the newest.
    pub(super) fn offer(self, key: Key) -> Self {
        let is_descending = if key == self.key { !self.is_descending } else { key != Key::Name };
        Self { key, is_descending }
    }

    pub(super) fn sort(self, entries: &mut [Entry]) {
        entries.sort_by_cached_key(|entry| (natural(&entry.name), entry.name.clone()));
        match (self.key, self.is_descending) {
            (Key::Name, false) => {}
            (Key::Name, true) => entries.reverse(),
            (Key::Size, false) => entries.sort_by_key(size),
            (Key::Size, true) => entries.sort_by_key(|entry| Reverse(size(entry))),
            (Key::Time, false) => entries.sort_by_key(|entry| entry.modified),
            (Key::Time, true) => entries.sort_by_key(|entry| Reverse(entry.modified)),
        }
        if self.key != Key::Time {
            entries.sort_by_key(|entry| !entry.is_directory);
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_descending { "-" } else { "" }, self.key.text())
    }
}

fn size(entry: &Entry) -> u64 {
    if entry.is_directory { 0 } else { entry.len }
}

/// A text that is to others as the name is to theirs. Before the digits of a number stands how many there are: so 2
/// comes before 10, and a zero in front keeps numbers where digits are.
fn natural(name: &OsStr) -> String {
    let name = name.to_string_lossy().to_lowercase();
    let mut key = String::with_capacity(name.len() + 8);
    let mut rest = name.as_str();
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, digits) = rest.split_at(start);
        let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        let number = digits[..end].trim_start_matches('0');
        key += before;
        key.push('0');
        key.push(char::from_u32(number.len() as u32).unwrap_or(char::MAX));
        key += number;
        rest = &digits[end..];
    }
    key + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[track_caller]
    fn sorted(query: &str, names: &[(&str, u64, u64)]) -> String {
        let entry = |&(name, len, time): &(&str, u64, u64)| Entry {
            name: name.trim_end_matches('/').into(),
            is_directory: name.ends_with('/'),
            len,
            modified: (time > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(time)),
        };
        let mut entries: Vec<_> = names.iter().map(entry).collect();
        Order::of(Some(query)).sort(&mut entries);
        let names: Vec<_> = entries.iter().map(|entry| entry.name.to_str().unwrap()).collect();
        names.join(" ")
    }

    #[test]
    fn orders() {
        let entries = [("b", 3, 2), ("z/", 4096, 3), ("A", 3, 5), ("c", 1, 0), ("y/", 8192, 4)];
        let cases = [
            ("sort=name", "y z A b c"),
            ("sort=-name", "z y c b A"),
            ("sort=size", "y z c A b"),
            ("sort=-size", "y z A b c"),
            ("sort=time", "c b z y A"),
            ("sort=-time", "A y z b c"),
            ("a=b&sort=-name", "z y c b A"),
            ("", "y z A b c"),
            ("sort=", "y z A b c"),
            ("sort=-", "y z A b c"),
            ("sort=-mood", "y z A b c"),
            ("sort=SIZE", "y z A b c"),
            ("resort=-name", "y z A b c"),
        ];
        for (query, expected) in cases {
            assert_eq!(sorted(query, &entries), expected, "{query}");
        }
        assert_eq!(Order::of(None), Order { key: Key::Name, is_descending: false });
    }

    #[test]
    fn names_are_compared_as_people_do() {
        let names = ["a10", "a9", "a", "a1b", "a1", "a01", "a_", "A2", "ab", "a-1", "10", "9", "a1.10", "a1.9"];
        let names = names.map(|name| (name, 0, 0));
        assert_eq!(sorted("", &names), "9 10 a a-1 a01 a1 a1.9 a1.10 a1b A2 a9 a10 a_ ab");
        let long = ["9".repeat(250), "1".repeat(251), "0".repeat(255)];
        let [nines, ones, zeros] = &long;
        let names = [ones, zeros, nines].map(|name| (name.as_str(), 0, 0));
        assert_eq!(sorted("", &names), format!("{zeros} {nines} {ones}"), "more digits than any integer has");
    }

    #[test]
    fn what_is_offered() {
        let cases = [
            ("", ["-name", "-size", "-time"]),
            ("sort=-name", ["name", "-size", "-time"]),
            ("sort=size", ["name", "-size", "-time"]),
            ("sort=-size", ["name", "size", "-time"]),
            ("sort=-time", ["name", "-size", "time"]),
        ];
        for (query, offered) in cases {
            let order = Order::of(Some(query));
            assert_eq!([Key::Name, Key::Size, Key::Time].map(|key| order.offer(key).to_string()), offered, "{query}");
        }
    }
}
