//! `transom smt …`

mod apply;
mod output;

use super::Failure;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run records from standard input through one SMT, in the sandbox, to standard output.
    Apply(apply::Arguments),
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Apply(arguments) => apply::run(arguments),
    }
}
