//! The configuration file, for commands that need one that holds.

use super::{
    Failure,
    validate::{self, Given},
};
use std::{
    io::{self, IsTerminal},
    path::Path,
};
use transom_core::config::{Config, Loaded};

/// Reads a configuration and all that it names. Problems are shown on standard error, warnings too.
pub(super) fn read(file: &Path) -> Result<Config, Failure> {
    read_given(file, &Given::new())
}

/// The same, with variables that the command decides.
pub(super) fn read_given(file: &Path, given: &Given) -> Result<Config, Failure> {
    hold(validate::read(file, given)?)
}

/// Reads a configuration without the modules and schemas that it names, for a command that uses neither.
pub(super) fn read_alone(file: &Path) -> Result<Config, Failure> {
    hold(validate::read_alone(file, &Given::new())?)
}

fn hold(mut loaded: Loaded) -> Result<Config, Failure> {
    let mut out = io::stderr().lock();
    validate::show(&loaded, out.is_terminal(), &mut out)?;
    loaded.config.take().ok_or(Failure::Invalid)
}
