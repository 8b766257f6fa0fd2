//! Connectors. Each is a module that knows the traits of `transom-core` and nothing else of the host.

pub mod datagen;
