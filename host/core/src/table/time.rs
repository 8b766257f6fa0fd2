//! Times: from seconds, milliseconds and ISO 8601 to ISO 8601 in UTC, by the Gregorian calendar in all years.

/// Days from 0000-01-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_528;
const DAY: i64 = 86_400;
/// For each month the days of a common year before it.
const DAYS_BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Appends a time as `YYYY-MM-DDThh:mm:ss[.fraction]Z`; false, and nothing is appended, outside of the years 0000 to
/// 9999. `fraction` has the digits behind the second.
pub(super) fn write(seconds: i64, fraction: &[u8], out: &mut Vec<u8>) -> bool {
    let days = seconds.div_euclid(DAY) + DAYS_TO_1970;
    let Some((year, month, day)) = date(days) else { return false };
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let [y1, y2] = digits(year / 100);
    let [y3, y4] = digits(year % 100);
    let ([m1, m2], [d1, d2]) = (digits(month), digits(day));
    let ([h1, h2], [n1, n2], [s1, s2]) = (digits(hour), digits(minute), digits(second));
    out.extend_from_slice(&[
        y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2,
    ]);
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
    out.push(b'Z');
    true
}

/// [`write`] of milliseconds since 1970, with three digits behind the second.
pub(super) fn write_milliseconds(milliseconds: i64, out: &mut Vec<u8>) -> bool {
    let fraction = milliseconds.rem_euclid(1_000);
    let ([_, first], [second, third]) = (digits(fraction / 100), digits(fraction % 100));
    write(milliseconds.div_euclid(1_000), &[first, second, third], out)
}

/// The two digits of a number below 100.
#[expect(clippy::cast_sign_loss, reason = "they are digits")]
const fn digits(number: i64) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

/// Reads `YYYY-MM-DDThh:mm:ss[.fraction]` and a zone (`Z`, `+hh`, `+hhmm`, `+hh:mm`): seconds since 1970, and the digits
/// behind the second. A blank may stand for the `T`. There are no leap seconds, as in Unix time.
pub(super) fn parse(text: &[u8]) -> Option<(i64, &[u8])> {
    let (date, time) = text.split_at_checked(10)?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let &[b'T' | b't' | b' ', h1, h2, b':', n1, n2, b':', s1, s2, ref rest @ ..] = time else {
        return None;
    };
    let days = days(number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?)?;
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, zone) = match rest {
        [b'.' | b',', rest @ ..] => {
            let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (count > 0).then(|| rest.split_at(count))?
        }
        _ => (&rest[..0], rest),
    };
    let local = (days - DAYS_TO_1970) * DAY + hour * 3_600 + minute * 60 + second;
    Some((local - offset(zone)?, fraction))
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, hour, minute) = match *zone {
        [b'Z' | b'z'] => return Some(0),
        [sign, h1, h2] => (sign, number(&[h1, h2])?, 0),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => {
            (sign, number(&[h1, h2])?, number(&[m1, m2])?)
        }
        _ => return None,
    };
    let ahead = (hour <= 23 && minute <= 59).then_some(hour * 3_600 + minute * 60)?;
    match sign {
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    let next = |value: i64, digit: &u8| {
        digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
    };
    digits.iter().try_fold(0, next)
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 0000-01-01 to the first of January; the leap years before it are counted.
const fn first_day(year: i64) -> i64 {
    365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
}

/// Days of a year before a month, from 1.
fn days_before(year: i64, month: i64) -> Option<i64> {
    let before = DAYS_BEFORE.get(usize::try_from(month - 1).ok()?)?;
    Some(before + i64::from(month > 2 && is_leap(year)))
}

/// Days from 0000-01-01; nothing if there is no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let before = days_before(year, month)?;
    let length = days_before(year, month + 1).unwrap_or(365 + i64::from(is_leap(year))) - before;
    (1..=length).contains(&day).then(|| first_day(year) + before + day - 1)
}

