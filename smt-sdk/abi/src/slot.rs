//! What of a record a module may ask for: the names that `smt_init` lists under `slots`.

use core::fmt;

/// A slot, read from its name. In a call each slot is a JSON text, or absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot<'a> {
    /// `$` (the empty path) or a path: the value, or a place in it. Absent for a tombstone.
    Value(&'a str),
    /// `@key`, `@key.path`, `@key[0]`: the key, or a place in it.
    Key(&'a str),
    /// `@topic`: a string.
    Topic,
    /// `@partition`: a number; absent for a source record that chose none.
    Partition,
    /// `@offset`: a number, the record's place in its source partition; absent for a source record.
    Offset,
    /// `@timestamp`: a number, milliseconds since 1970; absent where there is none.
    Timestamp,
    /// `@header.NAME`: the value of the last header with that name.
    Header(&'a str),
    /// `@headers`: an array of `{"key": …, "value": …}` in order, duplicates kept.
    Headers,
    /// `@record`: the whole record as one object.
    Record,
}

/// Why a text names no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotError {
    /// The name is empty.
    Empty,
    /// The name begins with `@` and is not one of the known ones.
    Unknown,
    /// The name begins with `$.` or `$[`, as a path of another syntax does.
    Dollar,
}

impl fmt::Display for SlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a slot has a name; the whole value is `$`",
            Self::Unknown => {
                "known are `@key`, `@topic`, `@partition`, `@offset`, `@timestamp`, `@header.NAME`, `@headers` and \
                 `@record`; a field whose name begins with `@` is written in backticks"
            }
            Self::Dollar => "a path begins with the name of a field, without `$`",
        })
    }
}

impl core::error::Error for SlotError {}

impl<'a> Slot<'a> {
    /// Reads a slot's name. A path in it is not parsed yet: see [`crate::path::steps`].
    ///
    /// # Errors
    /// [`SlotError`] if no slot has this name.
    pub fn parse(name: &'a str) -> Result<Self, SlotError> {
        let Some(special) = name.strip_prefix('@') else {
            return match name {
                "" => Err(SlotError::Empty),
                "$" => Ok(Self::Value("")),
                _ if name.starts_with("$.") || name.starts_with("$[") => Err(SlotError::Dollar),
                _ => Ok(Self::Value(name)),
            };
        };
        Ok(match special {
            "key" => Self::Key(""),
            "topic" => Self::Topic,
            "partition" => Self::Partition,
            "offset" => Self::Offset,
            "timestamp" => Self::Timestamp,
            "headers" => Self::Headers,
            "record" => Self::Record,
            _ => {
                let header = special
                    .strip_prefix("header.")
                    .filter(|name| !name.is_empty())
                    .map(Self::Header);
                let key = special
                    .strip_prefix("key.")
                    .or_else(|| special.strip_prefix("key").filter(|path| path.starts_with('[')));
                header
                    .or(key.filter(|path| !path.is_empty()).map(Self::Key))
                    .ok_or(SlotError::Unknown)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        for (name, slot) in [
            ("$", Ok(Slot::Value(""))),
            ("a.b[0]", Ok(Slot::Value("a.b[0]"))),
            ("$date", Ok(Slot::Value("$date"))),
            ("`@type`", Ok(Slot::Value("`@type`"))),
            ("@key", Ok(Slot::Key(""))),
            ("@key.id", Ok(Slot::Key("id"))),
            ("@key[1].x", Ok(Slot::Key("[1].x"))),
            ("@header.trace id", Ok(Slot::Header("trace id"))),
            ("@headers", Ok(Slot::Headers)),
            ("@record", Ok(Slot::Record)),
            ("", Err(SlotError::Empty)),
            ("$.a", Err(SlotError::Dollar)),
            ("@keys", Err(SlotError::Unknown)),
            ("@key.", Err(SlotError::Unknown)),
            ("@header.", Err(SlotError::Unknown)),
            ("@Topic", Err(SlotError::Unknown)),
        ] {
            assert_eq!(Slot::parse(name), slot, "{name}");
        }
    }
}
