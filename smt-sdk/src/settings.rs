//! The operator's settings, read with types and without a derive.

use crate::error::SettingsError;
use crate::json::Json;
use crate::place::member;
use smt_abi::path::{PathError, steps};

/// The settings of one SMT: a JSON object.
///
/// Each reader names a setting; `null` counts as not given. Once [`Smt::configure`](crate::Smt::configure) has
/// returned, a setting that no reader named is an error that lists those that were. So read all settings before
/// deciding by one of them.
///
/// ```
/// use smt_sdk::{Settings, SettingsError};
///
/// struct Config {
///     fields: Vec<String>,
///     replacement: Option<String>,
/// }
///
/// fn read(settings: &mut Settings<'_>) -> Result<Config, SettingsError> {
///     let fields = settings.texts("fields")?;
///     let replacement = settings.optional_text("replacement")?;
///     if fields.is_empty() {
///         return Err(settings.error("fields", "name at least one field"));
///     }
///     Ok(Config { fields, replacement })
/// }
/// ```
#[derive(Debug)]
pub struct Settings<'a> {
    config: &'a Json,
    known: Vec<&'static str>,
}

/// How the name of a field is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSyntax {
    /// As the name of a member of the record itself, dots and all.
    V1,
    /// As a path.
    V2,
}

impl FieldSyntax {
    /// The path of the field with this name.
    ///
    /// # Errors
    /// [`PathError`] where it is no path.
    pub fn path(self, name: &str) -> Result<String, PathError> {
        let path = match self {
            Self::V1 => member(name),
            Self::V2 => name.to_owned(),
        };
        steps(&path).find_map(Result::err).map_or(Ok(path), Err)
    }
}

impl<'a> Settings<'a> {
    pub(crate) fn new(config: &'a Json) -> Result<Self, SettingsError> {
        match config {
            Json::Object(_) => Ok(Self { config, known: Vec::new() }),
            other => {
                let found = other.kind();
                Err(SettingsError::new(
                    "",
                    format!("expected an object of settings, found {found}"),
                ))
            }
        }
    }

    /// The setting as JSON, or nothing where it is not given.
    pub fn json(&mut self, name: &'static str) -> Option<&'a Json> {
        self.known.push(name);
        self.config.get(name).filter(|value| **value != Json::Null)
    }

    /// A text that must be given.
    ///
    /// # Errors
    /// Where it is not given or no string.
    pub fn text(&mut self, name: &'static str) -> Result<String, SettingsError> {
        self.optional_text(name)?.ok_or_else(|| self.missing(name))
    }

    /// A text, if it is given.
    ///
    /// # Errors
    /// Where it is no string.
    pub fn optional_text(&mut self, name: &'static str) -> Result<Option<String>, SettingsError> {
        match self.json(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.mistyped(name, "a string", other)),
        }
    }

    /// A list of texts, empty where it is not given: a JSON list, items as they are, or Kafka Connect's one text
    /// with commas, items without the spaces around them.
    ///
    /// # Errors
    /// Where it is neither, or an item is no string.
    pub fn texts(&mut self, name: &'static str) -> Result<Vec<String>, SettingsError> {
        match self.json(name) {
            None => Ok(Vec::new()),
            Some(Json::String(text)) if text.trim_ascii().is_empty() => Ok(Vec::new()),
            Some(Json::String(text)) => {
                Ok(text.split(',').map(|item| item.trim_ascii().to_owned()).collect())
            }
            Some(Json::Array(items)) => {
                let text = |(at, item): (usize, &Json)| match item {
                    Json::String(text) => Ok(text.clone()),
                    other => Err(self.wrong_item(name, at, other)),
                };
                items.iter().enumerate().map(text).collect()
            }
            Some(other) => Err(self.mistyped(name, "a list of strings", other)),
        }
    }

