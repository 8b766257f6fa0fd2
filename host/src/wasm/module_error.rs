//! Why bytes are no module that this host runs, and how to mend it.

use super::failure::CallFailure;
use smt_abi::{MAJOR, MINOR, SECTION};

/// Why a module was refused. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// More bytes than a module may have.
    #[error(
        "the module has {bytes} bytes, {limit} are the most; strip debug information and unused code"
    )]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// The bytes do not begin as a module does.
    #[error("this is not a WebAssembly module: one begins with `\\0asm` and version 1")]
    NotWasm,
    /// A component of the component model.
    #[error(
        "this is a WebAssembly component; build a core module instead, for the target wasm32-unknown-unknown"
    )]
    Component,
    /// A section reaches beyond the end.
    #[error("the module is cut off: the section at byte {at} reaches beyond its end")]
    Torn {
        /// Byte offset of the section.
        at: usize,
    },
    /// No description.
    #[error("the module has no custom section `{SECTION}`; the SDK's export macro writes it")]
    NoSection,
    /// Two descriptions.
    #[error("the module has the custom section `{SECTION}` twice; link one SMT into one module")]
    TwoSections,
    /// A description that does not parse.
    #[error("the custom section `{SECTION}` is not the JSON object that describes an SMT")]
    BadSection(#[source] serde_json::Error),
    /// A flag this host does not know.
    #[error(
        "the module has the flag `{flag}`, which this host does not know; transforms are stateless in ABI {MAJOR}"
    )]
    UnknownFlag {
        /// The flag.
        flag: String,
    },
    /// Built for another version of the ABI.
    #[error(
        "the module is built for ABI `{found}`, this host runs {MAJOR}.0 to {MAJOR}.{MINOR}; rebuild it with this host's SDK"
    )]
    OtherAbi {
        /// What the module says.
        found: String,
    },
    /// The custom section says one version and `smt_abi` another.
    #[error(
        "`smt_abi` answers {function:#010x}, the custom section `{SECTION}` says {section:#010x}; build both with one SDK"
    )]
    AbiDiffers {
        /// Version in the custom section.
        section: u32,
        /// Version that the function answers.
        function: u32,
    },
    /// The engine does not accept the code.
    #[error(
        "the module does not compile; allowed is WebAssembly with 128-bit SIMD, without threads, 64-bit memory and relaxed SIMD"
    )]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something of WASI is imported.
    #[error(
        "the module imports `{module}` `{name}`: there is no WASI here, no files, clock, network or environment; build for the target \
         wasm32-unknown-unknown instead of wasm32-wasip1"
    )]
    Wasi {
        /// Module name of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// Something else is imported.
    #[error(
        "the module imports `{module}` `{name}`; all there is to import is `log` and `get` of `smt`"
    )]
    UnknownImport {
        /// Module name of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// `log` or `get` with another type.
    #[error("the module imports `{name}` as {found}, but it is {expected}")]
    ImportType {
        /// Name of the import.
        name: String,
        /// Type in the module.
        found: String,
        /// Type in the ABI.
        expected: String,
    },
    /// An export is missing.
    #[error("the module does not export `{name}`, which is to be {expected}")]
    NoExport {
        /// Name of the export.
        name: &'static str,
        /// Type in the ABI.
        expected: String,
    },
    /// An export has another type.
    #[error("the module exports `{name}` as {found}, but it is to be {expected}")]
    ExportType {
        /// Name of the export.
        name: &'static str,
        /// Type in the module.
        found: String,
        /// Type in the ABI.
        expected: String,
    },
    /// The module fails before the first record: its start function, `_initialize` or `smt_abi`.
    #[error("the module does not start")]
    Start(#[source] CallFailure),
}
