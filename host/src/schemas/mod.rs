//! Schemas: what `schemas.protobuf` names, compiled into one pool of descriptors.
//!
//! `.proto` files are compiled here, without `protoc`. `google/protobuf/*` comes with the compiler and needs no file.

mod error;
mod find;
#[cfg(test)]
mod tests;

pub use error::{SchemaError, SchemaProblem};

use error::Problems;
use find::{Found, find};
use prost_reflect::DescriptorPool;
use protox::{
    Compiler,
    file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver},
};
use std::path::Path;
use transom_core::config::Schemas;

/// What the pool holds of `google.protobuf` whether a file imports it or not.
const WELL_KNOWN: [&str; 7] =
    ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"];

/// Compiles everything that the settings name; paths are relative to `base`. Nothing, if they name nothing.
///
/// # Errors
/// [`SchemaError`] with every file that cannot be read or does not compile.
pub fn load(settings: &Schemas, base: &Path) -> Result<Option<DescriptorPool>, SchemaError> {
    let entries = &settings.protobuf.0;
    if entries.is_empty() {
        return Ok(None);
    }
    let mut problems = Problems::default();
    let mut found = Found::default();
    for (entry, path) in entries.iter().enumerate() {
        if let Err(error) = find(&base.join(path), entry, &mut found) {
            problems.report(entry, error);
        }
    }
    let mut compiler = Compiler::with_file_resolver(resolver(&found));
    for (entry, file) in &found.files {
        if let Err(error) = compiler.open_file(file) {
            problems.compiling(*entry, &found.roots, &error);
        }
    }
    for (entry, set) in &found.sets {
        for file in &set.file {
            if let Err(error) = compiler.open_file(file.name()) {
                problems.compiling(*entry, &found.roots, &error);
            }
        }
    }
    for name in WELL_KNOWN {
        if let Err(error) = compiler.open_file(format!("google/protobuf/{name}.proto")) {
            problems.compiling(0, &found.roots, &error);
        }
    }
    problems.none()?;
    Ok(Some(compiler.descriptor_pool()))
}

fn resolver(found: &Found) -> ChainFileResolver {
    let mut resolver = ChainFileResolver::new();
    for root in &found.roots {
        resolver.add(IncludeFileResolver::new(root.clone()));
    }
    for (_, set) in &found.sets {
        resolver.add(DescriptorSetFileResolver::new(set.clone()));
    }
    resolver.add(GoogleFileResolver::new());
    resolver
}
