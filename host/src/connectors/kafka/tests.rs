//! What is written for which record, with a cluster in memory.

use super::*;
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};
use transom_core::{
    batch::Batch,
    chain::{Chain, Stage},
    convert::{ConvertError, Converter, Decoded},
    edit::Place,
    record::NewRecord,
    topic::{EncodedRecord, Offsets, Refused, TopicCreation, Written},
    transform::{Transform, TransformError},
};
use transom_runtime::testing::{Broken, sink};

/// A cluster that refuses values with the word `large`.
#[derive(Debug, Default)]
struct Cluster {
    written: Mutex<Vec<EncodedRecord>>,
    calls: Mutex<Vec<usize>>,
    /// Topics that were asked to be there.
    ensured: Mutex<Vec<String>>,
    away: AtomicBool,
}

#[async_trait]
impl TopicWriter for Cluster {
    async fn write(&self, records: Vec<EncodedRecord>) -> Result<Written, ConnectorError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(ConnectorError::transient("no-broker", "no broker answers"));
        }
        self.calls.lock().unwrap().push(records.len());
        let mut refused = Vec::new();
        for (index, record) in records.into_iter().enumerate() {
            let value =
                String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned();
            if value.contains("large") {
                let (code, message) = ("MESSAGE_TOO_LARGE".to_owned(), "too large".to_owned());
                refused.push(Refused { index, code, message });
            } else {
                self.written.lock().unwrap().push(record);
            }
        }
        Ok(Written { refused, places: Vec::new() })
    }

    async fn ensure(&self, topic: &str, _: TopicCreation) -> Result<(), ConnectorError> {
        self.ensured.lock().unwrap().push(topic.to_owned());
        Ok(())
    }
}

/// Payloads are JSON between brackets, and are written between angles; an object that is only masked is not.
struct Angles;

impl Converter for Angles {
    fn decode(
        &mut self,
        _: &str,
        payload: &[u8],
        _: &mut Vec<u8>,
    ) -> Result<Decoded, ConvertError> {
        Ok(Decoded::Within(1..payload.len() - 1))
    }

    fn encode(&mut self, _: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError> {
        if json == br#"{"mask":true}"# {
            return Err(ConvertError { code: "angles", message: "it is only masked".to_owned() });
        }
        out.extend([b"<", json, b">"].concat());
        Ok(())
    }
}

fn angles() -> Converters {
    Converters { key: Box::new(Angles), value: Box::new(Angles), header: Box::new(Angles) }
}

fn settings(topic: &str) -> Settings {
    Settings { topic: topic.to_owned(), ..Settings::default() }
}

fn sink_onto(cluster: &Arc<Cluster>, settings: &Settings) -> KafkaSink {
    let writer = Arc::clone(cluster) as Arc<dyn TopicWriter>;
    KafkaSink::new(settings, writer, angles(), TopicCreation::default()).unwrap()
}

/// A place for the suite: the topics of a cluster.
struct Topics(Arc<Cluster>);

#[async_trait]
impl sink::Place for Topics {
    async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError> {
        let settings = Settings { keep_partition: true, ..settings("to-${topic}") };
        Ok(Box::new(sink_onto(&self.0, &settings)))
    }

    async fn delivered(&mut self) -> Option<Vec<String>> {
        let written = self.0.written.lock().unwrap();
        let text = |record: &EncodedRecord| {
            let value = String::from_utf8(record.value.clone().unwrap_or_default()).unwrap();
            value.trim_matches(['<', '>']).to_owned()
        };
        Some(written.iter().map(text).collect())
    }

