//! What a run of the shipped configuration must leave behind: the messages are a function of the seed.

use super::process::root;
use std::collections::BTreeMap;
use transom_core::{
    config::{self, Config, Environment, SourceSettings},
    datagen::{Start, Stream},
};

/// The tables of events.
pub(super) const TABLES: [&str; 5] =
    ["account_events", "business_events", "customer_events", "payment_events", "trade_events"];

/// What is left of a run.
pub(super) struct Expected {
    /// Rows by table, orders included.
    pub(super) rows: BTreeMap<String, usize>,
    /// Events that the filter drops.
    pub(super) dropped: usize,
    /// Orders: id, price, quantity.
    pub(super) orders: Vec<(String, String, i64)>,
}

impl Expected {
    /// Of so many events, and all orders.
    pub(super) fn of(events: usize) -> Self {
        let config = config();
        let mut rows: BTreeMap<String, usize> = TABLES.map(|table| (table.to_owned(), 0)).into();
        let mut dropped = 0;
        let mut stream = stream(&config, "events");
        for _ in 0..events {
            let message = stream.next_message(0).unwrap();
            let event: serde_json::Value = serde_json::from_slice(message.value).unwrap();
            let is_kept = event["business_unit"] == "BU1" || event["business_unit"] == "BU2";
            match rows.get_mut(&message.topic.replace('-', "_")) {
                _ if message.is_poison => (),
                Some(count) if is_kept => *count += 1,
                _ => dropped += 1,
            }
        }
        let mut stream = stream_of_orders(&config);
        let order = |_| {
            let message = stream.next_message(0).unwrap();
            let order: serde_json::Value = serde_json::from_slice(message.value).unwrap();
            let id = order["order_id"].as_str().unwrap().to_owned();
            (id, order["price"].to_string(), order["quantity"].as_i64().unwrap())
        };
        let orders: Vec<_> = (0..100).map(order).collect();
        rows.insert("orders".to_owned(), orders.len());
        Self { rows, dropped, orders }
    }
}

fn stream_of_orders(config: &Config) -> Stream {
    stream(config, "orders")
}

fn stream(config: &Config, connector: &str) -> Stream {
    let Some(SourceSettings::Datagen(settings)) = &config.connectors[connector].source else {
        panic!("{connector} has another source")
    };
    Stream::new(settings, None, Start { again: true, seed: 0, now_ms: 0 }).unwrap()
}

fn config() -> Config {
    struct Seeded;
    impl Environment for Seeded {
        fn variable(&self, name: &str) -> Option<String> {
            (name == "SEED").then(|| "7".to_owned())
        }

        fn file(&self, path: &str) -> Result<String, String> {
            Err(format!("{path} is not there"))
        }
    }
    let text = std::fs::read_to_string(root().join("connectors.yaml")).unwrap();
    config::load(&text, "connectors.yaml", &Seeded).config.unwrap()
}
