//! A dead letter as it was read: the original record, and what its headers say of it.

use super::show;
use std::{fmt, io};
use transom_core::record::NewRecord;

/// What the names of Kafka Connect's headers begin with.
const CONNECT: &str = "__connect.errors.";

/// What the names of our own headers begin with.
const OURS: &str = "transom.";

/// The header that what was added begins with.
const FIRST: &str = "__connect.errors.topic";

/// One dead letter.
#[derive(Debug, Default)]
pub(in crate::app) struct Letter {
    /// Where it stands in the dead letter topic.
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// The original's timestamp, in milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    /// The original's own headers.
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    /// What was added to them.
    pub(super) context: Vec<(String, String)>,
    pub(super) connector: Option<String>,
    pub(super) origin: Origin,
}

/// Where the original came from; a source's record has no partition and no offset.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) offset: Option<i64>,
}

impl Letter {
    pub(super) fn of(record: &NewRecord<'_>) -> Self {
        let mut letter = Self {
            partition: record.partition.unwrap_or_default(),
            offset: record.offset.unwrap_or_default(),
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            ..Self::default()
        };
        // Names do not tell: the original may have been a letter itself.
        let first = record.headers.iter().rposition(|(name, _)| *name == FIRST);
        let (own, added) = record.headers.split_at(first.unwrap_or(record.headers.len()));
        let own = own.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)));
        letter.headers = own.collect();
        letter.context = added
            .iter()
            .map(|(name, value)| {
                let text = String::from_utf8_lossy(value.unwrap_or_default());
                ((*name).to_owned(), text.into_owned())
            })
            .collect();
        letter.connector = letter.connect("connector.name").map(str::to_owned);
        letter.origin = Origin {
            topic: letter.connect("topic").unwrap_or_default().to_owned(),
            partition: letter.connect("partition").and_then(|text| text.parse().ok()),
            offset: letter.connect("offset").and_then(|text| text.parse().ok()),
        };
        letter
    }

    /// All of it, as `transom dlq show` shows it.
    pub(in crate::app) fn shown(&self) -> io::Result<String> {
        let mut text = Vec::new();
        show::write(self, &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// A header of Kafka Connect's.
    pub(in crate::app) fn connect(&self, name: &str) -> Option<&str> {
        self.find(CONNECT, name)
    }

    /// A header of our own.
    pub(super) fn ours(&self, name: &str) -> Option<&str> {
        self.find(OURS, name)
    }

    fn find(&self, prefix: &str, name: &str) -> Option<&str> {
        let is_it = |(known, _): &&(String, String)| known.strip_prefix(prefix) == Some(name);
        self.context.iter().find(is_it).map(|(_, text)| text.as_str())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.topic)?;
        self.partition.iter().try_for_each(|partition| write!(f, "/{partition}"))?;
        self.offset.iter().try_for_each(|offset| write!(f, "/{offset}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_brought_along_is_its_own() {
        let headers: [(&str, Option<&[u8]>); 8] = [
            ("transom.trace", Some(b"abc")),
            ("__connect.errors.topic", Some(b"older")),
            ("__connect.errors.stage", Some(b"TASK_PUT")),
            ("app", None),
            ("__connect.errors.topic", Some(b"orders")),
            ("__connect.errors.offset", Some(b"7")),
            ("__connect.errors.stage", Some(b"TRANSFORMATION")),
            ("transom.smt", Some(b"mask")),
        ];
        let letter = Letter::of(&NewRecord { headers: &headers, ..NewRecord::default() });
        let own: Vec<&str> = letter.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            own,
            ["transom.trace", "__connect.errors.topic", "__connect.errors.stage", "app"]
        );
        assert_eq!(letter.origin.topic, "orders");
        assert_eq!(letter.origin.offset, Some(7));
        assert_eq!(letter.connect("stage"), Some("TRANSFORMATION"));
        assert_eq!(letter.ours("smt"), Some("mask"));

        let no_letter = Letter::of(&NewRecord { headers: &headers[3..4], ..NewRecord::default() });
        assert_eq!((no_letter.headers.len(), no_letter.context.len()), (1, 0));
    }
}
