//! Which host runs a source task: the one that Kafka's group protocol gives the one partition of an internal topic.

use crate::{complaint::Complaint, context::TaskContext, failure::Failure};
use std::{pin::pin, time::Duration};
use tokio::time::Instant;
use transom_core::topic::{
    PollLimits, Polled, StartAt, TopicCreation, TopicError, TopicPartition, TopicReader,
    tasks_topic,
};

/// Time between two polls of the group.
const POLL: Duration = Duration::from_millis(250);

/// A member of the group that shares a connector's tasks out.
pub(super) struct Membership {
    context: TaskContext,
    reader: Box<dyn TopicReader>,
    /// Partitions that were given and not taken since.
    given: Vec<TopicPartition>,
    /// Partitions to be released; while there are some the task is no longer this host's.
    taken: Vec<TopicPartition>,
    complaint: Complaint,
    next_poll: Instant,
    /// The partitions were taken without asking: nothing is to be finished.
    is_lost: bool,
}

impl Membership {
    /// Joins the group.
    ///
    /// # Errors
    /// [`Failure`] if the internal topic cannot be created or the client refuses.
    pub(super) async fn join(context: &TaskContext) -> Result<Self, Failure> {
        let topic = tasks_topic(&context.plan.name);
        let creation = TopicCreation { partitions: Some(1), ..TopicCreation::default() };
        context.ensure(&*context.assembly.writer()?, &topic, &creation).await?;
        let reader = context.assembly.reader(context.task)?;
        let (context, complaint) = (context.clone(), Complaint::default());
        let (given, taken) = (Vec::new(), Vec::new());
        Ok(Self {
            context,
            reader,
            given,
            taken,
            complaint,
            next_poll: Instant::now(),
            is_lost: false,
        })
    }

    /// Waits until the task is this host's. False if it is to stop.
    ///
    /// # Errors
    /// [`Failure`] if the group cannot be heard of any more.
    pub(super) async fn assigned(&mut self) -> Result<bool, Failure> {
        while !self.context.stop.is_cancelled() {
            self.poll()?;
            if !self.taken.is_empty() {
                self.give_back()?;
            }
            if !self.given.is_empty() {
                return Ok(true);
            }
            tokio::select! {
                () = self.context.stop.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        Ok(false)
    }

    /// Does something while the membership is kept. Once the task is to stop or another host wants it, the work has
    /// so much time left; nothing comes back if that is over.
    ///
    /// # Errors
    /// [`Failure`] if the group cannot be heard of any more.
    pub(super) async fn during<T>(
        &mut self,
        work: impl Future<Output = T>,
        patience: Duration,
    ) -> Result<Option<T>, Failure> {
        let mut work = pin!(work);
        let mut since = None;
        loop {
            // Work that is done at once, again and again, must not keep the group from being heard.
            if self.next_poll <= Instant::now() {
                self.poll()?;
            }
            let has_ended = self.context.stop.is_cancelled() || !self.taken.is_empty();
            if has_ended {
                let since = *since.get_or_insert_with(Instant::now);
                if self.is_lost || since.elapsed() >= patience {
                    return Ok(None);
                }
            }
            tokio::select! {
                biased;
                done = &mut work => return Ok(Some(done)),
                () = self.context.stop.cancelled(), if !has_ended => {}
                () = tokio::time::sleep_until(self.next_poll) => {}
            }
        }
    }

    /// Gives back what the group has taken.
    ///
    /// # Errors
    /// [`Failure`] if the client refuses.
    pub(super) fn give_back(&mut self) -> Result<(), Failure> {
        let taken = std::mem::take(&mut self.taken);
        self.is_lost = false;
        if taken.is_empty() {
            return Ok(());
        }
        let released = self.reader.release(&taken);
        released.or_else(|error| self.endure(error))
    }

    /// Leaves the group, so that another host takes over at once.
    pub(super) fn leave(&mut self) {
        if let Err(error) = self.reader.close() {
            tracing::debug!(task = %self.context.name(), %error, "the group was not left in good order");
        }
    }

    /// Hears what the group says. The partition has no records: it is there to be owned.
    fn poll(&mut self) -> Result<(), Failure> {
        self.next_poll = Instant::now() + POLL;
        let limits = PollLimits { records: 0, bytes: 0, wait: Duration::ZERO };
        match self.reader.poll(limits, &mut |_| ()) {
            Ok(Polled::Assigned(partitions)) => {
                self.context.progress.metrics.rebalanced();
                self.complaint.forget(true, &self.context.progress);
                let from: Vec<_> =
                    partitions.iter().map(|given| (given.clone(), StartAt::Latest)).collect();
                self.given.extend(partitions);
                self.reader.assign(&from).or_else(|error| self.endure(error))
            }
            Ok(Polled::Revoked(partitions)) => {
                self.take(partitions);
                Ok(())
            }
            Ok(Polled::Lost(partitions)) => {
                self.is_lost = true;
                self.take(partitions);
                Ok(())
            }
            Ok(Polled::Records(_) | Polled::Idle) => {
                self.complaint.forget(false, &self.context.progress);
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }

    fn take(&mut self, partitions: Vec<TopicPartition>) {
        self.context.progress.metrics.rebalanced();
        self.given.retain(|given| !partitions.contains(given));
        self.taken.extend(partitions);
    }

    fn endure(&mut self, error: TopicError) -> Result<(), Failure> {
        self.complaint.endure(error, &self.context.progress)
    }
}
