//! The settings of the mask.

use smt_sdk::{Settings, SettingsError};

/// What happens where a field is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is added as null, as Connect does.
    Null,
    /// Nothing.
    Ignore,
    /// The record fails.
    Fail,
}

/// The settings, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) paths: Vec<String>,
    pub(crate) replacement: Option<String>,
    pub(crate) key: bool,
    pub(crate) keep_last: usize,
    pub(crate) missing: Missing,
}

impl Config {
    pub(crate) fn read(settings: &mut Settings<'_>) -> Result<Self, SettingsError> {
        let replacement = settings.optional_text("replacement")?.map(|text| text.trim().to_owned());
        if replacement.as_deref() == Some("") {
            return Err(settings.error("replacement", "expected a text, found an empty one"));
        }
        Ok(Self {
            replacement,
            key: settings.choice("target", &["value", "key"])? == "key",
            keep_last: keep_last(settings)?,
            missing: match settings.choice("missing", &["null", "ignore", "fail"])? {
                "ignore" => Missing::Ignore,
                "fail" => Missing::Fail,
                _ => Missing::Null,
            },
            paths: paths(settings)?,
        })
    }
}

fn keep_last(settings: &mut Settings<'_>) -> Result<usize, SettingsError> {
    let count = settings.integer("keep.last")?.unwrap_or(0);
    u32::try_from(count).map(|count| count as usize).map_err(|error| {
        settings
            .error("keep.last", format!("expected a number of characters, found {count}: {error}"))
    })
}

fn paths(settings: &mut Settings<'_>) -> Result<Vec<String>, SettingsError> {
    let syntax = settings.field_syntax()?;
    if settings.json("fields").is_none() {
        return Err(settings.missing("fields"));
    }
    let paths = settings.fields("fields", syntax)?;
    if paths.is_empty() {
        return Err(settings.error("fields", "expected at least one field, found none"));
    }
    Ok(paths)
}
