//! A module that was checked and compiled, ready to be instantiated.

use super::cache::Cache;
use super::digest::Digest;
use super::engine::Engine;
use super::instance::Instance;
use super::interface;
use super::limits::Limits;
use super::manifest::Manifest;
use super::module_error::ModuleError;
use super::state::State;
use std::fmt;
use std::sync::Arc;
use wasmtime::{InstancePre, Store};

/// A loaded module. Cheap to clone; instances of it may live on any thread.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<Engine>,
    limits: Arc<Limits>,
    manifest: Manifest,
    digest: Digest,
    pre: InstancePre<State>,
    reads_records: bool,
}

impl Module {
    /// Checks and compiles `wasm`, or takes its compiled form from `cache`, and starts one instance to see that it does.
    pub(super) fn load(
        engine: &Arc<Engine>,
        limits: &Arc<Limits>,
        cache: Option<&Cache>,
        wasm: &[u8],
    ) -> Result<Self, ModuleError> {
        let (bytes, limit) = (wasm.len(), limits.module_bytes);
        if bytes > limit {
            return Err(ModuleError::TooLarge { bytes, limit });
        }
        let manifest = Manifest::read(wasm)?;
        let digest = Digest::of(wasm);
        let code = compile(&engine.wasmtime, cache, &digest, wasm)?;
        interface::check(&code)?;
        let reads_records = interface::imports_get(&code);
        let pre = engine.linker.instantiate_pre(&code);
        let pre = pre.map_err(|error| ModuleError::Invalid(error.into()))?;
        let (engine, limits) = (Arc::clone(engine), Arc::clone(limits));
        let inner = Inner { engine, limits, manifest, digest, pre, reads_records };
        let module = Self { inner: Arc::new(inner) };
        module.check_version()?;
        Ok(module)
    }

    /// What the module says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The module's identity: SHA-256 of its bytes.
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// True if the module imports `get`, so that its instances want to be [lent](Instance::lend) the records.
    pub fn reads_records(&self) -> bool {
        self.inner.reads_records
    }

    /// What each instance may use.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(super) fn instantiate_pre(
        &self,
        store: &mut Store<State>,
    ) -> wasmtime::Result<wasmtime::Instance> {
        self.inner.pre.instantiate(store)
    }

    fn check_version(&self) -> Result<(), ModuleError> {
        let section = self.inner.manifest.abi_version()?;
        let mut instance = Instance::new(self).map_err(ModuleError::Start)?;
        let function = instance.abi_version().map_err(ModuleError::Start)?;
        if function == section {
            Ok(())
        } else {
            Err(ModuleError::AbiDiffers { section, function })
        }
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.inner.manifest.name)
            .field("version", &self.inner.manifest.version)
            .field("digest", &self.inner.digest)
            .finish_non_exhaustive()
    }
}

fn compile(
    engine: &wasmtime::Engine,
    cache: Option<&Cache>,
    digest: &Digest,
    wasm: &[u8],
) -> Result<wasmtime::Module, ModuleError> {
    if let Some(module) = cache.and_then(|cache| cache.load(engine, digest)) {
        return Ok(module);
    }
    let module = wasmtime::Module::from_binary(engine, wasm);
    let module = module.map_err(|error| ModuleError::Invalid(error.into()))?;
    if let Some(cache) = cache {
        cache.store(engine, digest, &module);
    }
    Ok(module)
}
