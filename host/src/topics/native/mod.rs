//! What rdkafka does not wrap of librdkafka: records in batches from a queue of their own, offsets with any metadata,
//! commits that wait no longer than asked and tell how they ended, topic ids. The only `unsafe` of the Kafka client stands here.

mod commits;
mod describe;
mod names;
mod offsets;
mod owned;
mod records;

pub(super) use commits::{Commits, commit};
pub(super) use describe::{cluster_id, topic_ids};
pub(super) use names::error_name;
pub(super) use offsets::{entries, last_end};
pub(super) use records::RecordQueue;

use std::ffi::c_int;
use std::time::Duration;

/// Milliseconds as C takes them.
fn milliseconds(time: Duration) -> c_int {
    c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX)
}
