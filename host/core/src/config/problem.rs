//! What is wrong in a configuration, where, and the way out.

/// A range of bytes in the text of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last; the same as `start` for a place between two bytes.
    pub end: usize,
}

impl Span {
    pub(super) fn within(self, start: usize, end: usize) -> Self {
        Self { start: self.start + start, end: self.start + end }
    }
}

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing runs with it.
    Error,
    /// It runs, and somebody should look at it.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub span: Span,
    /// What is wrong: names the thing, what was expected and what is there.
    pub message: String,
    /// What the caret says, in a few words.
    pub label: String,
    /// The way out.
    pub help: String,
}

impl Problem {
    /// A problem with which nothing runs.
    pub fn error(
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (message, label, help) = (message.into(), label.into(), help.into());
        Self { severity: Severity::Error, span, message, label, help }
    }

    /// A problem that stops nothing.
    pub fn warning(
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message, label, help) }
    }
}
