//! The worker of a sink task: everything that waits for the sink or for dead letters, one call at a time.

use super::delivery::Delivery;
use crate::{failure::Failure, load::Load};
use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel},
    time::Duration,
};
use tokio::{runtime::Handle, sync::mpsc, task::JoinHandle};
use transom_core::topic::{CommitMode, Offsets, StoredOffset, TopicIdentity, TopicPartition};

/// What the task's thread asks of the worker, in order.
#[derive(Debug)]
pub(super) enum Command {
    /// Deliver these records.
    Deliver(Box<Load>),
    /// Make durable what was put, and have a sink that stores offsets move on to what is settled; offsets are committed
    /// this way then.
    Flush(CommitMode, Offsets),
    /// Take partitions over.
    Claim(Vec<(TopicPartition, TopicIdentity)>),
    /// Forget partitions.
    Release(Vec<TopicPartition>),
    /// End in good order.
    Close,
}

/// What the worker answers, in order; [`Command::Release`] has no answer.
#[derive(Debug)]
pub(super) enum Reply {
    /// The load comes back, with what became of its records, what a sink that stores offsets has by now, and perhaps what the
    /// task must stop for.
    Delivered(Box<Load>, Offsets, Result<(), Failure>),
    /// What was put before is durable, and a sink that stores offsets has these by now.
    Flushed(CommitMode, Offsets, Result<(), Failure>),
    /// Where the partitions go on.
    Claimed(Result<Vec<StoredOffset>, Failure>),
    /// The sink is closed.
    Closed,
}

/// The thread's end of the two queues.
#[derive(Debug)]
pub(super) struct Worker {
    commands: mpsc::Sender<Command>,
    /// Commands for which the queue had no room yet.
    waiting: VecDeque<Command>,
    replies: Receiver<Reply>,
    /// Loads that have not come back.
    delivering: usize,
    task: JoinHandle<()>,
}

/// Room in the queues. At most three loads exist, so what fills them is control; more of it waits on the thread.
const ROOM: usize = 8;

impl Worker {
    /// Starts the worker of a task.
    pub(super) fn start(delivery: Delivery, runtime: &Handle) -> Self {
        let (commands, inbox) = mpsc::channel(ROOM);
        // Each command has one reply at most, and those that wait behind a full queue are bounded by it: the worker
        // takes no further command before its reply is in.
        let (outbox, replies) = sync_channel(2 * ROOM);
        let task = runtime.spawn(work(delivery, inbox, outbox));
        Self { commands, waiting: VecDeque::new(), replies, delivering: 0, task }
    }

    /// Hands a command over, behind all before it. It never blocks: the thread has to poll.
    pub(super) fn send(&mut self, command: Command) {
        self.delivering += usize::from(matches!(command, Command::Deliver(_)));
        self.waiting.push_back(command);
        self.push();
    }

    fn push(&mut self) {
        while let Some(command) = self.waiting.pop_front() {
            if let Err(full) = self.commands.try_send(command) {
                self.waiting.push_front(full.into_inner());
                return;
            }
        }
    }

    /// The next reply, if there is one within this time.
    ///
    /// # Errors
    /// [`Failure`] if the worker is gone: it panicked.
    pub(super) fn reply(&mut self, within: Duration) -> Result<Option<Reply>, Failure> {
        self.push();
        let reply = self.receive(within)?;
        self.delivering -= usize::from(matches!(reply, Some(Reply::Delivered(..))));
        Ok(reply)
    }

    fn receive(&self, within: Duration) -> Result<Option<Reply>, Failure> {
        let gone =
            || Failure::fatal("the sink's worker ended unexpectedly; see the log for its panic");
        match self.replies.try_recv() {
            Ok(reply) => return Ok(Some(reply)),
            Err(TryRecvError::Disconnected) => return Err(gone()),
            Err(TryRecvError::Empty) if within.is_zero() => return Ok(None),
            Err(TryRecvError::Empty) => {}
        }
        match self.replies.recv_timeout(within) {
            Ok(reply) => Ok(Some(reply)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    /// True while loads are on their way to the sink.
    pub(super) fn is_delivering(&self) -> bool {
        self.delivering > 0
    }

    /// Gives up what the worker is doing.
    pub(super) fn abandon(&self) {
        self.task.abort();
    }
}

impl Drop for Worker {
    /// A thread that panicked leaves nobody behind who goes on delivering.
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Serves commands until the thread is gone. After a failure nothing more is delivered, but what was put is still
/// flushed if the thread asks for it.
async fn work(
    mut delivery: Delivery,
    mut commands: mpsc::Receiver<Command>,
    replies: SyncSender<Reply>,
) {
    let mut has_failed = false;
    while let Some(command) = commands.recv().await {
        let reply = match command {
            Command::Deliver(load) if has_failed => {
                Reply::Delivered(load, delivery.stored(), Ok(()))
            }
            Command::Deliver(mut load) => {
                let result = delivery.deliver(&mut load).await;
                has_failed |= result.is_err();
                Reply::Delivered(load, delivery.stored(), result)
            }
            Command::Flush(mode, settled) => {
                let result = delivery.flush(&settled).await;
                Reply::Flushed(mode, delivery.stored(), result)
            }
            Command::Claim(partitions) => Reply::Claimed(delivery.claim(&partitions).await),
            Command::Release(partitions) => {
                delivery.release(&partitions);
                continue;
            }
            Command::Close => {
                delivery.close().await;
                // Whoever hears of the end may take away what its clients talk to.
                drop(delivery);
                drop(replies.send(Reply::Closed));
                return;
            }
        };
        if replies.send(reply).is_err() {
            return;
        }
    }
}
