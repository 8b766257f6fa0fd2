//! Why a task ended, and what follows from it.

use std::fmt;
use transom_core::{
    chain::ChainError,
    connector::{Class, ConnectorError},
    topic::TopicError,
    transform::TransformError,
};

/// Why a task could not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What the supervisor does about it.
    pub(crate) kind: FailureKind,
    /// What happened, and the way out.
    pub(crate) reason: String,
}

/// What the supervisor does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// It may pass: the task starts anew, and says so meanwhile.
    Transient,
    /// The task has failed. It starts anew all the same, after longer and longer pauses.
    Fatal,
    /// The task was stopped by policy: it waits for an operator.
    Policy,
    /// Somebody else took its partitions over: it joins the group anew, the first time at once.
    Superseded,
}

impl Failure {
    pub(crate) fn fatal(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Fatal, reason: reason.into() }
    }

    pub(crate) fn policy(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Policy, reason: reason.into() }
    }

    /// An offset that is not in the log, or is of another: an operator decides where the connector goes on.
    pub(crate) fn of_offset(error: &impl fmt::Display, connector: &str) -> Self {
        Self::policy(format!(
            "{error}. Go on from what is there by `transom offsets reset {connector} --to earliest` (or `latest`), or bring back the log \
             that the offset was stored for; `transom offsets show` lists both"
        ))
    }

    /// True if what is before the failure is to be delivered and committed first.
    pub(crate) fn is_by_policy(&self) -> bool {
        self.kind == FailureKind::Policy
    }
}

impl From<ConnectorError> for Failure {
    fn from(error: ConnectorError) -> Self {
        let kind = match error.class {
            Class::Transient { .. } => FailureKind::Transient,
            Class::BadRecord | Class::Fatal => FailureKind::Fatal,
            Class::Superseded => FailureKind::Superseded,
        };
        Self { kind, reason: format!("{} ({})", error.message, error.code) }
    }
}

impl From<TopicError> for Failure {
    fn from(error: TopicError) -> Self {
        let kind = match error {
            TopicError::Transient { .. } | TopicError::Missing { .. } => FailureKind::Transient,
            TopicError::Rebalanced { .. } => FailureKind::Superseded,
            TopicError::OutOfRange { .. } | TopicError::OtherTopic { .. } => FailureKind::Policy,
            TopicError::Fatal { .. } => FailureKind::Fatal,
        };
        Self { kind, reason: error.to_string() }
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        let kind = match error.source {
            TransformError::Broken { .. } => FailureKind::Policy,
            TransformError::Instance { .. } => FailureKind::Fatal,
        };
        Self { kind, reason: format!("{error}: {}", error.source) }
    }
}
