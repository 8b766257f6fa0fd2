//! Sources. To add one: a file here, a variant, a module in `host/src/connectors`, an arm in the `match` of `host/src/app`.

mod datagen;
mod file;

pub use datagen::{
    DatagenSource, DecimalRange, FieldValue, HexDigits, IntegerRange, Interval, IntervalRange,
    MessageFields, MessageName, RecentTime, RowColumn, Sequence, Uuid,
};
pub use file::{FileSource, FileSourceFormat};

use schemars::JsonSchema;
use serde::Deserialize;

/// Where records come from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceSettings {
    /// Lines of files.
    File(FileSource),
    /// Made-up messages, to try things out and to measure.
    Datagen(DatagenSource),
}
