//! The parts of a connector's tasks, made of the settings: the one place where Kafka, databases and modules meet.

use super::plan;
use crate::{
    connectors::{console, datagen, discard, file, kafka},
    error::on_one_line,
    offsets::{TopicPositions, WholeTopic},
    topics::{Cluster, ReaderSettings, Subscription},
    wasm::{InitError, Module, WasmTransform},
};
use async_trait::async_trait;
use prost_reflect::DescriptorPool;
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use transom_core::{
    chain::{Chain, Stage},
    config::{self, Connector, ConverterSettings, SinkSettings, SourceSettings},
    connector::{ConnectorError, Sink, Source, SourcePosition},
    convert::{BuildError, Converter, Converters, Role, build, build_for_source},
    record::NewRecord,
    topic::{TopicReader, TopicWriter, tasks_topic},
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
    /// Who this process is, for whoever looks at stored offsets.
    pub(super) owner: String,
    /// A source was started in this process: what ended meanwhile has ended.
    pub(super) was_started: AtomicBool,
}

impl Parts {
    /// What each stage runs, for dead letters and the status.
    pub(super) fn module_names(&self) -> Vec<ModuleName> {
        let stages = self.settings.transforms.iter().zip(&self.modules);
        stages.map(|(transform, module)| module_name(transform, module)).collect()
    }

    /// Topics of the group that a task joins. A source's task reads none of them: whoever is given the one partition of
    /// its own topic runs it.
    fn subscription(&self) -> Subscription {
        let Connector { topics, topics_regex, source, .. } = &self.settings;
        match (source, topics_regex) {
            (Some(_), _) => Subscription::Topics(vec![tasks_topic(&self.name)]),
            (None, Some(pattern)) => Subscription::Pattern(pattern.clone()),
            (None, None) => Subscription::Topics(topics.clone().unwrap_or_default().0),
        }
    }

    fn converter(
        &self,
        settings: Option<&ConverterSettings>,
        role: Role,
    ) -> Result<Box<dyn Converter>, BuildError> {
        let make = if self.settings.source.is_some() { build_for_source } else { build };
        make(settings, role, self.schemas.as_ref())
    }

    /// Converters for what a `kafka` sink writes anew: its own, or those that the connector reads with.
    fn written(&self, sink: &config::KafkaSink) -> Result<Converters, ConnectorError> {
        let Connector { key, value, header, .. } = &self.settings;
        let make = |settings, role| {
            self.converter(settings, role).map_err(|error| refused("converter", &error))
        };
        Ok(Converters {
            key: make(sink.key.as_ref().or(key.as_ref()), Role::Key)?,
            value: make(sink.value.as_ref().or(value.as_ref()), Role::Value)?,
            header: make(header.as_ref(), Role::Header)?,
        })
    }

    fn transform(&self, number: usize) -> Result<Stage, ConnectorError> {
        let settings = &self.settings.transforms[number];
        let transform = configured(settings, &self.modules[number])?;
        let predicate = settings.when.as_ref().map(config::When::predicate).transpose();
        let predicate = predicate
            .map_err(|error| refused(&format!("transform `{}`", settings.name), &error))?;
        Ok(Stage { name: settings.name.clone(), predicate, transform: Box::new(transform) })
    }
}

#[async_trait]
impl Assembly for Parts {
    fn reader(&self, task: usize) -> Result<Box<dyn TopicReader>, ConnectorError> {
        let settings = ReaderSettings {
            subscription: self.subscription(),
            group: self.settings.group(&self.name),
            task,
            // The other half is for batches on their way.
            buffer_bytes: self.settings.task_buffer_bytes / 2,
            overrides: self.settings.consumer_override.clone(),
        };
        Ok(Box::new(self.cluster.reader(settings)?))
    }

    fn writer(&self) -> Result<Arc<dyn TopicWriter>, ConnectorError> {
        let writer = self.cluster.writer(&self.settings.producer_override);
        Ok(writer?)
    }

