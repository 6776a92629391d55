//! HTTP dates by the book (RFC 9110 section 5.6.7), in seconds since 1970: all three formats, read and written.

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    Fixed,
    /// `Sunday, 06-Nov-94 08:49:37 GMT`
    Rfc850,
    /// `Sun Nov  6 08:49:37 1994`
    Asctime,
}

/// A date of the years 1 to 9999 as text.
pub fn write(time: i64, format: Format) -> String {
    let (days, second) = (time.div_euclid(86_400), time.rem_euclid(86_400));
    let mut year = 1970 + days.div_euclid(if days < 0 { 365 } else { 366 }); // this one or one before it
    while days_before(year + 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12).rfind(|&month| days_before(year, month) <= days).expect("January at least");
    let day = days - days_before(year, month) + 1;
    let (weekday, month) = (DAYS[weekday(days)], MONTHS[month as usize - 1]);
    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    match format {
        Format::Fixed => format!("{}, {day:02} {month} {year:04} {clock} GMT", &weekday[..3]),
        Format::Rfc850 => format!("{weekday}, {day:02}-{month}-{:02} {clock} GMT", year % 100),
        Format::Asctime => format!("{} {month} {day:2} {clock} {year:04}", &weekday[..3]),
    }
}

/// The time that `text` names, if it is a date whose weekday is that of its day. A year of two digits is the last one
/// that is not more than fifty years ahead of `now`, or, if that is still to come, the one a century before: the
/// weekday tells which.
pub fn read(text: &[u8], now: i64) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let parts = fixed(text).or_else(|| asctime(text));
    parts.and_then(time).or_else(|| {
        let (weekday, day, month, year, clock) = rfc850(text)?;
        let this_year = (1970..).take_while(|&year| days_before(year, 1) <= now.div_euclid(86_400)).last()?;
        let latest = this_year + 50 - (this_year + 50 - year).rem_euclid(100);
        let earlier = (latest > this_year).then_some(latest - 100);
        [Some(latest), earlier].into_iter().flatten().find_map(|year| time((weekday, day, month, year, clock)))
    })
}

fn time((weekday, day, month, year, clock): Parts<'_>) -> Option<i64> {
    let month = MONTHS.iter().position(|&name| name == month)? as i64 + 1;
    let is_day = 1 <= day && days_before(year, month) + day <= days_before(year + month / 12, month % 12 + 1);
    let days = days_before(year, month) + day - 1;
    let mut numbers = clock.splitn(3, ':').map(|digits| number(digits, 2));
    let (hour, minute, second) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let is_time = hour < 24 && minute < 60 && second <= 60;
    let is_date = year > 0 && is_day && self::weekday(days) == weekday;
    (is_date && is_time).then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Weekday, day, month, year, clock.
type Parts<'a> = (usize, i64, &'a str, i64, &'a str);

fn fixed(text: &str) -> Option<Parts<'_>> {
    let (weekday, rest) = text.split_once(", ")?;
    let words: Vec<&str> = rest.split(' ').collect();
    let &[day, month, year, clock, "GMT"] = &words[..] else { return None };
    Some((short(weekday)?, number(day, 2)?, month, number(year, 4)?, clock))
}

/// With the last two digits of the year.
fn rfc850(text: &str) -> Option<Parts<'_>> {
    let (weekday, rest) = text.split_once(", ")?;
    let words: Vec<&str> = rest.split(['-', ' ']).collect();
    let &[day, month, year, clock, "GMT"] = &words[..] else { return None };
    let separators: Vec<&str> = rest.matches(['-', ' ']).collect();
    let weekday = DAYS.iter().position(|&name| name == weekday)?;
    (separators == ["-", "-", " ", " "]).then_some((weekday, number(day, 2)?, month, number(year, 2)?, clock))
}

fn asctime(text: &str) -> Option<Parts<'_>> {
    if text.len() != 24 || !text.is_ascii() || [3, 7, 10, 19].iter().any(|&at| text.as_bytes()[at] != b' ') {
        return None;
    }
    let day = &text[8..10];
    let day = day.strip_prefix(' ').map_or_else(|| number(day, 2), |digit| number(digit, 1))?;
    Some((short(&text[..3])?, day, &text[4..7], number(&text[20..], 4)?, &text[11..19]))
}

fn short(weekday: &str) -> Option<usize> {
    DAYS.iter().position(|name| &name[..3] == weekday)
}

fn number(digits: &str, len: usize) -> Option<i64> {
    let is_number = digits.len() == len && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// From 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let full = year - 1;
    let leap_days = full.div_euclid(4) - full.div_euclid(100) + full.div_euclid(400) - 477;
    365 * (year - 1970) + leap_days + BEFORE[month as usize - 1] + i64::from(is_leap && month > 2)
}

/// Sunday is 0.
fn weekday(days: i64) -> usize {
    (days + 4).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_543_783; // Tue, 24 Nov 2026 18:09:43 GMT

    #[test]
    fn all_formats() {
        let cases = [
            (
                784_111_777,
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                "Sun Nov  6 08:49:37 1994",
            ),
            (
                951_782_400,
                "Tue, 29 Feb 2000 00:00:00 GMT",
                "Tuesday, 29-Feb-00 00:00:00 GMT",
                "Tue Feb 29 00:00:00 2000",
            ),
            (NOW, "Tue, 24 Nov 2026 18:09:43 GMT", "Tuesday, 24-Nov-26 18:09:43 GMT", "Tue Nov 24 18:09:43 2026"),
        ];
        for (time, fixed, rfc850, asctime) in cases {
            for (format, text) in [(Format::Fixed, fixed), (Format::Rfc850, rfc850), (Format::Asctime, asctime)] {
                assert_eq!(write(time, format), text);
                assert_eq!(read(text.as_bytes(), NOW), Some(time), "{text}");
            }
        }
    }

    #[test]
    fn edges() {
        let cases = [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Wed, 31 Dec 1969 23:59:59 GMT", Some(-1)),
            ("Mon, 01 Jan 0001 00:00:00 GMT", Some(-62_135_596_800)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Sat, 31 Dec 2016 23:59:60 GMT", Some(1_483_228_800)),
            ("Friday, 01-Jan-77 00:00:00 GMT", None),
            ("Saturday, 01-Jan-77 00:00:00 GMT", Some(220_924_800)),
            ("Thursday, 01-Jan-76 00:00:00 GMT", Some(189_302_400)),
            ("Wednesday, 01-Jan-76 00:00:00 GMT", Some(3_345_062_400)),
            ("Mon, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun, 6 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 UTC", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Thu, 29 Feb 1900 00:00:00 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08-49:37 GMT", None),
            ("Sun, 06 Nov 94 08:49:37 GMT", None),
            ("sun, 06 Nov 1994 08:49:37 GMT", None),
            ("", None),
        ];
        for (text, time) in cases {
            assert_eq!(read(text.as_bytes(), NOW), time, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_alike() {
        for time in (-62_135_596_800..253_402_300_799).step_by(9_999_999_937) {
            assert_eq!(read(write(time, Format::Fixed).as_bytes(), NOW), Some(time));
        }
    }
}
