//! Which database is meant where none is named.

use crate::app::{Failure, configuration};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use transom_core::config::SinkSettings;

/// The one database that the sinks of a configuration write.
pub(super) fn of(file: &Path) -> Result<PathBuf, Failure> {
    let config = configuration::read_alone(file)?;
    let sinks = config.connectors.values().filter_map(|connector| connector.sink.as_ref());
    let paths: BTreeSet<&str> = sinks
        .filter_map(|sink| match sink {
            SinkSettings::Sqlite(sink) => Some(sink.path.as_str()),
            _ => None,
        })
        .collect();
    let file = file.display();
    match *paths.into_iter().collect::<Vec<_>>() {
        [path] => Ok(PathBuf::from(path)),
        [] => Err(Failure::Usage(format!(
            "no sink of {file} writes an SQLite database; name one with --db"
        ))),
        ref several => Err(Failure::Usage(format!(
            "the sinks of {file} write several databases, {}; name one with --db",
            several.join(" and ")
        ))),
    }
}
