//! The Date field: IMF-fixdate (RFC 9110 section 5.6.7).

/// The text of a date, always 29 bytes.
pub(crate) type DateText = [u8; 29];

/// The date `seconds` after 1970-01-01 00:00:00 UTC, up to the year 9999.
pub(crate) fn imf_fixdate(seconds: u64) -> DateText {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let weekday = WEEKDAYS[(days % 7) as usize];
    let month = MONTHS[month];
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let text = format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT");
    text.as_bytes().try_into().unwrap_or(*b"Fri, 31 Dec 9999 23:59:59 GMT")
}

/// Year, month (from 0) and day (from 1) of the day `days` after 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year, and in cycles of 400 years
/// (146,097 days), after which the calendar repeats.
fn civil(days: u64) -> (u64, usize, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (cycle, day_of_cycle) = (days / 146_097, days % 146_097);
    let leap_days = day_of_cycle / 1_460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month = (5 * day_of_year + 2) / 153; // from March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = 400 * cycle + year_of_cycle + u64::from(month >= 10);
    (year, (month as usize + 2) % 12, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: u64) -> String {
        String::from_utf8(imf_fixdate(seconds).to_vec()).unwrap()
    }

    #[test]
    fn known_dates() {
        assert_eq!(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(text(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT"); // the example of RFC 9110
        assert_eq!(text(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(text(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
        assert_eq!(text(u64::MAX / 2), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = civil(0);
        for day in 1..150_000 {
            let today = civil(day);
            let next_day = (before.0, before.1, before.2 + 1);
            let next_month = (before.0, before.1 + 1, 1);
            let next_year = (before.0 + 1, 0, 1);
            assert!([next_day, next_month, next_year].contains(&today), "{before:?} then {today:?}");
            assert!(today.2 <= 31 && (today.2 > 1 || before.2 >= 28));
            before = today;
        }
    }
}
