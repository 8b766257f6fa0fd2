//! Consumer groups, the classic protocol: who is a member, of which generation, with which assignment.
//!
//! A [`Group`](group::Group) is a state machine without I/O and without a clock: it is told what came and what time it is, and
//! answers through channels, since most answers wait for other members. [`Groups`] holds them all, hands requests in, and
//! wakes up when the next deadline of any of them has come. Members live in memory: after a restart they join again, as Kafka's
//! clients do by themselves. Committed offsets are the journal's.

mod group;
mod join;
mod member;
mod rebalance;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use kafka_protocol::ResponseError;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::lock::lock;
pub(crate) use group::{Caller, Described, DescribedMember, Group};
pub(crate) use join::{Join, JoinReply, Joined, Refused};
pub(crate) use rebalance::{Sync, SyncReply};

/// All groups that have members, or are about to.
#[derive(Debug)]
pub(crate) struct Groups {
    initial_delay: Duration,
    by_id: Mutex<BTreeMap<String, Group>>,
    /// Notified when a deadline may have come nearer.
    changed: Notify,
}

impl Groups {
    /// Groups whose first member waits `initial_delay` for others.
    pub(crate) fn new(initial_delay: Duration) -> Self {
        Self { initial_delay, by_id: Mutex::default(), changed: Notify::new() }
    }

    /// Hands in a request to join, and waits until the group has its members together.
    ///
    /// If the future is dropped, the member is gone.
    pub(crate) async fn join(&self, group_id: &str, join: Join) -> JoinReply {
        let (reply, answer) = oneshot::channel();
        let refused =
            Refused { error: ResponseError::UnknownMemberId, member_id: join.member_id.clone() };
        {
            let mut groups = lock(&self.by_id);
            let group =
                groups.entry(group_id.to_owned()).or_insert_with(|| Group::new(self.initial_delay));
            group.join(&join, reply, Instant::now());
        }
        self.changed.notify_one();
        let mut waiting = Waiting { groups: self, group_id, answer };
        (&mut waiting.answer).await.unwrap_or(Err(refused))
    }

    /// Hands in a request for an assignment, and waits until the leader has made it.
    pub(crate) async fn sync(&self, group: &str, sync: Sync) -> SyncReply {
        let (reply, answer) = oneshot::channel();
        self.with(group, |group, now| {
            group.sync(&sync, reply, now);
            Ok(())
        })?;
        answer.await.unwrap_or(Err(ResponseError::RebalanceInProgress))
    }

    /// Calls `act` with a group that has members, if there is one of that id.
    pub(crate) fn with<R>(
        &self,
        group: &str,
        act: impl FnOnce(&mut Group, Instant) -> Result<R, ResponseError>,
    ) -> Result<R, ResponseError> {
        let result = match lock(&self.by_id).get_mut(group) {
            Some(group) => act(group, Instant::now()),
            None => Err(ResponseError::UnknownMemberId),
        };
        self.changed.notify_one();
        result
    }

    /// Says whether offsets may be committed for a group, or deleted if `caller` is nobody.
    pub(crate) fn may_commit(&self, group: &str, caller: &Caller<'_>) -> Result<(), ResponseError> {
        match lock(&self.by_id).get_mut(group) {
            Some(group) => group.may_commit(caller, Instant::now()),
            None if caller.generation < 0 => Ok(()),
            None => Err(ResponseError::IllegalGeneration),
        }
    }

    /// Describes one group, if it has members.
    pub(crate) fn describe(&self, group: &str) -> Option<Described> {
        lock(&self.by_id).get(group).map(Group::describe)
    }

    /// Describes all groups that have members, by id.
    pub(crate) fn describe_all(&self) -> Vec<(String, Described)> {
        lock(&self.by_id).iter().map(|(id, group)| (id.clone(), group.describe())).collect()
    }

    /// Acts on deadlines as they come. Never returns.
    pub(crate) async fn watch_deadlines(&self) {
        loop {
            let next = self.expire(Instant::now());
            let deadline = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = deadline => (),
                () = self.changed.notified() => (),
            }
        }
    }

    /// Acts on the deadlines that have come and returns the next one.
    fn expire(&self, now: Instant) -> Option<Instant> {
        let mut groups = lock(&self.by_id);
        for group in groups.values_mut() {
            group.expire(now);
        }
        groups.retain(|_, group| !group.is_unused());
        groups.values().filter_map(Group::next_deadline).min()
    }
}

/// Somebody who waits for the others of a group.
struct Waiting<'a> {
    groups: &'a Groups,
    group_id: &'a str,
    answer: oneshot::Receiver<JoinReply>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answer.close();
        if let Some(group) = lock(&self.groups.by_id).get_mut(self.group_id) {
            group.forget_gone(Instant::now());
        }
        self.groups.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
