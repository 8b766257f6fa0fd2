//! Which topics a member subscribes to.
//!
//! librdkafka matches a `^` pattern with POSIX's rules and from the front only, while `topics.regex` is a Rust regex for
//! the whole name: the two would disagree on `orders|payments`, on `\d`, on what follows the match. So the names are
//! listed and filtered here, now and then.

use super::super::context::Events;
use super::super::error::of_client;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::{Duration, Instant};
use tracing::info;
use transom_core::{predicate::TopicPattern, topic::TopicError};

/// Time between two listings.
const INTERVAL: Duration = Duration::from_secs(10);

/// Longest wait for one, well below the second in which a reader has to be polled again.
const WAIT: Duration = Duration::from_millis(500);

/// What a member subscribes to, and from where it is known.
#[derive(Debug)]
pub(super) struct Discovery {
    topics: Vec<String>,
    pattern: Option<TopicPattern>,
    next: Instant,
}

impl Discovery {
    /// These topics, for good.
    pub(super) fn fixed(topics: Vec<String>) -> Self {
        Self { topics, pattern: None, next: Instant::now() }
    }

    /// Those that a pattern matches whole.
    pub(super) fn of(pattern: TopicPattern) -> Self {
        Self { pattern: Some(pattern), ..Self::fixed(Vec::new()) }
    }

    /// The topics of the subscription.
    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Looks for topics that came or went, if it is time, and subscribes to what is there.
    pub(super) fn look(&mut self, consumer: &BaseConsumer<Events>) -> Result<(), TopicError> {
        let Some(pattern) = &self.pattern else { return Ok(()) };
        if Instant::now() < self.next {
            return Ok(());
        }
        let listed = consumer.fetch_metadata(None, WAIT);
        self.next = Instant::now() + INTERVAL;
        let listed = listed.map_err(|error| of_client("listing topics", &error))?;
        let names = listed.topics().iter().map(rdkafka::metadata::MetadataTopic::name);
        let mut topics: Vec<String> =
            names.filter(|name| pattern.subscribes(name)).map(str::to_owned).collect();
        topics.sort();
        if topics != self.topics {
            info!(target: "kafka", "`topics.regex` matches {} topic(s): {}", topics.len(), topics.join(", "));
            let names: Vec<&str> = topics.iter().map(String::as_str).collect();
            if names.is_empty() {
                consumer.unsubscribe();
            } else {
                consumer.subscribe(&names).map_err(|error| of_client("subscribing", &error))?;
            }
            self.topics = topics;
        }
        Ok(())
    }
}
