//! What is read, what is refused and where, and what nobody gets to see.

use super::*;
use proptest::prelude::*;

/// Three variables and a file.
struct Surroundings;

impl Environment for Surroundings {
    fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "TASKS" => "3",
            "GROUP" => "42",
            "EMPTY" => "",
            "PASSWORD" => "hunter2: #`{",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        match path {
            "/run/key" => Ok("0123\n".to_owned()),
            _ => Err("no such file".to_owned()),
        }
    }
}

const WHOLE: &str = r#"
kafka:
  bootstrap.servers: ${env:SERVERS:-localhost:9092}
  sasl.password: ${env:PASSWORD}
  ssl.key.password: ${file:/run/key}
  socket.timeout.ms: 6e4
schemas: {protobuf: proto/}
connectors:
  orders:
    topics: orders, returns
    group.id: ${env:GROUP}
    tasks.max: ${env:TASKS}
    errors.retry.timeout: -1
    errors.reject.limit: 12.5%
    transforms:
      - {name: mask, smt: mask-field, config: {fields: [a, b], keep.last: 1.10, none: null}}
      - name: second
        smt: ./other.wasm
        when: {topic: "o.*$", negate: true}
    producer.override:
    value:
      protobuf:
        messages:
          orders: {type: shop.Order, required: [id]}
          /r.*/: {type: shop.Return}
    sink:
      sqlite:
        path: orders.db
        tables:
          orders:
            columns: [{name: at, type: timestamp, from: unix.seconds}, {name: price $$, constant: "5"}]
  copies:
    topics.regex: a|b
    sink: {kafka: {topic: "copy-of-${topic}"}}
  lines:
    source: {file: {path: "*.log", topic: lines}}
  nowhere:
    topics: [x]
    sink: {console: }
"#;

fn read(text: &str) -> Loaded {
    load(text, "connectors.yaml", &Surroundings)
}

fn messages(loaded: &Loaded) -> Vec<&str> {
    loaded.problems.iter().map(|problem| problem.message.as_str()).collect()
}

#[test]
fn a_whole_file_is_read() {
    let loaded = read(WHOLE);
    assert_eq!(messages(&loaded), [""; 0]);
    let config = loaded.config.unwrap();
    assert_eq!(config.kafka["bootstrap.servers"], "localhost:9092");
    assert_eq!(config.kafka["sasl.password"], "hunter2: #`{");
    assert_eq!(config.kafka["ssl.key.password"], "0123");
    assert_eq!(config.kafka["socket.timeout.ms"], "6e4");
    assert_eq!(config.schemas.protobuf.0, ["proto/"]);
    let orders = &config.connectors["orders"];
    assert_eq!(orders.topics.as_ref().unwrap().0, ["orders", "returns"]);
    assert_eq!((orders.tasks_max, orders.group_id.as_deref()), (3, Some("42")));
    assert_eq!(orders.errors_reject_limit, Some(super::super::RejectLimit::Share(0.125)));
    assert_eq!(
        orders.transforms[0].config.get(),
        r#"{"fields":["a","b"],"keep.last":1.10,"none":null}"#
    );
    let condition = orders.transforms[1].when.as_ref().unwrap();
    assert_eq!((condition.topic.as_deref(), condition.negate), (Some("o.*$"), true));
    condition.predicate().unwrap();
    let Some(super::super::SinkSettings::Sqlite(sqlite)) = &orders.sink else {
        panic!("no sqlite")
    };
    assert_eq!(sqlite.tables["orders"].columns[1].name, "price $");
    let Some(super::super::SinkSettings::Kafka(kafka)) = &config.connectors["copies"].sink else {
        panic!("no kafka")
    };
    assert_eq!(kafka.topic, "copy-of-${topic}");
}

#[test]
fn places_are_found_again() {
    let loaded = read(WHOLE);
    let orders = Place::of_connector("orders");
    let config = orders.key("transforms").index(0).key("config");
    let check = |place: Place, expected: &str| {
        assert_eq!(loaded.source.spelt(loaded.locate(&place)), expected, "{place}");
    };
    check(config.path("fields[1]").unwrap(), "b");
    check(config.path("`keep.last`").unwrap(), "1.10");
    check(config.path("fields[7].x").unwrap(), "fields");
    check(config, "config");
    check(orders.key("tasks.max"), "${env:TASKS}");
    check(orders.key("no.such"), "orders");
    check(Place::default().key("kafka").key("sasl.password"), "${env:PASSWORD}");
}

#[test]
fn parts_are_read_without_what_is_wrong_in_them() {
    let loaded = read(&WHOLE.replace("topic: \"o.*$\"", "topic: \"(\""));
    assert!(loaded.config.is_none());
    let orders = Place::of_connector("orders");
    let transforms = loaded.below(&orders.key("transforms"));
    assert_eq!(transforms, [0, 1].map(|at| orders.key("transforms").index(at)));
    let second: super::super::Transform = loaded.part(&transforms[1]).unwrap();
    assert_eq!((second.name.as_str(), second.when.is_none()), ("second", true));
    assert_eq!(loaded.part::<bool>(&orders.key("no.such")), None);
    assert_eq!(loaded.below(&Place::default().key("connectors")).len(), 4);
    assert_eq!(loaded.source.spelt(loaded.locate_key(&orders.key("tasks.max"))), "tasks.max");
}

