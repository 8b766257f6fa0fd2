//! A topic from its beginning to its end, outside of any group: positions of sources, dead letters.

use super::context::Plain;
use super::error::TopicsError;
use super::native::RecordQueue;
use super::reader::requests;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transom_core::record::NewRecord;
use transom_core::topic::{TopicError, TopicPartition, Watermarks};

/// Longest wait for an answer, or for the next record of a partition that has more.
const WAIT: Duration = Duration::from_secs(10);

/// Longest wait between two looks at the client's events.
const SLICE: Duration = Duration::from_millis(100);

/// Records taken at once.
const CHUNK: usize = 256;

/// Reads a topic up to where it ended when the scan was made.
pub struct Scan {
    records: RecordQueue<Plain>,
    consumer: Arc<BaseConsumer<Plain>>,
    /// The end of each partition that is not read through.
    left: BTreeMap<TopicPartition, i64>,
    topic: String,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Scan {
    pub(super) fn new(consumer: BaseConsumer<Plain>, topic: &str) -> Result<Self, TopicsError> {
        let failed = |error: KafkaError| TopicsError::request(format!("reading `{topic}`"), &error);
        let of_topic = |error: &TopicError| TopicsError::Request {
            what: format!("reading `{topic}`"),
            message: error.to_string(),
        };
        let metadata = consumer.fetch_metadata(Some(topic), WAIT).map_err(failed)?;
        let consumer = Arc::new(consumer);
        let records = RecordQueue::new(Arc::clone(&consumer))
            .ok_or_else(|| failed(KafkaError::Global(Code::CriticalSystemResource)))?;
        let mut list = TopicPartitionList::new();
        let mut left = BTreeMap::new();
        if let Some(error) = metadata.topics().iter().find_map(MetadataTopic::error) {
            return Err(failed(KafkaError::MetadataFetch(error.into())));
        }
        let found = metadata.topics().iter().flat_map(MetadataTopic::partitions);
        let found: Vec<_> = found
            .map(|found| TopicPartition { topic: topic.into(), partition: found.id() })
            .collect();
        let bounds = requests::watermarks(&consumer, &found).map_err(|error| of_topic(&error))?;
        for (partition, Watermarks { earliest, latest }) in found.into_iter().zip(bounds) {
            if earliest < latest {
                records.forward(&partition).ok_or_else(|| failed(KafkaError::Canceled))?;
                list.add_partition_offset(topic, partition.partition, Offset::Offset(earliest))
                    .map_err(failed)?;
                left.insert(partition, latest);
            }
        }
        consumer.assign(&list).map_err(failed)?;
        Ok(Self { records, consumer, left, topic: topic.to_owned() })
    }

    /// Gives all records to `each`, in the order of their partition. It waits for them: not for an async thread.
    ///
    /// # Errors
    /// [`TopicsError`] if the broker does not give them.
    pub fn read(mut self, each: &mut dyn FnMut(&NewRecord<'_>)) -> Result<(), TopicsError> {
        let mut progress = Instant::now();
        while !self.left.is_empty() {
            // Serves events; records come by the other queue.
            drop(self.consumer.poll(Duration::ZERO));
            if self.records.fill(CHUNK, SLICE) {
                progress = Instant::now();
            } else if progress.elapsed() > WAIT {
                return Err(self.failed(&KafkaError::Global(Code::OperationTimedOut)));
            }
            self.give(each)?;
        }
        Ok(())
    }

    fn give(&mut self, each: &mut dyn FnMut(&NewRecord<'_>)) -> Result<(), TopicsError> {
        let (left, mut failure) = (&mut self.left, None);
        while failure.is_none()
            && self.records.give(|message, headers| {
                let partition = message.partition();
                match message.error() {
                    None => {
                        let (record, _) = message.record(headers);
                        let end = left.get(&partition).copied();
                        let offset = record.offset.unwrap_or(0);
                        if end.is_some_and(|end| offset < end) {
                            each(&record);
                        }
                        if end.is_some_and(|end| offset + 1 >= end) {
                            left.remove(&partition);
                        }
                    }
                    // Behind the last record there may be markers of transactions, or what compaction took.
                    Some((Code::PartitionEOF, ..)) => {
                        left.remove(&partition);
                    }
                    Some((code, ..)) => failure = Some(code),
                }
            })
        {}
        match failure {
            Some(code) => Err(self.failed(&KafkaError::MessageConsumption(code))),
            None => Ok(()),
        }
    }

    fn failed(&self, error: &KafkaError) -> TopicsError {
        TopicsError::request(format!("reading `{}`", self.topic), error)
    }
}
