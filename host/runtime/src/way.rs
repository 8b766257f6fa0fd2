//! The way of each record, told at debug level: by topic, partition and offset. It costs one comparison otherwise.

use crate::load::{Fate, Load};
use tracing::{Level, debug, enabled};
use transom_core::{
    batch::Batch,
    chain::Chain,
    record::{Step, Verdict},
};

/// Tells what converters and transforms made of each record.
pub(crate) fn decided(batch: &Batch, chain: &Chain) {
    if !enabled!(Level::DEBUG) {
        return;
    }
    for input in 0..batch.len() {
        let original = batch.original(input);
        let (topic, partition, offset) = (original.topic, original.partition, original.offset);
        match batch.verdict(input) {
            Verdict::Passed => debug!(topic, partition, offset, "record passed the chain"),
            Verdict::Dropped { stage } => {
                let transform = chain.stage(stage);
                debug!(topic, partition, offset, transform, "record was dropped");
            }
            Verdict::Failed(failure) => {
                let (step, code) = (failure.step, &*failure.code);
                let transform = match step {
                    Step::Transformation { stage } => chain.stage(stage),
                    _ => None,
                };
                debug!(topic, partition, offset, ?step, transform, code, "record failed");
            }
        }
    }
}

/// Tells how each record of a load ended.
pub(crate) fn ended(load: &Load) {
    if !enabled!(Level::DEBUG) {
        return;
    }
    for (input, fate) in load.fates.iter().enumerate() {
        let original = load.batch.original(input);
        let (topic, partition, offset) = (original.topic, original.partition, original.offset);
        match fate {
            Fate::Open | Fate::Refused | Fate::Dropped => {}
            Fate::Delivered => debug!(topic, partition, offset, "record was delivered"),
            Fate::DeadLettered => debug!(topic, partition, offset, "record was dead-lettered"),
            Fate::Skipped => debug!(topic, partition, offset, "record was skipped"),
        }
    }
}
