//! Records of assigned partitions, in batches, from a queue apart from the client's events.
//!
//! On the consumer's own queue the batch call would answer a rebalance by itself, with an empty assignment. So each
//! partition's queue is forwarded to one of ours before the partition is assigned, and the consumer's queue has events alone.
#![expect(
    unsafe_code,
    reason = "rdkafka has no batch calls, and its messages cannot be taken from a queue of ours"
)]

use super::{milliseconds, owned::Queue};
use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::Arc;
use std::time::Duration;
use std::{ptr, slice, str};
use transom_core::{record::NewRecord, topic::TopicPartition};

/// Headers of one record: names and values.
type Headers<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

/// The code of success.
const NO_ERROR: c::rd_kafka_resp_err_t = c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

/// What stands for a name that is not UTF-8, which Kafka's protocol rules out.
const UNREADABLE: &str = "\u{fffd}";

/// The queue, and messages that were taken from it and not given yet.
pub(in crate::topics) struct RecordQueue<C: ConsumerContext> {
    /// Messages from `next` on are ours to give and to destroy.
    taken: Vec<*mut c::rd_kafka_message_t>,
    next: usize,
    /// Empty between two records: its memory is kept.
    headers: Headers<'static>,
    queue: Queue,
    /// Last, because what is above must be given back before the client goes.
    consumer: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's queues and messages may be used from any thread, one at a time, which `&mut` ensures.
unsafe impl<C: ConsumerContext> Send for RecordQueue<C> {}

/// A message, valid while it is looked at.
pub(in crate::topics) struct Message<'a> {
    raw: &'a c::rd_kafka_message_t,
}

impl<C: ConsumerContext> RecordQueue<C> {
    /// Makes a queue of the consumer's; nothing if memory is out.
    pub(in crate::topics) fn new(consumer: Arc<BaseConsumer<C>>) -> Option<Self> {
        let queue = Queue::new(consumer.client().native_ptr())?;
        Some(Self { taken: Vec::new(), next: 0, headers: Vec::new(), queue, consumer })
    }

    /// Has a partition's records come here. To be called before the partition is assigned: librdkafka then leaves the
    /// queue forwarded as it is, and no record ever reaches the consumer's own queue.
    pub(in crate::topics) fn forward(&self, partition: &TopicPartition) -> Option<()> {
        let topic = CString::new(&*partition.topic).ok()?;
        let client = self.consumer.client().native_ptr();
        // SAFETY: client and name are alive; the reference that comes is given back by `Queue`.
        let source = Queue::from_raw(unsafe {
            c::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition.partition)
        })?;
        // SAFETY: both queues are alive; the source keeps the target alive for as long as it needs it.
        unsafe { c::rd_kafka_queue_forward(source.as_ptr(), self.queue.as_ptr()) }
        Some(())
    }

    /// Takes up to `records` messages if none is held, waiting for the first only. Says whether there are any.
    pub(in crate::topics) fn fill(&mut self, records: usize, wait: Duration) -> bool {
        if self.next < self.taken.len() {
            return true;
        }
        self.next = 0;
        self.taken.clear();
        if self.take(records, Duration::ZERO) == 0 && !wait.is_zero() && self.take(1, wait) == 1 {
            // Asked for more than there is, the batch call waits until it has them or the time is over.
            self.take(records - 1, Duration::ZERO);
        }
        !self.taken.is_empty()
    }

    fn take(&mut self, records: usize, wait: Duration) -> usize {
        self.taken.reserve(records);
        let queue = self.queue.as_ptr();
        let (spare, wait) =
            (self.taken.spare_capacity_mut().as_mut_ptr().cast(), milliseconds(wait));
        // SAFETY: `reserve` made room for so many pointers.
        let taken = unsafe { c::rd_kafka_consume_batch_queue(queue, wait, spare, records) };
        let taken = usize::try_from(taken).unwrap_or(0);
        // SAFETY: the call wrote so many pointers, each to a message that is ours.
        unsafe { self.taken.set_len(self.taken.len() + taken) };
        taken
    }

    /// Gives the next message that is held, with its headers; says whether there was one.
    pub(in crate::topics) fn give(
        &mut self,
        to: impl for<'m> FnOnce(&Message<'m>, &[(&'m str, Option<&'m [u8]>)]),
    ) -> bool {
        let Some(raw) = self.taken.get(self.next).copied() else { return false };
        self.next += 1;
        // SAFETY: the message is ours and not destroyed before the end of this function.
        let message = Message { raw: unsafe { &*raw } };
        if message.headers().is_none() {
            to(&message, &[]);
        } else {
            let mut headers = std::mem::take(&mut self.headers);
            message.read_headers(&mut headers);
            to(&message, &headers);
            headers.clear();
            // Collecting in place keeps the memory, and lets go of the message's lifetime.
            self.headers = headers.into_iter().map(|_| ("", None)).collect();
        }
        // SAFETY: it is destroyed once: `next` is past it.
        unsafe { c::rd_kafka_message_destroy(raw) };
        true
    }

    /// Forgets messages that are held for these partitions.
    pub(in crate::topics) fn discard(&mut self, partitions: &[TopicPartition]) {
        let held = self.taken.split_off(self.next.min(self.taken.len()));
        for raw in held {
            // SAFETY: messages from `next` on are alive.
            let message = Message { raw: unsafe { &*raw } };
            if partitions.iter().any(|partition| message.is_of(partition)) {
                // SAFETY: it is ours, and in no list any more.
                unsafe { c::rd_kafka_message_destroy(raw) };
            } else {
                self.taken.push(raw);
            }
        }
    }

    /// The offset of the first message that is held for a partition.
    pub(in crate::topics) fn first_held(&self, partition: &TopicPartition) -> Option<i64> {
        let held = self.taken.get(self.next..)?.iter();
        // SAFETY: messages from `next` on are alive.
        let mut messages = held.map(|raw| Message { raw: unsafe { &**raw } });
        messages.find(|message| message.is_of(partition)).map(|message| message.raw.offset)
    }
}

