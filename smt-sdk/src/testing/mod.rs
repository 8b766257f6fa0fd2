//! Runs an SMT natively, on the call layout of the sandbox.

pub(crate) mod host;
