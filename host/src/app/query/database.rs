//! Which database is meant where none is named.

use crate::app::{Failure, configuration::File};
use std::{collections::BTreeSet, path::PathBuf};
use transom_core::config::SinkSettings;

/// The one database that the sinks of a configuration write.
pub(super) fn of(file: &File) -> Result<PathBuf, Failure> {
    let config = file.read_alone()?;
    let sinks = config.connectors.values().filter_map(|connector| connector.sink.as_ref());
    let paths: BTreeSet<&str> = sinks
        .filter_map(|sink| match sink {
            SinkSettings::Sqlite(sink) => Some(sink.path.as_str()),
            _ => None,
        })
        .collect();
    let file = file.config.display();
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
