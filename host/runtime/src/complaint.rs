//! Errors of a reader that may pass: shown for a while, and polling goes on.

use crate::{
    failure::Failure,
    progress::{Part, Progress},
};
use std::time::{Duration, Instant};
use transom_core::topic::TopicError;

/// How long an error is shown. Most come once, and nothing says that they have passed.
const SHOWN: Duration = Duration::from_secs(10);

/// What a reader's errors have the task's status say.
#[derive(Debug, Default)]
pub(crate) struct Complaint(Option<Shown>);

#[derive(Debug, Clone, Copy)]
struct Shown {
    /// When it is taken to have passed; nothing for a topic that is missing: until the reader has something.
    until: Option<Instant>,
}

impl Complaint {
    /// Shows an error that may pass.
    ///
    /// # Errors
    /// [`Failure`] if it does not.
    pub(crate) fn endure(&mut self, error: TopicError, progress: &Progress) -> Result<(), Failure> {
        let until = match error {
            TopicError::Transient { .. } => Some(Instant::now() + SHOWN),
            TopicError::Missing { .. } => None,
            TopicError::Rebalanced { .. } => {
                tracing::debug!(%error, "the group has moved on");
                return Ok(());
            }
            TopicError::OutOfRange { .. } | TopicError::OtherTopic { .. } => {
                return Err(Failure::of_offset(&error, progress.metrics.connector()));
            }
            TopicError::Fatal { .. } => return Err(error.into()),
        };
        progress.complain(Part::Reader, format!("{error}; waiting"));
        self.0 = Some(Shown { until });
        Ok(())
    }

    /// Forgets it if the reader has got something since, or its time is over.
    pub(crate) fn forget(&mut self, has_got: bool, progress: &Progress) {
        let is_over = |shown: Shown| shown.until.is_some_and(|at| at <= Instant::now());
        if self.0.is_some_and(|shown| has_got || is_over(shown)) {
            self.0 = None;
            progress.recover(Part::Reader);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metrics::Metrics, status::State};

    fn away() -> TopicError {
        TopicError::Transient { message: "2/2 brokers are down".to_owned() }
    }

    fn missing() -> TopicError {
        TopicError::Missing { topic: "orders".to_owned() }
    }

    #[test]
    fn it_is_shown_for_as_long_as_it_may_be_true() {
        let progress = Progress::new(Metrics::new().task("sink", 0));
        let mut complaint = Complaint::default();
        let state = || progress.status(0).state;
        progress.set_work(true);
        complaint.endure(away(), &progress).unwrap();
        // Nothing to read says nothing of brokers.
        complaint.forget(false, &progress);
        assert_eq!(state(), State::Degraded);
        complaint.forget(true, &progress);
        assert_eq!(state(), State::Running);

        complaint.endure(away(), &progress).unwrap();
        let over = Instant::now();
        complaint.0.iter_mut().for_each(|shown| shown.until = Some(over));
        complaint.forget(false, &progress);
        assert_eq!(state(), State::Running);

        complaint.endure(missing(), &progress).unwrap();
        assert_eq!(complaint.0.unwrap().until, None);
        assert!(
            complaint.endure(TopicError::Fatal { message: "no".to_owned() }, &progress).is_err()
        );
    }

    #[test]
    fn who_has_heard_of_no_broker_has_not_started() {
        let progress = Progress::new(Metrics::new().task("sink", 0));
        let has_started = || progress.status(0).has_started;
        assert!(!has_started());
        progress.opened();
        assert!(has_started());
        let mut complaint = Complaint::default();
        complaint.endure(away(), &progress).unwrap();
        assert!(!has_started());
        // An outage later on is no new start.
        progress.set_work(true);
        assert!(has_started());
    }
}
