//! Requests and answers: which APIs are served, in which versions, and by which function.

mod configs;
mod fetch;
mod group_admin;
mod groups;
mod list_offsets;
mod metadata;
mod offsets;
mod produce;
mod refusal;
mod topics;

use std::error::Error;

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

use tokio_util::sync::CancellationToken;

use crate::decode::decode;
use crate::state::State;

/// What is served, with the least and the greatest version.
///
/// Versions end where topics would be named by id alone (Produce 13, Fetch 13, `OffsetCommit` 10), or where a version brings
/// what this broker has not got.
const SERVED: [(ApiKey, i16, i16); 25] = [
    (ApiKey::Produce, 3, 12),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 4),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 3),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeCluster, 0, 1),
];

/// What a client is told that wants transactions. Of all errors this is the one that clients take for final: after any other
/// they ask again until they run out of time.
const NO_TRANSACTIONS: ResponseError = ResponseError::TransactionalIdAuthorizationFailed;

/// A request whose header was read.
#[derive(Debug)]
pub(crate) struct Call {
    api: ApiKey,
    version: i16,
    correlation: i32,
    client_id: String,
    /// The rest of the frame.
    body: Bytes,
}

/// Where a connection comes from and goes to, as answers name it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The client's address.
    pub(crate) client_host: String,
    /// Under which host the client reached this node, and so will again.
    pub(crate) host: StrBytes,
    pub(crate) port: i32,
}

/// Why a connection is closed instead of answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("a request of {length} bytes is too short to have a header")]
    Short { length: usize },
    #[error("API {key} is not known")]
    UnknownApi { key: i16 },
    #[error("{api:?} is not served in version {version}")]
    Unsupported { api: ApiKey, version: i16 },
    #[error("a request {api:?} of version {version} cannot be read")]
    Malformed { api: ApiKey, version: i16, source: Box<dyn Error + Send + Sync> },
    #[error("an answer to {api:?} of version {version} cannot be written")]
    Unanswerable { api: ApiKey, version: i16, source: Box<dyn Error + Send + Sync> },
    #[error("records sent with `acks=0` were not stored: {error}")]
    Unacknowledged { error: ResponseError },
}

/// Answers one request. `None` if the client wants no answer, or is `gone` and nobody needs to wait for one.
pub(crate) async fn answer(
    state: &State,
    peer: &Peer,
    frame: Bytes,
    gone: &CancellationToken,
) -> Result<Option<Bytes>, CallError> {
    let (key, version, correlation) = start_of(&frame)?;
    let api = ApiKey::try_from(key).map_err(|()| CallError::UnknownApi { key })?;
    let served = SERVED.iter().find(|(served, ..)| *served == api);
    if !served.is_some_and(|(_, least, greatest)| (*least..=*greatest).contains(&version)) {
        if api != ApiKey::ApiVersions {
            return Err(CallError::Unsupported { api, version });
        }
        // The client cannot know yet what is served: version 0 of the answer says so in all of them.
        let call = Call { api, version: 0, correlation, client_id: String::new(), body: frame };
        let error = ResponseError::UnsupportedVersion.code();
        return call.encode(&versions().with_error_code(error)).map(Some);
    }
    let mut body = frame;
    let header: RequestHeader = decode(&mut body, api.request_header_version(version))
        .map_err(|source| CallError::Malformed { api, version, source })?;
    let client_id = header.client_id.map(|id| id.to_string()).unwrap_or_default();
    let call = Call { api, version, correlation, client_id, body };
    let answer = dispatch(state, peer, call);
    match api {
        ApiKey::Fetch | ApiKey::JoinGroup | ApiKey::SyncGroup => {
            gone.run_until_cancelled(answer).await.unwrap_or(Ok(None))
        }
        _ => answer.await,
    }
}

/// Reads what all requests begin with: API, version, correlation id.
fn start_of(frame: &Bytes) -> Result<(i16, i16, i32), CallError> {
    let read = |mut start: &[u8]| {
        use bytes::Buf as _;
        Some((start.try_get_i16().ok()?, start.try_get_i16().ok()?, start.try_get_i32().ok()?))
    };
    read(frame).ok_or(CallError::Short { length: frame.len() })
}