    /// True or false, if it is given: a JSON boolean, or the words in a text.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, SettingsError> {
        match self.json(name) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(*value)),
            Some(Json::String(text)) if text.trim_ascii().eq_ignore_ascii_case("true") => {
                Ok(Some(true))
            }
            Some(Json::String(text)) if text.trim_ascii().eq_ignore_ascii_case("false") => {
                Ok(Some(false))
            }
            Some(other) => Err(self.mistyped(name, "true or false", other)),
        }
    }

    /// A whole number, if it is given: a JSON number, or its digits in a text.
    ///
    /// # Errors
    /// Where it is neither, or does not fit 64 bits.
    pub fn integer(&mut self, name: &'static str) -> Result<Option<i64>, SettingsError> {
        match self.json(name) {
            None => Ok(None),
            Some(Json::Number(text) | Json::String(text)) => {
                text.trim_ascii().parse().map(Some).map_err(|error: std::num::ParseIntError| {
                    self.error(name, format!("expected a whole number, found `{text}`: {error}"))
                })
            }
            Some(other) => Err(self.mistyped(name, "a whole number", other)),
        }
    }

    /// One of a few words, or the first of them where it is not given.
    ///
    /// # Errors
    /// Where it is another word or no string.
    pub fn choice(
        &mut self,
        name: &'static str,
        words: &[&'static str],
    ) -> Result<&'static str, SettingsError> {
        let Some(text) = self.optional_text(name)? else {
            return Ok(words.first().copied().unwrap_or_default());
        };
        words.iter().copied().find(|word| *word == text).ok_or_else(|| {
            self.error(name, format!("expected one of {}, found `{text}`", listed(words)))
        })
    }

    /// How names of fields are read: Kafka Connect's setting `field.syntax.version`.
    ///
    /// # Errors
    /// Where it is neither `V1` nor `V2`, in any case.
    pub fn field_syntax(&mut self) -> Result<FieldSyntax, SettingsError> {
        let name = "field.syntax.version";
        match self.optional_text(name)?.as_deref().map(str::trim_ascii) {
            None => Ok(FieldSyntax::V1),
            Some(version) if version.eq_ignore_ascii_case("V1") => Ok(FieldSyntax::V1),
            Some(version) if version.eq_ignore_ascii_case("V2") => Ok(FieldSyntax::V2),
            Some(other) => Err(self.error(name, format!("expected `V1` or `V2`, found `{other}`"))),
        }
    }

    /// A list of fields as paths; empty where it is not given. See [`texts`](Self::texts) for its forms.
    ///
    /// # Errors
    /// Where it is no list of strings, or an item is empty or no path.
    pub fn fields(
        &mut self,
        name: &'static str,
        syntax: FieldSyntax,
    ) -> Result<Vec<String>, SettingsError> {
        let mut paths = self.texts(name)?;
        for (at, path) in paths.iter_mut().enumerate() {
            if path.is_empty() {
                let message = "expected a field, found an empty name";
                return Err(self.item_error(name, at, message));
            }
            match syntax.path(path) {
                Ok(read) => *path = read,
                Err(error) => return Err(self.item_error(name, at, error.to_string())),
            }
        }
        Ok(paths)
    }

    /// A map of texts in the order given, empty where it is not given.
    ///
    /// # Errors
    /// Where it is no object, or a value is no string.
    pub fn map(&mut self, name: &'static str) -> Result<Vec<(String, String)>, SettingsError> {
        match self.json(name) {
            None => Ok(Vec::new()),
            Some(Json::Object(members)) => {
                let pair = |(key, value): &(String, Json)| match value {
                    Json::String(text) => Ok((key.clone(), text.clone())),
                    other => {
                        let path = format!("{}.{}", member(name), member(key));
                        let found = other.kind();
                        Err(SettingsError::new(path, format!("expected a string, found {found}")))
                    }
                };
                members.iter().map(pair).collect()
            }
            Some(other) => Err(self.mistyped(name, "a map of strings", other)),
        }
    }

    /// An error of the setting with this name, for rules that are the author's own.
    pub fn error(&self, name: &str, message: impl Into<String>) -> SettingsError {
        SettingsError::new(member(name), message)
    }

    /// An error of one item of a list, counted from 0.
    pub fn item_error(&self, name: &str, at: usize, message: impl Into<String>) -> SettingsError {
        let listed = matches!(self.config.get(name), Some(Json::Array(_)));
        let path = if listed { format!("{}[{at}]", member(name)) } else { member(name) };
        SettingsError::new(path, message)
    }

    /// The error of a setting that must be given and is not.
    pub fn missing(&self, name: &str) -> SettingsError {
        self.error(name, format!("the setting `{name}` is missing"))
    }

    /// Refuses what no reader named.
    pub(crate) fn finish(&self) -> Result<(), SettingsError> {
        let unknown = self
            .config
            .members()
            .iter()
            .find(|(name, _)| !self.known.iter().any(|known| known == name));
        let Some((name, _)) = unknown else { return Ok(()) };
        let known = match self.known.as_slice() {
            [] => "there are none".to_owned(),
            known => format!("known are {}", listed(known)),
        };
        Err(self.error(name, format!("unknown setting `{name}`; {known}")))
    }

    fn mistyped(&self, name: &str, expected: &str, found: &Json) -> SettingsError {
        let message = match found {
            Json::String(text) => format!("expected {expected}, found `{text}`"),
            other => format!("expected {expected}, found {}", other.kind()),
        };
        self.error(name, message)
    }

    fn wrong_item(&self, name: &str, at: usize, found: &Json) -> SettingsError {
        self.item_error(name, at, format!("expected a string, found {}", found.kind()))
    }
}

