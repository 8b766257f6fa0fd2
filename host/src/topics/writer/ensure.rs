//! Topics that a writer needs to be there.

use super::super::context::Plain;
use super::super::error::{TopicsError, of_reader};
use super::super::native::{self, error_name};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tracing::{info, warn};
use transom_core::connector::ConnectorError;
use transom_core::topic::{TopicCreation, TopicError};

/// Longest wait for one answer.
const WAIT: Duration = Duration::from_secs(5);

/// Pause between two tries while the broker is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks whether a topic is there, without having the broker create it by itself, and creates it if not.
pub(super) async fn ensure(
    config: &ClientConfig,
    topic: &str,
    creation: &TopicCreation,
) -> Result<(), ConnectorError> {
    let admin: AdminClient<Plain> = config.create_with_context(Plain).map_err(TopicsError::from)?;
    let admin = Arc::new(admin);
    let ensured = ensure_by(&admin, topic, creation).await;
    // Its end waits for its thread, a tenth of a second.
    drop(spawn_blocking(move || drop(admin)).await);
    ensured
}

async fn ensure_by(
    admin: &Arc<AdminClient<Plain>>,
    topic: &str,
    creation: &TopicCreation,
) -> Result<(), ConnectorError> {
    loop {
        let outcome = match exists(admin, topic).await {
            Ok(true) => return Ok(()),
            Ok(false) => create(admin, topic, creation).await,
            Err(code) => Err(code),
        };
        match outcome {
            Ok(()) => info!(target: "kafka", "created topic `{topic}`"),
            // Another was faster; the next look finds it.
            Err(Code::TopicAlreadyExists) => (),
            Err(code) if passes(code) => {
                warn!(target: "kafka", "waiting for the broker to have topic `{topic}`: {code}");
                tokio::time::sleep(PAUSE).await;
            }
            Err(code) => {
                return Err(ConnectorError::fatal(error_name(code), absent(topic, creation, code)));
            }
        }
    }
}

/// Names the configuration that the topic was to get: the broker may have no other reason to refuse it.
fn absent(topic: &str, creation: &TopicCreation, code: Code) -> String {
    let mut with = String::new();
    for (name, value) in &creation.config {
        let word = if with.is_empty() { "with" } else { "and" };
        write!(with, " {word} `{name}: {value}`").expect("a string takes what is written to it");
    }
    format!("topic `{topic}` is not there and cannot be created{with}: {code}")
}

async fn exists(admin: &Arc<AdminClient<Plain>>, topic: &str) -> Result<bool, Code> {
    let (admin, name) = (Arc::clone(admin), topic.to_owned());
    let asked = move || native::topic_ids(admin.inner().native_ptr(), &[&name], WAIT);
    let ids = spawn_blocking(asked).await.unwrap_or(Err(Code::Interrupted))?;
    match ids.get(topic) {
        Some(Ok(_)) => Ok(true),
        Some(Err(Code::UnknownTopicOrPartition)) | None => Ok(false),
        Some(Err(code)) => Err(*code),
    }
}

async fn create(
    admin: &AdminClient<Plain>,
    topic: &str,
    creation: &TopicCreation,
) -> Result<(), Code> {
    let replication = TopicReplication::Fixed(creation.replication_factor.unwrap_or(-1));
    let mut new = NewTopic::new(topic, creation.partitions.unwrap_or(-1), replication);
    for (name, value) in &creation.config {
        new = new.set(name, value);
    }
    let options = AdminOptions::new().request_timeout(Some(WAIT)).operation_timeout(Some(WAIT));
    let created = admin.create_topics([&new], &options).await;
    let created = created.map_err(|error| error.rdkafka_error_code().unwrap_or(Code::InvalidTopic));
    created?
        .into_iter()
        .next()
        .unwrap_or(Err((topic.to_owned(), Code::NoEnt)))
        .map_err(|(_, code)| code)?;
    Ok(())
}

/// True for what may pass: the broker is away, or has no time.
fn passes(code: Code) -> bool {
    let refused = matches!(
        code,
        Code::InvalidConfig
            | Code::InvalidPartitions
            | Code::InvalidReplicaAssignment
            | Code::InvalidReplicationFactor
            | Code::InvalidRequest
            | Code::InvalidArgument
            | Code::PolicyViolation
    );
    !refused && matches!(of_reader(code, ""), TopicError::Transient { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_cannot_be_created_is_named_with_what_it_was_to_get() {
        let check = |config: &[(&str, &str)], expected: &str| {
            let of = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let config = config.iter().map(of).collect();
            let creation = TopicCreation { config, ..TopicCreation::default() };
            assert_eq!(absent("t", &creation, Code::PolicyViolation), expected);
        };
        let (start, end) = ("topic `t` is not there and cannot be created", Code::PolicyViolation);
        check(&[], &format!("{start}: {end}"));
        check(
            &[("cleanup.policy", "compact"), ("max.message.bytes", "9")],
            &format!("{start} with `cleanup.policy: compact` and `max.message.bytes: 9`: {end}"),
        );
    }
}
