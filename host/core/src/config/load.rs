//! Reading `connectors.yaml`: text to tree, placeholders, schema, rules, types. Every problem of a step is found; a later
//! step looks at what the earlier ones left whole.

use super::{
    Config, Environment, Place, Problem, Severity, Source, Span, check, json, placeholder, rules,
    tree::{Node, Value},
    yaml,
};
use crate::secrets::Secrets;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

/// A configuration that was read, with everything that is wrong in it.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; nothing if there is an error.
    pub config: Option<Config>,
    /// What is wrong, in the order of the text.
    pub problems: Vec<Problem>,
    /// The text, as it may be shown.
    pub source: Source,
    tree: Tree,
}

/// The tree holds secrets that were put in, so it is not printed.
struct Tree(Option<Node>);

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Reads the text of a `connectors.yaml`. `origin` is the file's name, for messages.
pub fn load(text: &str, origin: &str, environment: &dyn Environment) -> Loaded {
    let mut problems = Vec::new();
    let mut source = Source::new(text, origin);
    let mut config = None;
    let mut tree = yaml::read(text, &mut problems);
    match &mut tree {
        None => source.hide_all_values(),
        Some(root) => {
            for secret in placeholder::resolve(root, text, environment, &mut problems) {
                source.keep_secret(&secret);
            }
            let top = (Span { start: 0, end: 1 }, &Place::default());
            problems.extend(check::check(root, top, &schema(), &mut source));
            rules::check(root, &source, &mut problems);
            if problems.iter().all(|problem| problem.severity == Severity::Warning) {
                match json::read(root) {
                    Ok(mut read) => {
                        tell_transforms(&mut read, source.secrets());
                        config = Some(read);
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    for problem in &mut problems {
        problem.message = source.secrets().censor_quoted(&problem.message);
    }
    let mut loaded = Loaded { config, problems, source, tree: Tree(tree) };
    loaded.sort();
    loaded
}

/// A module words errors itself, and knows the settings that it was given.
fn tell_transforms(config: &mut Config, secrets: &Secrets) {
    let transforms = config.connectors.values_mut().flat_map(|of| &mut of.transforms);
    transforms.for_each(|transform| transform.secrets = secrets.clone());
}

impl Loaded {
    /// True if there is no error; there may be warnings.
    pub fn is_valid(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity == Severity::Warning)
    }

    /// Where a place is in the text; the nearest one around it that is written, if it is not.
    pub fn locate(&self, place: &Place) -> Span {
        self.tree.0.as_ref().map_or_else(Span::default, |root| root.locate(place))
    }

    /// Where the key of a place is in the text, for a problem that is not about the value.
    pub fn locate_key(&self, place: &Place) -> Span {
        let found = self.tree.0.as_ref().and_then(|root| root.key_span(place));
        found.unwrap_or_else(|| self.locate(place))
    }

    /// The places directly below one: the values of a map, the items of a list.
    pub fn below(&self, place: &Place) -> Vec<Place> {
        let found = self.tree.0.as_ref().and_then(|root| root.at(place));
        let Some((node, _)) = found else { return Vec::new() };
        let keys = node.entries().iter().map(|entry| place.key(&entry.key));
        keys.chain((0..node.items().len()).map(|at| place.index(at))).collect()
    }

    /// A part of the configuration, also of one that is not valid: without settings that have an error in them. Nothing if
    /// it is not there, or cannot do without those.
    pub fn part<T: DeserializeOwned>(&self, place: &Place) -> Option<T> {
        let mut node = self.tree.0.as_ref()?.at(place)?.0.clone();
        if let Value::Map(entries) = &mut node.value {
            entries.retain(|entry| !self.has_error(entry.span()));
        }
        json::read(&node).ok()
    }

    fn has_error(&self, within: Span) -> bool {
        let mut errors = self.problems.iter().filter(|found| found.severity == Severity::Error);
        errors.any(|error| (within.start..=within.end).contains(&error.span.start))
    }

    /// Adds problems that were found elsewhere. Secrets of this configuration are taken out of their words.
    pub fn report(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            let message = self.source.secrets().censor(&problem.message).into_owned();
            self.problems.push(Problem { message, ..problem });
        }
        if !self.is_valid() {
            self.config = None;
        }
        self.sort();
    }

    /// Holds the settings at a place against a JSON Schema, and hides what that does not know. The problems are not
    /// reported yet: whoever owns these settings may see it otherwise.
    pub fn check(&mut self, place: &Place, schema: &Json) -> Vec<Problem> {
        let found = self.tree.0.as_ref().and_then(|root| root.at(place));
        let Some((mut node, key)) = found.map(|(node, key)| (node.clone(), key)) else {
            return Vec::new();
        };
        check::check(&mut node, (key, place), schema, &mut self.source)
    }

    fn sort(&mut self) {
        self.problems.sort_by_key(|problem| (problem.span.start, problem.severity));
    }
}

/// The JSON Schema of `connectors.yaml`.
pub fn schema() -> Json {
    schemars::schema_for!(Config).to_value()
}

/// The JSON Schema for whoever sees the file before placeholders are resolved: one may stand for any scalar.
pub fn schema_for_editors() -> Json {
    let mut schema = schema();
    allow_placeholders(&mut schema);
    schema
}

fn allow_placeholders(schema: &mut Json) {
    let placeholder = json!({"type": "string", "pattern": r"\$\{(env|file):"});
    match schema {
        Json::Array(items) => items.iter_mut().for_each(allow_placeholders),
        Json::Object(map) => {
            let words = map.get("oneOf").and_then(|choices| choices.pointer("/0/const")).is_some();
            let is_scalar = map.get("type").is_some_and(|kind| {
                let kinds = kind.as_array().map_or(std::slice::from_ref(kind), Vec::as_slice);
                let is = |name: &str| kinds.iter().any(|kind| kind == name);
                (is("integer") || is("boolean")) && !is("string")
            });
            map.values_mut().for_each(allow_placeholders);
            if words && let Some(Json::Array(choices)) = map.get_mut("oneOf") {
                choices.push(placeholder);
            } else if is_scalar {
                let outside =
                    ["description", "default"].map(|key| (key.to_owned(), map.remove(key)));
                let inner = Json::Object(std::mem::take(map));
                map.insert("anyOf".to_owned(), json!([inner, placeholder]));
                map.extend(outside.into_iter().filter_map(|(key, value)| Some((key, value?))));
            }
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests;
