//! The configuration file, for commands that need one that holds.

use super::{
    Failure,
    validate::{self, Given, Keep},
};
use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};
use transom_core::config::{Config, Connector, Loaded};

/// How a configuration was read, so that it can be read again.
pub(super) struct Origin {
    pub(super) file: PathBuf,
    pub(super) given: Given,
    /// What was read.
    pub(super) loaded: Loaded,
}

/// Reads a configuration and all that it names, with variables that the command decides. Problems are shown on standard
/// error; that there are warnings is said in a line. Compiled modules are kept below `state_dir`, or the configuration's.
pub(super) fn read_given(
    file: &Path,
    given: Given,
    state_dir: Option<&Path>,
) -> Result<(Config, Origin), Failure> {
    let mut loaded = validate::read(file, &given, Keep::In(state_dir))?;
    if loaded.is_valid() && !loaded.problems.is_empty() {
        let (file, warnings) = (file.display(), loaded.problems.len());
        let plural = if warnings == 1 { "" } else { "s" };
        writeln!(
            io::stderr(),
            "{file}: {warnings} warning{plural}; `transom validate {file}` shows more"
        )?;
    }
    Ok((hold(&mut loaded)?, Origin { file: file.to_owned(), given, loaded }))
}

/// The same, without a word about warnings: for a configuration of ours.
pub(super) fn read_own(file: &Path, given: Given) -> Result<(Config, Origin), Failure> {
    let mut loaded = validate::read(file, &given, Keep::In(None))?;
    Ok((hold(&mut loaded)?, Origin { file: file.to_owned(), given, loaded }))
}

/// Reads a configuration without the modules and schemas that it names, for a command that uses neither.
pub(super) fn read_alone(file: &Path) -> Result<Config, Failure> {
    hold(&mut validate::read_alone(file, &Given::new())?)
}

/// The connector of a name.
///
/// # Errors
/// [`Failure`] if the configuration, which was read from `file`, has none.
pub(super) fn connector<'a>(
    config: &'a Config,
    file: &Path,
    name: &str,
) -> Result<&'a Connector, Failure> {
    config.connectors.get(name).ok_or_else(|| {
        let known: Vec<&str> = config.connectors.keys().map(String::as_str).collect();
        let (file, known) = (file.display(), known.join(", "));
        Failure::Usage(format!("`{file}` has no connector `{name}`; it has {known}"))
    })
}

fn hold(loaded: &mut Loaded) -> Result<Config, Failure> {
    if let Some(config) = loaded.config.take() {
        return Ok(config);
    }
    let mut out = io::stderr().lock();
    validate::show(loaded, out.is_terminal(), &mut out)?;
    Err(Failure::Invalid)
}
