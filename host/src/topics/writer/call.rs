//! One call of a writer: how many of its records are under way, and what became of those that failed.

use super::super::error::told;
use super::super::native::error_name;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message;
use rdkafka::producer::DeliveryResult;
use std::mem;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use transom_core::connector::ConnectorError;
use transom_core::topic::{Refused, Written};

/// What a call waits for.
#[derive(Debug)]
pub(super) struct Call {
    /// Records under way, and one for the call itself until it has handed all over.
    left: AtomicUsize,
    done: Notify,
    /// One for each record.
    places: Box<[Place]>,
    failed: Mutex<Failed>,
}

/// Where a record went: written by librdkafka's thread before it counts the record out, read when all are.
#[derive(Debug)]
struct Place {
    partition: AtomicI32,
    /// Negative where it is not known.
    offset: AtomicI64,
}

#[derive(Debug, Default)]
struct Failed {
    refused: Vec<Refused>,
    /// Records that their topic does not take now, and why.
    stuck: Vec<(usize, Code)>,
    /// The first failure that is not a record's fault.
    whole: Option<ConnectorError>,
}

/// What became of a call's records.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) written: Written,
    /// Numbers of those that their topic does not take now, in order, and why: neither they nor the call are to blame.
    pub(super) stuck: Vec<(usize, Code)>,
}

/// One record of a call, as librdkafka carries it until its outcome is known.
#[derive(Debug)]
pub(super) struct Delivery {
    call: Arc<Call>,
    index: usize,
    /// Bytes of the record.
    size: usize,
}

impl Call {
    /// A call that writes so many records.
    pub(super) fn new(records: usize) -> Self {
        let nowhere = || Place { partition: AtomicI32::new(-1), offset: AtomicI64::new(-1) };
        Self {
            left: AtomicUsize::new(1),
            done: Notify::new(),
            places: (0..records).map(|_| nowhere()).collect(),
            failed: Mutex::default(),
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.left.load(Ordering::Acquire) > 0
    }

    /// Waits until all outcomes are known.
    pub(super) async fn outcome(&self) -> Result<Outcome, ConnectorError> {
        self.one_less();
        self.done.notified().await;
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let Failed { mut refused, mut stuck, whole } = mem::take(&mut *failed);
        refused.sort_by_key(|refused| refused.index);
        stuck.sort_by_key(|(index, _)| *index);
        let places = self.places.iter().map(Place::known).collect();
        whole.map_or(Ok(Outcome { written: Written { refused, places }, stuck }), Err)
    }

    fn one_less(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Kept for the one who waits, also if that one comes later.
            self.done.notify_one();
        }
    }
}

impl Place {
    fn known(&self) -> Option<(i32, i64)> {
        let offset = self.offset.load(Ordering::Relaxed);
        (offset >= 0).then(|| (self.partition.load(Ordering::Relaxed), offset))
    }
}

impl Delivery {
    pub(super) fn of(call: &Arc<Call>, index: usize, size: usize) -> Self {
        call.left.fetch_add(1, Ordering::AcqRel);
        Self { call: Arc::clone(call), index, size }
    }

    /// The record was not handed over after all.
    pub(super) fn cancel(&self) {
        self.call.one_less();
    }

    /// The record's outcome is known.
    pub(super) fn settle(&self, result: &DeliveryResult<'_>) {
        match result {
            Ok(message) => self.place(message.partition(), message.offset()),
            Err((error, message)) => self.fail(error, || {
                format!(
                    "topic `{}`; raise its `max.message.bytes` (it counts a batch as a whole: keep the producer's `batch.size` below it)",
                    message.topic()
                )
            }),
        }
        self.call.one_less();
    }

    /// The record was not taken into the queue, and never will be.
    pub(super) fn refuse(&self, error: &KafkaError) {
        self.fail(error, || "the producer; raise its `message.max.bytes`".to_owned());
        self.call.one_less();
    }

    fn place(&self, partition: i32, offset: i64) {
        let place = &self.call.places[self.index];
        place.partition.store(partition, Ordering::Relaxed);
        place.offset.store(offset, Ordering::Relaxed);
    }

