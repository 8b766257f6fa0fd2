//! The command line, and the one place where the parts of the host are put together.

mod broker;
mod configuration;
mod demo;
mod dev;
mod dlq;
mod embedded;
mod library;
mod logs;
mod offsets;
mod plugins;
mod query;
mod reload;
mod run;
mod schema;
mod smt;
mod status;
mod validate;

use clap::{Parser, Subcommand};
use std::{
    io::{self, Write},
    process::ExitCode,
};

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failed while running: at least one record failed, or the work could not go on
  2  bad configuration or usage, a port or a directory that is taken: no record was touched
  3  finished, with records that were rejected (dead-lettered or skipped); not for the demo, which has some on purpose";

/// A Kafka Connect-style host with sandboxed single message transforms.
#[derive(Debug, Parser)]
#[command(name = "transom", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the connectors of a configuration, until SIGINT or SIGTERM.
    Run(run::Arguments),
    /// Run a configuration together with a broker of its own: nothing else has to be there.
    Dev(dev::Arguments),
    /// Show both workloads of connectors.yaml at work, in a minute and a folder of their own.
    Demo(demo::Arguments),
    /// Run the broker alone: one node, for development and tests.
    Broker(broker::Arguments),
    /// Work with SMTs (single message transforms).
    #[command(subcommand)]
    Smt(smt::Command),
    /// Check a configuration: every problem at once, with its place and the way out.
    Validate(validate::Arguments),
    /// Print the JSON Schema of connectors.yaml, for editors.
    Schema,
    /// List the SMTs that this binary carries: version, slots, config.
    Plugins(plugins::Arguments),
    /// Show what the connectors of a running process do.
    Status(status::Arguments),
    /// Have a running process read its configuration again and exchange the transforms that have changed.
    Reload(reload::Arguments),
    /// Show and set what connectors go on from.
    #[command(subcommand)]
    Offsets(offsets::Command),
    /// Work with dead letters.
    #[command(subcommand)]
    Dlq(dlq::Command),
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
    /// A run that came to its own end, with so many records that were dead-lettered or skipped.
    Rejected(u64),
    /// Bad configuration or usage: nothing was done.
    Usage(String),
    /// The configuration is not valid; what is wrong with it has been printed.
    Invalid,
    /// Whoever read the output has gone.
    BrokenPipe,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    ExitCode::from(exit_code(arguments.command.log().and_then(|()| arguments.command.run())))
}

/// Reports how a command ended, and says so as the process does.
fn exit_code(done: Result<(), Failure>) -> u8 {
    let (code, message) = match done {
        Ok(()) | Err(Failure::BrokenPipe) => (0, None),
        Err(Failure::Records) => (1, None),
        Err(Failure::Invalid) => (2, None),
        Err(Failure::Run(message)) => (1, Some(message)),
        Err(Failure::Usage(message)) => (2, Some(message)),
        Err(Failure::Rejected(records)) => {
            (3, Some(format!("finished; {records} records were rejected")))
        }
    };
    if let Some(message) = message {
        report(&message);
    }
    code
}

/// Writes a line for the operator. Standard error is the last resort, so a failure to write there is nobody's news.
fn report(message: &str) {
    drop(writeln!(io::stderr(), "transom: {message}"));
}

impl Command {
    /// Sends logs to standard error: of a run from level info on, with times; of other commands from warn on.
    /// `RUST_LOG` asks for more or less.
    fn log(&self) -> Result<(), Failure> {
        match self {
            Self::Run(arguments) => logs::of_a_run(arguments.log_format()),
            Self::Dev(arguments) => logs::of_a_run(arguments.log_format()),
            Self::Broker(arguments) => logs::of_a_run(arguments.log_format),
            _ => logs::of_a_command(),
        }
    }

    fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Run(arguments) => run::run(arguments),
            Self::Dev(arguments) => dev::run(arguments),
            Self::Demo(arguments) => demo::run(arguments),
            Self::Broker(arguments) => broker::run(arguments),
            Self::Smt(command) => smt::run(command),
            Self::Validate(arguments) => validate::run(arguments),
            Self::Schema => schema::run(),
            Self::Plugins(arguments) => plugins::run(arguments),
            Self::Status(arguments) => status::run(arguments),
            Self::Reload(arguments) => reload::run(arguments),
            Self::Offsets(command) => offsets::run(command),
            Self::Dlq(command) => dlq::run(command),
            Self::Query(arguments) => query::run(arguments),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Run(error.to_string()),
        }
    }
}
