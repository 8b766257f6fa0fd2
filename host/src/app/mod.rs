//! The command line, and the one place where the parts of the host are put together.

mod library;
mod plugins;
mod query;
mod smt;

use clap::{Parser, Subcommand};
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};
use tracing_subscriber::EnvFilter;

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failed while running: at least one record failed, or the work could not go on
  2  bad configuration or usage: nothing was done";

/// A Kafka Connect-style host with sandboxed single message transforms.
#[derive(Debug, Parser)]
#[command(name = "transom", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Work with SMTs (single message transforms).
    #[command(subcommand)]
    Smt(smt::Command),
    /// List the SMTs that this binary carries: version, slots, config.
    Plugins(plugins::Arguments),
    /// Look into an SQLite database: what a statement selects, as a table, CSV or JSON.
    Query(query::Arguments),
}

/// Why a command ended without doing all it was asked for.
#[derive(Debug)]
enum Failure {
    /// At least one record failed; each has been reported.
    Records,
    /// The work could not go on.
    Run(String),
    /// Bad configuration or usage: nothing was done.
    Usage(String),
    /// Whoever read the output has gone.
    BrokenPipe,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    let done = match arguments.command {
        Command::Smt(command) => smt::run(&command),
        Command::Plugins(arguments) => plugins::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
    };
    let (code, message) = match done {
        Ok(()) | Err(Failure::BrokenPipe) => (0, None),
        Err(Failure::Records) => (1, None),
        Err(Failure::Run(message)) => (1, Some(message)),
        Err(Failure::Usage(message)) => (2, Some(message)),
    };
    if let Some(message) = message {
        report(&message);
    }
    ExitCode::from(code)
}

/// Writes a line for the operator. Standard error is the last resort, so a failure to write there is nobody's news.
fn report(message: &str) {
    drop(writeln!(io::stderr(), "transom: {message}"));
}

/// Logs at level warn and above; `RUST_LOG` asks for more or less.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("warn"));
    let ansi = io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(ansi)
        .without_time()
        .init();
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Run(error.to_string()),
        }
    }
}
