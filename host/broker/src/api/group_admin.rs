//! `ListGroups`, `DescribeGroups` and `DeleteGroups`.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    GroupId, ListGroupsRequest, ListGroupsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::refusal::storage_failed;
use super::text;
use crate::groups::{Described, DescribedMember};
use crate::journal::Entry;
use crate::state::State;

/// The type of all groups here, in Kafka's words.
const CLASSIC: &str = "classic";

/// Lists groups that have members or committed offsets.
pub(super) fn list_groups(
    state: &State,
    request: &ListGroupsRequest,
    version: i16,
) -> ListGroupsResponse {
    let mut groups: BTreeMap<String, Described> = state.journal.read(|image| {
        image.offsets.keys().map(|group| (group.clone(), without_members())).collect()
    });
    groups.extend(state.groups.describe_all());
    let is_among = |name: &str, wanted: &[StrBytes]| {
        wanted.is_empty() || wanted.iter().any(|it| it.eq_ignore_ascii_case(name))
    };
    groups.retain(|_, group| {
        is_among(group.state, &request.states_filter) && is_among(CLASSIC, &request.types_filter)
    });
    let listed = |(id, group): (String, Described)| {
        ListedGroup::default()
            .with_group_id(GroupId(text(id)))
            .with_protocol_type(text(group.protocol_type))
            .with_group_state(if version >= 4 { text(group.state) } else { StrBytes::new() })
            .with_group_type(if version >= 5 { text(CLASSIC) } else { StrBytes::new() })
    };
    ListGroupsResponse::default().with_groups(groups.into_iter().map(listed).collect())
}

/// Describes groups and their members.
pub(super) fn describe_groups(
    state: &State,
    request: DescribeGroupsRequest,
    version: i16,
) -> DescribeGroupsResponse {
    let describe = |id: GroupId| {
        let has_offsets = || state.journal.read(|image| image.offsets.contains_key(id.as_str()));
        let known = state.groups.describe(&id).or_else(|| has_offsets().then(without_members));
        let response = DescribedGroup::default().with_group_id(id);
        let Some(group) = known else { return response.with_group_state(text("Dead")) };
        let members = group.members.into_iter().map(|member| described(member, version));
        response
            .with_group_state(text(group.state))
            .with_protocol_type(text(group.protocol_type))
            .with_protocol_data(text(group.protocol))
            .with_members(members.collect())
    };
    DescribeGroupsResponse::default()
        .with_groups(request.groups.into_iter().map(describe).collect())
}

fn described(member: DescribedMember, version: i16) -> DescribedGroupMember {
    DescribedGroupMember::default()
        .with_member_id(text(member.id))
        .with_group_instance_id(member.instance_id.filter(|_| version >= 4).map(text))
        .with_client_id(text(member.client_id))
        .with_client_host(text(format!("/{}", member.client_host)))
        .with_member_metadata(member.metadata)
        .with_member_assignment(member.assignment)
}

/// Deletes groups without members, and all that they committed.
pub(super) fn delete_groups(state: &State, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let delete = |id: &GroupId| {
        let group = id.to_string();
        if state.groups.describe(&group).is_some_and(|group| !group.members.is_empty()) {
            return Err(ResponseError::NonEmptyGroup);
        }
        if !state.journal.read(|image| image.offsets.contains_key(&group)) {
            return Err(ResponseError::GroupIdNotFound);
        }
        state.journal.write(Entry::GroupDeleted { group }).map_err(|error| storage_failed(&error))
    };
    let result = |id: GroupId| {
        let code = super::code(&delete(&id));
        DeletableGroupResult::default().with_group_id(id).with_error_code(code)
    };
    DeleteGroupsResponse::default()
        .with_results(request.groups_names.into_iter().map(result).collect())
}

/// A group of which nothing is left but offsets.
fn without_members() -> Described {
    Described {
        state: "Empty",
        protocol_type: String::new(),
        protocol: String::new(),
        members: Vec::new(),
    }
}
