//! When there is nothing left to do: all sources have ended, and all that the sinks' topics hold is settled and committed.

use crate::{
    app::Failure,
    error::on_one_line,
    topics::{Admin, Cluster, TopicsError},
};
use std::{sync::Arc, time::Duration};
use transom_core::{
    config::{Config, Connector},
    predicate::TopicPattern,
};
use transom_runtime::{
    Runtime,
    status::{ConnectorStatus, State, Status},
};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks at a run from outside: what its tasks say, and where its topics end.
pub(in crate::app) struct Idle {
    admin: Arc<Admin>,
    sinks: Arc<[Sink]>,
}

/// What a sink connector reads.
struct Sink {
    name: String,
    topics: Vec<String>,
    pattern: Option<TopicPattern>,
}

/// The end of a partition that is not empty.
struct End {
    topic: String,
    partition: i32,
    latest: i64,
}

impl Idle {
    /// Of these connectors of a configuration, or of all.
    pub(in crate::app) fn of(config: &Config, only: &[String]) -> Result<Self, Failure> {
        let usage = |error: TopicsError| Failure::Usage(on_one_line(&error));
        let cluster = Cluster::new(config.kafka.clone()).map_err(usage)?;
        let is_run = |name: &String| only.is_empty() || only.contains(name);
        let sinks = config.connectors.iter().filter(|(name, of)| of.sink.is_some() && is_run(name));
        Ok(Self {
            admin: Arc::new(cluster.admin().map_err(usage)?),
            sinks: sinks
                .map(|(name, connector)| Sink::of(name, connector))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Waits until there is nothing left to do, or a task has failed.
    pub(in crate::app) async fn wait(&self, runtime: &Runtime) {
        while !self.is_over(runtime).await {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// True if there is nothing left to do, or a task has failed.
    pub(in crate::app) async fn is_over(&self, runtime: &Runtime) -> bool {
        // The status first: what a task had committed by then it had also written, so that a sink which feeds the topic
        // of another one is seen in the ends.
        let status = runtime.status();
        if has_failed(&status) {
            return true;
        }
        if !sources_have_ended(&status) {
            return false;
        }
        let (admin, sinks) = (Arc::clone(&self.admin), Arc::clone(&self.sinks));
        let asked = tokio::task::spawn_blocking(move || {
            let known = admin.topics()?;
            sinks.iter().map(|sink| sink.ends(&admin, &known)).collect::<Result<Vec<_>, _>>()
        });
        match asked.await {
            Ok(Ok(ends)) => {
                self.sinks.iter().zip(ends).all(|(sink, ends)| sink.has_all(&status, &ends))
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the ends of topics are not known");
                false
            }
            Err(_stopped) => false,
        }
    }
}

impl Sink {
    fn of(name: &str, connector: &Connector) -> Result<Self, Failure> {
        let pattern = connector.topics_regex.as_deref().map(TopicPattern::new).transpose();
        Ok(Self {
            name: name.to_owned(),
            topics: connector.topics.clone().unwrap_or_default().0,
            pattern: pattern.map_err(|error| Failure::Usage(error.to_string()))?,
        })
    }

    fn reads(&self, topic: &str) -> bool {
        let is_named = || self.topics.iter().any(|one| one == topic);
        self.pattern.as_ref().map_or_else(is_named, |pattern| pattern.subscribes(topic))
    }

    fn ends(&self, admin: &Admin, known: &[String]) -> Result<Vec<End>, TopicsError> {
        let mut ends = Vec::new();
        for topic in known.iter().filter(|topic| self.reads(topic)) {
            let partitions = admin.topic(topic)?.partitions.into_iter();
            let held = partitions.filter(|of| of.watermarks.earliest < of.watermarks.latest);
            ends.extend(held.map(|of| End {
                topic: topic.clone(),
                partition: of.partition,
                latest: of.watermarks.latest,
            }));
        }
        Ok(ends)
    }

    /// True if everything up to these ends is settled and committed.
    fn has_all(&self, status: &Status, ends: &[End]) -> bool {
        let Some(connector) = status.connectors.iter().find(|one| one.name == self.name) else {
            return false;
        };
        let partitions = || connector.tasks.iter().flat_map(|task| &task.partitions);
        let is_in_flight = connector.tasks.iter().any(|task| task.records.in_flight > 0);
        !is_in_flight
            && ends.iter().all(|end| {
                partitions().any(|of| {
                    (&of.topic, of.partition) == (&end.topic, end.partition)
                        && of.committed.is_some_and(|committed| committed >= end.latest)
                })
            })
    }
}

fn has_failed(status: &Status) -> bool {
    status.connectors.iter().flat_map(|of| &of.tasks).any(|task| task.state == State::Failed)
}

fn sources_have_ended(status: &Status) -> bool {
    let is_source = |connector: &&ConnectorStatus| connector.kind == "source";
    let mut tasks = status.connectors.iter().filter(is_source).flat_map(|source| &source.tasks);
    tasks.all(|task| task.state == State::Stopped)
}

#[cfg(test)]
mod tests {
    use super::{End, Sink, has_failed, sources_have_ended};
    use transom_runtime::status::{
        ConnectorStatus, PartitionStatus, RecordCounts, State, Status, TaskStatus,
    };

    fn connector(name: &str, kind: &str, tasks: Vec<TaskStatus>) -> ConnectorStatus {
        let (name, kind) = (name.to_owned(), kind.to_owned());
        ConnectorStatus { name, kind, tasks, transforms: Vec::new() }
    }

    fn task(state: State, committed: &[Option<i64>], in_flight: u64) -> TaskStatus {
        let partition = |(partition, committed): (i32, &Option<i64>)| PartitionStatus {
            topic: "orders".to_owned(),
            partition,
            committed: *committed,
            lag: Some(0),
        };
        let partitions = (0..).zip(committed).map(partition).collect();
        let records = RecordCounts { read: in_flight, in_flight, ..RecordCounts::default() };
        TaskStatus {
            id: 0,
            state,
            reason: None,
            has_started: true,
            partitions,
            records,
            restarts: 0,
            transforms: Vec::new(),
            transformed: Vec::new(),
        }
    }

    #[test]
    fn a_sink_has_all_when_every_partition_is_committed_to_its_end() {
        let sink = Sink { name: "s".to_owned(), topics: vec!["orders".to_owned()], pattern: None };
        let ends = [5, 7].map(|latest| End {
            topic: "orders".to_owned(),
            partition: i32::from(latest == 7),
            latest,
        });
        let has_all = |committed: &[Option<i64>], in_flight| {
            let tasks = vec![task(State::Running, committed, in_flight)];
            sink.has_all(&Status { connectors: vec![connector("s", "sink", tasks)] }, &ends)
        };
        assert!(has_all(&[Some(5), Some(7)], 0));
        assert!(has_all(&[Some(6), Some(7)], 0), "behind a marker of a transaction");
        assert!(!has_all(&[Some(5), Some(7)], 1), "a dead letter is on its way");
        assert!(!has_all(&[Some(5), Some(6)], 0));
        assert!(!has_all(&[Some(5), None], 0));
        assert!(!has_all(&[Some(5)], 0), "the other partition is nobody's yet");
        assert!(!sink.has_all(&Status::default(), &ends));
        assert!(sink.reads("orders") && !sink.reads("orders-dlq"));
    }

    #[test]
    fn sources_are_waited_for_and_failures_are_not() {
        let of = |source, sink| Status {
            connectors: vec![
                connector("a", "source", vec![task(source, &[], 0)]),
                connector("b", "sink", vec![task(sink, &[], 0)]),
            ],
        };
        assert!(sources_have_ended(&of(State::Stopped, State::Running)));
        assert!(!sources_have_ended(&of(State::Running, State::Stopped)));
        assert!(has_failed(&of(State::Running, State::Failed)));
        assert!(!has_failed(&of(State::Restarting, State::Degraded)));
    }
}
