//! A broker for one test, and clients for it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::OwnedMessage;
use rdkafka::producer::future_producer::Delivery;
use rdkafka::producer::{FutureProducer, FutureRecord};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use transom_broker::{Broker, Settings};

/// How long anything may take before a test gives up on it. Far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a client blocks at most, so that whoever waits can look again.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

/// A broker in this process, with a directory of its own.
pub(crate) struct Node {
    pub(crate) runtime: Runtime,
    broker: Option<Broker>,
    directory: TempDir,
}

impl Node {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let broker = runtime.block_on(Broker::start(Settings::new(directory.path()))).unwrap();
        Self { runtime, broker: Some(broker), directory }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.broker.as_ref().unwrap().address()
    }

    /// Stops the broker and starts another one at the same address with the same directory.
    pub(crate) fn restart(&mut self) {
        let listen = self.address();
        let settings = Settings { listen, ..Settings::new(self.directory.path()) };
        self.runtime.block_on(self.broker.take().unwrap().stop()).unwrap();
        self.broker = Some(self.runtime.block_on(Broker::start(settings)).unwrap());
    }

    pub(crate) fn clients(&self) -> Clients<'_> {
        Clients { address: self.address(), runtime: &self.runtime }
    }
}

/// Makes clients for the broker at `address`.
#[derive(Clone, Copy)]
pub(crate) struct Clients<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) runtime: &'a Runtime,
}

impl Clients<'_> {
    pub(crate) fn config(&self, set: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address.to_string());
        for (name, value) in set {
            config.set(*name, *value);
        }
        config
    }

    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config(&[]).create().unwrap()
    }

    pub(crate) fn create(&self, topic: &str, partitions: i32) {
        self.create_with(topic, partitions, &[]);
    }

    pub(crate) fn create_with(&self, topic: &str, partitions: i32, configs: &[(&str, &str)]) {
        let mut topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        for (name, value) in configs {
            topic = topic.set(name, value);
        }
        let (admin, topics) = (self.admin(), [topic]);
        let created = admin.create_topics(&topics, &AdminOptions::new());
        self.runtime.block_on(created).unwrap().pop().unwrap().unwrap();
    }

    /// Sends `count` records with values `0`, `1`, ... to one partition, and returns where they went.
    pub(crate) fn send(
        &self,
        topic: &str,
        partition: i32,
        count: usize,
        set: &[(&str, &str)],
    ) -> Vec<Delivery> {
        let producer: FutureProducer = self.config(set).create().unwrap();
        let values: Vec<String> = (0..count).map(|at| at.to_string()).collect();
        let record = |value| {
            let record = FutureRecord::<str, String>::to(topic).partition(partition).payload(value);
            producer.send_result(record).map_err(|(error, _)| error).unwrap()
        };
        let deliveries: Vec<_> = values.iter().map(record).collect();
        let delivered = async |delivery| {
            let outcome: Result<Delivery, (_, OwnedMessage)> = delivery;
            outcome.map_err(|(error, _)| error).unwrap()
        };
        self.runtime.block_on(async {
            let mut all = Vec::new();
            for delivery in deliveries {
                all.push(delivered(delivery.await.unwrap()).await);
            }
            all
        })
    }

    /// A consumer that reads from the beginning, commits nothing by itself, and is quick to notice what its group does.
    pub(crate) fn consumer(&self, group: &str, set: &[(&str, &str)]) -> BaseConsumer {
        let defaults = [
            ("group.id", group),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("heartbeat.interval.ms", "100"),
            ("session.timeout.ms", "30000"),
        ];
        BaseConsumer::from_config(&self.config(&[&defaults, set].concat())).unwrap()
    }

    /// A member of `group` that reads `topic`.
    pub(crate) fn member(&self, group: &str, topic: &str, set: &[(&str, &str)]) -> BaseConsumer {
        let consumer = self.consumer(group, set);
        consumer.subscribe(&[topic]).unwrap();
        consumer
    }
}

/// Calls `look` until it returns something. It blocks for a moment by itself while there is nothing.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return found;
        }
    }
    panic!("{what}: not within {PATIENCE:?}")
}

/// Reads one record, if there is one soon.
pub(crate) fn poll(consumer: &BaseConsumer) -> Option<OwnedMessage> {
    // Errors are told in passing, of a lost connection for one; the client goes on by itself.
    consumer.poll(SHORT)?.ok().map(|message| message.detach())
}

/// Reads `count` records.
pub(crate) fn read(consumer: &BaseConsumer, count: usize) -> Vec<OwnedMessage> {
    let mut read = Vec::new();
    eventually("records", || {
        read.extend(poll(consumer));
        (read.len() >= count).then_some(())
    });
    read
}
