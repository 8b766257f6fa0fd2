//! The SQLite sink: tables in a file, each record in them exactly once.
//!
//! Rows and offsets are written in one transaction, so after any crash the row of `transom_offsets` says which records
//! the tables have. The protocol (claim, put, and what becomes of a commit whose outcome is not known) is in
//! `offsets.rs` and `flush.rs`.
//!
//! - **One writer.** SQLite lets one connection write at a time. All sinks of a process that name the same file share one
//!   thread with one connection; another process is met with `SQLITE_BUSY`, which is transient.
//! - **WAL, `synchronous = FULL`.** Readers and the writer do not wait for each other, and a put that returned is on the
//!   disk: it costs one sync for a whole batch. With `NORMAL` a power cut could take back the last puts (rows and offsets
//!   together), which is no loss while the topic still has the records; with `FULL` nobody has to ask.
//! - **What may refuse a row** is found before the transaction, for all records of a put at once, but for the constraints
//!   of a table that somebody else made; those refuse in the transaction, which is then rolled back.
//!
//! | file | what |
//! |---|---|
//! | `sink` | the sink: claims, puts, what is pending |
//! | `tables` | the table of each topic, records to rows |
//! | `table` | SQL of a table: create, check, insert |
//! | `flush` | one put as a transaction |
//! | `offsets` | `transom_offsets`: claim, advance, look, list, reset |
//! | `writer` | the thread that owns the connection |
//! | `failure` | SQLite's errors as a connector's |

mod failure;
mod flush;
mod offsets;
mod sink;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub use offsets::{OffsetRow, Reset, offsets, reset};
pub use sink::SqliteSink;
