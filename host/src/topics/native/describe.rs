//! What a cluster and its topics are, beside their names.
#![expect(
    unsafe_code,
    reason = "rdkafka has no call that describes topics, and its call for the cluster's id leaks"
)]

use super::milliseconds;
use super::owned::Queue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::ptr::{self, NonNull};
use std::slice;
use std::time::Duration;

/// Time beyond the request's own for its answer to come through.
const MARGIN: Duration = Duration::from_millis(250);

/// The cluster's id; nothing if no broker told it in time.
pub(in crate::topics) fn cluster_id(client: *mut c::rd_kafka_t, wait: Duration) -> Option<String> {
    // SAFETY: the client is alive; what comes is ours until it is freed here.
    unsafe {
        let id = NonNull::new(c::rd_kafka_clusterid(client, milliseconds(wait)))?;
        let text = CStr::from_ptr(id.as_ptr()).to_string_lossy().into_owned();
        c::rd_kafka_mem_free(client, id.as_ptr().cast());
        Some(text)
    }
}

/// The ids of topics, by name, each or why it has none.
pub(in crate::topics) fn topic_ids(
    client: *mut c::rd_kafka_t,
    topics: &[&str],
    wait: Duration,
) -> Result<BTreeMap<String, Result<String, RDKafkaErrorCode>>, RDKafkaErrorCode> {
    let names: Vec<CString> = topics.iter().filter_map(|topic| CString::new(*topic).ok()).collect();
    let mut names: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let answers = Queue::new(client).ok_or(RDKafkaErrorCode::CriticalSystemResource)?;
    // SAFETY: all that is passed is alive; what is made here is destroyed here, after it was copied.
    unsafe {
        let which = c::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let options = c::rd_kafka_AdminOptions_new(
            client,
            c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        );
        // A time that is not taken leaves the client's own, and `poll` below ends the wait.
        let _taken = c::rd_kafka_AdminOptions_set_request_timeout(
            options,
            milliseconds(wait),
            ptr::null_mut(),
            0,
        );
        c::rd_kafka_DescribeTopics(client, which, options, answers.as_ptr());
        c::rd_kafka_AdminOptions_destroy(options);
        c::rd_kafka_TopicCollection_destroy(which);
    }
    let answer = answers.poll(wait + MARGIN).ok_or(RDKafkaErrorCode::OperationTimedOut)?;
    // SAFETY: the event is alive.
    let failed = RDKafkaErrorCode::from(unsafe { c::rd_kafka_event_error(answer.as_ptr()) });
    if failed != RDKafkaErrorCode::NoError {
        return Err(failed);
    }
    let mut count = 0;
    // SAFETY: the event owns the descriptions, of which there are as many as it says.
    unsafe {
        let result = c::rd_kafka_event_DescribeTopics_result(answer.as_ptr());
        let found = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        let found = if count == 0 { &[] } else { slice::from_raw_parts(found, count) };
        Ok(found.iter().map(|topic| describe(*topic)).collect())
    }
}

/// Reads one description.
///
/// # Safety
/// It is alive.
unsafe fn describe(
    topic: *const c::rd_kafka_TopicDescription_t,
) -> (String, Result<String, RDKafkaErrorCode>) {
    // SAFETY: name, error and id belong to the description.
    unsafe {
        let name = CStr::from_ptr(c::rd_kafka_TopicDescription_name(topic)).to_string_lossy();
        let error = c::rd_kafka_error_code(c::rd_kafka_TopicDescription_error(topic));
        let error = RDKafkaErrorCode::from(error);
        let id = c::rd_kafka_TopicDescription_topic_id(topic);
        let high = c::rd_kafka_Uuid_most_significant_bits(id);
        let low = c::rd_kafka_Uuid_least_significant_bits(id);
        let id = if error == RDKafkaErrorCode::NoError { Ok(spelt(high, low)) } else { Err(error) };
        (name.into_owned(), id)
    }
}

/// An id as Kafka's own tools spell it; empty for the zero id of a broker that has none.
fn spelt(high: i64, low: i64) -> String {
    let bytes = [high.to_be_bytes(), low.to_be_bytes()].concat();
    if high == 0 && low == 0 { String::new() } else { URL_SAFE_NO_PAD.encode(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_spelt_as_kafka_spells_them() {
        assert_eq!(spelt(0, 0), "");
        assert_eq!(spelt(-1, -1), "_____________________w");
    }
}
