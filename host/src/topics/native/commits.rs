//! Commits of offsets, and what the group answers.
#![expect(
    unsafe_code,
    reason = "rdkafka's commit waits as long as the broker is away, or never tells how it ended"
)]

use super::offsets::{Entry, failed, read};
use super::owned::Queue;
use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

/// What a commit ended with: what was stored, partition by partition, or why nothing was.
pub(in crate::topics) type Answer = Result<Vec<Entry>, Code>;

/// Commits of one consumer that nobody waits for.
pub(in crate::topics) struct Commits<C: ConsumerContext> {
    answers: Queue,
    /// Last, because the queue must be given back before the client goes.
    consumer: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's queues may be used from any thread.
unsafe impl<C: ConsumerContext> Send for Commits<C> {}

impl<C: ConsumerContext> Commits<C> {
    /// Commits of `consumer`; nothing if memory is out.
    pub(in crate::topics) fn new(consumer: Arc<BaseConsumer<C>>) -> Option<Self> {
        let answers = Queue::new(consumer.client().native_ptr())?;
        Some(Self { answers, consumer })
    }

    /// Commits offsets; [`Commits::answer`] tells later how it ended.
    pub(in crate::topics) fn send(&self, list: &TopicPartitionList) -> Result<(), Code> {
        send(self.consumer.client().native_ptr(), list, &self.answers)
    }

    /// How the next commit ended, if one has.
    pub(in crate::topics) fn answer(&self) -> Option<Answer> {
        answer(&self.answers, Duration::ZERO)
    }
}

/// Commits offsets and waits for the broker's answer, but no longer than `wait`.
pub(in crate::topics) fn commit(
    client: *mut c::rd_kafka_t,
    list: &TopicPartitionList,
    wait: Duration,
) -> Result<(), Code> {
    let answers = Queue::new(client).ok_or(Code::CriticalSystemResource)?;
    send(client, list, &answers)?;
    let stored = answer(&answers, wait).ok_or(Code::OperationTimedOut)??;
    stored.into_iter().find_map(|entry| entry.error).map_or(Ok(()), Err)
}

fn send(client: *mut c::rd_kafka_t, list: &TopicPartitionList, to: &Queue) -> Result<(), Code> {
    // SAFETY: client, list and queue are alive; the list is copied before the call returns.
    let sent =
        unsafe { c::rd_kafka_commit_queue(client, list.ptr(), to.as_ptr(), None, ptr::null_mut()) };
    failed(sent).map_or(Ok(()), Err)
}

fn answer(of: &Queue, wait: Duration) -> Option<Answer> {
    let event = of.poll(wait)?;
    // SAFETY: the event is alive, and owns its list.
    let (whole, offsets) = unsafe {
        let offsets = c::rd_kafka_event_topic_partition_list(event.as_ptr());
        (c::rd_kafka_event_error(event.as_ptr()), read(offsets))
    };
    Some(failed(whole).map_or(Ok(offsets), Err))
}
