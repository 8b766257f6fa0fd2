//! One group: its members, its phase, and what members may do in it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use tokio::time::Instant;

use super::member::Member;

/// A group that has members, or had some a moment ago.
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) initial_delay: Duration,
    pub(super) phase: Phase,
    pub(super) generation: i32,
    /// What kind of group it is: `consumer`, `connect`.
    pub(super) protocol_type: String,
    /// What the members agreed on.
    pub(super) protocol: String,
    /// The id of the member that makes assignments.
    pub(super) leader: String,
    /// In the order in which they came.
    pub(super) members: Vec<Member>,
    /// Ids that were given out and have not come back yet, until when they may.
    pub(super) expected: BTreeMap<String, Instant>,
}

/// Where a group stands between two assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No members.
    Empty,
    /// Members join. It ends when all have, or at the deadline; `whole` says that it does not end sooner.
    Preparing { deadline: Instant, whole: bool },
    /// The leader makes an assignment.
    Completing { deadline: Instant },
    /// Everybody has its assignment.
    Stable,
}

/// Who says to be a member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) member_id: &'a str,
    pub(crate) instance_id: Option<&'a str>,
    /// -1 if the caller is no member.
    pub(crate) generation: i32,
}

/// What others may know of a group.
#[derive(Debug)]
pub(crate) struct Described {
    /// The state's name in Kafka's words.
    pub(crate) state: &'static str,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) members: Vec<DescribedMember>,
}

/// What others may know of a member.
#[derive(Debug)]
pub(crate) struct DescribedMember {
    pub(crate) id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) metadata: Bytes,
    pub(crate) assignment: Bytes,
}

impl Group {
    pub(super) fn new(initial_delay: Duration) -> Self {
        Self {
            initial_delay,
            phase: Phase::Empty,
            generation: 0,
            protocol_type: String::new(),
            protocol: String::new(),
            leader: String::new(),
            members: Vec::new(),
            expected: BTreeMap::new(),
        }
    }

    /// Notes that a member is alive, and says whether it must join again.
    pub(crate) fn heartbeat(
        &mut self,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<(), ResponseError> {
        self.check(caller)?.touch(now);
        match self.phase {
            Phase::Preparing { .. } => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// Says whether `caller` may commit offsets.
    pub(super) fn may_commit(
        &mut self,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<(), ResponseError> {
        if caller.generation < 0 && self.members.is_empty() {
            return Ok(());
        }
        self.check(caller)?.touch(now);
        match self.phase {
            // The caller's assignment is over, and it does not know the next one yet.
            Phase::Completing { .. } => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// Takes a member out. A static one may be named by its instance alone.
    pub(crate) fn leave(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        now: Instant,
    ) -> Result<(), ResponseError> {
        if self.expected.remove(member_id).is_some() {
            self.complete_if_all_joined(now);
            return Ok(());
        }
        let at = match instance_id {
            Some(_) if member_id.is_empty() => {
                let named = |member: &Member| member.instance_id.as_deref() == instance_id;
                self.members.iter().position(named).ok_or(ResponseError::UnknownMemberId)?
            }
            _ => self.position(member_id, instance_id)?,
        };
        self.remove(at, now);
        Ok(())
    }

    /// Finds the member that `caller` says to be.
    pub(super) fn check(&mut self, caller: &Caller<'_>) -> Result<&mut Member, ResponseError> {
        let at = self.position(caller.member_id, caller.instance_id)?;
        if caller.generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        Ok(&mut self.members[at])
    }

    /// Finds a member. Of two that call themselves one instance, only the later is a member; the other is told so.
    pub(super) fn position(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<usize, ResponseError> {
        let unknown = ResponseError::UnknownMemberId;
        let Some(instance) = instance_id else {
            return self.members.iter().position(|member| member.id == member_id).ok_or(unknown);
        };
        let named = |member: &Member| member.instance_id.as_deref() == Some(instance);
        let at = self.members.iter().position(named).ok_or(unknown)?;
        if self.members[at].id == member_id { Ok(at) } else { Err(ResponseError::FencedInstanceId) }
    }

    /// True if nothing would be lost with the group.
    pub(super) fn is_unused(&self) -> bool {
        self.members.is_empty() && self.expected.is_empty()
    }

    pub(super) fn describe(&self) -> Described {
        let member = |member: &Member| DescribedMember {
            id: member.id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: member.metadata(&self.protocol),
            assignment: member.assignment.clone(),
        };
        Described {
            state: match self.phase {
                Phase::Empty => "Empty",
                Phase::Preparing { .. } => "PreparingRebalance",
                Phase::Completing { .. } => "CompletingRebalance",
                Phase::Stable => "Stable",
            },
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            members: self.members.iter().map(member).collect(),
        }
    }
}
