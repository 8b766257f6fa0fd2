//! What commands ask of a cluster: its topics, and what groups have stored. It deletes nothing.

use super::context::Plain;
use super::error::TopicsError;
use super::native;
use super::reader::requests;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::metadata::MetadataTopic;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use transom_core::topic::{
    Offsets, StoredOffset, TopicError, TopicIdentity, TopicPartition, Watermarks,
};

/// Longest wait for an answer.
const WAIT: Duration = Duration::from_secs(10);

/// Asks a cluster. Every call waits for the broker: not for an async thread.
pub struct Admin {
    config: ClientConfig,
    consumer: BaseConsumer<Plain>,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// Which topic it is.
    pub identity: TopicIdentity,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionInfo>,
}

/// One partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Its number.
    pub partition: i32,
    /// Bounds of its log.
    pub watermarks: Watermarks,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

impl Admin {
    pub(super) fn new(config: ClientConfig) -> Result<Self, TopicsError> {
        let consumer = config.create_with_context(Plain)?;
        Ok(Self { config, consumer })
    }

    /// Names of all topics, Kafka's own included.
    ///
    /// # Errors
    /// [`TopicsError`] if the broker does not say.
    pub fn topics(&self) -> Result<Vec<String>, TopicsError> {
        let listed = self.consumer.fetch_metadata(None, WAIT);
        let listed = listed.map_err(|error| TopicsError::request("listing topics", &error))?;
        Ok(listed.topics().iter().map(|topic| topic.name().to_owned()).collect())
    }

    /// One topic with its partitions and the bounds of their logs.
    ///
    /// # Errors
    /// [`TopicsError`] if the broker does not say, or the topic is not there.
    pub fn topic(&self, name: &str) -> Result<TopicInfo, TopicsError> {
        let what = || format!("describing topic `{name}`");
        let identity = requests::identity(self.consumer.client(), name);
        let identity = identity.map_err(|error| asked(what(), &error))?;
        let listed = self.consumer.fetch_metadata(Some(name), WAIT);
        let listed = listed.map_err(|error| TopicsError::request(what(), &error))?;
        let found = listed.topics().iter().flat_map(MetadataTopic::partitions);
        let found: Vec<_> = found
            .map(|found| TopicPartition { topic: name.into(), partition: found.id() })
            .collect();
        let bounds = requests::watermarks(&self.consumer, &found);
        let bounds = bounds.map_err(|error| asked(what(), &error))?;
        let info = |(of, watermarks): (&TopicPartition, _)| PartitionInfo {
            partition: of.partition,
            watermarks,
        };
        let mut partitions: Vec<_> = found.iter().zip(bounds).map(info).collect();
        partitions.sort_by_key(|partition| partition.partition);
        Ok(TopicInfo { name: name.to_owned(), identity, partitions })
    }

    /// What a group has stored for partitions of a topic; nothing comes back for those that it has nothing for.
    ///
    /// # Errors
    /// [`TopicsError`] if the broker does not say.
    pub fn offsets(
        &self,
        group: &str,
        topic: &TopicInfo,
    ) -> Result<Vec<StoredOffset>, TopicsError> {
        let of = |partition: &PartitionInfo| TopicPartition {
            topic: topic.name.as_str().into(),
            partition: partition.partition,
        };
        let partitions: Vec<TopicPartition> = topic.partitions.iter().map(of).collect();
        let stored = requests::committed(&self.of_group(group)?, &partitions);
        stored.map_err(|error| asked(format!("offsets of group `{group}`"), &error))
    }

    /// Stores offsets for a group that nobody is a member of, each with the identity that its topic has now.
    ///
    /// # Errors
    /// [`TopicsError`] if the group has members, or the broker does not take them.
    pub fn reset(&self, group: &str, offsets: &Offsets) -> Result<(), TopicsError> {
        let what = || format!("offsets of group `{group}`");
        let mut identities: BTreeMap<String, TopicIdentity> = BTreeMap::new();
        let topics: BTreeSet<&str> = offsets.keys().map(|partition| &*partition.topic).collect();
        for topic in topics {
            let identity = requests::identity(self.consumer.client(), topic);
            let identity = identity.map_err(|error| asked(what(), &error))?;
            identities.insert(topic.to_owned(), identity);
        }
        let list = requests::commit_list(offsets, |of| identities.get(&*of.topic));
        let list = list.map_err(|error| asked(what(), &error))?;
        let client = self.of_group(group)?;
        native::commit(client.client().native_ptr(), &list, WAIT).map_err(|code| match code {
            Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress => {
                TopicsError::Request {
                    what: what(),
                    message: "the group has members; stop the connector first".to_owned(),
                }
            }
            code => TopicsError::request(what(), &KafkaError::ConsumerCommit(code)),
        })
    }

    /// A client that speaks for a group without joining it.
    fn of_group(&self, group: &str) -> Result<BaseConsumer<Plain>, TopicsError> {
        let mut config = self.config.clone();
        config.set("group.id", group).set("enable.auto.commit", "false");
        Ok(config.create_with_context(Plain)?)
    }
}

fn asked(what: String, error: &TopicError) -> TopicsError {
    TopicsError::Request { what, message: error.to_string() }
}
