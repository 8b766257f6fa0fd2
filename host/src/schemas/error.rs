//! What is wrong with schemas, and where.

use crate::error::on_one_line;
use miette::Diagnostic as _;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Why schemas could not be compiled: everything that is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SchemaError {
    /// At least one, in the order of the files.
    pub problems: Vec<SchemaProblem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// Which element of `schemas.protobuf` led there, counted from 0.
    pub entry: usize,
    /// The file, if it is about one.
    pub file: Option<PathBuf>,
    /// Line and column in it, counted from 1, where they are known.
    pub position: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some((line, column)) = self.position {
                write!(f, ":{line}:{column}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Problems while they are found.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<SchemaProblem>);

impl Problems {
    /// Adds an entry that means no file.
    pub(super) fn report(&mut self, entry: usize, error: impl std::error::Error + 'static) {
        let message = on_one_line(&error);
        self.0.push(SchemaProblem { entry, file: None, position: None, message });
    }

    /// Adds what the compiler says. A file that several import is told of once.
    pub(super) fn compiling(&mut self, entry: usize, roots: &[PathBuf], error: &protox::Error) {
        let file = error.file().map(|name| path_of(name, roots));
        let position = position(error);
        let mut message = on_one_line(error);
        if let Some(help) = error.help() {
            message = format!("{message}; {help}");
        }
        let known = |problem: &SchemaProblem| {
            (&problem.file, &problem.position, &problem.message) == (&file, &position, &message)
        };
        if !self.0.iter().any(known) {
            self.0.push(SchemaProblem { entry, file, position, message });
        }
    }

    /// # Errors
    /// [`SchemaError`] if there are any.
    pub(super) fn none(self) -> Result<(), SchemaError> {
        if self.0.is_empty() { Ok(()) } else { Err(SchemaError { problems: self.0 }) }
    }
}

/// Where a file that is imported by a name lies.
fn path_of(name: &str, roots: &[PathBuf]) -> PathBuf {
    let paths = roots.iter().map(|root| root.join(name));
    paths.into_iter().find(|path| path.is_file()).unwrap_or_else(|| Path::new(name).to_owned())
}

/// Line and column of what the compiler points at first.
fn position(error: &protox::Error) -> Option<(usize, usize)> {
    let label = error.labels()?.next()?;
    let span = error.source_code()?.read_span(label.inner(), 0, 0).ok()?;
    Some((span.line() + 1, span.column() + 1))
}
