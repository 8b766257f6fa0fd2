//! From a configuration that holds to plans and parts. Nothing is connected yet: what is wrong is known before anything
//! starts.

use super::{parts::Parts, plan, state_dir::StateDir};
use crate::{
    app::{
        Failure,
        configuration::{self, Origin},
        library,
        reload::Reload,
    },
    error::on_one_line,
    schemas,
    topics::Cluster,
    wasm::{Module, Runtime},
};
use prost_reflect::DescriptorPool;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};
use transom_core::config::{Config, Connector, Properties, SinkSettings};
use transom_runtime::assembly::{Assembly, Plan};

/// Everything that a run needs.
pub(in crate::app) struct Setup {
    pub(super) admin_listen: String,
    pub(super) connectors: Vec<(Plan, Arc<dyn Assembly>)>,
    pub(super) reload: Reload,
    /// Held until the run ends.
    pub(super) state: StateDir,
}

/// What connectors share.
struct Shared<'a> {
    config: &'a Config,
    base: PathBuf,
    cluster: Arc<Cluster>,
    /// Clusters that sinks write to, by their properties.
    targets: BTreeMap<Vec<(String, String)>, Arc<Cluster>>,
    schemas: Option<DescriptorPool>,
    runtime: Runtime,
    owner: String,
    /// Modules by what the configuration calls them: one is loaded once.
    modules: BTreeMap<String, Module>,
}

impl Setup {
    /// Prepares these connectors of a configuration, or all.
    pub(in crate::app) fn new(
        config: &Config,
        origin: Origin,
        only: &[String],
        state: StateDir,
    ) -> Result<Self, Failure> {
        for name in only {
            configuration::connector(config, &origin.file, name)?;
        }
        let base = origin.file.parent().unwrap_or(Path::new("")).to_owned();
        let mut shared = Shared::new(config, base, &state)?;
        let connectors = config
            .connectors
            .iter()
            .filter(|(name, _)| only.is_empty() || only.contains(name))
            .map(|(name, connector)| shared.connector(name, connector))
            .collect::<Result<Vec<_>, Failure>>()?;
        let plans = connectors.iter().map(|(plan, _)| plan);
        let reload = Reload::new(origin, only, shared.runtime, config, plans);
        Ok(Self { admin_listen: config.admin_listen.clone(), connectors, reload, state })
    }
}

impl<'a> Shared<'a> {
    fn new(config: &'a Config, base: PathBuf, state: &StateDir) -> Result<Self, Failure> {
        Ok(Self {
            cluster: cluster(&config.kafka)?,
            targets: BTreeMap::new(),
            schemas: schemas::load(&config.schemas, &base)
                .map_err(|error| Failure::Usage(on_one_line(&error)))?,
            runtime: library::runtime_in(state.path())?,
            modules: BTreeMap::new(),
            owner: format!(
                "{}/{}",
                rustix::system::uname().nodename().to_string_lossy(),
                std::process::id()
            ),
            config,
            base,
        })
    }

    fn connector(
        &mut self,
        name: &str,
        connector: &Connector,
    ) -> Result<(Plan, Arc<dyn Assembly>), Failure> {
        let modules = connector
            .transforms
            .iter()
            .map(|transform| self.module(&transform.smt))
            .collect::<Result<_, _>>()?;
        let target = match &connector.sink {
            Some(SinkSettings::Kafka(sink)) => {
                sink.cluster.as_ref().map(|to| self.target(to)).transpose()?
            }
            _ => None,
        };
        let parts = Parts {
            name: name.to_owned(),
            settings: connector.clone(),
            cluster: Arc::clone(&self.cluster),
            target,
            schemas: self.schemas.clone(),
            modules,
            owner: self.owner.clone(),
            was_started: AtomicBool::new(false),
        };
        let plan = plan::plan(name, connector, self.config, parts.module_names());
        Ok((plan, Arc::new(parts)))
    }

    fn module(&mut self, smt: &str) -> Result<Module, Failure> {
        if let Some(module) = self.modules.get(smt) {
            return Ok(module.clone());
        }
        let module = library::load(&self.runtime, &library::below(&self.base, smt))?;
        self.modules.insert(smt.to_owned(), module.clone());
        Ok(module)
    }

    fn target(&mut self, properties: &Properties) -> Result<Arc<Cluster>, Failure> {
        let key: Vec<(String, String)> = properties.clone().into_iter().collect();
        if let Some(known) = self.targets.get(&key) {
            return Ok(Arc::clone(known));
        }
        let target = cluster(properties)?;
        self.targets.insert(key, Arc::clone(&target));
        Ok(target)
    }
}

fn cluster(properties: &Properties) -> Result<Arc<Cluster>, Failure> {
    let cluster = Cluster::new(properties.clone());
    cluster.map(Arc::new).map_err(|error| Failure::Usage(on_one_line(&error)))
}
