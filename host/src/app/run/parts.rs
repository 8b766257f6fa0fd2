//! The parts of a connector's tasks, made of the settings: the one place where Kafka, databases and modules meet.

use crate::{
    connectors,
    error::on_one_line,
    offsets::OffsetsTopic,
    topics::{Cluster, ReaderSettings, Subscription},
    wasm::{Module, WasmTransform},
};
use async_trait::async_trait;
use prost_reflect::DescriptorPool;
use std::sync::Arc;
use transom_core::{
    chain::{Chain, Stage},
    config::{Connector, Properties, SinkSettings, SourceSettings},
    connector::{ConnectorError, Sink, Source, SourcePosition},
    convert::{Converters, Role, build, build_for_source},
    topic::{TopicReader, TopicWriter},
};
use transom_runtime::assembly::{Assembly, ModuleName, Positions};

/// Everything that one connector's tasks are made of.
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) settings: Connector,
    pub(super) cluster: Arc<Cluster>,
    /// The cluster that a `kafka` sink writes to, where it is another one.
    pub(super) target: Option<Arc<Cluster>>,
    pub(super) schemas: Option<DescriptorPool>,
    /// One for each transform, in order.
    pub(super) modules: Vec<Module>,
}

impl Parts {
    /// What each stage runs, for dead letters and the status.
    pub(super) fn module_names(&self) -> Vec<ModuleName> {
        let stages = self.settings.transforms.iter().zip(&self.modules);
        let name = |(transform, module): (&transom_core::config::Transform, &Module)| ModuleName {
            transform: transform.name.clone(),
            module: format!("{} {}", module.manifest().name, module.manifest().version),
            sha256: module.digest().to_string(),
        };
        stages.map(name).collect()
    }

    fn subscription(&self) -> Subscription {
        match (&self.settings.topics, &self.settings.topics_regex) {
            (_, Some(pattern)) => Subscription::Pattern(pattern.clone()),
            (topics, None) => Subscription::Topics(topics.clone().unwrap_or_default().0),
        }
    }

    /// Converters for what a sink reads, or for what a source writes.
    fn build_converters(&self) -> Result<Converters, ConnectorError> {
        let Connector { key, value, header, source, .. } = &self.settings;
        let build = if source.is_some() { build_for_source } else { build };
        let make = |settings, role| {
            build(settings, role, self.schemas.as_ref()).map_err(|error| refused("converter", &error))
        };
        Ok(Converters {
            key: make(key.as_ref(), Role::Key)?,
            value: make(value.as_ref(), Role::Value)?,
            header: make(header.as_ref(), Role::Header)?,
        })
    }
}