#[test]
fn editors_let_placeholders_stand_where_numbers_and_words_do() {
    let schema = schema_for_editors();
    let connector = &schema["$defs"]["Connector"]["properties"];
    let placeholder = json!({"type": "string", "pattern": r"\$\{(env|file):"});
    assert_eq!(connector["tasks.max"]["anyOf"][1], placeholder);
    assert_eq!(connector["tasks.max"]["default"], 1);
    assert_eq!(schema["$defs"]["Tolerance"]["oneOf"][2], placeholder);
    assert_eq!(connector["topics.regex"].get("anyOf"), None);
}

/// Checks that a change of the whole file is a problem at the place of the change.
#[track_caller]
fn refused(from: &str, to: &str, at: &str, message: &str) {
    assert!(WHOLE.contains(from), "{from}");
    let text = WHOLE.replacen(from, to, 1);
    let loaded = read(&text);
    let found = loaded.problems.iter().find(|problem| problem.message.contains(message));
    let found = found.unwrap_or_else(|| panic!("{:#?}", loaded.problems));
    assert_eq!(loaded.source.spelt(found.span), at);
    assert!(loaded.config.is_none() == (found.severity == Severity::Error));
}

#[test]
fn a_reject_limit_is_a_count_or_a_share() {
    use crate::config::RejectLimit::{Count, Share};
    for (spelt, limit) in [("100", Count(100)), ("'100'", Count(100)), ("0%", Share(0.0))] {
        let config = read(&WHOLE.replace("12.5%", spelt)).config.unwrap();
        assert_eq!(config.connectors["orders"].errors_reject_limit, Some(limit), "{spelt}");
    }
}

#[test]
fn what_is_wrong_is_found_at_its_place() {
    refused("tasks.max", "task.max", "task.max", "`orders` has no setting `task.max`");
    refused("${env:TASKS}", "many", "many", "`tasks.max` takes a whole number, found text");
    refused("${env:TASKS}", "0", "0", "`tasks.max` takes 1 to 1000, found `0`");
    refused("${env:TASKS}", "${env:NO}", "${env:NO}", "variable `NO` is not set");
    refused("${env:TASKS}", "${file:/no}", "${file:/no}", "cannot be read: no such file");
    refused("${env:TASKS}", "${evn:TASKS}", "${evn:TASKS}", "no placeholder that is known");
    refused("${env:TASKS}", "${env:TASKS", "${env:TASKS", "never closed");
    refused(
        "${env:TASKS}",
        "${env:PASSWORD}",
        "${env:PASSWORD}",
        "`tasks.max` takes a whole number",
    );
    for limit in ["200%", "100.5%", "lots", "1001", "'1001'", "-1", "-1%"] {
        refused(
            "12.5%",
            limit,
            limit,
            "`errors.reject.limit` takes a count of the last 1000 records, 0 to 1000",
        );
    }
    refused("kafka:", "kafka: {}\nkafak:", "kafak", "there is no setting `kafak`");
    refused("path: orders.db", "", "sqlite", "`sqlite` lacks the setting `path`");
    refused("sqlite:", "sqllite:", "sqllite", "`sink` has no choice `sqllite`");
    refused(
        "unix.seconds",
        "unix",
        "unix",
        "`from` is `unix.seconds`, `unix.milliseconds` or `iso8601`",
    );
    refused("{console: }", "console", "console", "`sink` takes a choice and its settings");
    refused("smt: mask-field", "name: x", "name", "`name` is given twice");
    refused("topics: orders, returns", "<<: x", "<<", "merge keys");
    refused("topics: [x]", "topics: *x", "*x", "an alias");
    refused("topics: [x]", "topics: &x [x]", "&x", "an anchor");
    refused("topics: [x]", "topics: [x", ":", "not YAML");
}

#[test]
fn a_string_for_a_list_and_an_empty_key_are_read() {
    let loaded = read(&WHOLE.replace("tasks.max: ${env:TASKS}", "tasks.max: ${env:EMPTY}"));
    assert_eq!(messages(&loaded), [""; 0]);
    assert_eq!(loaded.config.unwrap().connectors["orders"].tasks_max, 1);
}

#[test]
fn several_problems_come_together_and_in_order() {
    let text = "kafka: {}\nconnectors:\n  a:\n    tasks.max: x\n    sink: {discard: {delay.ms: -1}}\n  b: 5\n";
    let loaded = read(text);
    assert_eq!(
        messages(&loaded),
        [
            "`kafka` lacks `bootstrap.servers`",
            "sink connector `a` reads no topics",
            "`tasks.max` takes a whole number, found text",
            "`delay.ms` takes 0 or more, found `-1`",
            "`b` takes settings (`key: value`), found a number",
        ]
    );
}

