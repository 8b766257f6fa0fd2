//! The source from outside: what a task sees of it.

use super::*;
use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};
use transom_core::config::{Interval, IntervalRange};
use transom_runtime::testing::{Broken, source};

const SETTINGS: &str = r#"{
    "topics": {"a": "M", "b": "M"},
    "messages": {"M": {"id": {"sequence": {"prefix": "O"}}}, "P": {"reason": {"constant": "pill"}}},
    "interval.ms": 0, "seed": 1, "count": 10,
    "poison.interval.messages": 4, "poison.message": "P", "poison.converter.topic": "poison"
}"#;

fn settings() -> Settings {
    serde_json::from_str(SETTINGS).unwrap()
}

/// What came of polls: topic, converter's topic and value of each record, and the last position.
#[derive(Debug, Default, PartialEq)]
struct Basket {
    records: Vec<(String, Option<String>, String)>,
    positions: Vec<SourcePosition>,
}

impl SourceRecords for Basket {
    fn push(&mut self, record: SourceRecord<'_>) {
        let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
        let converter_topic = record.converter_topic.map(str::to_owned);
        self.records.push((record.topic.to_owned(), converter_topic, value));
        self.positions = vec![SourcePosition {
            source_partition: record.source_partition.to_owned(),
            position: record.position.to_owned(),
        }];
    }
}

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen that nobody reads.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(settings: &Settings, positions: &[SourcePosition]) -> DatagenSource {
    DatagenSource::onto(settings, positions, false, Box::new(Screen::default())).unwrap()
}

async fn poll(source: &mut DatagenSource, max: usize, into: &mut Basket) -> Poll {
    source.poll(NonZeroUsize::new(max).unwrap(), into).await.unwrap()
}

async fn all(source: &mut DatagenSource, max: usize) -> Basket {
    let mut basket = Basket::default();
    while poll(source, max, &mut basket).await == Poll::Records {}
    basket
}

/// As many messages as were asked for.
#[derive(Default)]
struct Place(u64);

