//! A cluster, a sink and a connector between them.

use crate::{
    cluster::{Cluster, Writer},
    life::Life,
    reader::Reader,
    sinks::{Kind, Memory, Table},
    sources::{MemorySource, Outside, PARTS, Saved},
    transform::Obedient,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, atomic::AtomicUsize},
    time::Duration,
};
use transom_core::{
    chain::{Chain, Stage},
    config::Tolerance,
    connector::{ConnectorError, Sink, Source, SourcePosition},
    convert::{ConvertError, Converter, Converters, Decoded},
    topic::{TopicCreation, TopicReader, TopicWriter},
};
use transom_runtime::{
    Runtime,
    assembly::{Assembly, DeadLetters, Direction, ErrorPolicy, ModuleName, Plan, Positions, Reset},
    swap::MakeTransform,
};

/// The connector's name and the name of its group.
pub(crate) const NAME: &str = "memory";

/// Everything that outlives a task.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) table: Arc<Mutex<Table>>,
    /// What a source reads.
    pub(crate) outside: Arc<Mutex<Outside>>,
    pub(crate) kind: Kind,
    pub(crate) topics: Vec<String>,
    /// How long the next lives are: calls, and whether the last takes effect.
    pub(crate) lives: Mutex<VecDeque<(usize, bool)>>,
    life: Mutex<Life>,
    /// What the transform counts.
    done: Arc<AtomicUsize>,
    /// What is asked for fails to be made so often.
    pub(crate) start_errors: Mutex<VecDeque<ConnectorError>>,
}

impl World {
    pub(crate) fn new(kind: Kind, lives: impl IntoIterator<Item = (usize, bool)>) -> Arc<Self> {
        let mut lives: VecDeque<(usize, bool)> = lives.into_iter().collect();
        let life = next_life(&mut lives);
        Arc::new(Self {
            cluster: Cluster::default(),
            table: Arc::default(),
            outside: Arc::default(),
            kind,
            topics: vec!["orders".to_owned()],
            lives: Mutex::new(lives),
            life: Mutex::new(life),
            done: Arc::default(),
            start_errors: Mutex::default(),
        })
    }

    /// A plain sink, and nobody dies.
    pub(crate) fn plain() -> Arc<Self> {
        Self::new(Kind::PLAIN, [])
    }

    /// One with a topic of one partition that has these records, and nobody dies.
    pub(crate) fn filled(kind: Kind, values: &[&str]) -> Arc<Self> {
        let world = Self::new(kind, []);
        world.cluster.create("orders", 1);
        for value in values {
            world.cluster.produce("orders", 0, value);
        }
        world
    }

    /// The life that goes on, or the next one.
    pub(crate) fn life(&self) -> Life {
        let mut life = self.life.lock().unwrap();
        if life.is_dead() {
            *life = next_life(&mut self.lives.lock().unwrap());
        }
        life.clone()
    }

    /// What makes the transform anew.
    pub(crate) fn obedient(&self) -> MakeTransform {
        let done = Arc::clone(&self.done);
        Arc::new(move |_| Ok(Box::new(Obedient::new("do", &done))))
    }

    pub(crate) fn start(self: &Arc<Self>, plan: Plan) -> Runtime {
        Runtime::start(vec![(plan, Arc::clone(self) as Arc<dyn Assembly>)])
    }

    /// Runs until the group has committed everything, and stops in good order: nobody holds a client any more then.
    pub(crate) async fn drain(self: &Arc<Self>, plan: Plan) -> Runtime {
        let held = || (Arc::strong_count(self), Arc::strong_count(&self.table));
        let before = held();
        let runtime = self.start(plan);
        self.cluster.until(|state| state.is_read(NAME)).await;
        runtime.stop().await;
        assert_eq!(held(), before, "what ran holds the assembly or the sink");
        runtime
    }
}

fn next_life(lives: &mut VecDeque<(usize, bool)>) -> Life {
    match lives.pop_front() {
        Some((calls, lands)) => Life::new(Some(calls), lands),
        None => Life::new(None, true),
    }
}

fn module(transform: &str) -> ModuleName {
    ModuleName {
        transform: transform.to_owned(),
        module: "obedient@1.0.0".to_owned(),
        sha256: "abc".to_owned(),
    }
}