/// Year, month and day; nothing outside of the years 0 to 9999.
fn date(days: i64) -> Option<(i64, i64, i64)> {
    if !(0..first_day(10_000)).contains(&days) {
        return None;
    }
    // Right, or one too many: 400 years have 146 097 days.
    let guess = days * 400 / 146_097;
    let year = if first_day(guess) > days { guess - 1 } else { guess };
    let year = if first_day(year + 1) <= days { year + 1 } else { year };
    let of_year = days - first_day(year);
    let begun = (1..=12).rev().find_map(|month| {
        let before = days_before(year, month)?;
        (before <= of_year).then_some((month, of_year - before + 1))
    });
    begun.map(|(month, day)| (year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> Option<String> {
        let (seconds, fraction) = parse(text.as_bytes())?;
        let mut out = Vec::new();
        write(seconds, fraction, &mut out).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn iso_8601_is_read_with_its_zone() {
        for (text, expected) in [
            ("2023-10-01T12:34:56Z", Some("2023-10-01T12:34:56Z")),
            ("2023-10-01 12:34:56.1234567890123+05:30", Some("2023-10-01T07:04:56.1234567890123Z")),
            ("2024-02-29t23:59:59,5-0001", Some("2024-03-01T00:00:59.5Z")),
            ("1999-12-31T23:00:00-01", Some("2000-01-01T00:00:00Z")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00Z")),
            ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
            ("0000-01-01T00:00:00+01:00", None),
            ("9999-12-31T23:59:59-00:01", None),
            ("2023-02-29T00:00:00Z", None),
            ("1900-02-29T00:00:00Z", None),
            ("2000-02-29T00:00:00Z", Some("2000-02-29T00:00:00Z")),
            ("2023-13-01T00:00:00Z", None),
            ("2023-00-01T00:00:00Z", None),
            ("2023-01-00T00:00:00Z", None),
            ("2023-01-01T24:00:00Z", None),
            ("2023-01-01T23:59:60Z", None),
            ("2023-01-01T00:00:00", None),
            ("2023-01-01T00:00:00.Z", None),
            ("2023-01-01T00:00:00+24:00", None),
            ("2023-01-01T00:00:00Z ", None),
            ("2023-01-01", None),
            ("", None),
            ("２０２３-01-01T00:00:00Z", None),
        ] {
            assert_eq!(utc(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_bounds_are_those_of_four_digits() {
        for (seconds, expected) in [
            (-62_167_219_200, Some("0000-01-01T00:00:00Z")),
            (-62_167_219_201, None),
            (253_402_300_799, Some("9999-12-31T23:59:59Z")),
            (253_402_300_800, None),
            (i64::MIN, None),
            (i64::MAX, None),
            (0, Some("1970-01-01T00:00:00Z")),
            (-1, Some("1969-12-31T23:59:59Z")),
        ] {
            let mut out = Vec::new();
            let text = write(seconds, b"", &mut out).then_some(out);
            assert_eq!(text.as_deref(), expected.map(str::as_bytes), "{seconds}");
        }
        let mut out = Vec::new();
        assert!(write_milliseconds(-1, &mut out));
        assert_eq!(out, b"1969-12-31T23:59:59.999Z");
        assert!(!write_milliseconds(i64::MIN, &mut out) && !write_milliseconds(i64::MAX, &mut out));
    }

    /// The calendar, day by day from its first one: the only model that nobody can doubt.
    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (0, 1, 1);
        for number in 0..first_day(10_000) {
            assert_eq!(date(number), Some((year, month, day)));
            assert_eq!(days(year, month, day), Some(number));
            let length = match month {
                2 if is_leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (month, day) if day == length => (year, month + 1, 1),
                (month, day) => (year, month, day + 1),
            };
        }
        assert_eq!((year, month, day), (10_000, 1, 1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in -62_167_219_200_i64..=253_402_300_799, fraction in "[0-9]{0,12}") {
            let mut out = Vec::new();
            prop_assert!(write(seconds, fraction.as_bytes(), &mut out));
            prop_assert_eq!(parse(&out), Some((seconds, fraction.as_bytes())));
        }

        #[test]
        fn a_zone_moves_the_clock_alone(
            seconds in -62_000_000_000_i64..=253_000_000_000, minutes in -1_439_i64..=1_439
        ) {
            let mut out = Vec::new();
            prop_assert!(write(seconds + minutes * 60, b"", &mut out));
            out.pop();
            let (hour, minute) = (minutes.abs() / 60, minutes.abs() % 60);
            let sign = if minutes < 0 { '-' } else { '+' };
            out.extend_from_slice(format!("{sign}{hour:02}:{minute:02}").as_bytes());
            prop_assert_eq!(parse(&out), Some((seconds, &b""[..])));
        }
    }
}
