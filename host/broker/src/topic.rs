//! A topic: its partitions, and the configs that the broker acts on.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::configs::{Invalid, KNOWN};
use crate::log::Partition;

/// A topic as it is at one moment: a change makes another one.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) configs: TopicConfigs,
    pub(crate) partitions: Vec<Arc<Partition>>,
}

impl Topic {
    pub(crate) fn partition(&self, index: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    /// How many partitions there are, as the protocol counts them.
    pub(crate) fn count(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }
}

/// A topic's configs: what was set, and what the broker reads from it.
#[derive(Debug, Clone)]
pub(crate) struct TopicConfigs {
    /// What differs from the defaults, by name.
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) max_message_bytes: usize,
    pub(crate) segment_bytes: u64,
    pub(crate) retention_ms: Option<i64>,
    pub(crate) retention_bytes: Option<u64>,
    pub(crate) flush_messages: i64,
    /// True if `cleanup.policy` has `delete`: only then are the two kinds of retention heeded.
    pub(crate) deletes: bool,
}

impl TopicConfigs {
    /// Reads what was set for a topic.
    pub(crate) fn new(set: BTreeMap<String, String>) -> Result<Self, Invalid> {
        for (name, value) in &set {
            let known = KNOWN.iter().find(|known| known.name == name);
            known.ok_or_else(|| Invalid::Unknown { name: name.clone() })?.check(value)?;
        }
        let value = |name: &str| -> &str {
            let default =
                || KNOWN.iter().find(|known| known.name == name).map(|known| known.default);
            set.get(name).map(String::as_str).or_else(default).unwrap_or_default()
        };
        // Each was checked above, so the fallback is for numbers that are "no limit", which are negative.
        let number = |name: &str| value(name).parse::<i64>().unwrap_or(-1);
        Ok(Self {
            max_message_bytes: usize::try_from(number("max.message.bytes")).unwrap_or(0),
            segment_bytes: number("segment.bytes").unsigned_abs(),
            retention_ms: Some(number("retention.ms")).filter(|age| *age >= 0),
            retention_bytes: u64::try_from(number("retention.bytes")).ok(),
            flush_messages: number("flush.messages"),
            deletes: value("cleanup.policy").contains("delete"),
            set,
        })
    }
}
