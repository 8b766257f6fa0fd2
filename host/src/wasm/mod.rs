//! The sandbox: modules of SMTs on wasmtime. No type of wasmtime's leaves this module.
//!
//! | file | what |
//! |---|---|
//! | `runtime` | bytes in, modules out |
//! | `manifest` | what a module says about itself, read without running it |
//! | `interface` | what it may import and must export |
//! | `module` | checked, compiled, started once |
//! | `cache` | compiled modules on disk |
//! | `engine`, `ticker`, `clock` | the compiler's settings; time, which interrupts a guest |
//! | `limits`, `log`, `state`, `imports` | what an instance may use, and what it may call |
//! | `transform` | a module as a stage of a chain: batches in calls, traps traced to their record |
//! | `cases` | a module's own test cases |
//! | `instance`, `init`, `answer`, `failure` | one call: input, run, a checked answer, or why there is none |

mod answer;
mod cache;
mod cases;
mod clock;
mod digest;
mod engine;
mod failure;
mod imports;
mod init;
mod instance;
mod interface;
mod limits;
mod log;
mod manifest;
mod module;
mod module_error;
mod runtime;
mod state;
mod ticker;
mod transform;

pub use cases::CaseError;
pub use digest::Digest;
pub use engine::EngineError;
pub use failure::CallFailure;
pub use init::{Init, InitError};
pub use instance::Instance;
pub use limits::Limits;
pub use manifest::Manifest;
pub use module::Module;
pub use module_error::ModuleError;
pub use runtime::Runtime;
pub use state::Reader;
pub use transform::WasmTransform;
