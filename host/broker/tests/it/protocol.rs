//! The wire itself: every served version of every API, and bytes that are no requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use bytes::{Buf as _, Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, RequestHeader, RequestKind, ResponseHeader,
    ResponseKind,
};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, StrBytes};

use crate::support::Node;

mod samples;

/// A connection without a client.
struct Wire(TcpStream);

impl Wire {
    fn to(node: &Node) -> Self {
        Self(TcpStream::connect(node.address()).unwrap())
    }

    fn send(&mut self, frame: &[u8]) {
        let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, frame].concat()).unwrap();
    }

    fn receive(&mut self) -> std::io::Result<Bytes> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut frame)?;
        Ok(frame.into())
    }

    fn ask(&mut self, request: &RequestKind, api: ApiKey, version: i16) -> ResponseKind {
        let header = RequestHeader::default()
            .with_request_api_key(api as i16)
            .with_request_api_version(version)
            .with_correlation_id(7)
            .with_client_id(Some(StrBytes::from_static_str("wire")));
        let mut frame = BytesMut::new();
        header.encode(&mut frame, api.request_header_version(version)).unwrap();
        request.encode(&mut frame, version).unwrap();
        self.send(&frame);
        let mut answer =
            self.receive().unwrap_or_else(|error| panic!("{api:?} {version}: {error}"));
        let header = ResponseHeader::decode(&mut answer, api.response_header_version(version));
        assert_eq!(header.unwrap().correlation_id, 7);
        let decoded = ResponseKind::decode(api, &mut answer, version).unwrap();
        assert!(!answer.has_remaining(), "{api:?} {version} has bytes left over");
        decoded
    }

    fn versions(&mut self) -> ApiVersionsResponse {
        let request = RequestKind::ApiVersions(ApiVersionsRequest::default());
        match self.ask(&request, ApiKey::ApiVersions, 0) {
            ResponseKind::ApiVersions(versions) => versions,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_announced_version_is_answered() {
    let node = Node::start();
    node.clients().create("t", 1);
    node.clients().send("t", 0, 3, &[]);
    let mut wire = Wire::to(&node);
    for served in wire.versions().api_keys {
        let api = ApiKey::try_from(served.api_key).unwrap();
        // Version 0 of Produce is announced for old clients' sake and never sent.
        let least = if api == ApiKey::Produce { 3 } else { served.min_version };
        for version in least..=served.max_version {
            for request in samples::requests(api, version) {
                let answer = wire.ask(&request, api, version);
                samples::check(&answer, version);
            }
        }
    }
}

#[test]
fn a_client_from_the_future_learns_what_is_served() {
    let node = Node::start();
    let mut wire = Wire::to(&node);
    let mut frame = vec![0, 18, 0, 99, 0, 0, 0, 5];
    frame.extend([0xff; 20]);
    wire.send(&frame);
    let mut answer = wire.receive().unwrap();
    assert_eq!(answer.get_i32(), 5);
    let answer = ApiVersionsResponse::decode(&mut answer, 0).unwrap();
    assert_eq!(answer.error_code, 35);
    assert_eq!(answer.api_keys, wire.versions().api_keys);
}

#[test]
fn what_is_no_request_closes_its_connection_and_nothing_else() {
    let node = Node::start();
    let mut good = Wire::to(&node);
    let check = |frame: &[u8]| {
        let mut wire = Wire::to(&node);
        wire.send(frame);
        assert!(wire.receive().is_err(), "{frame:?} was answered");
    };
    check(&[]);
    check(&[0, 3, 0]);
    // An API that nobody knows, one that is not served, a version that is not.
    check(&[0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
    check(&[0, 22 + 4, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
    check(&[0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff]);
    // Metadata with two thousand million topics, in both encodings.
    check(&[0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    check(&[0, 3, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    for length in [-1_i32, i32::MAX] {
        let mut wire = Wire::to(&node);
        wire.0.write_all(&length.to_be_bytes()).unwrap();
        assert!(wire.receive().is_err());
    }
    assert!(!good.versions().api_keys.is_empty());
}
