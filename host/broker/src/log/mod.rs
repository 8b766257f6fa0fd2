//! A partition's log on disk.
//!
//! A [`Partition`] is a directory of [`segment`] files, each a row of record batches exactly as producers sent them, but for
//! the two fields that are the broker's to set. A batch's checksum is verified when it comes and when the broker starts. Half
//! a batch at the very end is what a killed process leaves, and is cut off then; anything else that is not whole is damage,
//! which is told and left as it is. Writes go to the page cache and are not forced to the disk, unless a topic's
//! `flush.messages` says so: an acknowledged record survives the process, not the machine. Reads come from the files; in
//! memory are a sparse [`index`] and the state of idempotent [`producers`].

pub(crate) mod batch;
mod index;
mod partition;
mod producers;
mod records;
mod recovery;
mod segment;

pub(crate) use partition::{AppendError, Appended, Partition, Read, ReadError};
pub(crate) use producers::Refusal;
pub(crate) use segment::Limit;

#[cfg(test)]
mod tests;
