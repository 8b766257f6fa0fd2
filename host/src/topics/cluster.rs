//! One Kafka cluster: where readers, writers and the admin come from.

use super::admin::Admin;
use super::context::Plain;
use super::error::TopicsError;
use super::properties;
use super::reader::Reader;
use super::scan::Scan;
use super::writer::Writer;
use rdkafka::consumer::BaseConsumer;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use transom_core::config::Properties;
use transom_core::predicate::TopicPattern;

/// Bytes that a scan reads ahead.
const SCAN_BYTES: usize = 16 << 20;

/// A cluster, by the properties that lead to it. Nothing is connected before it is used.
#[derive(Debug)]
pub struct Cluster {
    properties: Properties,
    /// Writers that somebody holds, by the properties that they were made from.
    writers: Mutex<Vec<(Properties, Weak<Writer>)>>,
}

/// What a member of a consumer group reads, and as whom.
#[derive(Debug, Clone)]
pub struct ReaderSettings {
    /// The topics.
    pub subscription: Subscription,
    /// The consumer group.
    pub group: String,
    /// The task's number: it ends `group.instance.id` and `client.id`.
    pub task: usize,
    /// Bytes that may be read ahead, librdkafka's own overhead included.
    pub buffer_bytes: usize,
    /// Properties over the cluster's.
    pub overrides: Properties,
}

/// Which topics are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription {
    /// These. One that is missing is waited for.
    Topics(Vec<String>),
    /// All whose whole name this Rust regex matches, also those that come later; Kafka's own (`__`) are left out.
    Pattern(String),
}

impl Cluster {
    /// Takes properties of librdkafka's: `bootstrap.servers`, TLS, SASL and whatever else an operator sets.
    ///
    /// # Errors
    /// [`TopicsError`] if one is not known, has a wrong value or is not the operator's to set.
    pub fn new(properties: Properties) -> Result<Self, TopicsError> {
        properties::check(&properties)?;
        properties::plain(&properties).create_native_config()?;
        Ok(Self { properties, writers: Mutex::default() })
    }

    /// Joins a consumer group. The group gives partitions when the reader is polled.
    ///
    /// # Errors
    /// [`TopicsError`] if librdkafka refuses the properties, or the pattern is none.
    pub fn reader(&self, settings: ReaderSettings) -> Result<Reader, TopicsError> {
        let merged = self.merged(&settings.overrides)?;
        let ReaderSettings { subscription, group, task, buffer_bytes, overrides: _ } = settings;
        let config = properties::member(&merged, &group, task, buffer_bytes);
        match subscription {
            Subscription::Topics(topics) => Reader::of_topics(&config, &topics),
            Subscription::Pattern(pattern) => {
                Reader::of_pattern(&config, TopicPattern::new(&pattern)?)
            }
        }
    }

    /// The writer with these properties over the cluster's; all that ask for the same ones share it.
    ///
    /// # Errors
    /// [`TopicsError`] if librdkafka refuses the properties.
    pub fn writer(&self, overrides: &Properties) -> Result<Arc<Writer>, TopicsError> {
        let merged = self.merged(overrides)?;
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.retain(|(_, writer)| writer.strong_count() > 0);
        let shared = writers.iter().find(|(of, _)| *of == merged);
        if let Some(writer) = shared.and_then(|(_, writer)| writer.upgrade()) {
            return Ok(writer);
        }
        let writer = Arc::new(Writer::new(properties::producer(&merged))?);
        writers.push((merged, Arc::downgrade(&writer)));
        Ok(writer)
    }

    /// What commands ask of the cluster and its groups.
    ///
    /// # Errors
    /// [`TopicsError`] if librdkafka refuses the properties.
    pub fn admin(&self) -> Result<Admin, TopicsError> {
        Admin::new(properties::plain(&self.properties))
    }

    /// Reads a topic from its beginning to what is its end now, outside of any group.
    ///
    /// # Errors
    /// [`TopicsError`] if librdkafka refuses the properties or no broker answers.
    pub fn scan(&self, topic: &str) -> Result<Scan, TopicsError> {
        let mut config = properties::member(&self.properties, "transom-scan", 0, SCAN_BYTES);
        config.set("enable.partition.eof", "true").set("statistics.interval.ms", "0");
        Scan::new(config.create_with_context::<_, BaseConsumer<Plain>>(Plain)?, topic)
    }

    fn merged(&self, overrides: &Properties) -> Result<Properties, TopicsError> {
        properties::check(overrides)?;
        Ok(properties::merged(&self.properties, overrides))
    }
}
