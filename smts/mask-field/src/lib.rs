//! Masks fields as Kafka Connect's `MaskField` does, and may leave the end of a string readable.
//!
//! Without a replacement a field becomes the empty value of its type: `""`, `0`, `false`, `[]`, `{}`. With one, a
//! string becomes that text and a number that number; other types cannot take it. `null` stays.

mod config;
mod number;

use config::{Config, Missing};
use number::Replacement;
use smt_sdk::{
    Field, Joined, Kind, Raw, Record, Settings, SettingsError, Slot, Slots, Smt, SmtError, Verdict,
    path, tail,
};

/// The configured mask.
#[derive(Debug)]
pub struct MaskField {
    masked: Vec<Masked>,
    replacement: Option<Replacement>,
    keep_last: usize,
    missing: Missing,
    root: &'static str,
}

/// One field to mask.
#[derive(Debug, Clone, Copy)]
struct Masked {
    slot: Slot,
    nested: bool,
}

impl Smt for MaskField {
    fn configure(settings: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError> {
        let config = Config::read(settings)?;
        let masked = |path: &String| Masked {
            slot: if config.key { slots.key(path) } else { slots.value(path) },
            nested: path::steps(path).count() > 1,
        };
        Ok(Self {
            masked: config.paths.iter().map(masked).collect(),
            replacement: config.replacement.map(Replacement::new),
            keep_last: config.keep_last,
            missing: config.missing,
            root: if config.key { "@key" } else { "$" },
        })
    }

    #[inline]
    fn apply(&self, record: &mut Record<'_>) -> Result<Verdict, SmtError> {
        for masked in &self.masked {
            let field = record.field(masked.slot);
            if field.kind() == Kind::Text {
                self.mask_text(record, masked.slot, field)?;
            } else {
                self.mask_other(record, *masked, field.kind())?;
            }
        }
        Ok(Verdict::Keep)
    }
}

impl MaskField {
    #[inline]
    fn mask_text(
        &self,
        record: &mut Record<'_>,
        slot: Slot,
        field: Field<'_>,
    ) -> Result<(), SmtError> {
        let replacement = self.replacement.as_ref().map_or("", Replacement::text);
        if self.keep_last == 0 {
            record.edit().set(slot, replacement);
            return Ok(());
        }
        let Some(text) = field.as_text() else { return Err(record.unexpected(slot, Kind::Text)) };
        let kept = tail(&text, self.keep_last).unwrap_or("");
        record.edit().set(slot, Joined([replacement, kept]));
        Ok(())
    }

    #[inline(never)]
    fn mask_other(
        &self,
        record: &mut Record<'_>,
        masked: Masked,
        kind: Kind,
    ) -> Result<(), SmtError> {
        let slot = masked.slot;
        let empty = match (kind, &self.replacement) {
            (Kind::Absent, _) => return self.add_missing(record, masked),
            (Kind::Null, _) => return Ok(()),
            (Kind::Number, Some(replacement)) => {
                let whole =
                    record.number(slot)?.bytes().all(|byte| !matches!(byte, b'.' | b'e' | b'E'));
                replacement.number(whole).ok_or_else(|| unconvertible(replacement.text()))?
            }
            (kind, Some(_)) => {
                let message = format!("expected a string or a number to replace, found {kind}");
                return Err(SmtError::new(SmtError::FIELD_TYPE, message));
            }
            (Kind::Boolean, None) => "false",
            (Kind::Array, None) => "[]",
            (Kind::Object, None) => "{}",
            (Kind::Number | Kind::Text, None) => "0",
        };
        record.edit().set(slot, Raw(empty));
        Ok(())
    }

    /// Connect adds what is missing as null, but only to what is an object.
    #[cold]
    fn add_missing(&self, record: &mut Record<'_>, masked: Masked) -> Result<(), SmtError> {
        let root = record.get(self.root);
        if !root.as_deref().is_some_and(|root| root.starts_with('{')) {
            let found = match root.as_deref().map(str::as_bytes) {
                None => Kind::Absent,
                Some([b'n', ..]) => Kind::Null,
                Some([b'[', ..]) => Kind::Array,
                Some([b'"', ..]) => Kind::Text,
                Some([b't' | b'f', ..]) => Kind::Boolean,
                Some(_) => Kind::Number,
            };
            let message =
                format!("`{}`: expected an object to mask fields of, found {found}", self.root);
            return Err(SmtError::new(SmtError::FIELD_TYPE, message));
        }
        match self.missing {
            Missing::Null if !masked.nested => record.edit().set(masked.slot, Raw("null")),
            Missing::Null | Missing::Ignore => {}
            Missing::Fail => return Err(record.missing(masked.slot, "a value to mask")),
        }
        Ok(())
    }
}

#[cold]
fn unconvertible(replacement: &str) -> SmtError {
    SmtError::new(
        "replacement-type",
        format!("unable to convert the replacement `{replacement}` to a number"),
    )
}

smt_sdk::export!(
    MaskField,
    description: "Masks fields by type, or by a replacement.",
    config: "../config.schema.json",
    cases: [
        "../cases/adds-missing-fields.json",
        "../cases/fails-on-missing-fields.json",
        "../cases/follows-paths.json",
        "../cases/ignores-missing-fields.json",
        "../cases/keeps-the-end-alone.json",
        "../cases/keeps-the-last-characters.json",
        "../cases/masks-by-type.json",
        "../cases/masks-every-duplicate.json",
        "../cases/masks-the-key.json",
        "../cases/needs-an-object.json",
        "../cases/refuses-a-bad-count.json",
        "../cases/refuses-a-bad-path.json",
        "../cases/refuses-a-bad-target.json",
        "../cases/refuses-an-empty-list.json",
        "../cases/refuses-an-empty-name.json",
        "../cases/refuses-an-empty-replacement.json",
        "../cases/refuses-no-fields.json",
        "../cases/refuses-unknown-settings.json",
        "../cases/replacement-needs-its-type.json",
        "../cases/replaces-numbers.json",
        "../cases/replaces-texts.json",
        "../cases/replaces-with-large-numbers.json",
        "../cases/takes-names-as-they-are.json",
    ],
);