impl<C: ConsumerContext> Drop for RecordQueue<C> {
    fn drop(&mut self) {
        for raw in self.taken.drain(..).skip(self.next) {
            // SAFETY: messages from `next` on are ours and not destroyed yet.
            unsafe { c::rd_kafka_message_destroy(raw) };
        }
    }
}

impl<'a> Message<'a> {
    /// What went wrong, if this is no record: its code, its text, and the offset that it is about.
    pub(in crate::topics) fn error(&self) -> Option<(RDKafkaErrorCode, String, i64)> {
        if self.raw.err == NO_ERROR {
            return None;
        }
        let text = String::from_utf8_lossy(self.value().unwrap_or_default()).into_owned();
        Some((RDKafkaErrorCode::from(self.raw.err), text, self.raw.offset))
    }

    /// The partition it is of.
    pub(in crate::topics) fn partition(&self) -> TopicPartition {
        TopicPartition { topic: self.topic().into(), partition: self.raw.partition }
    }

    /// The record with these headers, and how many bytes it has.
    pub(in crate::topics) fn record<'h>(
        &self,
        headers: &'h [(&'a str, Option<&'a [u8]>)],
    ) -> (NewRecord<'h>, usize) {
        let (key, value) = (self.key(), self.value());
        let of_headers: usize =
            headers.iter().map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len)).sum();
        let bytes = self.raw.key_len + self.raw.len + of_headers;
        let record = NewRecord {
            topic: self.topic(),
            partition: Some(self.raw.partition),
            offset: Some(self.raw.offset),
            timestamp: self.timestamp(),
            key,
            value,
            headers,
        };
        (record, bytes)
    }

    fn is_of(&self, partition: &TopicPartition) -> bool {
        self.raw.partition == partition.partition && self.topic() == &*partition.topic
    }

    fn topic(&self) -> &'a str {
        if self.raw.rkt.is_null() {
            return UNREADABLE;
        }
        // SAFETY: the message keeps its topic alive, and the topic its name.
        unsafe { name(c::rd_kafka_topic_name(self.raw.rkt)) }
    }

    fn key(&self) -> Option<&'a [u8]> {
        // SAFETY: librdkafka says where the key lies and how long it is; it lives as long as the message.
        unsafe { bytes(self.raw.key, self.raw.key_len) }
    }

    fn value(&self) -> Option<&'a [u8]> {
        // SAFETY: as for the key.
        unsafe { bytes(self.raw.payload, self.raw.len) }
    }

    fn timestamp(&self) -> Option<i64> {
        let mut kind = c::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive; `kind` takes one of the values of its type.
        let timestamp = unsafe { c::rd_kafka_message_timestamp(self.raw, &raw mut kind) };
        let known = kind != c::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        (known && timestamp >= 0).then_some(timestamp)
    }

    /// What headers the message has; nothing if it has none.
    fn headers(&self) -> Option<*const c::rd_kafka_headers_t> {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive, and owns what is answered.
        let found = unsafe { c::rd_kafka_message_headers(self.raw, &raw mut headers) };
        (found == NO_ERROR).then_some(headers.cast_const())
    }

    fn read_headers(&self, into: &mut Headers<'a>) {
        let Some(headers) = self.headers() else { return };
        for at in 0.. {
            let (mut named, mut value, mut length) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers are the message's; an index behind the last is answered with an error.
            let found = unsafe {
                c::rd_kafka_header_get_all(
                    headers,
                    at,
                    &raw mut named,
                    &raw mut value,
                    &raw mut length,
                )
            };
            if found != NO_ERROR {
                break;
            }
            // SAFETY: name and value live as long as the message.
            into.push(unsafe { (name(named), bytes(value, length)) });
        }
    }
}

/// Reads a name.
///
/// # Safety
/// It ends with a zero and lives for `'a`.
unsafe fn name<'a>(name: *const c_char) -> &'a str {
    // SAFETY: as the caller says.
    str::from_utf8(unsafe { CStr::from_ptr(name) }.to_bytes()).unwrap_or(UNREADABLE)
}

/// Reads bytes; nothing where there are none at all.
///
/// # Safety
/// They are readable and live for `'a`.
unsafe fn bytes<'a>(at: *const c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: as the caller says.
    (!at.is_null()).then(|| unsafe { slice::from_raw_parts(at.cast(), length) })
}
