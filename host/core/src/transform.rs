//! What a stage of a chain is: something that works on the selected records of a batch.

use crate::batch::Batch;

/// A single message transform, as a chain runs it. Synchronous: the chain has the task's own thread.
///
/// `apply` works on the records of [`Batch::selected`], and on no other: it edits, drops, splits or
/// [fails](Batch::fail) each of them. What it does with one record must not depend on the others.
///
/// ```
/// use transom_core::{batch::Batch, record::NewRecord, chain::{Chain, Stage}, transform::{Transform, TransformError}};
///
/// struct Refuse;
///
/// impl Transform for Refuse {
///     fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
///         for record in batch.selected().to_vec() {
///             batch.fail(record, "refused", "this transform refuses everything");
///         }
///         Ok(())
///     }
/// }
///
/// let mut chain = Chain::new(vec![Stage { name: "refuse".to_owned(), predicate: None, transform: Box::new(Refuse) }]);
/// let mut batch = Batch::default();
/// batch.push(&NewRecord { topic: "orders", value: Some(b"{}"), ..NewRecord::default() });
/// chain.run(&mut batch)?;
/// assert!(batch.survivors().is_empty());
/// # Ok::<(), transom_core::chain::ChainError>(())
/// ```
pub trait Transform: Send {
    /// Works on the selected records.
    ///
    /// # Errors
    /// [`TransformError`] if the transform as a whole cannot go on: the batch is in no defined state then, and the
    /// task stops. An error of one record is no such error.
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError>;
}

/// A transform that cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// So many records of one batch trapped that the module, not the records, must be the cause.
    #[error(
        "the module trapped on {traps} of {records} records of one batch; the last time: {message}"
    )]
    Broken {
        /// Records that trapped when they were tried alone.
        traps: usize,
        /// Records that the transform was given.
        records: usize,
        /// What the last trap said.
        message: String,
    },
    /// No instance could be made to go on with.
    #[error("no new instance of the module could be made: {message}")]
    Instance {
        /// Why.
        message: String,
    },
}
