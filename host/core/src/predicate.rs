//! Predicates: which records a transform works on. The host evaluates them on the record as it then is.

use crate::{batch::Batch, record::RecordId};
use regex::Regex;

/// A condition of a transform (`when:`). All parts that are given must hold; then `negate` turns the answer round.
#[derive(Debug, Clone, Default)]
pub struct Predicate {
    /// The topic as a whole matches (Connect's `TopicNameMatches`).
    pub topic: Option<TopicPattern>,
    /// A header with this name is present (Connect's `HasHeaderKey`).
    pub header: Option<String>,
    /// The record is a tombstone (Connect's `RecordIsTombstone`), or is none.
    pub tombstone: Option<bool>,
    /// The transform works on the records for which the rest does not hold.
    pub negate: bool,
}

impl Predicate {
    /// True if the transform works on this record.
    pub fn holds(&self, batch: &Batch, record: RecordId) -> bool {
        let topic = self.topic.as_ref().is_none_or(|pattern| pattern.matches(batch.topic(record)));
        let header = self
            .header
            .as_ref()
            .is_none_or(|name| batch.headers(record).any(|(header, _)| header == name));
        let tombstone =
            self.tombstone.is_none_or(|tombstone| batch.is_tombstone(record) == tombstone);
        (topic && header && tombstone) != self.negate
    }
}

/// A pattern that a topic must match from its first character to its last.
#[derive(Debug, Clone)]
pub struct TopicPattern(Regex);

impl TopicPattern {
    /// Reads a pattern in the syntax of the `regex` crate.
    ///
    /// # Errors
    /// [`regex::Error`] if the pattern does not parse, or would take too much memory.
    pub fn new(pattern: &str) -> Result<Self, regex::Error> {
        // Parsed alone first: a pattern that only holds together inside the group would match something else.
        Regex::new(pattern)?;
        Regex::new(&format!(r"\A(?:{pattern})\z")).map(Self)
    }

    /// True if the whole topic matches.
    pub fn matches(&self, topic: &str) -> bool {
        self.0.is_match(topic)
    }

    /// True for a topic that a subscription to the pattern means: one that matches, and is none of Kafka's own.
    pub fn subscribes(&self, topic: &str) -> bool {
        !topic.starts_with("__") && self.matches(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::TopicPattern;

    #[test]
    fn a_pattern_means_whole_names_and_no_topic_of_kafkas_own() {
        let check =
            |pattern: &str, topic: &str| TopicPattern::new(pattern).unwrap().subscribes(topic);
        assert!(check("orders|pay.*", "payments") && check(".*", "_transom-offsets"));
        assert!(!check("orders|pay.*", "orders-2") && !check(".*", "__consumer_offsets"));
    }
}
