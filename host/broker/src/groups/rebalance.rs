//! Rebalancing: from members that join to assignments that everybody has, and the deadlines on the way.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::group::{Caller, Group, Phase};
use super::member::Member;

/// A request for an assignment; the leader's brings everybody's.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) generation: i32,
    /// What the member believes the group to be, if the client says so.
    pub(crate) protocol_type: Option<String>,
    /// What the member believes the group to use, if the client says so.
    pub(crate) protocol: Option<String>,
    /// By member id.
    pub(crate) assignments: Vec<(String, Bytes)>,
}

/// What somebody who asked for an assignment is told.
pub(crate) type SyncReply = Result<Synced, ResponseError>;

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) assignment: Bytes,
}

impl Group {
    /// Gives a member its assignment, once the leader has made it.
    pub(super) fn sync(&mut self, sync: &Sync, reply: oneshot::Sender<SyncReply>, now: Instant) {
        let at = match self.check_sync(sync) {
            Ok(at) => at,
            Err(error) => return drop(reply.send(Err(error))),
        };
        self.members[at].touch(now);
        self.members[at].sync = Some(reply);
        if self.phase == Phase::Stable {
            self.answer_sync(at);
        } else if self.members[at].id == self.leader {
            for member in &mut self.members {
                let made = sync.assignments.iter().find(|(id, _)| *id == member.id);
                member.assignment = made.map(|(_, bytes)| bytes.clone()).unwrap_or_default();
                member.touch(now);
            }
            self.phase = Phase::Stable;
            (0..self.members.len()).for_each(|at| self.answer_sync(at));
        }
    }

    fn check_sync(&mut self, sync: &Sync) -> Result<usize, ResponseError> {
        let caller = Caller {
            member_id: &sync.member_id,
            instance_id: sync.instance_id.as_deref(),
            generation: sync.generation,
        };
        self.check(&caller)?;
        let differs =
            |said: &Option<String>, is: &str| said.as_ref().is_some_and(|said| said != is);
        if differs(&sync.protocol_type, &self.protocol_type)
            || differs(&sync.protocol, &self.protocol)
        {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        match self.phase {
            Phase::Preparing { .. } => Err(ResponseError::RebalanceInProgress),
            Phase::Empty => Err(ResponseError::UnknownMemberId),
            _ => self.position(&sync.member_id, sync.instance_id.as_deref()),
        }
    }

    fn answer_sync(&mut self, at: usize) {
        let synced = Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self.members[at].assignment.clone(),
        };
        self.members[at].answer_sync(Ok(synced));
    }

    /// Begins a rebalance.
    pub(super) fn prepare(&mut self, now: Instant) {
        for member in &mut self.members {
            member.answer_sync(Err(ResponseError::RebalanceInProgress));
        }
        let whole = self.phase == Phase::Empty;
        let time = if whole { self.initial_delay } else { self.rebalance_timeout() };
        self.phase = Phase::Preparing { deadline: now + time, whole };
    }

    /// Ends the joining if nobody is missing.
    pub(super) fn complete_if_all_joined(&mut self, now: Instant) {
        let Phase::Preparing { whole: false, .. } = self.phase else { return };
        let all = self.members.iter().all(|member| member.join.is_some());
        if all && self.expected.is_empty() {
            self.complete(now);
        }
    }

    /// Begins a generation with those who joined. Static members keep their places for as long as their sessions last.
    fn complete(&mut self, now: Instant) {
        self.members.retain(|member| member.join.is_some() || member.instance_id.is_some());
        let Some(first) = self.members.iter().find(|member| member.is_joining()) else {
            self.phase = if self.members.is_empty() {
                Phase::Empty
            } else {
                Phase::Preparing { deadline: now + self.rebalance_timeout(), whole: false }
            };
            return;
        };
        let first = first.id.clone();
        let leads = |member: &Member| member.is_joining() && member.id == self.leader;
        if !self.members.iter().any(leads) {
            self.leader = first;
        }
        self.generation += 1;
        self.protocol = self.best_protocol();
        self.phase = Phase::Completing { deadline: now + self.rebalance_timeout() };
        for at in 0..self.members.len() {
            let joined = self.joined(at);
            self.members[at].touch(now);
            self.members[at].answer_join(Ok(joined));
        }
    }

    /// The protocol that all members support and most of them like best.
    pub(super) fn best_protocol(&self) -> String {
        let is_common = |name: &str| self.members.iter().all(|member| member.supports(name));
        let names = |member: &'_ Member| -> Vec<String> {
            member
                .protocols
                .iter()
                .map(|(name, _)| name.clone())
                .filter(|it| is_common(it))
                .collect()
        };
        let votes: Vec<String> =
            self.members.iter().filter_map(|member| names(member).into_iter().next()).collect();
        let count = |name: &String| votes.iter().filter(|vote| *vote == name).count();
        let candidates = self.members.first().map(names).unwrap_or_default();
        // Of several, the one that the oldest member likes best.
        candidates.into_iter().rev().max_by_key(count).unwrap_or_default()
    }

    /// Takes the member at `at` out and rebalances what is left.
    pub(super) fn remove(&mut self, at: usize, now: Instant) {
        let mut gone = self.members.remove(at);
        gone.answer_sync(Err(ResponseError::UnknownMemberId));
        if self.members.is_empty() {
            self.phase = Phase::Empty;
            return;
        }
        if !matches!(self.phase, Phase::Preparing { .. }) {
            self.prepare(now);
        }
        self.complete_if_all_joined(now);
    }

    /// Takes out whoever asked to join and did not wait for the answer. A client that comes back is let in anew. A static
    /// member keeps its place for the rest of its session, as it would in any other phase.
    pub(super) fn forget_gone(&mut self, now: Instant) {
        let is_gone = |member: &Member| member.instance_id.is_none() && member.is_gone();
        while let Some(at) = self.members.iter().position(is_gone) {
            self.remove(at, now);
        }
    }

    /// Acts on every deadline that has come.
    pub(super) fn expire(&mut self, now: Instant) {
        self.expected.retain(|_, deadline| *deadline > now);
        let is_late = matches!(self.phase, Phase::Completing { deadline } if deadline <= now);
        let is_dead =
            |member: &&Member| !member.is_waiting() && (member.deadline <= now || is_late);
        // Listed first: taking one out begins a rebalance, after which the others are not late any more.
        let dead: Vec<String> =
            self.members.iter().filter(is_dead).map(|member| member.id.clone()).collect();
        for id in dead {
            if let Some(at) = self.members.iter().position(|member| member.id == id) {
                self.remove(at, now);
            }
        }
        match self.phase {
            Phase::Preparing { deadline, .. } if deadline <= now => self.complete(now),
            _ => self.complete_if_all_joined(now),
        }
    }

    /// The next time at which [`Group::expire`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Preparing { deadline, .. } | Phase::Completing { deadline } => Some(deadline),
            Phase::Empty | Phase::Stable => None,
        };
        let silent = self.members.iter().filter(|member| !member.is_waiting());
        let members = silent.map(|member| member.deadline);
        phase.into_iter().chain(members).chain(self.expected.values().copied()).min()
    }

    fn rebalance_timeout(&self) -> Duration {
        self.members.iter().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }
}
