//! What a module answers to its configuration: what it declares, or what is wrong.

use super::failure::CallFailure;
use serde::Deserialize;
use smt_abi::{answer, code, export};

/// What a module answered to its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// JSON text: slots, further paths and properties.
    pub descriptor: Vec<u8>,
    /// Operations that a verdict may name as a whole.
    pub static_operations: Vec<u8>,
}

/// Why a module gave no transform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// The module does not accept its configuration.
    #[error("{message}")]
    Refused {
        /// What is wrong, for the operator.
        message: String,
        /// Where in the configuration, as a path; empty for the whole.
        path: String,
    },
    /// The module failed.
    #[error(transparent)]
    Failed(#[from] CallFailure),
}

/// The output of an `smt_init` that refused.
#[derive(Deserialize)]
struct Refusal {
    message: String,
    #[serde(default)]
    path: String,
}

impl Init {
    /// Reads the output of an `smt_init` that accepted its configuration, or did not.
    pub(super) fn read(accepted: bool, out: &[u8]) -> Result<Self, InitError> {
        let (json, operations) = answer::read_init(out).ok_or_else(|| {
            bad("the output is not a length, a JSON text and operations".to_owned())
        })?;
        if accepted {
            return Ok(Self { descriptor: json.to_vec(), static_operations: operations.to_vec() });
        }
        let Refusal { message, path } = serde_json::from_slice(json).map_err(|error| {
            bad(format!("the refusal is not `{{\"message\", \"path\"}}`: {error}"))
        })?;
        Err(InitError::Refused { message, path })
    }
}

fn bad(message: String) -> CallFailure {
    CallFailure::new(code::BAD_RESULT, message).within(export::INIT)
}
