//! `docs/connectors.schema.json` and `docs/reference.md`, made from the types and the modules. With `UPDATE_DOCS=1` in the
//! environment these tests write the files; without it they compare.

use serde_json::{Map, Value};
use std::{env, fmt::Write, fs, path::Path};
use transom::{shipped, wasm::Manifest};
use transom_core::config;

#[track_caller]
fn check_file(path: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, made).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let hint = "is not what the code says; `UPDATE_DOCS=1 cargo test -p transom --test it reference` writes it";
    assert!(there == made, "{path} {hint}");
}

#[test]
fn the_schema_for_editors_is_up_to_date() {
    check_file("docs/connectors.schema.json", &format!("{:#}\n", config::schema_for_editors()));
}

#[test]
fn the_reference_is_up_to_date() {
    let mut reference = Reference { root: config::schema(), text: INTRODUCTION.to_owned() };
    reference.structure("The file", "Config");
    reference.heading(2, "Properties of librdkafka's");
    reference.owned_properties();
    reference.structure("`schemas`", "Schemas");
    reference.structure("A connector", "Connector");
    reference.structure("A transform", "Transform");
    reference.structure("`when`", "When");
    reference.choice("Sinks", "SinkSettings");
    reference.choice("Sources", "SourceSettings");
    reference.choice("Fields of made-up messages", "FieldValue");
    reference.choice("Converters", "ConverterSettings");
    reference.smts();
    reference.connect_settings();
    check_file("docs/reference.md", &reference.text);
}

const INTRODUCTION: &str = "\
# Reference of `connectors.yaml`

Made from the code; `transom validate` checks a file against it, `transom schema` prints it as JSON Schema. Editors complete
the file if its first line is `# yaml-language-server: $schema=docs/connectors.schema.json`.

Keys of Kafka's and Kafka Connect's are spelt as they spell them. A list of names is a YAML list, or names with commas between
them. A choice is a map with one key: `sink: {console: {}}`. Nothing behind a key that has a default is the default.

Values may hold placeholders: `${env:NAME}` is an environment variable, which must be set; `${env:NAME:-default}` is the default
where it is not set or empty; `${file:/path}` is the text of a file without the line break at its end, relative to the folder
of `connectors.yaml`. A number may come from one. `$$` is a dollar. Secrets belong into placeholders: one that stands in the file
works, with a warning. No message shows the value of a setting that may hold a secret, or of one that is not known.

Aliases, anchors, merge keys and tags of YAML are not read. Numbers are decimal.
";

struct Reference {
    root: Value,
    text: String,
}

impl Reference {
    fn heading(&mut self, level: usize, title: &str) {
        writeln!(self.text, "\n{} {title}\n", "#".repeat(level)).unwrap();
    }

    fn definition(&self, name: &str) -> Value {
        let definition = self.root["$defs"].get(name);
        definition
            .unwrap_or_else(|| if name == "Config" { &self.root } else { panic!("{name}") })
            .clone()
    }

    /// A section on settings with fixed keys, and below it on what only stands there.
    fn structure(&mut self, title: &str, name: &str) {
        self.heading(2, title);
        self.settings(&self.definition(name));
    }

    /// A section on a choice, with one for each that can be chosen.
    fn choice(&mut self, title: &str, name: &str) {
        self.heading(2, title);
        let definition = self.definition(name);
        writeln!(self.text, "{}", sentence(&definition)).unwrap();
        for choice in definition["oneOf"].as_array().unwrap() {
            let (tag, settings) = choice["properties"].as_object().unwrap().iter().next().unwrap();
            self.heading(3, &format!("`{tag}`"));
            writeln!(self.text, "{}\n", sentence(choice)).unwrap();
            let Some(name) = reference(settings) else {
                writeln!(self.text, "It takes: {}.", self.takes(settings)).unwrap();
                continue;
            };
            let settings = self.definition(name);
            if properties(&settings).next().is_none() && settings.get("oneOf").is_some() {
                writeln!(self.text, "It takes: {}.", self.takes(&settings)).unwrap();
                continue;
            }
            self.table(&settings);
            self.nested(&settings);
        }
    }

