//! What the author of a Transom SMT imports: single message transforms that run in a sandbox, tested natively.
//!
//! There are two doors. A function from one JSON record to an optional JSON record is the short one:
//! [`export_fn!`] and [`JsonRecord`]. For speed, an SMT declares the [`Slots`] it reads, gets them as they came, and
//! answers with edits: [`Smt`] and [`export!`]; nothing is then parsed twice, copied whole, or allocated per record.
//!
//! `smt-sdk/ABI.md` is the contract behind both, for those who write a module in another language.
//!
//! | start here | what |
//! |---|---|
//! | [`Smt`] | the trait of the fast door |
//! | [`Record`], [`Field`], [`Edits`] | reading and editing one record |
//! | [`JsonRecord`], [`Json`] | the record as a tree |
//! | [`Settings`] | the operator's settings |
//! | [`testing`] | running cases natively, on the call layout of the sandbox |
//! | [`log`] | lines for the host's log |

mod edit;
mod error;
mod exports;
mod field;
mod instance;
mod json;
mod json_record;
pub mod log;
mod output;
mod place;
mod record;
mod section;
mod settings;
mod slots;
mod smt;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
mod textset;
mod value;

pub use edit::Edits;
pub use error::{SettingsError, SmtError};
pub use field::{Field, Kind};
pub use json::{Json, JsonError};
pub use json_record::{FromSettings, JsonRecord};
pub use place::{Path, Place, Slot, member};
pub use record::{Readable, Record};
pub use settings::{FieldSyntax, Settings};
pub use slots::{Metadata, Slots};
pub use smt::{Smt, Verdict};
pub use smt_abi::path;
pub use text::tail;
pub use textset::TextSet;
pub use value::{Joined, JsonWriter, Raw, ToJson};

/// What the macros expand to. Not for authors.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::exports::Guest;
    pub use crate::section::{join, len, plain};
    pub use smt_abi::VERSION;

    /// The version of the ABI in words.
    pub const ABI: &str = "1.0";
}
