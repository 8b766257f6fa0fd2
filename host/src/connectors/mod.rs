//! Connectors: implementations of the traits of `transom_core::connector`.

pub mod sqlite;