    /// Notes an error. If the record is too large, `bound` says for whom, and what to do.
    fn fail(&self, error: &KafkaError, bound: impl FnOnce() -> String) {
        let mut failed = self.call.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let code = error.rdkafka_error_code().unwrap_or(Code::InvalidTopic);
        if is_refusal(code) {
            let message = if code == Code::MessageSizeTooLarge {
                format!("{} bytes with key and headers are too many for {}", self.size, bound())
            } else {
                told(error)
            };
            failed.refused.push(Refused { index: self.index, code: error_name(code), message });
        } else if is_of_topic(code) {
            failed.stuck.push((self.index, code));
        } else if failed.whole.is_none() {
            failed.whole = Some(of_writer(code));
        }
    }
}

/// True for what no other try changes, and what is this record's alone.
fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidMessage
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::InvalidTopic
            | Code::MessageBatchTooLarge
            | Code::MessageSizeTooLarge
            | Code::UnknownPartition
            | Code::UnsupportedForMessageFormat
    )
}

/// True for what somebody has to mend at the topic: that it is there, that it may be written, that it has room.
fn is_of_topic(code: Code) -> bool {
    matches!(
        code,
        Code::PolicyViolation
            | Code::TopicAuthorizationFailed
            | Code::UnknownTopic
            | Code::UnknownTopicOrPartition
    )
}

/// A failure of the producer as a whole. The records of the call may have been written, so the call comes again.
fn of_writer(code: Code) -> ConnectorError {
    let message = format!("records could not be written to Kafka: {code}");
    match code {
        Code::ClusterAuthorizationFailed | Code::TransactionalIdAuthorizationFailed => {
            ConnectorError::fatal(error_name(code), message)
        }
        _ => ConnectorError::transient(error_name(code), message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::error::KafkaError::MessageProduction;

    #[tokio::test]
    async fn a_call_tells_what_was_refused_in_order() {
        let call = Arc::new(Call::new(4));
        let deliveries: Vec<_> = (0..4).map(|at| Box::new(Delivery::of(&call, at, 9))).collect();
        let [first, second, third, fourth] = <[_; 4]>::try_from(deliveries).unwrap();
        fourth.refuse(&MessageProduction(Code::MessageSizeTooLarge));
        second.refuse(&MessageProduction(Code::UnknownPartition));
        first.place(2, 70);
        first.cancel();
        third.cancel();
        assert!(call.is_pending());
        let Outcome { written: Written { refused, places }, stuck } = call.outcome().await.unwrap();
        assert_eq!(stuck, []);
        let told: Vec<_> = refused.iter().map(|one| (one.index, one.code.as_str())).collect();
        assert_eq!(told, [(1, "_UNKNOWN_PARTITION"), (3, "MSG_SIZE_TOO_LARGE")]);
        let way_out = "9 bytes with key and headers are too many for the producer; raise its `message.max.bytes`";
        assert_eq!(refused[1].message, way_out);
        assert_eq!(places, [Some((2, 70)), None, None, None]);
        assert!(!call.is_pending());
    }

    #[tokio::test]
    async fn what_a_topic_does_not_take_is_neither_refused_nor_the_calls_failure() {
        let call = Arc::new(Call::new(3));
        let codes = [Code::UnknownTopic, Code::MessageSizeTooLarge, Code::TopicAuthorizationFailed];
        let deliveries: Vec<_> = (0..3).map(|at| Delivery::of(&call, at, 9)).collect();
        for (delivery, code) in deliveries.iter().zip(codes).rev() {
            delivery.refuse(&MessageProduction(code));
        }
        let Outcome { written, stuck } = call.outcome().await.unwrap();
        assert_eq!(stuck, [(0, codes[0]), (2, codes[2])]);
        assert_eq!(written.refused.len(), 1);
    }

    #[tokio::test]
    async fn what_is_no_records_fault_fails_the_call() {
        let call = Arc::new(Call::new(1));
        Delivery::of(&call, 0, 9).refuse(&MessageProduction(Code::PurgeQueue));
        let failed = call.outcome().await.unwrap_err();
        assert_eq!((failed.code.as_str(), failed.is_transient()), ("_PURGE_QUEUE", true));
    }
}
