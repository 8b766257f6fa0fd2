//! What the journal's entries are, and what they add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One change. Old journals must stay readable: entries and fields may be added, with defaults, but not change their meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// The cluster got its id.
    Cluster { id: String },
    /// A topic was created, or now looks like this.
    Topic { name: String, topic: TopicImage },
    /// A topic was deleted, and all that was committed for it.
    TopicDeleted { name: String },
    /// Records before `offset` were deleted on request.
    RecordsDeleted { topic: String, partition: i32, offset: i64 },
    /// A group committed offsets.
    Offsets { group: String, offsets: Vec<((String, i32), Committed)> },
    /// Committed offsets of a group were deleted.
    OffsetsDeleted { group: String, partitions: Vec<(String, i32)> },
    /// A group was deleted, and all that it had committed.
    GroupDeleted { group: String },
    /// Producer ids below `next` were given out.
    ProducerIds { next: i64 },
}

/// A topic without its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TopicImage {
    /// The topic's UUID.
    pub(crate) id: String,
    pub(crate) partitions: i32,
    /// What differs from the defaults.
    pub(crate) configs: BTreeMap<String, String>,
    /// The first offset of partitions whose records were deleted on request.
    #[serde(default)]
    pub(crate) starts: BTreeMap<i32, i64>,
}

/// An offset that a group committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    /// -1 if the client gave none.
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

/// What one group committed, by topic and partition.
pub(crate) type Offsets = BTreeMap<(String, i32), Committed>;

/// All that was journalled, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) cluster_id: Option<String>,
    pub(crate) topics: BTreeMap<String, TopicImage>,
    /// By group.
    pub(crate) offsets: BTreeMap<String, Offsets>,
    pub(crate) next_producer_id: i64,
}

impl Image {
    /// Adds `entry`.
    pub(crate) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Cluster { id } => self.cluster_id = Some(id),
            Entry::Topic { name, topic } => {
                self.topics.insert(name, topic);
            }
            Entry::TopicDeleted { name } => {
                self.topics.remove(&name);
                for offsets in self.offsets.values_mut() {
                    offsets.retain(|(topic, _), _| *topic != name);
                }
            }
            Entry::RecordsDeleted { topic, partition, offset } => {
                if let Some(topic) = self.topics.get_mut(&topic) {
                    topic.starts.insert(partition, offset);
                }
            }
            Entry::Offsets { group, offsets } => {
                self.offsets.entry(group).or_default().extend(offsets);
            }
            Entry::OffsetsDeleted { group, partitions } => {
                if let Some(offsets) = self.offsets.get_mut(&group) {
                    offsets.retain(|key, _| !partitions.contains(key));
                }
            }
            Entry::GroupDeleted { group } => {
                self.offsets.remove(&group);
            }
            Entry::ProducerIds { next } => self.next_producer_id = next,
        }
        self.offsets.retain(|_, offsets| !offsets.is_empty());
    }

    /// Returns entries that add up to this.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> {
        let cluster = self.cluster_id.iter().map(|id| Entry::Cluster { id: id.clone() });
        let topics = self.topics.iter().map(|(name, topic)| {
            let (name, topic) = (name.clone(), topic.clone());
            Entry::Topic { name, topic }
        });
        let offsets = self.offsets.iter().map(|(group, offsets)| {
            let offsets = offsets.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            Entry::Offsets { group: group.clone(), offsets }
        });
        let producers = Entry::ProducerIds { next: self.next_producer_id };
        cluster.chain(topics).chain(offsets).chain([producers])
    }
}
