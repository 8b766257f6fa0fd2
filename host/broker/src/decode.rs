//! Requests out of frames, without trust in any length that a frame contains.
//!
//! The codecs set memory aside for as many elements as an array claims to have, so a few bytes could ask for hundreds of
//! gigabytes. Every element takes at least a byte: a claim of more elements than there are bytes left is false. So each
//! request is decoded twice, the first time through a [`Guard`] that sees the claims.

use std::error::Error;

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::Decodable;
use kafka_protocol::protocol::buf::ByteBuf;

/// Decodes a message of `version` and takes its bytes off `frame`.
pub(crate) fn decode<T: Decodable>(
    frame: &mut Bytes,
    version: i16,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    let mut guard = Guard { rest: frame.clone(), inside_length: false };
    drop(T::decode(&mut guard, version)?);
    Ok(T::decode(frame, version)?)
}

/// A buffer in which no array can be longer than what is left of the frame.
struct Guard {
    rest: Bytes,
    /// The next byte goes on with a length of several bytes.
    inside_length: bool,
}

impl Buf for Guard {
    fn remaining(&self) -> usize {
        self.rest.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.rest.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.rest.advance(count);
    }

    /// Lengths, and numbers. A number that is too long for a length is changed: as a number it decides nothing here, and as a
    /// length it still is one more than there can be.
    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let number = self.rest.try_get_i32()?;
        let too_long = i32::try_from(self.rest.remaining() + 1).unwrap_or(i32::MAX);
        Ok(number.min(too_long))
    }

    /// The bytes of a compact length, and flags. No flag is sent as a byte that would begin a length of several bytes.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let available = self.rest.remaining();
        let byte = self.rest.try_get_u8()?;
        let begins_length = byte & 0x80 != 0 && !self.inside_length;
        if begins_length {
            let requested = compact_length(byte, &self.rest).saturating_sub(1);
            if requested > available {
                return Err(TryGetError { requested, available });
            }
        }
        self.inside_length = byte & 0x80 != 0;
        Ok(byte)
    }
}

impl ByteBuf for Guard {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.rest.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.rest.split_to(size)
    }
}

/// Reads the length that begins with `first` and goes on in `rest`.
fn compact_length(first: u8, rest: &[u8]) -> usize {
    let more = rest.iter().take(4).scan(true, |go_on, byte| {
        let read = go_on.then_some(*byte);
        *go_on &= byte & 0x80 != 0;
        read
    });
    let bytes = std::iter::once(first).chain(more);
    bytes.enumerate().fold(0, |sum, (at, byte)| sum | (usize::from(byte & 0x7f) << (7 * at)))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
    use kafka_protocol::messages::{CreateTopicsRequest, MetadataRequest, TopicName};
    use kafka_protocol::protocol::{Encodable as _, StrBytes};
    use proptest::prelude::*;

    use super::*;

    fn topics(count: usize) -> MetadataRequest {
        let name = |at| TopicName(StrBytes::from_string(format!("topic-{at}")));
        let topics = (0..count).map(|at| MetadataRequestTopic::default().with_name(Some(name(at))));
        MetadataRequest::default().with_topics(Some(topics.collect()))
    }

    #[test]
    fn a_request_of_each_encoding_is_read() {
        for version in [1, 12] {
            for count in [0, 1, 127, 128, 500] {
                let request = topics(count);
                let mut bytes = BytesMut::new();
                request.encode(&mut bytes, version).unwrap();
                let read: MetadataRequest = decode(&mut bytes.freeze(), version).unwrap();
                assert_eq!(read.topics.unwrap().len(), count);
            }
        }
    }

    #[test]
    fn a_false_length_is_an_error_and_asks_for_no_memory() {
        let check = |bytes: &'static [u8], version| {
            decode::<MetadataRequest>(&mut Bytes::from_static(bytes), version).unwrap_err();
        };
        check(&[0x7f, 0xff, 0xff, 0xff], 1);
        check(&[0x7f, 0xff, 0xff, 0xff, 0, 1, b'a'], 1);
        check(&[0xff, 0xff, 0xff, 0xff, 0x0f], 12);
        check(&[0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0], 12);
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), version in 2_i16..=7) {
            drop(decode::<CreateTopicsRequest>(&mut Bytes::from(bytes.clone()), version));
            drop(decode::<MetadataRequest>(&mut Bytes::from(bytes), version + 5));
        }
    }
}
