//! What it means when a partition cannot be read on.
//!
//! librdkafka stops a partition whose offset is out of range, says so once, and forgets even that if a rebalance comes in
//! between: the partition then rests in silence. So either is an error here, with the figures that an operator needs.

use super::super::error::of_reader;
use super::super::native;
use super::Reader;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode as Code;
use std::collections::BTreeSet;
use std::slice;
use std::time::Duration;
use transom_core::topic::{Offsets, TopicError, TopicPartition, TopicReader, Watermarks};

/// Longest wait for what names of topics mean now, well below the second in which a reader has to be polled again.
const LOOK: Duration = Duration::from_millis(500);

impl Reader {
    /// A message that was an error.
    pub(super) fn failure(
        &mut self,
        partition: &TopicPartition,
        code: Code,
        text: &str,
        offset: i64,
    ) -> TopicError {
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => {
                self.out_of_range(partition, text, offset)
            }
            Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
                TopicError::Missing { topic: partition.topic.to_string() }
            }
            _ => of_reader(code, &format!("{partition}: {text}")),
        }
    }

    /// A partition that librdkafka has stopped fetching.
    pub(super) fn stalled(&mut self, partition: &TopicPartition) -> TopicError {
        self.out_of_range(partition, "it is no longer fetched", -1)
    }

    /// Looks whether the names of topics still mean those that are read. One that was deleted and created anew is read on at
    /// the old offset as if nothing had happened, and what the new log has before that would be skipped in silence.
    ///
    /// # Errors
    /// [`TopicError::OtherTopic`] for the first that does not. Where the broker does not say, the next look will tell.
    pub(super) fn look_for_other_topics(&mut self, offsets: &Offsets) -> Result<(), TopicError> {
        let topics: BTreeSet<&str> = offsets.keys().map(|partition| &*partition.topic).collect();
        let topics: Vec<&str> = topics.into_iter().collect();
        let client = self.consumer.client().native_ptr();
        let Ok(ids) = native::topic_ids(client, &topics, LOOK) else { return Ok(()) };
        let is_another = |(partition, _): &(&TopicPartition, &i64)| {
            let assigned = self.assigned.get(*partition).and_then(|of| of.identity.as_ref());
            let now = ids.get(&*partition.topic).and_then(|id| id.as_ref().ok());
            assigned.zip(now).is_some_and(|(then, now)| {
                !then.topic.is_empty() && !now.is_empty() && then.topic != *now
            })
        };
        let Some((partition, offset)) = offsets.iter().find(is_another) else { return Ok(()) };
        let (partition, offset) = (partition.clone(), *offset);
        let [Some(Watermarks { earliest, latest })] =
            self.watermarks(slice::from_ref(&partition))?[..]
        else {
            return Ok(());
        };
        Err(TopicError::OtherTopic { partition, offset, earliest, latest })
    }

    fn out_of_range(&mut self, partition: &TopicPartition, text: &str, offset: i64) -> TopicError {
        // A truncated log is told without the offset: it is where this reader stands.
        let offset =
            if offset < 0 { self.positions().get(partition).copied() } else { Some(offset) };
        let bounds = self.watermarks(slice::from_ref(partition));
        match (offset, bounds.as_deref()) {
            (Some(offset), Ok(&[Some(Watermarks { earliest, latest })]))
                if offset < earliest || offset > latest =>
            {
                TopicError::OutOfRange { partition: partition.clone(), offset, earliest, latest }
            }
            (_, Err(TopicError::Missing { topic })) => TopicError::Missing { topic: topic.clone() },
            _ => TopicError::Fatal { message: format!("{partition} cannot be read on: {text}") },
        }
    }
}
