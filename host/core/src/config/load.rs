//! Reading `connectors.yaml`: text to tree, placeholders, schema, rules, types. Every problem of a step is found; a later
//! step looks at what the earlier ones left whole.

use super::{
    Config, Environment, Place, Problem, Severity, Source, Span, check, json, placeholder, rules,
    tree::Node, yaml,
};
use serde_json::{Value, json};

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
                    Ok(read) => config = Some(read),
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    let mut loaded = Loaded { config, problems, source, tree: Tree(tree) };
    loaded.sort();
    loaded
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

    /// Adds problems that were found elsewhere. Secrets of this configuration are taken out of their words.
    pub fn report(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            let message = self.source.censor(&problem.message);
            self.problems.push(Problem { message, ..problem });
        }
        self.sort();
    }

    /// Holds the settings at a place against a JSON Schema, and hides what that does not know. The problems are not
    /// reported yet: whoever owns these settings may see it otherwise.
    pub fn check(&mut self, place: &Place, schema: &Value) -> Vec<Problem> {
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
pub fn schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

/// The JSON Schema for whoever sees the file before placeholders are resolved: one may stand for any scalar.
pub fn schema_for_editors() -> Value {
    let mut schema = schema();
    allow_placeholders(&mut schema);
    schema
}

fn allow_placeholders(schema: &mut Value) {
    let placeholder = json!({"type": "string", "pattern": r"\$\{(env|file):"});
    match schema {
        Value::Array(items) => items.iter_mut().for_each(allow_placeholders),
        Value::Object(map) => {
            let words = map.get("oneOf").and_then(|choices| choices.pointer("/0/const")).is_some();
            let is_scalar = map.get("type").is_some_and(|kind| {
                let kinds = kind.as_array().map_or(std::slice::from_ref(kind), Vec::as_slice);
                let is = |name: &str| kinds.iter().any(|kind| kind == name);
                (is("integer") || is("boolean")) && !is("string")
            });
            map.values_mut().for_each(allow_placeholders);
            if words && let Some(Value::Array(choices)) = map.get_mut("oneOf") {
                choices.push(placeholder);
            } else if is_scalar {
                let outside =
                    ["description", "default"].map(|key| (key.to_owned(), map.remove(key)));
                let inner = Value::Object(std::mem::take(map));
                map.insert("anyOf".to_owned(), json!([inner, placeholder]));
                map.extend(outside.into_iter().filter_map(|(key, value)| Some((key, value?))));
            }
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests;
