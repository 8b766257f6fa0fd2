//! JSON numbers, exactly.

/// A number by its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number<'a> {
    negative: bool,
    /// Digits before the point.
    whole: &'a [u8],
    /// Digits behind it.
    fraction: &'a [u8],
    /// The power of ten; what has too many digits for it is far beyond any range, and stands at the end of this one.
    exponent: i64,
}

/// Why a text is no whole number of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotWhole {
    /// It is no number as JSON spells them.
    NoNumber,
    /// It has a fraction.
    Fraction,
    /// It does not fit.
    Range,
}

/// True if a text is a number as JSON spells them.
pub(super) fn is_number(text: &[u8]) -> bool {
    parse(text).is_some()
}

/// The whole number that a text means, whatever way it is spelt.
pub(super) fn whole(text: &[u8]) -> Result<i64, NotWhole> {
    let number = parse(text).ok_or(NotWhole::NoNumber)?;
    let digits = || number.whole.iter().chain(number.fraction).map(|digit| i64::from(digit - b'0'));
    let count = number.whole.len() + number.fraction.len();
    let before_point = number.exponent.saturating_add_unsigned(number.whole.len() as u64);
    let kept = usize::try_from(before_point).unwrap_or(0).min(count);
    if digits().skip(kept).any(|digit| digit != 0) {
        return Err(NotWhole::Fraction);
    }
    // Below zero, where there is one number more.
    let mut below = 0_i64;
    for digit in digits().take(kept) {
        let shifted = below.checked_mul(10).and_then(|value| value.checked_sub(digit));
        below = shifted.ok_or(NotWhole::Range)?;
    }
    let zeros = before_point.saturating_sub_unsigned(count as u64);
    for _ in 0..if below == 0 { 0 } else { zeros.max(0) } {
        below = below.checked_mul(10).ok_or(NotWhole::Range)?;
    }
    if number.negative { Ok(below) } else { below.checked_neg().ok_or(NotWhole::Range) }
}

/// The nearest double; nothing if a text is no number, or means one beyond the range.
pub(super) fn real(text: &[u8]) -> Option<f64> {
    let text = is_number(text).then(|| std::str::from_utf8(text).ok()).flatten()?;
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn parse(text: &[u8]) -> Option<Number<'_>> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (whole, rest) = digits(rest)?;
    if whole.len() > 1 && whole[0] == b'0' {
        return None;
    }
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest)?,
        _ => (&rest[..0], rest),
    };
    let (exponent, rest) = match rest {
        [b'e' | b'E', b'-', rest @ ..] => {
            digits(rest).map(|(power, rest)| (-value(power), rest))?
        }
        [b'e' | b'E', b'+', rest @ ..] | [b'e' | b'E', rest @ ..] => {
            digits(rest).map(|(power, rest)| (value(power), rest))?
        }
        _ => (0, rest),
    };
    rest.is_empty().then_some(Number { negative, whole, fraction, exponent })
}

/// The digits that a text begins with, at least one, and what follows.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| text.split_at(count))
}

fn value(digits: &[u8]) -> i64 {
    let next =
        |value: i64, digit: &u8| value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    digits.iter().fold(0, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_are_exact() {
        use NotWhole::{Fraction, NoNumber, Range};
        for (text, expected) in [
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("9223372036854775808", Err(Range)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("-9223372036854775809", Err(Range)),
            ("92233720368547758070e-1", Ok(i64::MAX)),
            ("3.000", Ok(3)),
            ("3.5", Err(Fraction)),
            ("35e-1", Err(Fraction)),
            ("3.5e1", Ok(35)),
            ("1E+3", Ok(1_000)),
            ("1e18", Ok(1_000_000_000_000_000_000)),
            ("1e19", Err(Range)),
            ("1e99999999999999999999999", Err(Range)),
            ("0e99999999999999999999999", Ok(0)),
            ("1e-99999999999999999999999", Err(Fraction)),
            ("0.0e-99999999999999999999999", Ok(0)),
            ("", Err(NoNumber)),
            ("-", Err(NoNumber)),
            ("+1", Err(NoNumber)),
            ("01", Err(NoNumber)),
            ("1.", Err(NoNumber)),
            (".5", Err(NoNumber)),
            ("1e", Err(NoNumber)),
            (" 1", Err(NoNumber)),
            ("NaN", Err(NoNumber)),
        ] {
            assert_eq!(whole(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn doubles_stay_in_their_range() {
        assert_eq!(real(b"1.7976931348623157e308"), Some(f64::MAX));
        assert_eq!(real(b"-0.1"), Some(-0.1));
        for text in ["1e309", "-1e309", "inf", "NaN", "1_0", "0x1"] {
            assert_eq!(real(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_moved_point_changes_nothing(number in any::<i64>(), places in 0_usize..25) {
            let digits = format!("{:0>width$}", number.unsigned_abs(), width = places + 1);
            let (whole_part, fraction) = digits.split_at(digits.len() - places);
            let sign = if number < 0 { "-" } else { "" };
            let point = if places > 0 { "." } else { "" };
            let spelt = format!("{sign}{whole_part}{point}{fraction}e{places}");
            prop_assert_eq!(whole(spelt.as_bytes()), Ok(number), "{}", spelt);
        }

        #[test]
        fn what_serde_takes_for_a_number_is_one(text in "-?[0-9.eE+-]{0,8}") {
            let expected = serde_json::from_str::<serde_json::Number>(&text).is_ok();
            prop_assert_eq!(is_number(text.as_bytes()), expected, "{}", text);
        }
    }
}
