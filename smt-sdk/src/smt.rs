//! The trait that an SMT implements, and what it decides.

use crate::error::{SettingsError, SmtError};
use crate::record::Record;
use crate::settings::Settings;
use crate::slots::Slots;

/// A single message transform that reads declared slots.
///
/// It is stateless between records: the answer for a record is the same however records are batched, which is why
/// [`apply`](Self::apply) takes `&self`.
///
/// ```
/// use smt_sdk::{Record, Settings, SettingsError, Slot, Slots, Smt, SmtError, Verdict};
///
/// /// Drops records whose `level` is `debug`.
/// struct DropDebug {
///     level: Slot,
/// }
///
/// impl Smt for DropDebug {
///     fn configure(_: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError> {
///         Ok(Self { level: slots.value("level") })
///     }
///
///     fn apply(&self, record: &mut Record<'_>) -> Result<Verdict, SmtError> {
///         Ok(if record.text(self.level)? == "debug" { Verdict::Drop } else { Verdict::Keep })
///     }
/// }
/// ```
pub trait Smt: Sized {
    /// Reads the operator's settings and declares the slots; runs once per instance.
    ///
    /// # Errors
    /// [`SettingsError`] where a setting is wrong. The connector then does not start.
    fn configure(settings: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError>;

    /// Decides one record.
    ///
    /// # Errors
    /// [`SmtError`] where the record cannot be transformed. It fails by the connector's error policy; its edits are
    /// discarded.
    fn apply(&self, record: &mut Record<'_>) -> Result<Verdict, SmtError>;
}

/// What becomes of a record. All but [`Keep`](Self::Keep) discard the edits that were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on, with the edits.
    Keep,
    /// It is dropped on purpose.
    Drop,
    /// It goes on with this JSON text as its value.
    Replace(String),
    /// It goes on as this record, a JSON text in the shape of `@record`. See [`JsonRecord`](crate::JsonRecord).
    ReplaceRecord(String),
    /// These records take its place, in order, each a JSON text in the shape of `@record`. None at all is a drop.
    Split(Vec<String>),
}
