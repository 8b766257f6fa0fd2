//! Logs, on standard error.

use clap::ValueEnum;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a person.
    Text,
    /// A JSON object a line.
    Json,
}

/// Logs of a process that runs for long: from level info on, with times.
pub(super) fn of_a_run(format: Format) {
    let lines = tracing_subscriber::fmt().with_env_filter(filter("info")).with_writer(io::stderr);
    match format {
        Format::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        Format::Json => lines.json().flatten_event(true).init(),
    }
}

/// Logs of a command that is over soon: from level warn on.
pub(super) fn of_a_command() {
    let ansi = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter("warn")).with_writer(io::stderr);
    lines.with_ansi(ansi).without_time().init();
}

/// What `RUST_LOG` asks for, or this.
fn filter(default: &str) -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new(default))
}