#[async_trait]
impl source::Place for Place {
    async fn open(
        &mut self,
        positions: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError> {
        let settings = Settings { count: Some(self.0), ..settings() };
        Ok(Box::new(DatagenSource::onto(&settings, &positions, false, Box::new(Gone))?))
    }

    async fn add(&mut self, number: usize) -> String {
        self.0 += 1;
        let start = Start { again: false, seed: 0, now_ms: 0 };
        let mut stream = Stream::new(&settings(), None, start).unwrap();
        let values = std::iter::from_fn(|| {
            stream.next_message(0).map(|message| String::from_utf8(message.value.to_vec()).unwrap())
        });
        values.skip(number).take(1).collect()
    }
}

#[tokio::test]
async fn it_keeps_the_contract() -> Result<(), Broken> {
    source::contract(Place::default).await
}

#[tokio::test]
async fn it_ends_after_its_count_however_it_is_polled() {
    let whole = all(&mut open(&settings(), &[]), 100).await;
    assert_eq!(whole.records.len(), 10);
    assert_eq!(all(&mut open(&settings(), &[]), 3).await, whole);
    let mut source = open(&settings(), &[]);
    let mut some = Basket::default();
    assert_eq!(poll(&mut source, 3, &mut some).await, Poll::Records);
    assert_eq!(some.records, whole.records[..3]);
    all(&mut source, 100).await;
    assert_eq!(poll(&mut source, 1, &mut some).await, Poll::End);
    assert_eq!(poll(&mut source, 1, &mut some).await, Poll::End);
}

#[tokio::test]
async fn a_restart_goes_on_behind_every_message() {
    let whole = all(&mut open(&settings(), &[]), 100).await;
    for read in 0..=10 {
        let mut before = Basket::default();
        if read > 0 {
            poll(&mut open(&settings(), &[]), read, &mut before).await;
        }
        let after = all(&mut open(&settings(), &before.positions), 100).await;
        before.records.extend(after.records);
        assert_eq!(before.records, whole.records, "restarted behind {read}");
    }
}

#[tokio::test]
async fn only_a_start_of_the_program_begins_another_run() {
    let first = all(&mut open(&settings(), &[]), 100).await;
    let again = |again| DatagenSource::onto(&settings(), &first.positions, again, Box::new(Gone));
    assert_eq!(all(&mut again(false).unwrap(), 100).await.records, []);
    assert_eq!(all(&mut again(true).unwrap(), 100).await, first);
    let unseeded = Settings { seed: None, ..settings() };
    let first = all(&mut open(&unseeded, &[]), 100).await;
    let mut source =
        DatagenSource::onto(&unseeded, &first.positions, true, Box::new(Gone)).unwrap();
    let second = all(&mut source, 100).await;
    let good = first.records.iter().chain(&second.records).filter(|record| record.1.is_none());
    let ids: BTreeSet<&str> = good.map(|record| record.2.as_str()).collect();
    assert_eq!(ids.len(), 16);
}

#[tokio::test]
async fn poison_names_the_topic_of_its_converter() {
    let basket = all(&mut open(&settings(), &[]), 100).await;
    for (number, (topic, converter_topic, value)) in basket.records.iter().enumerate() {
        let is_poison = number == 4 || number == 8;
        assert!(["a", "b"].contains(&topic.as_str()));
        assert_eq!(converter_topic.as_deref(), is_poison.then_some("poison"), "message {number}");
        assert_eq!(value == r#"{"reason":"pill"}"#, is_poison, "message {number}");
    }
}

#[tokio::test]
async fn a_poll_that_is_dropped_while_it_waits_makes_nothing() {
    let slow = Settings { interval_ms: Interval::Fixed(3_600_000), ..settings() };
    let mut source = open(&slow, &[]);
    let mut basket = Basket::default();
    // The first message waits for nothing, and comes alone.
    assert_eq!(poll(&mut source, 100, &mut basket).await, Poll::Records);
    assert_eq!(basket.records.len(), 1);
    for _ in 0..3 {
        let mut waiting = pin!(source.poll(NonZeroUsize::MIN, &mut basket));
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    assert_eq!(basket.records.len(), 1);
    // The wait is over at last: what was not made then is made now.
    source.due = None;
    poll(&mut source, 1, &mut basket).await;
    let whole = all(&mut open(&settings(), &[]), 100).await;
    assert_eq!(basket.records, whole.records[..2]);
}

#[tokio::test]
async fn the_end_waits_for_no_pause() {
    let one = Settings { interval_ms: Interval::Fixed(3_600_000), count: Some(1), ..settings() };
    assert_eq!(all(&mut open(&one, &[]), 100).await.records.len(), 1);
}

#[tokio::test]
async fn a_drawn_pause_of_0_is_none() {
    let range = IntervalRange { min: 0, max: 0 };
    let quick = Settings { interval_ms: Interval::Drawn(range), ..settings() };
    assert_eq!(all(&mut open(&quick, &[]), 100).await.records.len(), 10);
}

#[test]
fn pauses_are_kept_and_a_second_is_made_up_for() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    assert_eq!(due(None, at(5), 200), Some(at(205)));
    assert_eq!(due(Some(at(205)), at(207), 200), Some(at(405)));
    assert_eq!(due(Some(at(205)), at(1_000), 200), Some(at(405)));
    assert_eq!(due(Some(at(205)), at(9_000), 200), Some(at(8_000)));
    assert_eq!(due(Some(at(205)), at(207), 0), None);
}

#[tokio::test(start_paused = true)]
async fn a_pace_is_kept_however_long_the_messages_take() {
    let endless = Settings { interval_ms: Interval::Fixed(10), count: None, ..settings() };
    let mut source = open(&endless, &[]);
    let mut basket = Basket::default();
    let start = Instant::now();
    for _ in 0..20 {
        poll(&mut source, 100, &mut basket).await;
        tokio::time::advance(Duration::from_millis(35)).await;
    }
    let due = start.elapsed().as_millis() / 10;
    let made = basket.records.len() as u128;
    assert!(made.abs_diff(due) <= 4, "{made} messages where {due} are due");
}

#[tokio::test]
async fn messages_and_deliveries_are_printed_on_request() {
    let check = async |settings: Settings, expected: &str| {
        let screen = Screen::default();
        let out = Box::new(screen.clone());
        let mut source = DatagenSource::onto(&settings, &[], false, out).unwrap();
        assert_eq!(source.wants_deliveries(), settings.print_deliveries);
        all(&mut source, 100).await;
        source.delivered(&[
            Delivered { topic: "a", partition: 0, offset: 7 },
            Delivered { topic: "b", partition: 2, offset: 0 },
        ]);
        let (stage, code, message) = ("KAFKA_PRODUCE", "MSG_SIZE_TOO_LARGE", "too large:\n5 bytes");
        source.failed(&[Undelivered { topic: "a", stage, code, message }]);
        assert_eq!(String::from_utf8(screen.0.lock().unwrap().clone()).unwrap(), expected);
    };
    let few = Settings {
        count: Some(3),
        poison_interval_messages: 2,
        topics: settings().topics.into_iter().take(1).collect(),
        ..settings()
    };
    let messages = "a M {\"id\":\"O1\"}\na M {\"id\":\"O2\"}\na P {\"reason\":\"pill\"} poison\n";
    let deliveries = "delivered topic=a partition=0 offset=7\ndelivered topic=b partition=2 offset=0\n\
                      failed topic=a stage=KAFKA_PRODUCE code=MSG_SIZE_TOO_LARGE error=too large: 5 bytes\n";
    check(few.clone(), "").await;
    check(Settings { print: true, ..few.clone() }, messages).await;
    check(Settings { print_deliveries: true, ..few.clone() }, deliveries).await;
    let both = Settings { print: true, print_deliveries: true, ..few };
    check(both, &format!("{messages}{deliveries}")).await;
}

#[tokio::test]
async fn messages_go_on_where_nobody_reads_the_lines() {
    let printing = Settings { print: true, ..settings() };
    let mut source = DatagenSource::onto(&printing, &[], false, Box::new(Gone)).unwrap();
    assert_eq!(all(&mut source, 1).await.records.len(), 10);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let check = |settings: &Settings, position: &str, code: &str, part: &str| {
        let position = SourcePosition {
            source_partition: SOURCE_PARTITION.to_owned(),
            position: position.to_owned(),
        };
        let error = DatagenSource::open(settings, &[position], false).unwrap_err();
        assert!(!error.is_transient());
        assert_eq!(error.code, code);
        assert!(error.message.contains(part), "{error}");
    };
    check(&settings(), "{\"line\":3}", "datagen-position", "`{\"line\":3}`");
    let unknown = Settings { poison_message: Some("Q".to_owned()), ..settings() };
    check(&unknown, "{}", "datagen-settings", "poison.message");
    // A position of another connector's source is none.
    let other = [SourcePosition { source_partition: "{}".to_owned(), position: "{}".to_owned() }];
    assert!(DatagenSource::open(&settings(), &other, false).is_ok());
}

/// Where records vanish, counted.
struct Count(usize);

impl SourceRecords for Count {
    fn push(&mut self, _: SourceRecord<'_>) {
        self.0 += 1;
    }
}

#[test]
fn nothing_is_allocated_for_a_message() {
    let fields = r#"{
        "a": {"uuid": {}}, "b": {"one.of": ["x", null]}, "c": {"constant": "text"}, "d": {"integer": {"min": 1, "max": 5}},
        "e": {"decimal": {"min": 1, "max": 5000}}, "f": {"hex": {"digits": 8}}, "g": {"now": "unix.seconds"},
        "h": {"recent": {"days": 30}}, "i": {"row": {"table": "t", "column": "c"}}, "j": {"sequence": {}}
    }"#;
    let text = format!(
        r#"{{"topics": {{"t": "M"}}, "messages": {{"M": {fields}}}, "tables": {{"t": [{{"c": 1}}]}}, "interval.ms": 0}}"#
    );
    let mut source = open(&serde_json::from_str(&text).unwrap(), &[]);
    let mut poll = || {
        let mut count = Count(0);
        let polled = pin!(source.poll(NonZeroUsize::new(1_000).unwrap(), &mut count))
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_ready());
        assert_eq!(count.0, 1_000);
    };
    poll();
    let counted = allocation_counter::measure(poll);
    // The future of the poll itself is in a box.
    assert_eq!(counted.count_total, 1, "allocations for 1000 messages: {counted:?}");
}
