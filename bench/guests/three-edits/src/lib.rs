//! Three edits of one record: `amount` becomes a string, `symbol` is named `ticker`, `source` and `version` are added.

use smt_sdk::{Joined, Kind, Record, Settings, SettingsError, Slot, Slots, Smt, SmtError, Verdict};

/// The edits.
#[derive(Debug)]
pub struct ThreeEdits {
    amount: Slot,
}

impl Smt for ThreeEdits {
    fn configure(_settings: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError> {
        let amount = slots.value("amount");
        let (symbol, source, version) =
            (slots.value_path("symbol"), slots.value_path("source"), slots.value_path("version"));
        let mut edits = slots.static_edits();
        edits.rename(symbol, "ticker");
        edits.set(source, "pipeline-a");
        edits.set(version, 3);
        Ok(Self { amount })
    }

    #[inline]
    fn apply(&self, record: &mut Record<'_>) -> Result<Verdict, SmtError> {
        let amount = record.field(self.amount);
        if amount.kind() == Kind::Number {
            let digits = amount.raw().unwrap_or_default();
            record.edit().set(self.amount, Joined([digits]));
        }
        record.edit().apply_static();
        Ok(Verdict::Keep)
    }
}

smt_sdk::export!(
    ThreeEdits,
    description: "Casts a number to a string, renames a member, inserts two.",
    config: "../config.schema.json",
    cases: ["../cases/edits.json"],
);
