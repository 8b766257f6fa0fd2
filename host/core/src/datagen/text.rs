//! Numbers and times as text, written straight into a buffer.

use crate::config::TimestampUnit;

/// Digits of the greatest number of 64 bits.
const LONGEST: usize = 20;

/// A number in decimal digits.
pub(super) struct Digits {
    bytes: [u8; LONGEST],
    start: usize,
}

impl Digits {
    /// The digits of `number`, with zeros before them if they are fewer than `least` (at most 20).
    pub(super) fn of(mut number: u64, least: usize) -> Self {
        let mut digits = Self { bytes: [b'0'; LONGEST], start: LONGEST };
        while number > 0 {
            digits.start -= 1;
            digits.bytes[digits.start] += (number % 10) as u8;
            number /= 10;
        }
        digits.start = digits.start.min(LONGEST - least);
        digits
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// Appends a whole number.
pub(super) fn write_integer(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(Digits::of(number.unsigned_abs(), 1).bytes());
}

/// Appends a number of so many units of the last of `digits` decimals; every decimal is written.
pub(super) fn write_decimal(units: i64, digits: u32, out: &mut Vec<u8>) {
    if units < 0 {
        out.push(b'-');
    }
    let digits = digits as usize;
    let all = Digits::of(units.unsigned_abs(), digits + 1);
    let (whole, decimals) = all.bytes().split_at(all.bytes().len() - digits);
    out.extend_from_slice(whole);
    out.push(b'.');
    out.extend_from_slice(decimals);
}

/// Appends a time as JSON: a number, or a string in ISO 8601 to the second, in UTC.
pub(super) fn write_time(now_ms: i64, unit: TimestampUnit, out: &mut Vec<u8>) {
    match unit {
        TimestampUnit::UnixSeconds => write_integer(now_ms.div_euclid(1_000), out),
        TimestampUnit::UnixMilliseconds => write_integer(now_ms, out),
        TimestampUnit::Iso8601 => write_iso8601(now_ms.div_euclid(1_000), out),
    }
}

fn write_iso8601(seconds: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let time = seconds.rem_euclid(86_400);
    let parts = [
        (b'"', year, 4),
        (b'-', month, 2),
        (b'-', day, 2),
        (b'T', time / 3_600, 2),
        (b':', time / 60 % 60, 2),
        (b':', time % 60, 2),
    ];
    for (before, number, least) in parts {
        out.push(before);
        out.extend_from_slice(Digits::of(number.unsigned_abs(), least).bytes());
    }
    out.extend_from_slice(b"Z\"");
}

/// Year, month and day of a day since 1970-01-01. Years are taken to begin in March, so that a leap day is the last of
/// its year, and eras of 400 years repeat each other.
fn date(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    const MARCH_OF_YEAR_0: i64 = -719_468;
    let days = days - MARCH_OF_YEAR_0;
    let in_era = days.rem_euclid(ERA);
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Five months from March, August or January on have 153 days.
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = 400 * days.div_euclid(ERA) + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn integers_are_written_to_their_ends() {
        for number in [0, 1, -1, 10, 99, -100, i64::MAX, i64::MIN] {
            assert_eq!(text(|out| write_integer(number, out)), number.to_string());
        }
        assert_eq!(Digits::of(u64::MAX, 1).bytes(), u64::MAX.to_string().as_bytes());
    }

    #[test]
    fn decimals_keep_every_digit() {
        let check = |units, digits, expected| {
            assert_eq!(text(|out| write_decimal(units, digits, out)), expected);
        };
        check(10_000, 2, "100.00");
        check(2_000_000, 2, "20000.00");
        check(1, 2, "0.01");
        check(-5, 2, "-0.05");
        check(-1_234, 3, "-1.234");
        check(0, 1, "0.0");
        check(110, 2, "1.10");
        check(i64::MAX, 9, "9223372036.854775807");
    }

    #[test]
    fn times_are_spelt_in_each_unit() {
        let check =
            |ms, unit, expected| assert_eq!(text(|out| write_time(ms, unit, out)), expected);
        check(1_696_163_696_789, TimestampUnit::UnixSeconds, "1696163696");
        check(1_696_163_696_789, TimestampUnit::UnixMilliseconds, "1696163696789");
        check(1_696_163_696_789, TimestampUnit::Iso8601, "\"2023-10-01T12:34:56Z\"");
        check(0, TimestampUnit::Iso8601, "\"1970-01-01T00:00:00Z\"");
        check(-1, TimestampUnit::Iso8601, "\"1969-12-31T23:59:59Z\"");
        check(951_782_400_000, TimestampUnit::Iso8601, "\"2000-02-29T00:00:00Z\"");
        check(4_107_542_399_000, TimestampUnit::Iso8601, "\"2100-02-28T23:59:59Z\"");
        check(4_107_542_400_000, TimestampUnit::Iso8601, "\"2100-03-01T00:00:00Z\"");
    }

    #[test]
    fn days_follow_each_other_as_a_calendar_has_them() {
        let is_leap = |year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..60_000 {
            assert_eq!(date(days), (year, month, day));
            let length = match month {
                2 => 28 + i64::from(is_leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (day < length, month < 12) {
                (true, _) => (year, month, day + 1),
                (false, true) => (year, month + 1, 1),
                (false, false) => (year + 1, 1, 1),
            };
        }
    }
}
