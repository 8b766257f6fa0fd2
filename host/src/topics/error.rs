//! Errors of librdkafka's as those of the seams. Its texts name hosts and topics; values of properties are never passed on.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::types::RDKafkaConfRes;
use transom_core::{connector::ConnectorError, topic::TopicError};

/// Why a client could not be made, or a command not be done.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// A property that Transom sets by itself.
    #[error("property `{property}` cannot be set: {reason}; {help}")]
    Owned {
        /// Its name.
        property: String,
        /// Why it is not the operator's.
        reason: &'static str,
        /// What to do instead.
        help: &'static str,
    },
    /// A property that librdkafka does not take. Its value is not told: it may be a secret.
    #[error("property `{property}` {reason}")]
    Property {
        /// Its name.
        property: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The pattern of `topics.regex`.
    #[error("`topics.regex` is no regular expression")]
    Pattern(#[from] regex::Error),
    /// librdkafka refuses the properties together.
    #[error("the Kafka client cannot be made: {message}")]
    Client {
        /// What it says.
        message: String,
    },
    /// The cluster did not do what it was asked.
    #[error("{what}: {message}")]
    Request {
        /// What was asked.
        what: String,
        /// Why it was not done.
        message: String,
    },
}

impl TopicsError {
    /// A request that failed.
    pub(super) fn request(what: impl Into<String>, error: &KafkaError) -> Self {
        Self::Request { what: what.into(), message: told(error) }
    }
}

impl From<KafkaError> for TopicsError {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, property, _) => {
                Self::Property { property, reason: "is not known to librdkafka" }
            }
            KafkaError::ClientConfig(_, _, property, _) => {
                Self::Property { property, reason: "has a value that librdkafka does not take" }
            }
            other => Self::Client { message: told(&other) },
        }
    }
}

impl From<TopicsError> for ConnectorError {
    fn from(error: TopicsError) -> Self {
        let message = crate::error::on_one_line(&error);
        match error {
            TopicsError::Request { .. } => Self::transient("kafka-request", message),
            _ => Self::fatal("kafka-properties", message),
        }
    }
}

/// What an error says, without the values of properties.
pub(super) fn told(error: &KafkaError) -> String {
    match (error, error.rdkafka_error_code()) {
        (_, Some(code)) => code.to_string(),
        (KafkaError::ClientCreation(text) | KafkaError::Subscription(text), None) => text.clone(),
        (other, None) => other.to_string(),
    }
}

/// An error of a request or an event as a task's reader sees it.
pub(super) fn of_reader(code: Code, text: &str) -> TopicError {
    let message = if text.is_empty() { code.to_string() } else { text.to_owned() };
    match code {
        Code::IllegalGeneration
        | Code::UnknownMemberId
        | Code::RebalanceInProgress
        | Code::AssignmentLost
        | Code::PollExceeded
        | Code::StaleMemberEpoch
        | Code::FencedMemberEpoch => TopicError::Rebalanced { message },
        Code::FencedInstanceId | Code::UnreleasedInstanceId => TopicError::Fatal {
            message: format!(
                "{message}; another process uses the same `group.instance.id` for the same task"
            ),
        },
        Code::Fatal
        | Code::Authentication
        | Code::BadMessage
        | Code::BadCompression
        | Code::ClusterAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::InconsistentGroupProtocol
        | Code::InvalidGroupId
        | Code::InvalidMessageSize
        | Code::InvalidSessionTimeout
        | Code::InvalidTopic
        | Code::MessageSizeTooLarge
        | Code::OffsetMetadataTooLarge
        | Code::SaslAuthenticationFailed
        | Code::TopicAuthorizationFailed
        | Code::UnsupportedAssignor
        | Code::UnsupportedCompressionType
        | Code::UnsupportedFeature
        | Code::UnsupportedSASLMechanism
        | Code::UnsupportedVersion => TopicError::Fatal { message },
        _ => TopicError::Transient { message },
    }
}

/// An error of rdkafka's as a task's reader sees it.
pub(super) fn of_client(what: &str, error: &KafkaError) -> TopicError {
    let message = format!("{what}: {}", told(error));
    match error.rdkafka_error_code() {
        Some(code) => of_reader(code, &message),
        None => TopicError::Fatal { message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::ClientConfig;

    #[test]
    fn a_property_is_named_and_its_value_is_not() {
        for (property, says) in [
            ("sasl.pasword", "property `sasl.pasword` is not known to librdkafka"),
            ("linger.ms", "property `linger.ms` has a value that librdkafka does not take"),
        ] {
            let refused = ClientConfig::new().set(property, "hush").create_native_config();
            assert_eq!(TopicsError::from(refused.err().unwrap()).to_string(), says);
        }
    }
}
