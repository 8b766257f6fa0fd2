//! Errors of the broker's own as the protocol's: a code, and a sentence that says what would be accepted.

use std::error::Error;
use std::io::ErrorKind;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tracing::error;

use crate::log::{AppendError, ReadError, Refusal};
use crate::topics::TopicError;

/// A code and the sentence that goes with it.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) error: ResponseError,
    pub(super) message: String,
}

impl Explained {
    pub(super) fn new(error: ResponseError, message: impl Into<String>) -> Self {
        Self { error, message: message.into() }
    }

    /// The code of `result` and its sentence, if it has one.
    pub(super) fn parts<T>(result: &Result<T, Self>) -> (i16, Option<StrBytes>) {
        match result {
            Ok(_) => (0, None),
            Err(it) => (it.error.code(), Some(StrBytes::from_string(it.message.clone()))),
        }
    }
}

/// What a client cannot help is the operator's to know.
pub(super) fn storage_failed(error: &std::io::Error) -> ResponseError {
    error!(%error, "storage failed");
    match error.kind() {
        // Clients would ask for the same again without a word.
        ErrorKind::InvalidData => ResponseError::CorruptMessage,
        _ => ResponseError::KafkaStorageError,
    }
}

impl From<TopicError> for Explained {
    fn from(error: TopicError) -> Self {
        let code = match &error {
            TopicError::Unknown { .. } => ResponseError::UnknownTopicOrPartition,
            TopicError::Exists { .. } => ResponseError::TopicAlreadyExists,
            TopicError::Name { .. } => ResponseError::InvalidTopicException,
            TopicError::Partitions { .. } => ResponseError::InvalidPartitions,
            TopicError::Configs(_) => ResponseError::InvalidConfig,
            TopicError::Storage(error) => storage_failed(error),
        };
        Self::new(code, sentence(&error))
    }
}

impl From<AppendError> for Explained {
    fn from(error: AppendError) -> Self {
        use crate::log::batch::Malformed;
        let code = match &error {
            AppendError::Malformed(Malformed::Format(_)) => {
                ResponseError::UnsupportedForMessageFormat
            }
            AppendError::Malformed(Malformed::Count { .. })
            | AppendError::NotOneBatch { .. }
            | AppendError::Control => ResponseError::InvalidRecord,
            AppendError::Malformed(_) => ResponseError::CorruptMessage,
            AppendError::TooLarge { .. } => ResponseError::MessageTooLarge,
            AppendError::Transactional => ResponseError::InvalidTxnState,
            AppendError::Producer(Refusal::Epoch { .. }) => ResponseError::InvalidProducerEpoch,
            AppendError::Producer(Refusal::Sequence { .. }) => {
                ResponseError::OutOfOrderSequenceNumber
            }
            AppendError::Storage(error) => storage_failed(error),
        };
        Self::new(code, sentence(&error))
    }
}

impl From<ReadError> for ResponseError {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::OutOfRange { .. } => Self::OffsetOutOfRange,
            ReadError::Storage(error) => storage_failed(error),
        }
    }
}

/// An error and its causes in one line.
fn sentence(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