    fn settings(&mut self, definition: &Value) {
        writeln!(self.text, "{}\n", sentence(definition)).unwrap();
        self.table(definition);
    }

    /// Tables of the settings that stand in maps and lists of `definition` and nowhere else.
    fn nested(&mut self, definition: &Value) {
        for (key, schema) in properties(definition) {
            let inner = schema.get("additionalProperties").or(schema.get("items"));
            let Some(name) = inner.and_then(reference) else { continue };
            let inner = self.definition(name);
            if properties(&inner).next().is_none() {
                continue;
            }
            writeln!(self.text, "\nIn `{key}`: {}\n", sentence(&inner)).unwrap();
            self.table(&inner);
            self.nested(&inner);
        }
    }

    fn table(&mut self, definition: &Value) {
        let required: Vec<&str> = definition["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if properties(definition).next().is_none() {
            writeln!(self.text, "It has no settings.").unwrap();
            return;
        }
        writeln!(self.text, "| key | takes | default | what |\n|---|---|---|---|").unwrap();
        let mut words = String::new();
        for (key, schema) in properties(definition) {
            let default = match schema.get("default") {
                _ if required.contains(&key.as_str()) => "required".to_owned(),
                None | Some(Value::Null) => String::new(),
                Some(Value::Object(empty)) if empty.is_empty() => String::new(),
                Some(Value::String(empty)) if empty.is_empty() => String::new(),
                Some(default) => format!("`{}`", word(default)),
            };
            let takes = self.takes(schema);
            let row = [format!("`{key}`"), takes, default, sentence(schema)];
            let cells = row.map(|cell| cell.replace('|', "\\|"));
            writeln!(self.text, "| {} |", cells.join(" | ")).unwrap();
            for choice in
                self.words(schema).iter().filter(|choice| choice.get("description").is_some())
            {
                writeln!(words, "- `{key}: {}`: {}", word(&choice["const"]), sentence(choice))
                    .unwrap();
            }
        }
        if !words.is_empty() {
            write!(self.text, "\n{words}").unwrap();
        }
    }

    /// What a setting takes, in a few words.
    fn takes(&self, schema: &Value) -> String {
        if let Some(name) = reference(schema) {
            return known(name).map_or_else(|| self.takes(&self.definition(name)), str::to_owned);
        }
        if let Some(choices) = schema.get("anyOf").or(schema.get("oneOf")).and_then(Value::as_array)
        {
            let takes = choices.iter().filter(|choice| choice["type"] != "null");
            return takes.map(|choice| self.takes(choice)).collect::<Vec<_>>().join(" or ");
        }
        if let Some(value) = schema.get("const") {
            return format!("`{}`", word(value));
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values
                .iter()
                .map(|value| format!("`{}`", word(value)))
                .collect::<Vec<_>>()
                .join(" or ");
        }
        let types =
            schema["type"].as_array().map_or(std::slice::from_ref(&schema["type"]), Vec::as_slice);
        let kind = types
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or("any value");
        match kind {
            "integer" => format!("whole number{}", range(schema)),
            "string" if schema.get("examples").is_some() => {
                let examples = schema["examples"].as_array().unwrap();
                let examples: Vec<String> =
                    examples.iter().map(|example| format!("`{}`", word(example))).collect();
                format!("text like {}", examples.join(", "))
            }
            "string" => "text".to_owned(),
            "boolean" => "`true` or `false`".to_owned(),
            "array" => match self.takes(&schema["items"]) {
                inner if inner == "any value" => "list of any values".to_owned(),
                inner if inner.starts_with('[') => format!("list of {inner}"),
                inner if inner == "text" => "list of names".to_owned(),
                inner => format!("list of {inner}"),
            },
            "object" => {
                match schema.get("additionalProperties").map(|inner| (reference(inner), inner)) {
                    Some((Some("Connector" | "Transform"), inner)) => {
                        format!("{} by name", self.takes(inner))
                    }
                    Some((Some("MessageName"), inner)) => format!("{} by topic", self.takes(inner)),
                    Some((Some("MessageFields"), inner)) => {
                        format!("{} by message", self.takes(inner))
                    }
                    Some((Some(_), _)) => "settings by topic".to_owned(),
                    _ => "settings".to_owned(),
                }
            }
            other => other.to_owned(),
        }
    }

