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
        let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
        let before = digits(&mut rest);
        let after = match rest.strip_prefix('.') {
            Some(fraction) => {
                rest = fraction;
                digits(&mut rest)
            }
            None => "",
        };
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(exponent) => exponent.parse().ok()?,
            None if rest.is_empty() => 0,
            None => return None,
        };
        let some = before.len() + after.len() > 0;
        some.then_some(Self { negative, before, after, exponent })
    }

    /// As JSON, digits as they were given.
    fn spelt(&self) -> String {
        let mut spelt = String::from(if self.negative { "-" } else { "" });
        spelt.push_str(significant(self.before));
        if !self.after.is_empty() {
            spelt.push('.');
            spelt.push_str(self.after);
        }
        if self.exponent != 0 {
            spelt.push('e');
            spelt.push_str(&self.exponent.to_string());
        }
        spelt
    }

    /// What stands before the point once the exponent is gone.
    fn whole(&self) -> Option<String> {
        let mut whole = String::from(self.before);
        whole.push_str(self.after);
        let point = i64::try_from(self.before.len()).ok()? + i64::from(self.exponent);
        let count = usize::try_from(point.max(0)).ok().filter(|count| *count <= DIGITS)?;
        whole.truncate(count);
        while whole.len() < count {
            whole.push('0');
        }
        let digits = significant(&whole);
        let sign = if self.negative && digits != "0" { "-" } else { "" };
        let mut whole = String::from(sign);
        whole.push_str(digits);
        Some(whole)
    }
}

/// Takes the digits at the beginning.
fn digits<'a>(rest: &mut &'a str) -> &'a str {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, behind) = rest.split_at_checked(count).unwrap_or((rest, ""));
    *rest = behind;
    digits
}

/// The digits without zeros in front.
fn significant(digits: &str) -> &str {
    let zeros = digits.bytes().take_while(|digit| *digit == b'0').count();
    digits.get(zeros..).filter(|rest| !rest.is_empty()).unwrap_or("0")
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
