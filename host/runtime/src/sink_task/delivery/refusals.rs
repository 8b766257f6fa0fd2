//! What failed before the sink and what the sink refused, as causes of dead letters.

use crate::{
    dead_letters::{Cause, Place},
    failure::Failure,
    load::Load,
};
use transom_core::{
    connector::{ConnectorError, Rejection},
    ledger::Generation,
    record::RecordId,
};

/// The inputs that converters and transforms failed on, in order.
pub(super) fn failed(load: &Load, open: &[Generation]) -> Vec<Cause> {
    let undecided = load.undecided(open).into_iter();
    undecided.filter_map(|input| Cause::of_step(&load.batch, input)).collect()
}

/// What the sink said about records of a part, in the order of the records.
///
/// # Errors
/// [`Failure`] if it names a record that it was not given: what became of the others is not known then.
pub(super) fn causes(
    load: &Load,
    part: &[RecordId],
    mut rejections: Vec<Rejection>,
) -> Result<Vec<Cause>, Failure> {
    rejections.sort_by_key(|rejection| rejection.index);
    rejections.dedup_by_key(|rejection| rejection.index);
    let cause = |Rejection { index, code, message }: Rejection| {
        let Some(record) = part.get(index) else {
            let given = part.len();
            let reason = format!(
                "the sink refused record {index} of {given} (counted from 0), which is a bug of the sink"
            );
            return Err(Failure::fatal(reason));
        };
        let (input, child) = (load.batch.input(*record), load.batch.origin(*record).child);
        Ok(Cause { input, place: Place::Put, code, message, child, whence: None })
    };
    rejections.into_iter().map(cause).collect()
}

/// A refusal of each record of a part that is refused as a whole and cannot be divided.
pub(super) fn all(part: &[RecordId], error: &ConnectorError) -> Vec<Rejection> {
    let refuse =
        |index| Rejection { index, code: error.code.clone(), message: error.message.clone() };
    (0..part.len()).map(refuse).collect()
}

/// A part without the records that were refused.
pub(super) fn without(mut part: Vec<RecordId>, causes: &[Cause], load: &Load) -> Vec<RecordId> {
    let mut causes = causes.iter().peekable();
    part.retain(|record| {
        let (input, child) = (load.batch.input(*record), load.batch.origin(*record).child);
        causes.next_if(|cause| (cause.input, cause.child) == (input, child)).is_none()
    });
    part
}
