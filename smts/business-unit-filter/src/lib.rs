//! Keeps the records of some business units and drops all others.
//!
//! The unit of a record is the first of `business_unit` and `business_unit_id` that is present, not null and not
//! empty. A record with neither is dropped, and so is one without a value.

use smt_sdk::{Record, Settings, SettingsError, Slot, Slots, Smt, SmtError, TextSet, Verdict};

/// The configured filter.
#[derive(Debug)]
pub struct BusinessUnitFilter {
    allowed: TextSet,
    unit: Slot,
    unit_id: Slot,
}

impl Smt for BusinessUnitFilter {
    fn configure(settings: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError> {
        let name = "allowed_business_units";
        if settings.json(name).is_none() {
            return Err(settings.missing(name));
        }
        let allowed = settings.texts(name)?;
        if allowed.is_empty() {
            return Err(settings.error(name, "expected at least one business unit, found none"));
        }
        if let Some(at) = allowed.iter().position(String::is_empty) {
            let message = "expected a business unit, found an empty text, which no record matches";
            return Err(settings.item_error(name, at, message));
        }
        Ok(Self {
            allowed: TextSet::new(allowed),
            unit: slots.value("business_unit"),
            unit_id: slots.value("business_unit_id"),
        })
    }

    #[inline]
    fn apply(&self, record: &mut Record<'_>) -> Result<Verdict, SmtError> {
        let unit = record.field(self.unit);
        let unit = if unit.is_blank() { record.field(self.unit_id) } else { unit };
        Ok(if self.allowed.has_field(unit) { Verdict::Keep } else { Verdict::Drop })
    }
}

smt_sdk::export!(
    BusinessUnitFilter,
    description: "Keeps the records of some business units and drops all others.",
    config: "../config.schema.json",
    cases: [
        "../cases/compares-exactly.json",
        "../cases/drops-without-a-unit.json",
        "../cases/finds-one-of-many.json",
        "../cases/keeps-allowed-units.json",
        "../cases/looks-at-the-top-only.json",
        "../cases/matches-strings-only.json",
        "../cases/reads-escapes.json",
        "../cases/reads-the-last-duplicate.json",
        "../cases/refuses-a-number.json",
        "../cases/refuses-an-empty-list.json",
        "../cases/refuses-an-empty-unit.json",
        "../cases/refuses-no-units.json",
        "../cases/refuses-unknown-settings.json",
        "../cases/takes-a-comma-text.json",
        "../cases/takes-the-second-field.json",
    ],
);
