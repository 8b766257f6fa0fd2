//! One SMT of a connector.

use crate::{
    predicate::{Predicate, TopicPattern},
    secrets::Secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt;

/// A transform.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// What the transform is called in states, metrics and dead letters; unique in its connector.
    pub name: String,
    /// The SMT: a shipped one (`transom plugins`), or the path of a `.wasm` file, relative to the configuration file.
    pub smt: String,
    /// Its settings; which there are is the SMT's own business.
    #[serde(default = "no_settings")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub config: Box<RawValue>,
    /// Which records it works on. Default: all.
    #[serde(default)]
    pub when: Option<When>,
    /// What none of its messages may tell; of the whole configuration.
    #[serde(skip)]
    pub secrets: Secrets,
}

/// Which records a transform works on. All that is given must hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// A Rust regex that the whole topic matches.
    #[serde(default)]
    pub topic: Option<String>,
    /// A header with this name is there.
    #[serde(default)]
    pub header: Option<String>,
    /// The record is a tombstone, or is none.
    #[serde(default)]
    pub tombstone: Option<bool>,
    /// Turns the answer round.
    #[serde(default)]
    pub negate: bool,
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What an SMT calls its secrets nobody knows (invariant 9).
        let Self { name, smt, config: _, when, secrets: _ } = self;
        let mut shown = f.debug_struct("Transform");
        shown.field("name", name).field("smt", smt).field("when", when).finish_non_exhaustive()
    }
}

impl When {
    /// The condition, ready to be asked.
    ///
    /// # Errors
    /// [`regex::Error`] if `topic` is no regex.
    pub fn predicate(&self) -> Result<Predicate, regex::Error> {
        let Self { topic, header, tombstone, negate } = self;
        let topic = topic.as_deref().map(TopicPattern::new).transpose()?;
        Ok(Predicate { topic, header: header.clone(), tombstone: *tombstone, negate: *negate })
    }
}

fn no_settings() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).expect("an empty object is JSON")
}