    async fn sink(&self, task: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        let sink = self
            .settings
            .sink
            .as_ref()
            .expect("a sink's tasks are those of a connector with a sink");
        Ok(match sink {
            SinkSettings::Sqlite(sink) => {
                Box::new(crate::connectors::sqlite::SqliteSink::new(sink, &self.name, &self.owner)?)
            }
            SinkSettings::Kafka(sink) => {
                let cluster = self.target.as_ref().unwrap_or(&self.cluster);
                let writer = cluster.writer(&self.settings.producer_override)?;
                Box::new(kafka::KafkaSink::new(
                    sink,
                    writer,
                    self.written(sink)?,
                    plan::creation(&self.settings),
                )?)
            }
            SinkSettings::File(sink) => Box::new(file::FileSink::open(sink, task).await?),
            SinkSettings::Console(sink) => Box::new(console::ConsoleSink::new(sink)),
            SinkSettings::Discard(sink) => Box::new(discard::DiscardSink::new(sink)),
        })
    }

    async fn source(
        &self,
        _task: usize,
        positions: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError> {
        let source = self
            .settings
            .source
            .as_ref()
            .expect("a source's task is that of a connector with a source");
        Ok(match source {
            SourceSettings::File(source) => Box::new(file::FileSource::new(source, &positions)?),
            SourceSettings::Datagen(source) => {
                let again = !self.was_started.swap(true, Ordering::Relaxed);
                Box::new(datagen::DatagenSource::open(source, &positions, again)?)
            }
        })
    }

    fn positions(&self) -> Result<Arc<dyn Positions>, ConnectorError> {
        let reader = Arc::new(Whole::of(&self.cluster));
        Ok(Arc::new(TopicPositions::new(self.writer()?, reader)))
    }

    fn chain(&self, _task: usize) -> Result<Chain, ConnectorError> {
        let stages = 0..self.settings.transforms.len();
        Ok(Chain::new(stages.map(|number| self.transform(number)).collect::<Result<_, _>>()?))
    }

    fn converters(&self) -> Result<Converters, ConnectorError> {
        let Connector { key, value, header, .. } = &self.settings;
        let make = |settings: &Option<ConverterSettings>, role| {
            self.converter(settings.as_ref(), role).map_err(|error| refused("converter", &error))
        };
        Ok(Converters {
            key: make(key, Role::Key)?,
            value: make(value, Role::Value)?,
            header: make(header, Role::Header)?,
        })
    }
}

/// What a transform runs, as status and dead letters name it.
pub(in crate::app) fn module_name(transform: &config::Transform, module: &Module) -> ModuleName {
    ModuleName {
        transform: transform.name.clone(),
        module: format!("{} {}", module.manifest().name, module.manifest().version),
        sha256: module.digest().to_string(),
    }
}

/// An instance of a transform's module, with its settings.
///
/// # Errors
/// [`ConnectorError`] if the module refuses them, or fails.
pub(in crate::app) fn configured(
    settings: &config::Transform,
    module: &Module,
) -> Result<WasmTransform, ConnectorError> {
    let what = format!("transform `{}`", settings.name);
    let config = settings.config.get().as_bytes();
    let transform = WasmTransform::with_secrets(module, config, &settings.secrets);
    transform.map_err(|error| match error {
        InitError::Refused { message, path } => ConnectorError::fatal(
            "config",
            format!("{what} refuses its config at `{path}`: {message}"),
        ),
        InitError::Failed(failure) => refused(&what, &failure),
    })
}

/// A cluster as the place where positions are read from.
pub(in crate::app) struct Whole(Arc<Cluster>);

impl Whole {
    pub(in crate::app) fn of(cluster: &Arc<Cluster>) -> Self {
        Self(Arc::clone(cluster))
    }
}

impl WholeTopic for Whole {
    fn read(
        &self,
        topic: &str,
        each: &mut dyn FnMut(&NewRecord<'_>),
    ) -> Result<(), ConnectorError> {
        let scan = self.0.scan(topic)?;
        scan.read(each).map_err(|error| ConnectorError::transient("scan", on_one_line(&error)))
    }
}

fn refused(what: &str, error: &(dyn Error + 'static)) -> ConnectorError {
    ConnectorError::fatal("config", format!("{what}: {}", on_one_line(error)))
}