    /// The words of an enumeration that a setting takes.
    fn words(&self, schema: &Value) -> Vec<Value> {
        let inner =
            schema["anyOf"].as_array().and_then(|choices| choices.iter().find_map(reference));
        let Some(name) = reference(schema).or(inner) else { return Vec::new() };
        let definition = self.definition(name);
        let words = definition["oneOf"].as_array().cloned().unwrap_or_default();
        words.into_iter().filter(|choice| choice.get("const").is_some()).collect()
    }

    fn owned_properties(&mut self) {
        let text = "`kafka`, `consumer.override`, `producer.override` and the Kafka sink's `cluster` take every property of librdkafka's
([CONFIGURATION.md](https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md)), which judges them itself. `isolation.level` stands in
`consumer.override` alone. With `group.protocol: consumer`, `partition.assignment.strategy`, `session.timeout.ms` and `heartbeat.interval.ms`
are the broker's. Not to be set are:

| property | why | instead |
|---|---|---|";
        writeln!(self.text, "{text}").unwrap();
        for owned in &config::OWNED_PROPERTIES {
            let names =
                owned.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            writeln!(self.text, "| {names} | {} | {} |", owned.reason, owned.help).unwrap();
        }
    }

    fn smts(&mut self) {
        self.heading(2, "SMTs");
        writeln!(self.text, "What every build carries (`transom plugins`). Settings stand in the `config` of a transform.").unwrap();
        for name in shipped::names() {
            let manifest = Manifest::read(shipped::find(name).unwrap()).unwrap();
            self.heading(3, &format!("`{name}`"));
            writeln!(self.text, "{}\n", manifest.description).unwrap();
            self.table(&manifest.config);
        }
    }

    fn connect_settings(&mut self) {
        self.heading(2, "Other settings of Kafka Connect's");
        writeln!(self.text, "| setting | here |\n|---|---|").unwrap();
        for (setting, here) in config::CONNECT_SETTINGS {
            writeln!(self.text, "| `{setting}` | {} |", here.replace('|', "\\|")).unwrap();
        }
    }
}

/// What a setting takes whose type has a name that says more than its schema.
fn known(name: &str) -> Option<&'static str> {
    Some(match name {
        "List" => "list of names",
        "Properties" => "properties of librdkafka's",
        "SinkSettings" => "a [sink](#sinks)",
        "SourceSettings" => "a [source](#sources)",
        "ConverterSettings" => "a [converter](#converters)",
        "When" => "settings of [`when`](#when)",
        "Transform" => "[transforms](#a-transform)",
        "FieldValue" => "a [field](#fields-of-made-up-messages)",
        "MessageFields" => "[fields](#fields-of-made-up-messages)",
        "MessageName" => "name of a message",
        "Schemas" => "settings of [`schemas`](#schemas)",
        "Connector" => "[connectors](#a-connector)",
        _ => return None,
    })
}

fn properties(definition: &Value) -> impl Iterator<Item = (&String, &Value)> {
    definition["properties"].as_object().into_iter().flat_map(Map::iter)
}

/// The name of the definition that a schema refers to, also as one that may be absent.
fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// The doc comment on one line.
fn sentence(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn range(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", {least} or more"),
        (None, Some(most)) => format!(", {most} or less"),
        (None, None) => String::new(),
    }
}

/// A value as a person writes it.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
