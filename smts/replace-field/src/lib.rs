//! Keeps, drops and renames fields as Kafka Connect's `ReplaceField` does.
//!
//! What it does is the same for each record, so it is declared once, as static edits. A record without a value goes
//! on unchanged; a value that is no object fails.

mod config;

use config::{Config, Rename};
use smt_sdk::{
    Edits, Place, Record, Settings, SettingsError, Slot, Slots, Smt, SmtError, Verdict, member,
    path,
};

/// How many of the named fields are asked for. One that is there tells that the record is an object.
const WITNESSES: usize = 4;

/// The configured transform.
#[derive(Debug)]
pub struct ReplaceField {
    witnesses: Vec<Slot>,
    root: &'static str,
}

impl Smt for ReplaceField {
    fn configure(settings: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError> {
        let config = Config::read(settings)?;
        let renamed = config.renames.iter().map(|rename| &rename.path);
        let named = config.exclude.iter().chain(renamed).chain(&config.include);
        let slot = |path: &String| if config.key { slots.key(path) } else { slots.value(path) };
        let witnesses = named.take(WITNESSES).map(slot).collect();
        declare(&config, &mut slots.static_edits());
        Ok(Self { witnesses, root: if config.key { "@key" } else { "$" } })
    }

    #[inline]
    fn apply(&self, record: &mut Record<'_>) -> Result<Verdict, SmtError> {
        if self.witnesses.iter().any(|slot| !record.is_absent(*slot)) || self.is_object(record)? {
            record.edit().apply_static();
        }
        Ok(Verdict::Keep)
    }
}

impl ReplaceField {
    /// Looks at the whole, where none of the named fields is there; false if there is nothing to edit.
    #[cold]
    fn is_object(&self, record: &Record<'_>) -> Result<bool, SmtError> {
        match record.get(self.root).as_deref().map(str::as_bytes) {
            None | Some(b"null") => Ok(false),
            Some([b'{', ..]) => Ok(true),
            Some(_) => {
                let name = self.root;
                let message = format!(
                    "`{name}`: expected an object to replace fields of, found another value"
                );
                Err(SmtError::new(SmtError::FIELD_TYPE, message))
            }
        }
    }
}

fn declare(config: &Config, edit: &mut Edits<'_>) {
    if !config.include.is_empty() {
        edit.retain(config.include.iter().map(|path| place(config, path)));
    }
    for path in &config.exclude {
        edit.remove(place(config, path));
    }
    if !takes_turns(&config.renames) {
        for rename in &config.renames {
            edit.rename(place(config, &rename.path), &rename.name);
        }
        return;
    }
    // A name that is free in between lets two fields swap theirs.
    let between = |number: usize| format!("\u{1}renamed {number}");
    for (number, rename) in config.renames.iter().enumerate() {
        edit.rename(place(config, &rename.path), &between(number));
    }
    for (number, rename) in config.renames.iter().enumerate() {
        let path = sibling(&rename.path, &between(number));
        edit.rename(place(config, &path), &rename.name);
    }
}

fn place<'p>(config: &Config, path: &'p str) -> Place<'p> {
    if config.key { Place::key(path) } else { Place::value(path) }
}

/// True if a field gets the name of another one that is renamed as well.
fn takes_turns(renames: &[Rename]) -> bool {
    let target = |rename: &Rename| sibling(&rename.path, &rename.name);
    renames.iter().any(|rename| renames.iter().any(|other| other.path == target(rename)))
}

/// The path with another name as its last step.
fn sibling(field: &str, name: &str) -> String {
    let mut way: Vec<String> = path::steps(field).filter_map(Result::ok).map(spell).collect();
    way.pop();
    way.push(member(name));
    way.join(".")
}

fn spell(step: path::Step<'_>) -> String {
    match step {
        path::Step::Key(key) => member(&key.parts().collect::<String>()),
        path::Step::Index(index) => format!("[{index}]"),
    }
}

smt_sdk::export!(
    ReplaceField,
    description: "Keeps, drops and renames fields.",
    config: "../config.schema.json",
    cases: [
        "../cases/acts-on-every-duplicate.json",
        "../cases/does-nothing-without-settings.json",
        "../cases/edits-the-key.json",
        "../cases/excludes.json",
        "../cases/filters-by-old-names.json",
        "../cases/follows-paths.json",
        "../cases/includes.json",
        "../cases/needs-an-object.json",
        "../cases/passes-what-has-no-value.json",
        "../cases/refuses-a-rename-of-three.json",
        "../cases/refuses-an-empty-name.json",
        "../cases/refuses-an-index.json",
        "../cases/refuses-half-a-rename.json",
        "../cases/refuses-unknown-settings.json",
        "../cases/renames.json",
        "../cases/replaces-who-has-the-name.json",
        "../cases/swaps-inside.json",
        "../cases/swaps-names.json",
        "../cases/takes-names-as-they-are.json",
        "../cases/takes-the-last-of-two-renames.json",
    ],
);
