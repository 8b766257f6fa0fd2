//! `transom schema`: the JSON Schema of `connectors.yaml`, for editors.

use super::Failure;
use std::io::{self, Write};
use transom_core::config;

pub(super) fn run() -> Result<(), Failure> {
    Ok(writeln!(io::stdout().lock(), "{:#}", config::schema_for_editors())?)
}
