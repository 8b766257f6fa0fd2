//! The configuration file, for commands that need one that holds.

use super::{Failure, validate};
use std::{
    io::{self, IsTerminal},
    path::Path,
};
use transom_core::config::{Config, Loaded};

/// Reads a configuration and all that it names. Problems are shown on standard error, warnings too.
pub(super) fn read(file: &Path) -> Result<Config, Failure> {
    hold(validate::read(file)?)
}

/// Reads a configuration without the modules and schemas that it names, for a command that uses neither.
pub(super) fn read_alone(file: &Path) -> Result<Config, Failure> {
    hold(validate::read_alone(file)?)
}

fn hold(mut loaded: Loaded) -> Result<Config, Failure> {
    let mut out = io::stderr().lock();
    validate::show(&loaded, out.is_terminal(), &mut out)?;
    loaded.config.take().ok_or(Failure::Invalid)
}