#[test]
fn nothing_secret_is_shown() {
    let secret = "hunter2";
    let places = [
        ("sasl.password: ${env:PASSWORD}", "sasl.password: hunter2\n  enable.auto.commit: true"),
        ("sasl.password: ${env:PASSWORD}", "sasl.pasword: {a: hunter2}"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: &hunter2 x"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: !hunter2 x"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: *hunter2"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: [hunter2]"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: a #hunter2"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: 'hunter2"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: %hunter2"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: ${env:NO:hunter2}"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: ${env:NO:-hunter2}"),
        ("sasl.password: ${env:PASSWORD}", "sasl.password: x\n  sasl.password: hunter2"),
        ("sasl.password: ${env:PASSWORD}", "ssl.key.pem: |\n    x\n    hunter2"),
        ("tasks.max: ${env:TASKS}", "tasks.max: {password: hunter2}"),
        ("tasks.max: ${env:TASKS}", "tasks.max: ${env:PASSWORD}"),
        ("tasks.max: ${env:TASKS}", "pasword: hunter2"),
        ("tasks.max: ${env:TASKS}", "errors.tolerance: ${env:PASSWORD}"),
        ("tasks.max: ${env:TASKS}", "errors.reject.limit: ${env:PASSWORD}"),
        ("keep.last: 1.10", "hash.salt: hunter2, password: [hunter2]"),
    ];
    for (from, to) in places {
        assert!(WHOLE.contains(from), "{from}");
        let loaded = read(&WHOLE.replacen(from, to, 1));
        assert_ne!(messages(&loaded), [""; 0], "{to}");
        let excerpts: Vec<_> =
            loaded.problems.iter().map(|p| loaded.source.excerpt(p.span)).collect();
        let shown = format!("{loaded:?} {excerpts:?}");
        assert!(!shown.contains(secret), "{to}: {shown}");
    }
}

#[test]
fn messages_from_elsewhere_are_censored() {
    let mut loaded = read(WHOLE);
    assert!(!format!("{:?}", loaded.config).contains("hunter2"));
    loaded.report([Problem::error(Span::default(), "`hunter2: #`{` is no name", "", "")]);
    assert_eq!(messages(&loaded), ["`[hidden]` is no name"]);
}

#[test]
fn excerpts_keep_the_caret_in_its_place() {
    let loaded = read("kafka: {sasl.pasword: hunter2, enable.auto.commit: true}\nconnectors: {}\n");
    let owned = loaded.problems.iter().find(|problem| problem.message.contains("auto.commit"));
    let excerpt = loaded.source.excerpt(owned.unwrap().span);
    assert_eq!(excerpt.text, "kafka: {sasl.pasword: [hidden], enable.auto.commit: true}");
    assert_eq!((excerpt.line, excerpt.column), (1, 32));
    assert_eq!((excerpt.before, excerpt.length), (32, "enable.auto.commit".len()));
}

/// A change of a text: what a slip of the hand does to it.
fn mutated(text: &str, at: usize, kind: u8, noise: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let at_line = at % lines.len();
    let at_char = text.floor_char_boundary(at % text.len());
    let (before, after) = text.split_at(at_char);
    let without = |line: usize| {
        lines
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != line)
            .map(|(_, line)| *line)
            .collect::<Vec<_>>()
    };
    match kind {
        0 => format!("{before}{noise}{after}"),
        1 => format!("{before}{}", after.get(1..).unwrap_or_default()),
        2 => without(at_line).join("\n"),
        3 => before.to_owned(),
        4 => text.replacen(lines[at_line], &format!("{0}\n{0}", lines[at_line]), 1),
        _ => text.replacen(lines[at_line], &format!("  {}", lines[at_line]), 1),
    }
}

proptest! {
    #[test]
    fn any_text_gives_a_configuration_or_a_problem_inside_it(
        changes in proptest::collection::vec((any::<u16>(), 0_u8..6, r#"[a-z:\- {}\[\]"'$&*!|>%@`#,0-9äß\n\t]{1,4}"#), 1..5),
    ) {
        let whole = WHOLE.replace("ssl.key.password: ${file:/run/key}", "ssl.key.password: hunter2");
        let text = changes.iter().fold(whole, |text, (at, kind, noise)| match text.len() {
            0 => text,
            _ => mutated(&text, usize::from(*at), *kind, noise),
        });
        let loaded = read(&text);
        prop_assert_eq!(loaded.config.is_some(), loaded.is_valid());
        prop_assert!(loaded.config.is_some() || !loaded.problems.is_empty());
        for problem in &loaded.problems {
            let Span { start, end } = problem.span;
            prop_assert!(start <= end && end <= text.len() + 1, "{:?}", problem);
            prop_assert!(text.is_char_boundary(start.min(text.len())) && text.is_char_boundary(end.min(text.len())));
            let excerpt = loaded.source.excerpt(problem.span);
            prop_assert!(excerpt.before <= excerpt.text.chars().count());
            prop_assert!(!format!("{problem:?} {excerpt:?}").contains("hunter2"), "{}", excerpt.text);
            prop_assert!(!problem.message.is_empty() && !problem.label.is_empty() && !problem.help.is_empty());
        }
    }
}
