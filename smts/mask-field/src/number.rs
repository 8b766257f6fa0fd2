//! A replacement as a number: Java's decimal syntax, spelt as JSON spells it.

/// Most digits of a whole number that a replacement may stand for, so that `1e999999999` is not written out.
const DIGITS: usize = 400;

/// A replacement in the forms that a field may take.
#[derive(Debug)]
pub(crate) struct Replacement {
    text: String,
    number: Option<String>,
    whole: Option<String>,
}

impl Replacement {
    pub(crate) fn new(text: String) -> Self {
        let decimal = Decimal::parse(&text);
        let number = decimal.as_ref().map(Decimal::spelt);
        let whole = decimal.as_ref().and_then(Decimal::whole);
        Self { text, number, whole }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The replacement as a number; for a whole one what stands before the point. Nothing if it is no number.
    pub(crate) fn number(&self, whole: bool) -> Option<&str> {
        if whole { self.whole.as_deref() } else { self.number.as_deref() }
    }
}

/// Sign, digits on both sides of a point, exponent.
struct Decimal<'a> {
    negative: bool,
    before: &'a str,
    after: &'a str,
    exponent: i32,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (digits, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
        let sound = before.len() + after.len() > 0
            && before.bytes().chain(after.bytes()).all(|byte| byte.is_ascii_digit());
        let exponent = exponent.parse().ok().filter(|_| sound)?;
        Some(Self { negative, before, after, exponent })
    }

    /// As JSON, digits as they were given.
    fn spelt(&self) -> String {
        let before = match self.before.trim_start_matches('0') {
            "" => "0",
            before => before,
        };
        let sign = if self.negative { "-" } else { "" };
        let point = if self.after.is_empty() { "" } else { "." };
        let exponent =
            if self.exponent == 0 { String::new() } else { format!("e{}", self.exponent) };
        format!("{sign}{before}{point}{}{exponent}", self.after)
    }

    /// What stands before the point once the exponent is gone.
    fn whole(&self) -> Option<String> {
        let digits = format!("{}{}", self.before, self.after);
        let point = i64::try_from(self.before.len()).ok()? + i64::from(self.exponent);
        let count = usize::try_from(point.max(0)).ok().filter(|count| *count <= DIGITS)?;
        let kept: String = digits.chars().chain(std::iter::repeat('0')).take(count).collect();
        Some(match kept.trim_start_matches('0') {
            "" => "0".to_owned(),
            kept if self.negative => format!("-{kept}"),
            kept => kept.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, number: Option<&str>, whole: Option<&str>) {
        let replacement = Replacement::new(text.to_owned());
        assert_eq!(replacement.number(false), number, "{text}");
        assert_eq!(replacement.number(true), whole, "{text}");
    }

    #[test]
    fn decimals_are_read_as_java_reads_them() {
        check("7", Some("7"), Some("7"));
        check("-1.50", Some("-1.50"), Some("-1"));
        check("+5", Some("5"), Some("5"));
        check("007", Some("7"), Some("7"));
        check(".5", Some("0.5"), Some("0"));
        check("-0.5", Some("-0.5"), Some("0"));
        check("1.", Some("1"), Some("1"));
        check("1.25e1", Some("1.25e1"), Some("12"));
        check("1e3", Some("1e3"), Some("1000"));
        check("125E-2", Some("125e-2"), Some("1"));
        check("99999999999999999999", Some("99999999999999999999"), Some("99999999999999999999"));
        check("1e999999999", Some("1e999999999"), None);
        for text in
            ["", "x", "1d", "0x10", "NaN", "true", ".", "1e", "e1", " 1", "1 ", "--1", "1e+-1"]
        {
            check(text, None, None);
        }
    }
}
