//! Offsets as librdkafka lists them.
#![expect(unsafe_code, reason = "rdkafka panics on metadata that is not UTF-8")]

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;
use std::ffi::{CStr, CString};
use std::slice;
use transom_core::topic::TopicPartition;

/// One line of a list of offsets.
#[derive(Debug, Clone)]
pub(in crate::topics) struct Entry {
    /// Which partition.
    pub(in crate::topics) partition: TopicPartition,
    /// Its offset; negative where there is none.
    pub(in crate::topics) offset: i64,
    /// What was stored beside it, as far as it is text.
    pub(in crate::topics) metadata: String,
    /// What went wrong with this one.
    pub(in crate::topics) error: Option<RDKafkaErrorCode>,
}

/// Reads a list.
pub(in crate::topics) fn entries(list: &TopicPartitionList) -> Vec<Entry> {
    // SAFETY: the list is alive for the call.
    unsafe { read(list.ptr()) }
}

/// The end of a partition's log as the last fetch told it, without asking.
pub(in crate::topics) fn last_end(client: *mut c::rd_kafka_t, of: &TopicPartition) -> Option<i64> {
    let topic = CString::new(&*of.topic).ok()?;
    let (mut low, mut high) = (-1, -1);
    // SAFETY: client and name are alive.
    let answer = unsafe {
        c::rd_kafka_get_watermark_offsets(
            client,
            topic.as_ptr(),
            of.partition,
            &raw mut low,
            &raw mut high,
        )
    };
    (failed(answer).is_none() && high >= 0).then_some(high)
}

/// Reads a list that C holds.
///
/// # Safety
/// The list is null or alive.
pub(super) unsafe fn read(list: *const c::rd_kafka_topic_partition_list_t) -> Vec<Entry> {
    // SAFETY: as the caller says.
    let Some(list) = (unsafe { list.as_ref() }) else { return Vec::new() };
    let count = usize::try_from(list.cnt).unwrap_or(0);
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: the list has so many elements.
    unsafe { slice::from_raw_parts(list.elems, count) }.iter().map(entry).collect()
}

fn entry(raw: &c::rd_kafka_topic_partition_t) -> Entry {
    // SAFETY: an element has a name that ends with a zero, and metadata as long as it says, or none.
    let (topic, metadata) = unsafe {
        let metadata: &[u8] = if raw.metadata.is_null() {
            &[]
        } else {
            slice::from_raw_parts(raw.metadata.cast(), raw.metadata_size)
        };
        (CStr::from_ptr(raw.topic).to_string_lossy(), metadata)
    };
    Entry {
        partition: TopicPartition { topic: topic.into(), partition: raw.partition },
        offset: raw.offset,
        metadata: String::from_utf8_lossy(metadata).into_owned(),
        error: failed(raw.err),
    }
}

/// The error that a code stands for, if it is one.
pub(super) fn failed(code: c::rd_kafka_resp_err_t) -> Option<RDKafkaErrorCode> {
    let code = RDKafkaErrorCode::from(code);
    (code != RDKafkaErrorCode::NoError).then_some(code)
}
