//! The pure half of Transom: documents, records, chains. It performs no I/O and reads no clock (invariant 6).
//!
//! A record's way through this crate: [`batch::Batch::push`] puts it into an arena and scans it once ([`json`]);
//! a [`chain::Chain`] hands the batch to one [`transform::Transform`] after the other; a transform that is a module
//! asks [`call::Call`] for the input of a call and gives it the answer; [`batch::Batch::write_value`] splices what is
//! left.

pub mod batch;
pub mod call;
pub mod chain;
pub mod config;
pub mod connector;
pub mod convert;
pub mod datagen;
pub mod edit;
pub mod json;
pub mod ledger;
pub mod path;
pub mod policy;
pub mod predicate;
pub mod record;
pub mod secrets;
pub mod table;
pub mod topic;
pub mod transform;

mod arena;
mod document;
mod envelope;
mod header;
mod metadata;
