//! x
use super::Failure;
use clap::Args;
#[derive(Debug, Args)]
pub(super) struct Arguments {}
pub(super) fn run(_: &Arguments) -> Result<(), Failure> {
    Ok(())
}
