//! What an SMT answers when it refuses its settings or a record.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Why one record fails. The host treats it by the connector's error policy; the records beside it are unharmed.
///
/// ```
/// use smt_sdk::SmtError;
///
/// let error = SmtError::new("country-unknown", "`country`: expected an ISO code, found `XX`");
/// assert_eq!(error.to_string(), "country-unknown: `country`: expected an ISO code, found `XX`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtError {
    code: Cow<'static, str>,
    message: String,
}

impl SmtError {
    /// Code of a field that is there but not of the expected type.
    pub const FIELD_TYPE: &'static str = "field-type";
    /// Code of a field that must be there and is not.
    pub const FIELD_MISSING: &'static str = "field-missing";
    /// Code of a number that does not fit the expected type.
    pub const FIELD_RANGE: &'static str = "field-range";
    /// Code of a string with half of a surrogate pair, which is no Unicode text.
    pub const FIELD_TEXT: &'static str = "field-text";

    /// An error with a stable `code`, for policies and metrics, and a `message` for a person.
    ///
    /// A code is 1 to 64 of `a-z 0-9 . _ -` and does not begin with `guest-`; the host answers
    /// `guest-bad-error` for any other. A message names the field, what was expected and what was there, in
    /// lower case.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The text for a person.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for SmtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for SmtError {}

/// Why an SMT refuses its settings, and where in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    path: String,
    message: String,
}

impl SettingsError {
    /// An error at `path` in the settings, in the path syntax used everywhere; the empty path is the whole.
    ///
    /// [`Settings::error`](crate::Settings::error) writes the path of a setting.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// Where: a path into the settings.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong, for the operator.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for SettingsError {}
