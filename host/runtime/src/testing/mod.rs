//! The contract suite: what the pages of [`Sink`] and [`Source`] promise, as code. Every connector of this house passes
//! it; it is public for whoever adds the next.
//!
//! The suite sees a connector from outside alone. It asks for a *place*: where the connector writes to or reads from,
//! made anew for each rule, so that rules do not disturb each other. Ten lines are all that a sink needs:
//!
//! ```
//! use transom_core::connector::{ConnectorError, Delivery, Put, Rejection, Sink};
//! use transom_runtime::testing::{Broken, sink};
//! # use std::sync::{Arc, Mutex};
//! # struct Shelf(Arc<Mutex<Vec<String>>>);
//! # #[async_trait::async_trait]
//! # impl Sink for Shelf {
//! #     fn delivery(&self) -> Delivery { Delivery { stores_offsets: false, atomic: false } }
//! #     async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
//! #         for record in put.records {
//! #             let mut value = Vec::new();
//! #             put.batch.write_value(*record, &mut value);
//! #             self.0.lock().unwrap().push(String::from_utf8(value).unwrap());
//! #         }
//! #         Ok(Vec::new())
//! #     }
//! # }
//!
//! struct Place(Arc<Mutex<Vec<String>>>); // a directory, a database, a topic
//!
//! #[async_trait::async_trait]
//! impl sink::Place for Place {
//!     async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError> {
//!         Ok(Box::new(Shelf(Arc::clone(&self.0)))) // your sink, as a task opens it
//!     }
//!     async fn delivered(&mut self) -> Option<Vec<String>> {
//!         Some(self.0.lock().unwrap().clone()) // the values that are there, read by other means
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Broken> {
//! // #[tokio::test(start_paused = true)]
//! // async fn it_keeps_the_contract() -> Result<(), Broken> {
//! sink::contract(|| Place(Arc::default())).await
//! # }
//! ```
//!
//! What a place can do beyond that (fail for a while, refuse a value) it says by the other methods of
//! [`sink::Place`]; what it cannot do is not asked of its connector. [`source::Place`] is the same for sources.
//! Let tests run with tokio's paused time: waiting costs nothing then.
//!
//! [`Sink`]: transom_core::connector::Sink
//! [`Source`]: transom_core::connector::Source

pub mod sink;
pub mod source;

use transom_core::connector::ConnectorError;

/// A rule that a connector does not keep.
#[derive(Debug, thiserror::Error)]
#[error("the rule `{rule}` is broken: {found}")]
pub struct Broken {
    /// The rule, as the tables of [`sink::contract`] and [`source::contract`] name it.
    pub rule: &'static str,
    /// What was found, and what was expected.
    pub found: String,
    /// What the connector said, if it failed where it must not.
    #[source]
    pub cause: Option<ConnectorError>,
}

impl Broken {
    fn because(rule: &'static str, found: impl Into<String>) -> Self {
        Self { rule, found: found.into(), cause: None }
    }
}

/// Breaks a rule unless a claim holds.
fn expect(rule: &'static str, holds: bool, found: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::because(rule, found())) }
}

/// Breaks a rule if a call failed.
fn succeed<T>(
    rule: &'static str,
    call: &str,
    result: Result<T, ConnectorError>,
) -> Result<T, Broken> {
    result.map_err(|error| Broken {
        rule,
        found: format!("`{call}` failed ({})", error.code),
        cause: Some(error),
    })
}
