//! Runs: what a seed repeats, what a restart goes on with, what comes twice and what never does.

use super::*;

fn orders() -> DatagenSource {
    example(ORDERS, &[])
}

fn ids(messages: &[Owned]) -> BTreeSet<String> {
    messages.iter().map(|order| order.field("order_id").unwrap().to_string()).collect()
}

fn run(settings: &DatagenSource, position: Option<&str>, start: Start) -> Vec<Owned> {
    take(&mut Stream::new(settings, position, start).unwrap(), usize::MAX)
}

#[test]
fn a_seed_makes_a_run_repeatable() {
    let settings = DatagenSource { seed: Some(7), ..orders() };
    let first = run(&settings, None, Start { again: true, seed: 1, now_ms: NOW_MS });
    let other = run(&settings, None, Start { again: true, seed: 2, now_ms: NOW_MS });
    assert_eq!(first, other);
    assert_eq!(first[0].field("order_id").unwrap(), json!("O1"));
    // Also where the run before left its position.
    let again = run(&settings, Some(&first[99].position), START);
    assert_eq!(first, again);
    let reseeded = DatagenSource { seed: Some(8), ..orders() };
    assert_ne!(run(&reseeded, None, START), first);
}

#[test]
fn without_a_seed_runs_differ_and_repeat_no_id() {
    let first = run(&orders(), None, Start { again: true, seed: 1, now_ms: NOW_MS });
    let second =
        run(&orders(), Some(&first[99].position), Start { again: true, seed: 2, now_ms: NOW_MS });
    // The position was lost, and a millisecond has passed.
    let third = run(&orders(), None, Start { again: true, seed: 3, now_ms: NOW_MS + 1 });
    assert_eq!((first.len(), second.len(), third.len()), (100, 100, 100));
    assert!(ids(&first).is_disjoint(&ids(&second)));
    assert!(ids(&first).is_disjoint(&ids(&third)));
    let quantities =
        |run: &[Owned]| run.iter().map(|order| order.field("quantity")).collect::<Vec<_>>();
    assert_ne!(quantities(&first), quantities(&second));
    // The clock was turned back by a year.
    let early = run(
        &orders(),
        Some(&second[99].position),
        Start { again: true, seed: 4, now_ms: NOW_MS - 31_536_000_000 },
    );
    assert!(ids(&early).is_disjoint(&ids(&first)) && ids(&early).is_disjoint(&ids(&second)));
}

#[test]
fn a_restart_of_the_task_makes_no_second_run() {
    let first = run(&orders(), None, START);
    let restart = Start { again: false, ..START };
    assert_eq!(run(&orders(), Some(&first[99].position), restart), []);
    assert_eq!(run(&orders(), Some(&first[89].position), restart), first[90..]);
    let seeded = DatagenSource { seed: Some(7), ..orders() };
    let first = run(&seeded, None, restart);
    assert_eq!(run(&seeded, Some(&first[99].position), restart), []);
}

#[test]
fn more_messages_are_made_when_the_count_is_raised() {
    let first = run(&orders(), None, START);
    let raised = DatagenSource { count: Some(130), ..orders() };
    let more =
        run(&raised, Some(&first[99].position), Start { again: true, seed: 9, now_ms: NOW_MS });
    assert_eq!(more, run(&raised, None, START)[100..]);
}

#[test]
fn a_position_of_another_seed_is_no_position_of_this_stream() {
    let settings = DatagenSource { seed: Some(7), ..orders() };
    let position = &run(&settings, None, START)[50].position;
    let reseeded = DatagenSource { seed: Some(8), ..orders() };
    assert_eq!(run(&reseeded, Some(position), START), run(&reseeded, None, START));
}

#[test]
fn positions_of_something_else_are_refused() {
    for position in ["", "{}", "{\"line\":1}", "{\"seed\":1,\"first\":1,\"next\":-1}"] {
        let error = Stream::new(&orders(), Some(position), START).unwrap_err();
        assert!(error.to_string().contains(&format!("position `{position}`")), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn pauses_lie_in_their_range_and_repeat_with_the_seed() {
    let pauses = || {
        let mut stream = Stream::new(&orders(), None, START).unwrap();
        let mut pauses = Vec::new();
        while stream.next_message(NOW_MS).is_some() {
            pauses.push(stream.pause_ms());
        }
        pauses
    };
    assert_eq!(pauses(), pauses());
    assert!(pauses().iter().all(|pause| (500..=2_000).contains(pause)));
    assert!(pauses().iter().min() < Some(&700) && pauses().iter().max() > Some(&1_800));
    let fixed = Stream::new(&example(EVENTS, &[]), None, START).unwrap();
    assert_eq!(fixed.pause_ms(), 200);
}

proptest! {
    /// However often a run is interrupted, and wherever: its messages are those of the run that never was.
    #[test]
    fn a_run_that_goes_on_is_the_run_that_was_not_interrupted(
        seed in any::<u64>(),
        parts in prop::collection::vec(0_usize..300, 0..6),
        configured in any::<bool>(),
    ) {
        let mut settings = example(EVENTS, &[]);
        settings.seed = configured.then_some(seed);
        let start = Start { again: true, seed, now_ms: NOW_MS };
        let whole = take(&mut Stream::new(&settings, None, start).unwrap(), parts.iter().sum());
        let mut in_parts: Vec<Owned> = Vec::new();
        for part in parts {
            let position = in_parts.last().map(|message| message.position.clone());
            // A restart has other numbers at hand, which are of no use to it.
            let start = if position.is_some() { Start { again: true, seed: !seed, now_ms: 0 } } else { start };
            let mut stream = Stream::new(&settings, position.as_deref(), start).unwrap();
            in_parts.extend(take(&mut stream, part));
        }
        prop_assert_eq!(in_parts, whole);
    }

    /// Every message is JSON that a strict reader takes, and every number in sequences comes once.
    #[test]
    fn every_message_is_valid_json(seed in any::<u64>()) {
        for settings in [example(EVENTS, &[]), orders()] {
            let mut stream = Stream::new(&settings, None, Start { again: true, seed, now_ms: NOW_MS }).unwrap();
            for message in take(&mut stream, 100) {
                prop_assert!(serde_json::from_str::<Value>(&message.text).is_ok());
                prop_assert!(serde_json::from_str::<Value>(&message.position).is_ok());
            }
        }
    }
}
