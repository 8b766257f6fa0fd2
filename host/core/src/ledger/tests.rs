//! The ledger against a model that keeps every record for ever and looks through all of them.

use super::{Admission, Ledger, Ticket};
use crate::topic::{Offsets, TopicPartition};
use proptest::prelude::*;

/// One step of a script. Numbers choose among what is there, modulo its count.
#[derive(Debug, Clone)]
enum Action {
    Open { partition: i32, from: i64 },
    Close { partition: i32 },
    Admit { partition: i32, gap: i64 },
    Settle { which: usize },
}

#[derive(Debug, Default)]
struct Model {
    /// Every record that was ever admitted.
    records: Vec<Admitted>,
    /// For each partition its generation, while it is open, and where that began.
    open: [Option<(usize, i64)>; 3],
    /// The reader's position.
    next: [i64; 3],
    generations: usize,
}

#[derive(Debug)]
struct Admitted {
    partition: i32,
    generation: usize,
    offset: i64,
    ticket: Ticket,
    is_settled: bool,
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition: number }
}

fn ticket(admission: Admission) -> Ticket {
    let Admission::Admitted(ticket) = admission else { panic!("{admission:?}") };
    ticket
}

impl Model {
    fn of(&self, partition: i32) -> impl Iterator<Item = &Admitted> {
        let open = self.open[usize::try_from(partition).unwrap()];
        self.records.iter().filter(move |record| {
            record.partition == partition
                && open.is_some_and(|(generation, _)| record.generation == generation)
        })
    }

    fn committable(&self) -> Offsets {
        let mut offsets = Offsets::new();
        for number in 0..3 {
            let index = usize::try_from(number).unwrap();
            let Some((_, from)) = self.open[index] else { continue };
            let settled = self.of(number).take_while(|record| record.is_settled).last();
            let offset = if self.of(number).all(|record| record.is_settled) {
                self.next[index].max(from)
            } else {
                settled.map_or(from, |record| record.offset + 1)
            };
            offsets.insert(partition(number), offset);
        }
        offsets
    }

    fn in_flight(&self) -> usize {
        (0..3).map(|number| self.of(number).filter(|record| !record.is_settled).count()).sum()
    }
}

fn run(ledger: &mut Ledger, model: &mut Model, action: &Action) {
    match *action {
        Action::Open { partition: number, from } => {
            ledger.open(&partition(number), from);
            let index = usize::try_from(number).unwrap();
            model.generations += 1;
            model.open[index] = Some((model.generations, from));
            model.next[index] = from;
        }
        Action::Close { partition: number } => {
            let unsettled = model.of(number).filter(|record| !record.is_settled).count();
            assert_eq!(ledger.close(&partition(number)), unsettled);
            model.open[usize::try_from(number).unwrap()] = None;
        }
        Action::Admit { partition: number, gap } => {
            let index = usize::try_from(number).unwrap();
            let offset = model.next[index] + gap;
            let admission = ledger.admit("orders", number, offset);
            let Some((generation, _)) = model.open[index] else {
                assert_eq!(admission, Admission::Closed);
                return;
            };
            assert_eq!(ledger.admit("orders", number, offset), Admission::Below);
            let ticket = ticket(admission);
            // A transaction marker behind each third record.
            model.next[index] = offset + 1 + i64::from(offset % 3 == 0);
            let record =
                Admitted { partition: number, generation, offset, ticket, is_settled: false };
            model.records.push(record);
        }
        Action::Settle { which } => {
            if model.records.is_empty() {
                return;
            }
            let which = which % model.records.len();
            let record = &model.records[which];
            let open = model.open[usize::try_from(record.partition).unwrap()];
            let counts = open.is_some_and(|(generation, _)| generation == record.generation);
            assert_eq!(ledger.settle(record.ticket), counts && !record.is_settled);
            model.records[which].is_settled = true;
        }
    }
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        2 => (0..3, 0..50_i64).prop_map(|(partition, from)| Action::Open { partition, from }),
        1 => (0..3).prop_map(|partition| Action::Close { partition }),
        12 => (0..3, 0..4_i64).prop_map(|(partition, gap)| Action::Admit { partition, gap }),
        12 => any::<usize>().prop_map(|which| Action::Settle { which }),
    ];
    proptest::collection::vec(action, 0..120)
}

proptest! {
    #[test]
    fn it_answers_as_a_model_that_forgets_nothing(actions in actions()) {
        let (mut ledger, mut model) = (Ledger::default(), Model::default());
        for action in &actions {
            run(&mut ledger, &mut model, action);
            let positions =
                (0..3).map(|number| (partition(number), model.next[usize::try_from(number).unwrap()])).collect();
            prop_assert_eq!(ledger.committable(&positions), model.committable());
            prop_assert_eq!(ledger.in_flight(), model.in_flight());
            let oldest: Vec<(TopicPartition, i64)> =
                ledger.oldest().map(|oldest| (oldest.partition, oldest.offset)).collect();
            for (of, offset) in oldest {
                let first = model.of(of.partition).find(|record| !record.is_settled).unwrap();
                prop_assert_eq!(first.offset, offset);
            }
        }
    }
}

#[test]
fn a_settlement_of_an_earlier_assignment_changes_nothing() {
    let mut ledger = Ledger::default();
    ledger.open(&partition(0), 5);
    let old = ticket(ledger.admit("orders", 0, 5));
    assert_eq!(ledger.close(&partition(0)), 1);
    ledger.open(&partition(0), 5);
    let new = ticket(ledger.admit("orders", 0, 5));
    assert!(!ledger.settle(old));
    assert_eq!(ledger.committable(&Offsets::new()), Offsets::from([(partition(0), 5)]));
    assert!(ledger.settle(new));
    assert_eq!(ledger.committable(&Offsets::new()), Offsets::from([(partition(0), 6)]));
}
