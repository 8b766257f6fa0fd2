//! One record is followed through a task, by what it is called where it came from.

use crate::{
    logs::Logs,
    sinks::Kind,
    world::{World, plan},
};
use std::sync::Arc;
use tracing::Level;
use transom_core::config::Tolerance;
use transom_runtime::assembly::{Direction, Plan};

const VALUES: [&str; 6] = [
    r#"{"n":0}"#,
    "poison",
    r#"{"then":"drop"}"#,
    r#"{"do":"fail"}"#,
    r#"{"do":"reject"}"#,
    r#"{"do":"split"}"#,
];

fn world(kind: Kind) -> Arc<World> {
    World::filled(kind, &VALUES)
}

/// What is told of a record, without what all lines of it have.
fn way(logs: &Logs, record: &str) -> Vec<String> {
    let lines = logs.with(&format!(" {record}"));
    let is_it = |line: &&String| format!("{line} ").contains(&format!(" {record} "));
    let told = |line: &String| {
        let line = line.strip_prefix("DEBUG record ").unwrap().replace(&format!(" {record}"), "");
        line.replace(" task=memory-0", "")
    };
    lines.iter().filter(is_it).map(told).collect()
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_topic_is_followed_to_where_it_ends() {
    for kind in [Kind::PLAIN, Kind::STORING] {
        let logs = Logs::listen(Level::DEBUG);
        world(kind).drain(plan()).await;
        let of = |offset: i64| way(&logs, &format!("topic=orders partition=0 offset={offset}"));
        assert_eq!(
            of(0),
            [
                r#"was decoded key="k""#,
                r#"was kept key="k" transform=obey"#,
                r#"was kept key="k" transform=obey-again"#,
                r#"was delivered key="k" to=table `rows`"#,
            ]
        );
        assert_eq!(
            of(1),
            [
                r#"failed key="k" stage=VALUE_CONVERTER code=poison"#,
                r#"was dead-lettered key="k" stage=VALUE_CONVERTER code=poison to=topic `dead`"#,
            ]
        );
        assert_eq!(
            of(2)[1..],
            [r#"was kept key="k" transform=obey"#, r#"was dropped key="k" transform=obey-again"#]
        );
        let failed = r#"key="k" transform=obey stage=TRANSFORMATION code=told-to"#;
        assert_eq!(
            of(3)[1..],
            [format!("failed {failed}"), format!("was dead-lettered {failed} to=topic `dead`")]
        );
        let refused =
            r#"was dead-lettered key="k" stage=TASK_PUT code=refused-0-4 to=topic `dead`"#;
        assert_eq!(of(4)[3..], [refused]);
        let child = |number: u32, what: &str| {
            let lines = of(5);
            lines.iter().any(|line| line.contains(&format!("{what} child={number}")))
        };
        assert!((0..3).all(|number| child(number, "was kept") && child(number, "was delivered")));
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_topic_takes_is_said_to_be_skipped_or_to_stop_the_task() {
    for (tolerance, end) in [(Tolerance::All, "was skipped"), (Tolerance::None, "stops the task")] {
        let logs = Logs::listen(Level::DEBUG);
        let mut plan = plan();
        (plan.errors.tolerance, plan.errors.dead_letters) = (tolerance, None);
        let world = world(Kind::PLAIN);
        if tolerance == Tolerance::All {
            world.drain(plan).await;
        } else {
            world.start(plan).ended().await;
        }
        let told = way(&logs, "topic=orders partition=0 offset=1");
        assert!(told.last().unwrap().starts_with(end), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_source_is_followed_by_what_the_source_calls_it() {
    let logs = Logs::listen(Level::DEBUG);
    let world = World::plain();
    world.outside.lock().unwrap().values =
        [r#"{"n":0}"#, r#"{"do":"fail"}"#].map(str::to_owned).into();
    world.start(Plan { direction: Direction::Source, ..plan() }).ended().await;
    let of = |part: usize| {
        let source = format!(r#"source=before `1` of `{{"part":{part}}}`"#);
        way(&logs, &format!(r#"topic=out {source} key="{part}""#))
    };
    assert_eq!(
        of(0),
        [
            "was read",
            "was kept transform=obey",
            "was kept transform=obey-again",
            "was delivered to=offset 0 of `out-0`",
        ]
    );
    let failed = "transform=obey stage=TRANSFORMATION code=told-to";
    let [read, refused, ended] = &of(1)[..] else { panic!("{:?}", of(1)) };
    assert_eq!((&**read, refused), ("was read", &format!("failed {failed}")));
    assert_eq!(*ended, format!("was dead-lettered {failed} to=topic `dead`"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_records_above_debug_level() {
    let logs = Logs::listen(Level::INFO);
    world(Kind::PLAIN).drain(plan()).await;
    assert_eq!(logs.with("record"), Vec::<String>::new());
}