/// The words in backticks, each once, with commas.
fn listed(words: &[&str]) -> String {
    let mut list = String::new();
    for (at, word) in words.iter().enumerate() {
        if !words[..at].contains(word) {
            list.push_str(if at == 0 { "`" } else { ", `" });
            list.push_str(word);
            list.push('`');
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Debug;

    fn check<T: Debug>(
        config: &str,
        read: impl FnOnce(&mut Settings<'_>) -> Result<T, SettingsError>,
        expected: &str,
    ) {
        let config = Json::parse(config).unwrap();
        let result = Settings::new(&config).and_then(|mut settings| {
            let value = read(&mut settings)?;
            settings.finish()?;
            Ok(value)
        });
        let shown = match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("{}: {}", error.path(), error.message()),
        };
        assert_eq!(shown, expected, "{config}");
    }

    #[test]
    fn types_are_read() {
        check(r#"{"a":"x"}"#, |s| s.text("a"), "\"x\"");
        check(r#"{"a":null}"#, |s| s.optional_text("a"), "None");
        check(r#"{"a":[" x","y,z"]}"#, |s| s.texts("a"), "[\" x\", \"y,z\"]");
        check(r#"{"a":" x , y,"}"#, |s| s.texts("a"), "[\"x\", \"y\", \"\"]");
        check(r#"{"a":" "}"#, |s| s.texts("a"), "[]");
        check(r#"{"a":"True"}"#, |s| s.boolean("a"), "Some(true)");
        check(r#"{"a":false}"#, |s| s.boolean("a"), "Some(false)");
        check(r#"{"a":"12"}"#, |s| s.integer("a"), "Some(12)");
        check(r#"{"a":-3}"#, |s| s.integer("a"), "Some(-3)");
        check(r#"{"a":"x.y"}"#, |s| s.fields("a", FieldSyntax::V1), "[\"`x.y`\"]");
        check("{}", |s| s.choice("a", &["x", "y"]), "\"x\"");
        check(r#"{"m":{"a":"b"}}"#, |s| s.map("m"), "[(\"a\", \"b\")]");
    }

    #[test]
    fn problems_name_their_place() {
        check("[]", |s| s.text("a"), ": expected an object of settings, found an array");
        check("{}", |s| s.text("a"), "a: the setting `a` is missing");
        check(r#"{"a":1}"#, |s| s.text("a"), "a: expected a string, found a number");
        check(r#"{"k.l":1}"#, |s| s.text("k.l"), "`k.l`: expected a string, found a number");
        check(r#"{"a":["x",1]}"#, |s| s.texts("a"), "a[1]: expected a string, found a number");
        check(r#"{"a":{}}"#, |s| s.texts("a"), "a: expected a list of strings, found an object");
        let message = "a[1]: expected a field, found an empty name";
        check(r#"{"a":["x",""]}"#, |s| s.fields("a", FieldSyntax::V2), message);
        let message = "a: the backtick at byte 0 of the path is never closed";
        check(r#"{"a":"`x"}"#, |s| s.fields("a", FieldSyntax::V2), message);
        check(r#"{"a":"yes"}"#, |s| s.boolean("a"), "a: expected true or false, found `yes`");
        let message = "a: expected a whole number, found `1.5`: invalid digit found in string";
        check(r#"{"a":1.5}"#, |s| s.integer("a"), message);
        check(
            r#"{"a":"z"}"#,
            |s| s.choice("a", &["x", "y"]),
            "a: expected one of `x`, `y`, found `z`",
        );
        check(r#"{"m":{"a.b":1}}"#, |s| s.map("m"), "m.`a.b`: expected a string, found a number");
    }

    #[test]
    fn unknown_settings_are_refused() {
        let read = |s: &mut Settings<'_>| {
            s.optional_text("target")?;
            s.texts("fields")
        };
        let message = "feilds: unknown setting `feilds`; known are `target`, `fields`";
        check(r#"{"feilds":"a"}"#, read, message);
        check(r#"{"x":1}"#, |_| Ok(()), "x: unknown setting `x`; there are none");
    }
}
