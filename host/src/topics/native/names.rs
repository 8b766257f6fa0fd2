//! librdkafka's names of errors.
#![expect(unsafe_code, reason = "rdkafka tells an error's text, and not its name")]

use rdkafka::bindings::rd_kafka_err2name;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::CStr;

/// The name of an error: Kafka's own, as in `MSG_SIZE_TOO_LARGE`; with a `_` in front where librdkafka is the one that says it.
pub(in crate::topics) fn error_name(code: RDKafkaErrorCode) -> String {
    match RDKafkaRespErr::try_from(code as i32) {
        // SAFETY: the name is a constant of librdkafka's.
        Ok(raw) => unsafe { CStr::from_ptr(rd_kafka_err2name(raw)) }.to_string_lossy().into_owned(),
        Err(_) => format!("{code:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_kafkas_names() {
        assert_eq!(error_name(RDKafkaErrorCode::MessageSizeTooLarge), "MSG_SIZE_TOO_LARGE");
        assert_eq!(error_name(RDKafkaErrorCode::UnknownPartition), "_UNKNOWN_PARTITION");
    }
}
