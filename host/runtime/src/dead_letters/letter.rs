//! What a dead letter looks like: the record as it was read, and Kafka Connect's headers behind its own.

use super::{Cause, DeadLetters, Place};
use crate::assembly::ModuleName;
use transom_core::{batch::Batch, record::Step, topic::EncodedRecord};

/// What the names of Connect's headers begin with.
const PREFIX: &str = "__connect.errors.";

impl Place {
    /// Kafka Connect's constant for the stage.
    pub(crate) const fn stage(self) -> &'static str {
        match self {
            Self::Step(Step::KeyConverter) => "KEY_CONVERTER",
            Self::Step(Step::ValueConverter) => "VALUE_CONVERTER",
            Self::Step(Step::HeaderConverter) => "HEADER_CONVERTER",
            Self::Step(Step::Transformation { .. }) => "TRANSFORMATION",
            Self::Put => "TASK_PUT",
            Self::Produce => "KAFKA_PRODUCE",
        }
    }

    /// Number of the transform.
    pub(super) const fn transform(self) -> Option<usize> {
        match self {
            Self::Step(Step::Transformation { stage }) => Some(stage),
            _ => None,
        }
    }
}

impl Cause {
    /// What failed: a transform's module, or the part of the task.
    pub(super) fn class<'a>(&self, modules: &'a [ModuleName]) -> &'a str {
        match self.place {
            Place::Step(Step::KeyConverter) => "key.converter",
            Place::Step(Step::ValueConverter) => "value.converter",
            Place::Step(Step::HeaderConverter) => "header.converter",
            Place::Step(Step::Transformation { stage }) => {
                modules.get(stage).map_or("transform", |module| &module.module)
            }
            Place::Put => "sink",
            Place::Produce => "producer",
        }
    }
}

impl DeadLetters {
    /// The record with its original bytes and headers, and what went wrong.
    pub(super) fn letter(
        &self,
        batch: &Batch,
        modules: &[ModuleName],
        cause: &Cause,
        topic: &str,
    ) -> EncodedRecord {
        let original = batch.original(cause.input);
        let mut headers: Vec<(String, Option<Vec<u8>>)> = batch
            .original_headers(cause.input)
            .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
            .collect();
        let mut add = |name: String, text: String| headers.push((name, Some(text.into_bytes())));
        let mut connect = |name: &str, text: String| add(format!("{PREFIX}{name}"), text);
        connect("topic", original.topic.to_owned());
        // What a source gave was read from no partition.
        if let (Some(partition), Some(offset)) = (original.partition, original.offset) {
            connect("partition", partition.to_string());
            connect("offset", offset.to_string());
        }
        connect("connector.name", self.context.plan.name.clone());
        connect("task.id", self.context.task.to_string());
        connect("stage", cause.place.stage().to_owned());
        connect("class.name", cause.class(modules).to_owned());
        connect("exception.class.name", format!("transom.{}", cause.code));
        connect("exception.message", cause.message.clone());
        connect("exception.stacktrace", self.trace(modules, cause));
        if let Some(module) = cause.place.transform().and_then(|stage| modules.get(stage)) {
            add("transom.smt".to_owned(), module.transform.clone());
            add("transom.smt.sha256".to_owned(), module.sha256.clone());
        }
        if let Some(child) = cause.child {
            add("transom.split.index".to_owned(), child.to_string());
        }
        EncodedRecord {
            topic: topic.to_owned(),
            partition: None,
            timestamp: original.timestamp,
            key: original.key.map(<[u8]>::to_vec),
            value: original.value.map(<[u8]>::to_vec),
            headers,
        }
    }

    /// Our chain of causes, in the shape that readers of Java's traces know.
    fn trace(&self, modules: &[ModuleName], cause: &Cause) -> String {
        let Cause { code, message, .. } = cause;
        let (stage, class) = (cause.place.stage(), cause.class(modules));
        format!(
            "transom.{code}: {message}\n\tat {stage}({class})\n\tat task({})\n",
            self.context.name()
        )
    }
}
