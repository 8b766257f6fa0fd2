//! Protobuf messages, by descriptor: from the wire straight to JSON, without a value in between; and back, by way of a
//! `DynamicMessage`. No generated code.
//!
//! | module | what |
//! |---|---|
//! | `mapping` | which message a topic carries |
//! | `plan`, `compile` | descriptors in the form that a pass needs |
//! | `wire` | tags, varints, lengths |
//! | `transcode`, `scalar`, `well_known` | the pass over a payload |
//! | `regular` | rewrites what one pass cannot read |
//! | `encode` | JSON to the wire |
//! | `fault` | what can be wrong, in words |

mod compile;
mod encode;
mod fault;
mod mapping;
mod plan;
mod regular;
pub(super) mod scalar;
#[cfg(test)]
mod tests;
mod transcode;
mod well_known;
mod wire;

pub use mapping::{MappingPlace, MappingProblem, ProtobufConfigError, warnings};

use super::{ConvertError, Converter, Decoded};
use crate::config::ProtobufConverter;
use fault::{Fault, Problem, Read};
use mapping::{Mapping, Mappings};
use plan::Plan;
use prost_reflect::DescriptorPool;
use transcode::{Notes, Transcoder};
use wire::Wire;

/// Protobuf's `Converter`.
#[derive(Debug)]
pub struct Protobuf {
    plan: Plan,
    mappings: Mappings,
    notes: Notes,
    unknown_fields: u64,
    /// The payload that was rewritten last; see [`regular`].
    rewritten: Vec<u8>,
}

impl Protobuf {
    /// A converter for the messages that the settings name.
    ///
    /// # Errors
    /// [`ProtobufConfigError`] with everything that the pool or the syntax of patterns does not bear out.
    pub fn new(
        settings: &ProtobufConverter,
        pool: &DescriptorPool,
    ) -> Result<Self, ProtobufConfigError> {
        let mut plan = Plan::new(settings);
        let mappings = Mappings::new(settings, pool, &mut plan)?;
        Ok(Self {
            plan,
            mappings,
            notes: Notes::default(),
            unknown_fields: 0,
            rewritten: Vec::new(),
        })
    }
}

impl Converter for Protobuf {
    fn decode(
        &mut self,
        topic: &str,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Decoded, ConvertError> {
        let Self { plan, mappings, notes, .. } = self;
        let mapping = mappings.of(topic)?;
        let start = out.len();
        notes.clear();
        let mut size = Some(payload.len());
        let mut done = pass(plan, mapping, payload, notes, out);
        self.unknown_fields += notes.unknown;
        if done.is_ok() && notes.irregular {
            out.truncate(start);
            notes.clear();
            self.rewritten.clear();
            size = None;
            done = regular::rewrite(plan, mapping.message, payload, 0, &mut self.rewritten)
                .and_then(|()| pass(plan, mapping, &self.rewritten, notes, out));
            debug_assert!(!notes.irregular, "a rewritten payload is regular");
        }
        match done.and_then(|()| complete(mapping, notes)) {
            Ok(()) => Ok(Decoded::Written),
            Err(fault) => {
                out.truncate(start);
                Err(fault.into_error(plan, size))
            }
        }
    }

    fn encode(&mut self, topic: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError> {
        encode::encode(&self.mappings.of(topic)?.descriptor, json, out)
    }

    fn unknown_fields(&self) -> u64 {
        self.unknown_fields
    }
}

fn pass(
    plan: &Plan,
    mapping: &Mapping,
    payload: &[u8],
    notes: &mut Notes,
    out: &mut Vec<u8>,
) -> Read<()> {
    Transcoder::new(plan, out, notes).message(mapping.message, &mut Wire::new(payload), None)
}

/// Checks what only the whole payload tells.
fn complete(mapping: &Mapping, notes: &mut Notes) -> Read<()> {
    if let Some(fault) = notes.unwritable.take() {
        return Err(fault);
    }
    for required in &mapping.required {
        let problem = match required {
            _ if !notes.saw(0, required.field) => Problem::Missing,
            _ if required.is_text && notes.is_empty(required.field) => Problem::Empty,
            _ => continue,
        };
        return Err(Fault::new(problem, 0).in_field(mapping.message, required.field));
    }
    Ok(())
}