    fn unacceptable(&self) -> Option<&'static str> {
        Some("\"large\"")
    }

    async fn fail(&mut self) -> bool {
        self.0.away.store(true, Ordering::SeqCst);
        true
    }

    async fn mend(&mut self) {
        self.0.away.store(false, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() -> Result<(), Broken> {
    sink::contract(|| Topics(Arc::default())).await
}

/// Sets `mask` in values and keys that have it.
struct Mask;

impl Transform for Mask {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        let mut place = Place::parse("mask").unwrap();
        for record in batch.selected().to_vec() {
            if batch.get(record, &mut place).is_some() {
                batch.set(record, &mut place, b"true");
            }
        }
        Ok(())
    }
}

/// Reads payloads, masks them and puts them; returns what was written and what was rejected.
async fn deliver(
    settings: &Settings,
    new: &[NewRecord<'_>],
) -> (Vec<EncodedRecord>, Vec<Rejection>) {
    let mut batch = Batch::default();
    let mut converters = angles();
    for new in new {
        batch.admit(new, &mut converters);
    }
    let mask = Stage { name: "mask".to_owned(), predicate: None, transform: Box::new(Mask) };
    Chain::new(vec![mask]).run(&mut batch).unwrap();
    let cluster = Arc::<Cluster>::default();
    let put = Put { batch: &batch, records: batch.survivors(), through: &Offsets::new() };
    let rejected = sink_onto(&cluster, settings).put(put).await.unwrap();
    assert!(cluster.calls.lock().unwrap().len() <= 1, "records of a put are written together");
    let written = std::mem::take(&mut *cluster.written.lock().unwrap());
    (written, rejected)
}

fn record<'a>(topic: &'a str, value: Option<&'a str>) -> NewRecord<'a> {
    let (partition, offset, timestamp) = (Some(3), Some(9), Some(1_700_000_000_000));
    let value = value.map(str::as_bytes);
    NewRecord { topic, partition, offset, timestamp, value, ..NewRecord::default() }
}

#[tokio::test]
async fn bytes_that_no_transform_touched_leave_as_they_were_read() {
    // The converter would write angles, so round brackets show that it was not asked.
    let headers: [(&str, Option<&[u8]>); 2] = [("h", Some(b"(1)")), ("h", None)];
    let new =
        NewRecord { key: Some(b"(\"k\")"), headers: &headers, ..record("a", Some("( 1.10 )")) };
    let (written, rejected) = deliver(&settings("${topic}"), &[new]).await;
    let expected = EncodedRecord {
        topic: "a".to_owned(),
        partition: None,
        timestamp: Some(1_700_000_000_000),
        key: Some(b"(\"k\")".to_vec()),
        value: Some(b"( 1.10 )".to_vec()),
        headers: vec![("h".to_owned(), Some(b"(1)".to_vec())), ("h".to_owned(), None)],
    };
    assert_eq!((written, rejected), (vec![expected], Vec::new()));
}

#[test]
fn whoever_follows_a_record_is_told_its_topic() {
    let mut batch = Batch::default();
    let id = batch.push(&record("a", Some("1")));
    let sink = sink_onto(&Arc::default(), &settings("to-${topic}"));
    assert_eq!(sink.destination(&batch, id).as_deref(), Some("topic `to-a`"));
}

#[tokio::test]
async fn what_a_transform_touched_goes_through_the_converter() {
    let new = NewRecord { key: Some(b"(1)"), ..record("a", Some(r#"({"x":1.10,"mask":0})"#)) };
    let (written, _) = deliver(&Settings { keep_partition: true, ..settings("b") }, &[new]).await;
    let [record] = &*written else { panic!("{written:?}") };
    assert_eq!((record.topic.as_str(), record.partition), ("b", Some(3)));
    assert_eq!(record.value.as_deref(), Some(br#"<{"x":1.10,"mask":true}>"#.as_slice()));
    assert_eq!(record.key.as_deref(), Some(b"(1)".as_slice()));
}

#[tokio::test]
async fn a_tombstone_is_one() {
    let (written, _) = deliver(&settings("${topic}"), &[record("a", None)]).await;
    assert_eq!(written[0].value, None);
}

#[tokio::test]
async fn each_refusal_names_its_record() {
    let records = [
        record("bad topic", Some("(1)")),
        record("a", Some("(2)")),
        record("a", Some("(\"large\")")),
        record("", Some("(4)")),
        record("a", Some("(5)")),
    ];
    let (written, rejected) = deliver(&settings("${topic}"), &records).await;
    let found: Vec<_> = rejected.iter().map(|one| (one.index, one.code.as_str())).collect();
    assert_eq!(found, [(0, "topic"), (2, "MESSAGE_TOO_LARGE"), (3, "topic")]);
    let values: Vec<_> = written.iter().map(|record| record.value.as_deref().unwrap()).collect();
    assert_eq!(values, [b"(2)", b"(5)"]);
}

#[tokio::test]
async fn what_the_converter_does_not_take_is_rejected() {
    let headers: [(&str, Option<&[u8]>); 1] = [("h", Some(b"(1)"))];
    let records = [
        NewRecord { headers: &headers, ..record("a", Some("({\"mask\":0,\"x\":1})")) },
        record("a", Some("({\"mask\":0})")),
    ];
    let (written, rejected) = deliver(&settings("${topic}"), &records).await;
    assert_eq!(written.len(), 1);
    let expected = Rejection {
        index: 1,
        code: "angles".to_owned(),
        message: "value: it is only masked".to_owned(),
    };
    assert_eq!(rejected, [expected]);
}
