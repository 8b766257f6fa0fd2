//! Records as rows of tables: which value a column gets from a record. It knows no database and no SQL.
//!
//! [`Columns`] is read from the settings of a table once; [`Columns::read`] then appends a row for a record to
//! [`Rows`], or says why the record has none ([`Refusal`]). A table without a mapping has the two columns that users of
//! Snowflake's connector know: `RECORD_CONTENT`, the value's bytes as they are, and `RECORD_METADATA`.
//!
//! What a column takes, and as what ([`Value`]):
//!
//! | type | takes | becomes |
//! |---|---|---|
//! | `text` | a string; anything else as its JSON | its meaning, escapes resolved |
//! | `integer` | a whole number of 64 bits, however it is spelt (`3`, `3.0`, `3e2`), or a string of one | that number, exactly |
//! | `real` | a number, or a string of one, within a double's range | the nearest double |
//! | `decimal` | a number, or a string of one | its digits as they came |
//! | `boolean` | `true`, `false` | that |
//! | `timestamp` | what `from` says; the years 0000 to 9999 | ISO 8601 in UTC, with as many digits of a second as came (of milliseconds three) |
//! | `json` | anything | its text as it came |
//!
//! Strings of numbers are taken because protobuf's JSON spells 64-bit numbers so. `null` and an absent field are SQL's
//! NULL, or refused where the column is `required`; `default` stands for an absent field only.
//!
//! A tombstone has no fields, so it is refused where a column reads one: rows of nothing but NULL would pass for data,
//! and to leave it out in silence would lose it. The JDBC sink refuses it as well. `RECORD_CONTENT` of one is NULL.
//!
//! | file | what |
//! |---|---|
//! | `column` | settings to columns, records to rows |
//! | `convert` | JSON text to a value of a column's type |
//! | `number`, `time` | exact numbers and times |
//! | `metadata` | what is known of a record beside its value |
//! | `rows` | the buffer |

mod column;
mod convert;
mod metadata;
mod number;
mod rows;
#[cfg(test)]
mod tests;
mod time;

pub use column::{Column, ColumnError, Columns, Refusal};
pub use rows::{Rows, Value};

/// Names of the reasons for which a record has no row.
pub mod code {
    /// A `required` column found nothing, or `null`.
    pub const REQUIRED: &str = "column-required";
    /// A value is not what its column takes.
    pub const TYPE: &str = "column-type";
    /// A value is what its column takes, but beyond its range.
    pub const RANGE: &str = "column-range";
    /// A string has half of a surrogate pair, which no text can hold.
    pub const SURROGATE: &str = "column-surrogate";
    /// The record has no value, and a column reads one.
    pub const TOMBSTONE: &str = "tombstone";
}

/// The table that a topic goes to unless the settings name one: the topic's name, `-` and `.` as `_`.
pub fn default_name(topic: &str) -> String {
    topic.replace(['-', '.'], "_")
}