async fn dispatch(state: &State, peer: &Peer, call: Call) -> Result<Option<Bytes>, CallError> {
    let version = call.version;
    let answer = match call.api {
        ApiKey::Produce => return produce::answer(state, &call),
        ApiKey::Fetch => call.encode(&fetch::fetch(state, call.decode()?).await),
        ApiKey::JoinGroup => {
            let join = groups::join_group(state, peer, &call, call.decode()?).await;
            call.encode(&join)
        }
        ApiKey::SyncGroup => call.encode(&groups::sync_group(state, call.decode()?).await),
        ApiKey::ApiVersions => call.encode(&versions()),
        ApiKey::Metadata => call.encode(&metadata::metadata(state, peer, call.decode()?, version)),
        ApiKey::DescribeCluster => {
            call.encode(&metadata::describe_cluster(state, peer, &call.decode()?))
        }
        ApiKey::FindCoordinator => {
            call.encode(&metadata::find_coordinator(peer, call.decode()?, version))
        }
        ApiKey::ListOffsets => {
            call.encode(&list_offsets::list_offsets(state, call.decode()?, version))
        }
        ApiKey::InitProducerId => call.encode(&produce::init_producer_id(state, &call.decode()?)),
        ApiKey::Heartbeat => call.encode(&groups::heartbeat(state, &call.decode()?)),
        ApiKey::LeaveGroup => call.encode(&groups::leave_group(state, call.decode()?, version)),
        ApiKey::OffsetCommit => call.encode(&offsets::commit(state, call.decode()?)),
        ApiKey::OffsetFetch => call.encode(&offsets::fetch(state, call.decode()?, version)),
        ApiKey::OffsetDelete => call.encode(&offsets::delete(state, call.decode()?)),
        ApiKey::ListGroups => {
            call.encode(&group_admin::list_groups(state, &call.decode()?, version))
        }
        ApiKey::DescribeGroups => {
            call.encode(&group_admin::describe_groups(state, call.decode()?, version))
        }
        ApiKey::DeleteGroups => call.encode(&group_admin::delete_groups(state, call.decode()?)),
        ApiKey::CreateTopics => call.encode(&topics::create_topics(state, call.decode()?)),
        ApiKey::DeleteTopics => call.encode(&topics::delete_topics(state, call.decode()?)),
        ApiKey::CreatePartitions => call.encode(&topics::create_partitions(state, call.decode()?)),
        ApiKey::DeleteRecords => call.encode(&topics::delete_records(state, call.decode()?)),
        ApiKey::DescribeConfigs => call.encode(&configs::describe_configs(state, call.decode()?)),
        ApiKey::AlterConfigs => call.encode(&configs::alter_configs(state, call.decode()?)),
        ApiKey::IncrementalAlterConfigs => {
            call.encode(&configs::incremental_alter_configs(state, call.decode()?))
        }
        api => Err(CallError::Unsupported { api, version }),
    };
    answer.map(Some)
}

impl Call {
    fn decode<T: Decodable>(&self) -> Result<T, CallError> {
        let (api, version) = (self.api, self.version);
        decode(&mut self.body.clone(), version).map_err(|source| CallError::Malformed {
            api,
            version,
            source,
        })
    }

    /// Returns the frame that answers the call.
    fn encode<T: Encodable>(&self, answer: &T) -> Result<Bytes, CallError> {
        let (api, version) = (self.api, self.version);
        let unanswerable =
            |source: Box<dyn Error + Send + Sync>| CallError::Unanswerable { api, version, source };
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        let header = ResponseHeader::default().with_correlation_id(self.correlation);
        let encoded = header.encode(&mut frame, api.response_header_version(version));
        encoded
            .and_then(|()| answer.encode(&mut frame, version))
            .map_err(|it| unanswerable(it.into()))?;
        let length = i32::try_from(frame.len() - 4).map_err(|it| unanswerable(it.into()))?;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        Ok(frame.freeze())
    }
}

fn versions() -> ApiVersionsResponse {
    let version = |(api, least, greatest): &(ApiKey, i16, i16)| {
        // Clients on librdkafka compress with gzip alone unless version 0 is announced, which nobody sends any more.
        let least = if *api == ApiKey::Produce { 0 } else { *least };
        ApiVersion::default()
            .with_api_key(*api as i16)
            .with_min_version(least)
            .with_max_version(*greatest)
    };
    ApiVersionsResponse::default().with_api_keys(SERVED.iter().map(version).collect())
}

/// Returns `text` as the protocol has it.
fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// Returns the code for how something went: 0 is well.
fn code<T>(result: &Result<T, ResponseError>) -> i16 {
    result.as_ref().err().map_or(0, ResponseError::code)
}
