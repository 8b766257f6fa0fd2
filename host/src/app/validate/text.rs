//! Problems as a person reads them: what, where, the line with a caret, and the way out.

use super::count;
use std::io::{self, Write};
use transom_core::config::{Loaded, Problem, Severity, Source};

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Coloured,
}

/// Writes every problem, in the order of the text.
pub(super) fn write_problems(
    loaded: &Loaded,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    loaded.problems.iter().try_for_each(|problem| write(problem, &loaded.source, style, out))
}

/// Writes how many problems there are, or that there are none.
pub(super) fn write_sum(loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let file = loaded.source.origin();
    let (errors, warnings) = (count(loaded, Severity::Error), count(loaded, Severity::Warning));
    match (errors, warnings) {
        (0, 0) => writeln!(out, "{file} is valid"),
        (0, _) => writeln!(out, "{file} is valid, with {}", several(warnings, "warning")),
        (_, 0) => writeln!(out, "{file} is not valid: {}", several(errors, "error")),
        _ => {
            let (errors, warnings) = (several(errors, "error"), several(warnings, "warning"));
            writeln!(out, "{file} is not valid: {errors}, {warnings}")
        }
    }
}

pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn several(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn write(problem: &Problem, source: &Source, style: Style, out: &mut impl Write) -> io::Result<()> {
    let place = source.excerpt(problem.span);
    let (strong, colour, blue, end) = match (style, problem.severity) {
        (Style::Plain, _) => ("", "", "", ""),
        (Style::Coloured, Severity::Error) => ("\x1b[1m", "\x1b[1;31m", "\x1b[1;34m", "\x1b[0m"),
        (Style::Coloured, Severity::Warning) => ("\x1b[1m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[0m"),
    };
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let blanks = " ".repeat(place.before);
    let carets = "^".repeat(place.length);
    let Problem { message, label, help, severity, .. } = problem;
    writeln!(out, "{colour}{}{end}{strong}: {message}{end}", word(*severity))?;
    writeln!(out, "{margin}{blue}-->{end} {}:{}:{}", source.origin(), place.line, place.column)?;
    writeln!(out, "{blue}{margin} |{end}")?;
    writeln!(out, "{blue}{number} |{end} {}", place.text)?;
    writeln!(out, "{blue}{margin} |{end} {blanks}{colour}{carets} {label}{end}")?;
    writeln!(out, "{blue}{margin} ={end} {strong}help{end}: {help}\n")
}
