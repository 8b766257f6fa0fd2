//! Connectors. Each is a module that knows the traits of `transom-core` and nothing else of the host: what it needs
//! beside its settings (a way to write topics, converters) is handed in.
//!
//! | connector | begin at | promises |
//! |---|---|---|
//! | sink `sqlite` | [`sqlite::SqliteSink`] | exactly once: offsets are stored in the transaction of the rows |
//! | sink `kafka` | [`kafka::KafkaSink`] | at least once; bytes that no transform touched as they were read |
//! | sink `file` | [`file::FileSink`] | at least once; no half line, whatever happens |
//! | sink `console` | [`console::ConsoleSink`] | a line for each record, while somebody reads |
//! | sink `discard` | [`discard::DiscardSink`] | nothing, after a delay |
//! | source `file` | [`file::FileSource`] | each line, across rotation and truncation |
//! | source `datagen` | [`datagen::DatagenSource`] | made-up messages; after a crash the same ones again, times excepted |
//!
//! To add one: its settings and a variant in `transom_core::config`, a module here, an arm in the `match` of `app`, and
//! a test that calls the contract suite of `transom_runtime::testing`.

pub mod console;
pub mod datagen;
pub mod discard;
pub mod file;
pub mod kafka;
pub mod sqlite;

mod blocking;
mod line;
