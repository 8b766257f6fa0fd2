//! What it means when a partition cannot be read on.
//!
//! librdkafka stops a partition whose offset is out of range, says so once, and forgets even that if a rebalance comes in
//! between: the partition then rests in silence. So either is an error here, with the figures that an operator needs.

use super::super::error::of_reader;
use super::Reader;
use rdkafka::error::RDKafkaErrorCode as Code;
use std::slice;
use transom_core::topic::{TopicError, TopicPartition, TopicReader, Watermarks};

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

    fn out_of_range(&mut self, partition: &TopicPartition, text: &str, offset: i64) -> TopicError {
        // A truncated log is told without the offset: it is where this reader stands.
        let offset =
            if offset < 0 { self.positions().get(partition).copied() } else { Some(offset) };
        let bounds = self.watermarks(slice::from_ref(partition));
        match (offset, bounds.as_deref()) {
            (Some(offset), Ok(&[Watermarks { earliest, latest }]))
                if offset < earliest || offset > latest =>
            {
                TopicError::OutOfRange { partition: partition.clone(), offset, earliest, latest }
            }
            (_, Err(TopicError::Missing { topic })) => TopicError::Missing { topic: topic.clone() },
            _ => TopicError::Fatal { message: format!("{partition} cannot be read on: {text}") },
        }
    }
}
