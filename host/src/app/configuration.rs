//! The configuration file, for commands that need one that holds.

use super::{
    Failure,
    validate::{self, Given, Keep},
};
use clap::Args;
use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};
use transom_core::config::{Config, Connector, Loaded};

/// The variable that `--state-dir` stands for in a configuration.
pub(super) const STATE_DIR: &str = "TRANSOM_STATE_DIR";

/// Which configuration a command is about, and where what outlives a restart is.
#[derive(Debug, Args)]
pub(super) struct File {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "connectors.yaml")]
    pub(super) config: PathBuf,
    /// Directory for what outlives a restart, instead of `state.dir`; it is also what the file sees as
    /// `${env:TRANSOM_STATE_DIR}`.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl File {
    /// Reads the configuration and all that it names. Problems are shown on standard error; that there are warnings is said
    /// in a line. Compiled modules are kept in the state directory.
    pub(super) fn read(&self) -> Result<(Config, Origin), Failure> {
        let (file, given, state_dir) = (&self.config, self.given(), self.state_dir.as_deref());
        let mut loaded = validate::read(file, &given, Keep::In(state_dir))?;
        if loaded.is_valid() && !loaded.problems.is_empty() {
            let (file, warnings) = (file.display(), loaded.problems.len());
            let plural = if warnings == 1 { "" } else { "s" };
            writeln!(
                io::stderr(),
                "{file}: {warnings} warning{plural}; `transom validate {file}` shows more"
            )?;
        }
        let config = self.laid_over(hold(&mut loaded)?);
        Ok((config, Origin { file: file.clone(), given, loaded }))
    }

    /// Reads the configuration without the modules and schemas that it names, for a command that uses neither.
    pub(super) fn read_alone(&self) -> Result<Config, Failure> {
        let mut loaded = validate::read_alone(&self.config, &self.given())?;
        Ok(self.laid_over(hold(&mut loaded)?))
    }

    fn given(&self) -> Given {
        let given = self.state_dir.iter().map(|to| (STATE_DIR, to.display().to_string()));
        given.collect()
    }

    fn laid_over(&self, config: Config) -> Config {
        match &self.state_dir {
            Some(to) => Config { state_dir: to.display().to_string(), ..config },
            None => config,
        }
    }
}

/// How a configuration was read, so that it can be read again.
pub(super) struct Origin {
    pub(super) file: PathBuf,
    pub(super) given: Given,
    /// What was read.
    pub(super) loaded: Loaded,
}

/// Reads a configuration of ours and all that it names, with variables that the command decides, and without a word about
/// warnings.
pub(super) fn read_own(file: &Path, given: Given) -> Result<(Config, Origin), Failure> {
    let mut loaded = validate::read(file, &given, Keep::In(None))?;
    Ok((hold(&mut loaded)?, Origin { file: file.to_owned(), given, loaded }))
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
