//! The sandbox as its user sees it: bytes in, modules out.

use super::cache::Cache;
use super::engine::{Engine, EngineError};
use super::limits::Limits;
use super::module::Module;
use super::module_error::ModuleError;
use std::path::Path;
use std::sync::Arc;

/// One engine with its clock, the limits of what it loads, and the cache of compiled modules. Each has a thread for its clock.
#[derive(Debug)]
pub struct Runtime {
    engine: Arc<Engine>,
    limits: Arc<Limits>,
    cache: Option<Cache>,
}

impl Runtime {
    /// Starts the engine. Compiled modules are kept in `cache`, if that is given and belongs to this user alone.
    ///
    /// # Errors
    /// [`EngineError`] if the machine cannot run compiled modules or gives no thread.
    pub fn new(limits: Limits, cache: Option<&Path>) -> Result<Self, EngineError> {
        let engine = Arc::new(Engine::new()?);
        Ok(Self { engine, limits: Arc::new(limits), cache: cache.and_then(Cache::open) })
    }

    /// Loads a module. Takes some tens of milliseconds if it is not in the cache: not for a task's thread.
    ///
    /// # Errors
    /// [`ModuleError`] if it is not one that this host runs; nothing of it is kept then but its compiled form.
    pub fn load(&self, wasm: &[u8]) -> Result<Module, ModuleError> {
        Module::load(&self.engine, &self.limits, self.cache.as_ref(), wasm)
    }
}
