//! `JoinGroup`, `SyncGroup`, `Heartbeat` and `LeaveGroup`.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, Peer, code, text};
use crate::groups::{Caller, Join, Joined, Refused, Sync};
use crate::state::State;

/// The longest session, as Kafka's `group.max.session.timeout.ms`. There is no shortest: tests want members to die fast.
const LONGEST_SESSION_MS: i32 = 1_800_000;

/// Lets a member into its group.
pub(super) async fn join_group(
    state: &State,
    peer: &Peer,
    call: &Call,
    request: JoinGroupRequest,
) -> JoinGroupResponse {
    let refused = |error: ResponseError, member_id| {
        let response = JoinGroupResponse::default().with_error_code(error.code());
        let response = response.with_generation_id(-1).with_member_id(member_id);
        // Null is known since version 7 only.
        if call.version < 7 { response.with_protocol_name(Some(StrBytes::new())) } else { response }
    };
    if request.group_id.is_empty() {
        return refused(ResponseError::InvalidGroupId, request.member_id);
    }
    if !(1..=LONGEST_SESSION_MS).contains(&request.session_timeout_ms) {
        return refused(ResponseError::InvalidSessionTimeout, request.member_id);
    }
    let group = request.group_id.to_string();
    match state.groups.join(&group, join_of(request, peer, call)).await {
        Ok(joined) => joined_response(joined, call.version),
        Err(Refused { error, member_id }) => refused(error, text(member_id)),
    }
}

fn join_of(request: JoinGroupRequest, peer: &Peer, call: &Call) -> Join {
    let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    // Version 0 had one timeout for both.
    let rebalance_ms =
        if call.version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms };
    let protocols = request.protocols.into_iter();
    Join {
        member_id: request.member_id.to_string(),
        instance_id: request.group_instance_id.map(|id| id.to_string()),
        client_id: call.client_id.clone(),
        client_host: peer.client_host.clone(),
        session_timeout: millis(request.session_timeout_ms),
        rebalance_timeout: millis(rebalance_ms),
        protocol_type: request.protocol_type.to_string(),
        protocols: protocols
            .map(|protocol| (protocol.name.to_string(), protocol.metadata))
            .collect(),
        can_come_back: call.version >= 4,
        can_skip_assignment: call.version >= 9,
    }
}

fn joined_response(joined: Joined, version: i16) -> JoinGroupResponse {
    let member = |(id, instance_id, metadata): (String, Option<String>, _)| {
        JoinGroupResponseMember::default()
            .with_member_id(text(id))
            .with_group_instance_id(instance_id.filter(|_| version >= 5).map(text))
            .with_metadata(metadata)
    };
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(Some(text(joined.protocol_type)).filter(|_| version >= 7))
        .with_protocol_name(Some(text(joined.protocol)))
        .with_leader(text(joined.leader))
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(text(joined.member_id))
        .with_members(joined.members.into_iter().map(member).collect())
}

/// Gives a member its assignment.
pub(super) async fn sync_group(state: &State, request: SyncGroupRequest) -> SyncGroupResponse {
    let group = request.group_id.to_string();
    let assignments = request.assignments.into_iter();
    let sync = Sync {
        member_id: request.member_id.to_string(),
        instance_id: request.group_instance_id.map(|id| id.to_string()),
        generation: request.generation_id,
        protocol_type: request.protocol_type.map(|it| it.to_string()),
        protocol: request.protocol_name.map(|it| it.to_string()),
        assignments: assignments.map(|it| (it.member_id.to_string(), it.assignment)).collect(),
    };
    match state.groups.sync(&group, sync).await {
        Ok(synced) => SyncGroupResponse::default()
            .with_protocol_type(Some(text(synced.protocol_type)))
            .with_protocol_name(Some(text(synced.protocol)))
            .with_assignment(synced.assignment),
        Err(error) => SyncGroupResponse::default().with_error_code(error.code()),
    }
}

/// Notes that a member is alive.
pub(super) fn heartbeat(state: &State, request: &HeartbeatRequest) -> HeartbeatResponse {
    let caller = Caller {
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation: request.generation_id,
    };
    let result = state.groups.with(&request.group_id, |group, now| group.heartbeat(&caller, now));
    HeartbeatResponse::default().with_error_code(code(&result))
}

/// Takes members out of their group.
pub(super) fn leave_group(
    state: &State,
    request: LeaveGroupRequest,
    version: i16,
) -> LeaveGroupResponse {
    let leave = |id: &str, instance_id: Option<&str>| {
        state.groups.with(&request.group_id, |group, now| group.leave(id, instance_id, now))
    };
    if version < 3 {
        return LeaveGroupResponse::default()
            .with_error_code(code(&leave(&request.member_id, None)));
    }
    let member = |member: MemberIdentity| {
        let result = leave(&member.member_id, member.group_instance_id.as_deref());
        MemberResponse::default()
            .with_member_id(member.member_id)
            .with_group_instance_id(member.group_instance_id)
            .with_error_code(code(&result))
    };
    LeaveGroupResponse::default().with_members(request.members.into_iter().map(member).collect())
}
