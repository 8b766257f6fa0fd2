//! The reference workloads, as the examples describe them.

use super::*;

#[test]
fn the_defaults_are_those_of_the_workloads() {
    let events = example(EVENTS, &[]);
    assert_eq!(events.interval_ms, Interval::Fixed(200));
    assert_eq!((events.poison_interval_messages, events.count, events.seed), (200, None, None));
    let orders = example(ORDERS, &[]);
    assert_eq!(orders.interval_ms, Interval::Drawn(IntervalRange { min: 500, max: 2_000 }));
    assert_eq!((orders.count, orders.print, orders.print_deliveries), (Some(100), false, true));
    assert_eq!((flaws(&events), flaws(&orders)), (vec![], vec![]));
}

#[test]
fn numbers_come_from_the_environment() {
    let events =
        example(EVENTS, &[("EMIT_INTERVAL_MS", "0"), ("POISON_PILL_INTERVAL_MESSAGES", "0")]);
    assert_eq!((events.interval_ms, events.poison_interval_messages), (Interval::Fixed(0), 0));
    let orders = example(ORDERS, &[("ORDER_COUNT", "7"), ("ORDER_INTERVAL_MS", "0")]);
    assert_eq!(orders.count, Some(7));
    assert_eq!(orders.interval_ms, Interval::Drawn(IntervalRange { min: 0, max: 0 }));
    assert_eq!(messages(&orders, usize::MAX).len(), 7);
}

#[test]
fn fifty_thousand_events_hold_249_poison_pills_on_all_topics() {
    let all = messages(&example(EVENTS, &[]), 50_000);
    let mut topics = BTreeMap::<&str, usize>::new();
    let mut poisoned = BTreeMap::<&str, usize>::new();
    for (number, message) in all.iter().enumerate() {
        *topics.entry(&message.topic).or_default() += 1;
        assert_eq!(message.is_poison, number > 0 && number % 200 == 0, "message {number}");
        if message.is_poison {
            *poisoned.entry(&message.topic).or_default() += 1;
            assert_eq!(message.text, r#"{"reason":"Simulated poison pill"}"#);
            assert_eq!(message.name, "dataflow.PoisonEvent");
            assert_eq!(message.converter_topic.as_deref(), Some("poison-events"));
        } else {
            assert_eq!(message.converter_topic, None);
        }
    }
    assert_eq!(poisoned.values().sum::<usize>(), 249);
    assert!(
        topics.len() == 5 && topics.values().all(|count| (9_700..=10_300).contains(count)),
        "{topics:?}"
    );
    assert_eq!(poisoned.len(), 5);
    assert!(all.iter().take(200).all(|message| !message.is_poison));
}

#[test]
fn an_interval_of_0_has_no_poison() {
    let settings = example(EVENTS, &[("POISON_PILL_INTERVAL_MESSAGES", "0")]);
    assert!(messages(&settings, 1_000).iter().all(|message| !message.is_poison));
}

#[test]
fn events_have_the_fields_of_their_messages() {
    let all = messages(&example(EVENTS, &[]), 20_000);
    let check = |topic: &str, name: &str, fields: &[&str], units: &[Option<&str>]| {
        let good = all.iter().filter(|message| message.topic == topic && !message.is_poison);
        let mut seen = BTreeMap::<Option<String>, usize>::new();
        for message in good {
            assert_eq!(message.name, name);
            let unit = message.field("business_unit");
            let value: Value = serde_json::from_str(&message.text).unwrap();
            let expected =
                fields.iter().filter(|field| **field != "business_unit" || unit.is_some());
            assert!(value.as_object().unwrap().keys().eq(expected), "{}", message.text);
            *seen.entry(unit.map(|unit| unit.as_str().unwrap().to_owned())).or_default() += 1;
        }
        assert!(seen.keys().map(Option::as_deref).eq(units.iter().copied()), "{seen:?}");
        let total: usize = seen.values().sum();
        let even = total / units.len();
        assert!(seen.values().all(|count| count.abs_diff(even) < even / 5), "{seen:?}");
    };
    let business = ["event_id", "business_unit", "description", "timestamp"];
    check(
        "business-events",
        "dataflow.BusinessEvent",
        &business,
        &[None, Some("BU1"), Some("BU2"), Some("BU3")],
    );
    let customer = ["customer_id", "name", "email", "business_unit", "registered_at"];
    check(
        "customer-events",
        "dataflow.CustomerEvent",
        &customer,
        &[None, Some("BU1"), Some("BU2")],
    );
    let account = ["account_id", "customer_id", "business_unit", "balance", "updated_at"];
    check(
        "account-events",
        "dataflow.AccountEvent",
        &account,
        &[None, Some("BU1"), Some("BU2"), Some("BUX")],
    );
    let trade = ["trade_id", "account_id", "business_unit", "amount", "symbol", "traded_at"];
    check("trade-events", "dataflow.TradeEvent", &trade, &[None, Some("BU1"), Some("BU2")]);
    let payment = ["payment_id", "account_id", "business_unit", "amount", "method", "processed_at"];
    check("payment-events", "dataflow.PaymentEvent", &payment, &[None, Some("BU1"), Some("BU2")]);
}

#[test]
fn a_hundred_orders_are_whole() {
    let all = messages(&example(ORDERS, &[]), usize::MAX);
    assert_eq!(all.len(), 100);
    let ids: BTreeSet<String> =
        all.iter().map(|order| order.field("order_id").unwrap().to_string()).collect();
    assert_eq!(ids.len(), 100);
    assert_eq!(all[0].field("order_id").unwrap(), json!("O1696163696789000"));
    for order in &all {
        let value: Value = serde_json::from_str(&order.text).unwrap();
        let names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "order_id",
            "order_timestamp",
            "customer_id",
            "customer_name",
            "customer_region",
            "shipping_region",
            "product_id",
            "product_name",
            "category",
            "price",
            "quantity",
        ];
        assert_eq!(names, expected);
        assert!((1..=5).contains(&value["quantity"].as_u64().unwrap()));
        // What belongs to one product stays together.
        if value["product_id"] == "P123" {
            assert_eq!(value["product_name"], "Wireless Mouse");
            assert_eq!(value["shipping_region"], "Sindh");
            assert_eq!(value["price"], 2500);
        }
    }
    let distinct = |field: &str| {
        all.iter()
            .map(|order| order.field(field).unwrap().to_string())
            .collect::<BTreeSet<_>>()
            .len()
    };
    assert_eq!((distinct("customer_id"), distinct("product_id"), distinct("quantity")), (5, 5, 5));
}
