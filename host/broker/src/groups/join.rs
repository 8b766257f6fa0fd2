//! Joining: who is let in, and whether that needs a new generation.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::group::{Group, Phase};
use super::member::Member;

/// How long an id that was given out is waited for. Clients come back at once; one that never does holds up the others, and
/// one that comes too late gets another id.
const COME_BACK: Duration = Duration::from_secs(5);

/// A request to join.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    /// Empty if the group gave none yet.
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    /// The client can be sent away with an id to come back with, so that one that never does is no member.
    pub(crate) can_come_back: bool,
    /// The client understands that it leads without having to assign.
    pub(crate) can_skip_assignment: bool,
}

/// What somebody who asked to join is told.
pub(crate) type JoinReply = Result<Joined, Refused>;

/// A generation, as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// All members, for the leader alone: id, instance, and what it tells the leader.
    pub(crate) members: Vec<(String, Option<String>, Bytes)>,
    pub(crate) skip_assignment: bool,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error: ResponseError,
    /// The id to come back with, or the one that was sent.
    pub(crate) member_id: String,
}

/// How somebody was let in.
enum Admitted {
    /// As the generation is.
    Unchanged(Box<Joined>),
    /// By a new generation, for which the member with this id waits.
    Waits(String),
}

impl Group {
    /// Lets a member in, or back in. The answer may have to wait for the others.
    pub(super) fn join(&mut self, join: &Join, reply: oneshot::Sender<JoinReply>, now: Instant) {
        let answer = match self.admit(join, now) {
            Ok(Admitted::Waits(id)) => {
                if let Some(member) = self.members.iter_mut().find(|member| member.id == id) {
                    member.join = Some(reply);
                }
                if !matches!(self.phase, Phase::Preparing { .. }) {
                    self.prepare(now);
                }
                self.complete_if_all_joined(now);
                return;
            }
            Ok(Admitted::Unchanged(joined)) => Ok(*joined),
            Err(refused) => Err(refused),
        };
        drop(reply.send(answer));
    }

    fn admit(&mut self, join: &Join, now: Instant) -> Result<Admitted, Refused> {
        let refused = |error| Refused { error, member_id: join.member_id.clone() };
        self.check_protocols(join).map_err(refused)?;
        if self.members.is_empty() {
            self.protocol_type.clone_from(&join.protocol_type);
        }
        if !join.member_id.is_empty() {
            return self.admit_known(join, now).map_err(refused);
        }
        let name = join.instance_id.as_ref().unwrap_or(&join.client_id);
        let id = format!("{name}-{}", Uuid::new_v4());
        let same = |member: &Member| member.instance_id == join.instance_id;
        if join.instance_id.is_none() && join.can_come_back {
            self.expected.insert(id.clone(), now + COME_BACK.min(join.session_timeout));
            return Err(Refused { error: ResponseError::MemberIdRequired, member_id: id });
        }
        if let Some(at) = self.members.iter().position(same).filter(|_| join.instance_id.is_some())
        {
            return Ok(self.replace(at, id, join, now));
        }
        self.members.push(Member::new(id.clone(), join, now));
        Ok(Admitted::Waits(id))
    }

    /// Somebody comes with an id: for the first time, or again.
    fn admit_known(&mut self, join: &Join, now: Instant) -> Result<Admitted, ResponseError> {
        let id = join.member_id.clone();
        if self.expected.remove(&id).is_some() {
            self.members.push(Member::new(id.clone(), join, now));
            return Ok(Admitted::Waits(id));
        }
        let at = self.position(&id, join.instance_id.as_deref())?;
        let is_changed = self.members[at].protocols != join.protocols;
        self.members[at].update(join, now);
        let is_over = match self.phase {
            Phase::Empty | Phase::Preparing { .. } => true,
            // The answer was lost on its way; it still holds.
            Phase::Completing { .. } => is_changed,
            // A leader that joins again wants to assign again.
            Phase::Stable => is_changed || id == self.leader,
        };
        Ok(if is_over {
            Admitted::Waits(id)
        } else {
            Admitted::Unchanged(Box::new(self.joined(at)))
        })
    }

    /// A static member comes back without its id: it takes its own place, and whoever still uses the old id is fenced.
    fn replace(&mut self, at: usize, id: String, join: &Join, now: Instant) -> Admitted {
        let fenced = ResponseError::FencedInstanceId;
        let member = &mut self.members[at];
        let old = std::mem::replace(&mut member.id, id.clone());
        member.answer_join(Err(Refused { error: fenced, member_id: old.clone() }));
        member.answer_sync(Err(fenced));
        member.update(join, now);
        let is_leader = self.leader == old;
        if is_leader {
            self.leader.clone_from(&id);
        }
        // Its assignment is kept for it, so nobody else needs to notice.
        if self.phase != Phase::Stable || self.best_protocol() != self.protocol {
            return Admitted::Waits(id);
        }
        let mut joined = self.joined(at);
        joined.skip_assignment = is_leader && join.can_skip_assignment;
        if is_leader && !join.can_skip_assignment {
            // It must not take itself for the leader: there is nothing to assign.
            joined.leader = old;
            joined.members.clear();
        }
        Admitted::Unchanged(Box::new(joined))
    }

    /// A member must be of the group's kind, and share a protocol with all others.
    fn check_protocols(&self, join: &Join) -> Result<(), ResponseError> {
        let is_other = |member: &&Member| {
            let is_instance =
                member.instance_id.is_some() && member.instance_id == join.instance_id;
            member.id != join.member_id && !is_instance
        };
        let others: Vec<&Member> = self.members.iter().filter(is_other).collect();
        let is_common = |name: &str| others.iter().all(|member| member.supports(name));
        let is_known = join.protocols.iter().any(|(name, _)| is_common(name));
        let is_of_kind = others.is_empty() || self.protocol_type == join.protocol_type;
        if is_known && is_of_kind && !join.protocol_type.is_empty() {
            Ok(())
        } else {
            Err(ResponseError::InconsistentGroupProtocol)
        }
    }

    /// The generation as the member at `at` sees it.
    pub(super) fn joined(&self, at: usize) -> Joined {
        let member_id = self.members[at].id.clone();
        let listed = |member: &Member| {
            (member.id.clone(), member.instance_id.clone(), member.metadata(&self.protocol))
        };
        let is_leader = member_id == self.leader;
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: if is_leader { self.members.iter().map(listed).collect() } else { Vec::new() },
            member_id,
            skip_assignment: false,
        }
    }
}
