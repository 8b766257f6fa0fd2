//! Logs, on standard error.

use super::Failure;
use crate::error::on_one_line;
use clap::ValueEnum;
use std::{
    env,
    io::{self, IsTerminal},
};
use tracing_subscriber::EnvFilter;

/// The variable that asks for more or less.
const VARIABLE: &str = EnvFilter::DEFAULT_ENV;

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a person.
    Text,
    /// A JSON object a line.
    Json,
}

/// Logs of a process that runs for long: from level info on, with times.
pub(super) fn of_a_run(format: Format) -> Result<(), Failure> {
    let lines = tracing_subscriber::fmt().with_env_filter(filter("info")?).with_writer(io::stderr);
    match format {
        Format::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        Format::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Logs of a command that is over soon: from level warn on.
pub(super) fn of_a_command() -> Result<(), Failure> {
    let ansi = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter("warn")?).with_writer(io::stderr);
    lines.with_ansi(ansi).without_time().init();
    Ok(())
}

/// What `RUST_LOG` asks for, or this.
fn filter(default: &str) -> Result<EnvFilter, Failure> {
    let asked = env::var_os(VARIABLE).filter(|asked| !asked.is_empty());
    let asked = asked.as_ref().map_or(default.into(), |asked| asked.to_string_lossy());
    EnvFilter::builder().parse(&asked).map_err(|error| {
        Failure::Usage(format!(
            "{VARIABLE}: `{asked}` is no filter: {}; expected a level, or targets with levels such as `info,kafka=debug`",
            on_one_line(&error)
        ))
    })
}
