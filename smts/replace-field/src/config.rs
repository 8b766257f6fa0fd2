//! The settings: which fields stay, which go, which get other names.

use smt_sdk::path::{Step, steps};
use smt_sdk::{FieldSyntax, Settings, SettingsError};

/// The settings, checked; fields are paths.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) renames: Vec<Rename>,
    pub(crate) key: bool,
}

/// A field and the name that it gets.
#[derive(Debug)]
pub(crate) struct Rename {
    pub(crate) path: String,
    pub(crate) name: String,
}

impl Config {
    pub(crate) fn read(settings: &mut Settings<'_>) -> Result<Self, SettingsError> {
        let syntax = settings.field_syntax()?;
        Ok(Self {
            include: paths(settings, syntax, "include")?,
            exclude: paths(settings, syntax, "exclude")?,
            renames: renames(settings, syntax)?,
            key: settings.choice("target", &["value", "key"])? == "key",
        })
    }
}

fn paths(
    settings: &mut Settings<'_>,
    syntax: FieldSyntax,
    name: &'static str,
) -> Result<Vec<String>, SettingsError> {
    let paths = settings.fields(name, syntax)?;
    for (at, path) in paths.iter().enumerate() {
        refuse_elements(settings, (name, at), path)?;
    }
    Ok(paths)
}

/// Elements of arrays can be neither kept nor dropped nor renamed.
fn refuse_elements(
    settings: &Settings<'_>,
    (name, at): (&str, usize),
    path: &str,
) -> Result<(), SettingsError> {
    if steps(path).any(|step| matches!(step, Ok(Step::Index(_)))) {
        let message = format!("expected a field, found `{path}`, an element of an array");
        return Err(settings.item_error(name, at, message));
    }
    Ok(())
}

fn renames(settings: &mut Settings<'_>, syntax: FieldSyntax) -> Result<Vec<Rename>, SettingsError> {
    let name = "renames";
    let mappings = settings.texts(name)?;
    let mut renames: Vec<Rename> = Vec::with_capacity(mappings.len());
    for (at, mapping) in mappings.iter().enumerate() {
        let halves =
            mapping.split_once(':').filter(|(_, new)| !new.is_empty() && !new.contains(':'));
        let Some((old, new)) = halves else {
            let message = format!("expected `old:new`, found `{mapping}`");
            return Err(settings.item_error(name, at, message));
        };
        let path = match syntax.path(old) {
            Ok(path) => path,
            Err(error) => return Err(settings.item_error(name, at, error.to_string())),
        };
        refuse_elements(settings, (name, at), &path)?;
        // Of two new names for one field the last counts, as in Connect.
        renames.retain(|rename| rename.path != path);
        renames.push(Rename { path, name: new.to_owned() });
    }
    Ok(renames)
}
