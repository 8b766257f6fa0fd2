//! The plain model of the record path: what a chain means, on trees instead of ranges in an arena.
//!
//! It shares nothing with the code that it judges but the contract's constants and writers (`smt_abi`), and it leans on
//! `serde_json` for what a text means. Other test binaries may include it by path.
//!
//! | module | what |
//! |---|---|
//! | `tree` | documents that remember how they were spelt |
//! | `edit` | edits of a tree at a path |
//! | `record` | records, their slots, the shape of `@record` |
//! | `script` | what a module declares and answers, as data, and its bytes |
//! | `run` | what a chain of scripts does with a batch |
//! | `documents` | random documents |
//! | `operations` | random operations |
//! | `generate` | random records and scripts |

#[path = "model/documents.rs"]
mod documents;
#[path = "model/edit.rs"]
mod edit;
#[path = "model/generate.rs"]
pub(crate) mod generate;
#[path = "model/operations.rs"]
mod operations;
#[path = "model/record.rs"]
mod record;
#[path = "model/run.rs"]
mod run;
#[path = "model/script.rs"]
mod script;
#[path = "model/tree.rs"]
mod tree;

pub(crate) use edit::get;
pub(crate) use record::Input;
pub(crate) use run::{Observed, Outcome, Verdict, run};
pub(crate) use script::{Answer, At, Edit, Path, Place, Script, Slot, When};
pub(crate) use tree::{Document, Node, Step};
