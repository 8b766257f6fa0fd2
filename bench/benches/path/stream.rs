//! Trade events in three spellings, always the same ones.

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use std::{path::Path, time::Duration};

pub(super) const PARTITIONS: i32 = 4;

/// Records of one kind, in a topic.
pub(super) struct Stream {
    pub(super) name: &'static str,
    pub(super) topic: &'static str,
    pub(super) records: usize,
    spelling: Spelling,
}

#[derive(Clone, Copy, PartialEq)]
enum Spelling {
    Json { legs: usize },
    Protobuf,
}

pub(super) fn all() -> Vec<Stream> {
    let json = |legs| Spelling::Json { legs };
    vec![
        Stream { name: "JSON, 176 B", topic: "bench-json", records: 1_000_000, spelling: json(0) },
        Stream { name: "JSON, 2 KB", topic: "bench-json-2k", records: 200_000, spelling: json(13) },
        Stream {
            name: "protobuf trade events",
            topic: "bench-protobuf",
            records: 1_000_000,
            spelling: Spelling::Protobuf,
        },
    ]
}

/// A generator that needs no more than to be the same everywhere (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn id(&mut self) -> String {
        let low = self.below(u64::MAX);
        format!(
            "{:08x}-{:04x}-4{:03x}-a000-{:012x}",
            self.below(1 << 32),
            low >> 48,
            low >> 36 & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }
}

struct Trade {
    id: String,
    account: String,
    unit: Option<&'static str>,
    cents: u64,
    symbol: &'static str,
    at: u64,
}

impl Trade {
    fn draw(random: &mut Random, number: usize) -> Self {
        Self {
            id: random.id(),
            account: random.id(),
            unit: [Some("BU1"), Some("BU2"), Some("BU3"), None][number % 4],
            cents: 1_000 + random.below(10_000_000),
            symbol: ["AAPL", "GOOGL", "MSFT", "AMZN"][usize::try_from(random.below(4)).unwrap()],
            at: 1_700_000_000 + number as u64,
        }
    }

    fn json(&self, legs: usize) -> Vec<u8> {
        let Self { id, account, unit, cents, symbol, at } = self;
        let unit = unit.map(|unit| format!("\"business_unit\":\"{unit}\",")).unwrap_or_default();
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let leg = |number: usize| {
            format!(
                "{{\"leg\":{number},\"venue\":\"XNAS\",\"price\":{amount},\"ids\":[\"{id}\",{at}],\"note\":\"partial fill, routed\"}}"
            )
        };
        let legs: Vec<String> = (0..legs).map(leg).collect();
        let legs =
            if legs.is_empty() { String::new() } else { format!(",\"legs\":[{}]", legs.join(",")) };
        format!("{{\"trade_id\":\"{id}\",\"account_id\":\"{account}\",{unit}\"amount\":{amount},\"symbol\":\"{symbol}\",\"traded_at\":{at}{legs}}}").into_bytes()
    }

    fn protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut text = |number: u8, text: &str| {
            out.extend([number << 3 | 2, u8::try_from(text.len()).unwrap()]);
            out.extend_from_slice(text.as_bytes());
        };
        text(1, &self.id);
        text(2, &self.account);
        self.unit.into_iter().for_each(|unit| text(3, unit));
        out.push(4 << 3 | 1);
        out.extend((self.cents as f64 / 100.0).to_le_bytes());
        out.extend([5 << 3 | 2, u8::try_from(self.symbol.len()).unwrap()]);
        out.extend_from_slice(self.symbol.as_bytes());
        out.push(6 << 3);
        let mut rest = self.at;
        while rest >= 0x80 {
            out.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        out.push(u8::try_from(rest).unwrap());
        out
    }
}

impl Stream {
    fn payloads(&self) -> impl Iterator<Item = Vec<u8>> {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let spelling = self.spelling;
        (0..self.records).map(move |number| {
            let trade = Trade::draw(&mut random, number);
            match spelling {
                Spelling::Json { legs } => trade.json(legs),
                Spelling::Protobuf => trade.protobuf(),
            }
        })
    }

    pub(super) fn average(&self) -> usize {
        self.payloads().take(1000).map(|payload| payload.len()).sum::<usize>() / 1000
    }

    /// Creates the topic and fills it, round-robin over its partitions, not compressed.
    pub(super) fn produce(&self, bootstrap: &str) {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap).set("linger.ms", "20");
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        let new = NewTopic::new(self.topic, PARTITIONS, TopicReplication::Fixed(1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(admin.create_topics(&[new], &AdminOptions::new())).unwrap();
        let producer: ThreadedProducer<DefaultProducerContext> = config.create().unwrap();
        for (payload, partition) in self.payloads().zip((0..PARTITIONS).cycle()) {
            let mut record: BaseRecord<'_, [u8], Vec<u8>> =
                BaseRecord::to(self.topic).partition(partition).payload(&payload);
            while let Err((_full, back)) = producer.send(record) {
                producer.flush(Duration::from_millis(20)).ok();
                record = back;
            }
        }
        producer.flush(Duration::from_mins(1)).unwrap();
    }

    /// A configuration with one connector that reads the topic in a group of its own.
    pub(super) fn connector(&self, smts: &[&str], group: &str) -> String {
        let proto = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("proto");
        let value = match self.spelling {
            Spelling::Json { .. } => "json: {}".to_owned(),
            Spelling::Protobuf => {
                format!("protobuf: {{messages: {{{}: {{type: dataflow.TradeEvent}}}}}}", self.topic)
            }
        };
        let smts: String = smts
            .iter()
            .map(|smt| match *smt {
                "filter" => "      - {name: filter, smt: business-unit-filter, config: {allowed_business_units: [BU1, BU2]}}\n",
                "mask" => "      - {name: mask, smt: mask-field, config: {fields: [account_id]}}\n",
                _ => "      - {name: rename, smt: replace-field, config: {renames: ['symbol:ticker']}}\n",
            })
            .collect();
        let transforms =
            if smts.is_empty() { String::new() } else { format!("    transforms:\n{smts}") };
        format!(
            "kafka: {{bootstrap.servers: '${{env:BOOTSTRAP_SERVERS}}'}}
schemas: {{protobuf: [{proto}]}}
connectors:
  path:
    topics: [{topic}]
    group.id: {topic}-{group}
    value: {{{value}}}
{transforms}    sink: {{discard: {{}}}}
",
            proto = proto.display(),
            topic = self.topic,
        )
    }
}
