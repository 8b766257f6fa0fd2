//! `transom plugins`: the SMTs that this binary carries.

use super::{Failure, library};
use crate::{
    shipped,
    wasm::{Instance, Manifest, Module},
};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

/// An SMT, and what it asks for under some configuration: which slots it reads depends on that.
struct Plugin {
    manifest: Manifest,
    slots: Vec<String>,
    /// The configuration that `slots` were asked for with.
    config: Value,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = library::runtime()?;
    let mut plugins = Vec::new();
    for name in shipped::names() {
        plugins.push(Plugin::of(&library::load(&runtime, name)?)?);
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        let all: Vec<Value> = plugins.iter().map(Plugin::to_json).collect();
        writeln!(out, "{}", Value::Array(all))?;
    } else {
        for plugin in &plugins {
            plugin.write(&mut out)?;
        }
    }
    Ok(())
}

impl Plugin {
    /// Asks a module for its slots: without settings if it takes that, else with those of its first case.
    fn of(module: &Module) -> Result<Self, Failure> {
        let manifest = module.manifest().clone();
        let failed = |message: String| Failure::Run(format!("SMT `{}`: {message}", manifest.name));
        let cases =
            manifest.cases.iter().filter_map(|case| serde_json::from_str::<Value>(case).ok());
        let accepted = cases.filter(|case| case.get("refused").is_none());
        let configs = accepted.filter_map(|case| case.get("config").cloned());
        let mut reason = String::new();
        for config in std::iter::once(json!({})).chain(configs) {
            let mut instance =
                Instance::new(module).map_err(|failure| failed(failure.to_string()))?;
            match instance.init(config.to_string().as_bytes()) {
                Ok(init) => {
                    let descriptor: Value = serde_json::from_slice(&init.descriptor)
                        .map_err(|error| failed(error.to_string()))?;
                    let slots = descriptor
                        .get("slots")
                        .and_then(Value::as_array)
                        .cloned()
                        .unwrap_or_default();
                    let slots = slots.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                    return Ok(Self { manifest, slots, config });
                }
                Err(error) => reason = error.to_string(),
            }
        }
        Err(failed(reason))
    }

    fn to_json(&self) -> Value {
        let Manifest { name, version, abi, description, config, .. } = &self.manifest;
        json!({
            "name": name, "type": "transformation", "version": version, "abi": abi, "description": description,
            "slots": {"of": self.slots, "with": self.config}, "config": config,
        })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Manifest { name, version, description, config, .. } = &self.manifest;
        let slots = if self.slots.is_empty() { "none".to_owned() } else { self.slots.join(", ") };
        write!(out, "{name} {version}\n  {description}\n  slots: {slots}")?;
        if self.config != json!({}) {
            write!(out, "  (with {})", self.config)?;
        }
        writeln!(out, "\n  config:")?;
        let required = config.get("required").and_then(Value::as_array);
        let settings = config.get("properties").and_then(Value::as_object);
        for (setting, schema) in settings.into_iter().flatten() {
            let is_required =
                required.is_some_and(|names| names.iter().any(|name| name == setting));
            write!(out, "    {setting}  ({}", type_of(schema))?;
            if is_required {
                write!(out, ", required")?;
            }
            if let Some(default) = schema.get("default") {
                write!(out, ", default {}", word(default))?;
            }
            writeln!(out, ")  {}", schema.get("description").map(word).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A value as a person writes it: text without its quotes.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a schema says of the values that a setting takes, in a few words.
fn type_of(schema: &Value) -> String {
    let list = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(values) = list("enum") {
        return values.iter().map(word).collect::<Vec<_>>().join(" or ");
    }
    if let Some(choices) = list("anyOf").or_else(|| list("oneOf")) {
        return choices.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    let one = schema.get("type").and_then(Value::as_str).unwrap_or("any");
    match schema.get("items") {
        Some(items) if one == "array" => format!("list of {}", type_of(items)),
        _ => one.to_owned(),
    }
}
