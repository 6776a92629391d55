//! How numbers are written: `1 thread`, `118,293 requests`, `2.5 s`.

use std::time::Duration;

/// `1 thread`, `5,004 threads`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// With all its digits: `118,293`.
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A rate that somebody has asked for, as it was asked for: `1,000`, `0.5`.
pub(crate) fn exact(rate: f64) -> String {
    grouped(&rate.to_string())
}

/// A rate that came of something: `118,293`, `12.3`.
pub(crate) fn rate(rate: f64) -> String {
    let shown = format!("{rate:.1}");
    if shown.len() < "1000.0".len() { shown } else { grouped(&format!("{rate:.0}")) }
}

/// `5 s`, `0.25 s`.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// Puts a comma before every third digit of the whole number.
fn grouped(number: &str) -> String {
    let whole = number.find('.').unwrap_or(number.len());
    let mut text = String::new();
    for (index, digit) in number.chars().enumerate() {
        if index > 0 && index < whole && (whole - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        let counts = [0, 999, 1000, 118_293, 1_000_000].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "118,293", "1,000,000"]);
        assert_eq!([0.0, 12.34, 999.94, 999.96, 118_293.4].map(rate), ["0.0", "12.3", "999.9", "1,000", "118,293"]);
        assert_eq!([0.001, 1.0, 2500.125, 1e9].map(exact), ["0.001", "1", "2,500.125", "1,000,000,000"]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2000].map(|number| plural(number, "thread")), ["0 threads", "1 thread", "2,000 threads"]);
    }
}