/// A plan that tolerates everything and commits as often as it can.
pub(crate) fn plan() -> Plan {
    Plan {
        name: NAME.to_owned(),
        direction: Direction::Sink,
        tasks: 1,
        errors: ErrorPolicy {
            tolerance: Tolerance::All,
            retry_timeout: Some(Duration::ZERO),
            retry_delay_max: Duration::from_millis(1),
            log: false,
            log_messages: false,
            dead_letters: Some(DeadLetters {
                topic: "dead".to_owned(),
                creation: TopicCreation::default(),
            }),
            reject_limit: None,
            modules: ["obey", "obey-again"].map(module).into(),
        },
        batch_records: 7,
        buffer_bytes: 16 << 20,
        flush_interval: Duration::ZERO,
        flush_timeout: Duration::from_secs(20),
        reset: Reset::Earliest,
        creation: TopicCreation::default(),
    }
}

/// JSON as it is; what says `poison` is not readable.
struct Verbatim;

impl Converter for Verbatim {
    fn decode(
        &mut self,
        _: &str,
        payload: &[u8],
        _: &mut Vec<u8>,
    ) -> Result<Decoded, ConvertError> {
        if payload.starts_with(b"poison") {
            return Err(ConvertError { code: "poison", message: "it is poison".to_owned() });
        }
        Ok(Decoded::Within(0..payload.len()))
    }

    fn encode(&mut self, topic: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError> {
        if topic.starts_with("tagged") {
            out.extend_from_slice(topic.as_bytes());
        }
        if json.windows(10).any(|part| part == b"unwritable") {
            return Err(ConvertError { code: "unwritable", message: "no such payload".to_owned() });
        }
        out.extend_from_slice(json);
        Ok(())
    }
}

#[async_trait::async_trait]
impl Assembly for World {
    fn reader(&self, _: usize) -> Result<Box<dyn TopicReader>, ConnectorError> {
        let mut topics = self.topics.clone();
        let tasks = format!("_transom-tasks-{NAME}");
        if self.cluster.lock().topics.contains_key(&tasks) {
            topics = vec![tasks];
        }
        Ok(Box::new(Reader::join(&self.cluster, NAME, &topics, self.life())))
    }

    fn writer(&self) -> Result<Arc<dyn TopicWriter>, ConnectorError> {
        Ok(Arc::new(Writer { cluster: self.cluster.clone(), life: self.life() }))
    }

    async fn sink(&self, _: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        if let Some(error) = self.start_errors.lock().unwrap().pop_front() {
            return Err(error);
        }
        Ok(Box::new(Memory {
            kind: self.kind,
            table: Arc::clone(&self.table),
            cluster: self.cluster.clone(),
            group: NAME.to_owned(),
            life: self.life(),
            mine: BTreeMap::new(),
        }))
    }

    async fn source(
        &self,
        _: usize,
        positions: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError> {
        let next = PARTS.map(|part| {
            let found = positions.iter().find(|position| position.source_partition == part);
            found.map_or(0, |found| found.position.parse().unwrap())
        });
        let (outside, cluster) = (Arc::clone(&self.outside), self.cluster.clone());
        Ok(Box::new(MemorySource { outside, cluster, life: self.life(), next }))
    }

    fn positions(&self) -> Result<Arc<dyn Positions>, ConnectorError> {
        Ok(Arc::new(Saved { outside: Arc::clone(&self.outside), life: self.life() }))
    }

    fn chain(&self, _: usize) -> Result<Chain, ConnectorError> {
        let stage = |(name, field): (&str, &str)| {
            let transform = Box::new(Obedient::new(field, &self.done));
            Stage { name: name.to_owned(), predicate: None, transform }
        };
        let stages = [("obey", "do"), ("obey-again", "then")];
        Ok(Chain::new(stages.into_iter().map(stage).collect()))
    }

    fn converters(&self) -> Result<Converters, ConnectorError> {
        Ok(Converters {
            key: Box::new(Verbatim),
            value: Box::new(Verbatim),
            header: Box::new(Verbatim),
        })
    }
}
