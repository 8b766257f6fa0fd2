//! One member of a group.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::join::{Join, JoinReply};
use super::rebalance::SyncReply;

/// A member: who it is, how long it may be silent, and what it waits for.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    /// `group.instance.id`: the member is static, and keeps its place when it comes back under another id.
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    /// What the member can do, best first, each with the member's own data for the leader.
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    /// When the member is taken for dead, unless it waits for an answer.
    pub(super) deadline: Instant,
    pub(super) join: Option<oneshot::Sender<JoinReply>>,
    pub(super) sync: Option<oneshot::Sender<SyncReply>>,
}

impl Member {
    /// A member as its first request describes it.
    pub(super) fn new(id: String, join: &Join, now: Instant) -> Self {
        Self {
            id,
            instance_id: join.instance_id.clone(),
            client_id: join.client_id.clone(),
            client_host: join.client_host.clone(),
            protocols: join.protocols.clone(),
            assignment: Bytes::new(),
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            deadline: now + join.session_timeout,
            join: None,
            sync: None,
        }
    }

    /// Takes over what a later request says.
    pub(super) fn update(&mut self, join: &Join, now: Instant) {
        self.protocols.clone_from(&join.protocols);
        self.session_timeout = join.session_timeout;
        self.rebalance_timeout = join.rebalance_timeout;
        self.touch(now);
    }

    /// The member has shown that it is alive.
    pub(super) fn touch(&mut self, now: Instant) {
        self.deadline = now + self.session_timeout;
    }

    /// True if the member waits for an answer, and so cannot be expected to say anything.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_joining() || self.sync.as_ref().is_some_and(|reply| !reply.is_closed())
    }

    /// True if the member has asked to join and is still there to be told.
    pub(super) fn is_joining(&self) -> bool {
        self.join.as_ref().is_some_and(|reply| !reply.is_closed())
    }

    /// True if the member has asked to join and its connection is gone.
    pub(super) fn is_gone(&self) -> bool {
        self.join.is_some() && !self.is_joining()
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// What the member tells the leader under `protocol`.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| name == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    pub(super) fn answer_join(&mut self, answer: JoinReply) {
        if let Some(reply) = self.join.take() {
            // Whoever asked may be gone; then the session timeout finds out.
            drop(reply.send(answer));
        }
    }

    pub(super) fn answer_sync(&mut self, answer: SyncReply) {
        if let Some(reply) = self.sync.take() {
            drop(reply.send(answer));
        }
    }
}
