//! Writes records: one idempotent producer for all that write with the same properties.
//!
//! librdkafka retries without end and keeps the order of each partition; a call waits until the outcome of each of its
//! records is known. What the broker refuses for good is told record by record.

mod call;
mod ensure;

use super::context::log;
use super::error::{TopicsError, told};
use super::native::error_name;
use call::{Call, Delivery, Outcome};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};
use transom_core::connector::ConnectorError;
use transom_core::topic::{EncodedRecord, TopicCreation, TopicWriter, Written};

/// Longest wait for a delivery to make room before the queue is tried again.
const ROOM: Duration = Duration::from_millis(100);

/// Pauses before a topic that took no records is tried again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Writes to one cluster. Shared; it lives as long as somebody holds it.
pub struct Writer {
    config: ClientConfig,
    producer: Mutex<Arc<ThreadedProducer<Deliveries>>>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// Hands outcomes to the calls that wait for them.
#[derive(Debug, Default)]
struct Deliveries {
    /// Told whenever a record has left the queue.
    room: Notify,
    calls: Mutex<Vec<Weak<Call>>>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // A broker that is away is nobody's news while nothing waits for it.
        if self.pending().is_empty() {
            debug!(target: "kafka", "{reason} ({})", told(&error));
        } else {
            warn!(target: "kafka", "{reason} ({})", told(&error));
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        delivery.settle(result);
        self.room.notify_waiters();
    }
}

impl Deliveries {
    /// The calls whose outcome is not known.
    fn pending(&self) -> Vec<Arc<Call>> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|call| call.upgrade().is_some_and(|call| call.is_pending()));
        calls.iter().filter_map(Weak::upgrade).collect()
    }

    fn begin(&self, records: usize) -> Arc<Call> {
        let call = Arc::new(Call::new(records));
        drop(self.pending());
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(Arc::downgrade(&call));
        call
    }
}

impl Writer {
    pub(super) fn new(config: ClientConfig) -> Result<Self, TopicsError> {
        let producer = config.create_with_context(Deliveries::default())?;
        Ok(Self { config, producer: Mutex::new(Arc::new(producer)) })
    }

    /// The producer; a new one if the old one has failed for good and nothing of its work is uncertain any more.
    fn producer(&self) -> Result<Arc<ThreadedProducer<Deliveries>>, ConnectorError> {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((code, text)) = producer.client().fatal_error() else {
            return Ok(Arc::clone(&producer));
        };
        if !producer.context().pending().is_empty() {
            return Err(ConnectorError::transient(
                error_name(code),
                format!(
                    "the Kafka producer has failed and waits for the outcome of earlier records: {text}"
                ),
            ));
        }
        warn!(target: "kafka", "the producer is made anew, because it failed: {text}");
        let new = self.config.create_with_context(Deliveries::default());
        let old = std::mem::replace(&mut *producer, Arc::new(new.map_err(TopicsError::from)?));
        // Its end waits for its thread.
        drop(tokio::task::spawn_blocking(move || drop(old)));
        Ok(Arc::clone(&producer))
    }
}

impl Writer {
    /// Writes some of these records, and waits until the outcome of each is known.
    async fn send(
        &self,
        records: &[EncodedRecord],
        which: impl Iterator<Item = usize>,
    ) -> Result<Outcome, ConnectorError> {
        let producer = self.producer()?;
        let call = producer.context().begin(records.len());
        for index in which {
            enqueue(&producer, &call, index, &records[index]).await;
        }
        call.outcome().await
    }
}

/// Puts one record into the queue, waiting for room.
async fn enqueue(
    producer: &ThreadedProducer<Deliveries>,
    call: &Arc<Call>,
    index: usize,
    record: &EncodedRecord,
) {
    loop {
        let delivery = Box::new(Delivery::of(call, index, size(record)));
        let (error, unsent) = match producer.send(base_record(record, delivery)) {
            Ok(()) => return,
            Err(failed) => failed,
        };
        if error.rdkafka_error_code() != Some(Code::QueueFull) {
            unsent.delivery_opaque.refuse(&error);
            return;
        }
        unsent.delivery_opaque.cancel();
        // A delivery between `send` and here is not heard of, so the wait is short; running out of time is no failure.
        let _heard = timeout(ROOM, producer.context().room.notified()).await;
    }
}

/// Those to write again: of each topic everything from the first on that it did not take, but for what is refused. What it
/// took behind that would else stay before it (invariant 2); what other topics took is not written twice.
fn come_again<'a>(
    records: &'a [EncodedRecord],
    stuck: &[(usize, Code)],
    written: &'a Written,
) -> impl Iterator<Item = usize> + use<'a> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, _) in stuck {
        first.entry(&records[*index].topic).or_insert(*index);
    }
    let is_refused = |index: usize| written.refused.iter().any(|refused| refused.index == index);
    let is_behind = move |index: &usize| {
        first.get(&*records[*index].topic).is_some_and(|first| index >= first)
            && !is_refused(*index)
    };
    (0..records.len()).filter(is_behind)
}

/// Bytes of key, value and headers.
fn size(record: &EncodedRecord) -> usize {
    let EncodedRecord { key, value, headers, .. } = record;
    let bytes = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
    let of_headers: usize = headers.iter().map(|(name, value)| name.len() + bytes(value)).sum();
    bytes(key) + bytes(value) + of_headers
}

fn base_record(
    record: &EncodedRecord,
    delivery: Box<Delivery>,
) -> BaseRecord<'_, [u8], [u8], Box<Delivery>> {
    let headers = (!record.headers.is_empty()).then(|| {
        let empty = OwnedHeaders::new_with_capacity(record.headers.len());
        record.headers.iter().fold(empty, |headers, (key, value)| {
            headers.insert(Header { key, value: value.as_ref() })
        })
    });
    BaseRecord {
        topic: &record.topic,
        partition: record.partition,
        payload: record.value.as_deref(),
        key: record.key.as_deref(),
        timestamp: record.timestamp,
        headers,
        delivery_opaque: delivery,
    }
}

#[cfg(test)]
mod tests;

#[async_trait::async_trait]
impl TopicWriter for Writer {
    async fn write(&self, records: Vec<EncodedRecord>) -> Result<Written, ConnectorError> {
        let Outcome { mut written, mut stuck } = self.send(&records, 0..records.len()).await?;
        let mut pause = FIRST_PAUSE;
        while let Some((first, code)) = stuck.first() {
            let topic = &records[*first].topic;
            warn!(target: "kafka", "topic `{topic}` takes no records: {code}; trying again");
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(2 * pause);
            let again = self.send(&records, come_again(&records, &stuck, &written)).await?;
            for (place, new) in written.places.iter_mut().zip(again.written.places) {
                *place = new.or(*place);
            }
            for refused in again.written.refused {
                // The topic may have taken it the first time; what counts is how it ended.
                written.places[refused.index] = None;
                written.refused.push(refused);
            }
            stuck = again.stuck;
        }
        written.refused.sort_by_key(|refused| refused.index);
        Ok(written)
    }

    async fn ensure(&self, topic: &str, creation: TopicCreation) -> Result<(), ConnectorError> {
        ensure::ensure(&self.config, topic, &creation).await
    }
}
