//! Which record keeps a partition from being committed, and for how long.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use transom_core::{
    ledger::{Ledger, Ticket},
    topic::TopicPartition,
};

/// The oldest unsettled record of each partition, and since when it is that one.
#[derive(Debug, Default)]
pub(super) struct Stalls(BTreeMap<TopicPartition, (Ticket, Instant)>);

/// A record that is in flight for longer is shown. Lag alone says nothing: records may come faster than they go.
const STALLED: Duration = Duration::from_secs(5);

impl Stalls {
    /// Looks at the ledger and names a record that has been in flight for too long.
    pub(super) fn look(&mut self, ledger: &Ledger, now: Instant) -> Option<String> {
        let before = std::mem::take(&mut self.0);
        let mut stalled = None;
        for oldest in ledger.oldest() {
            let known = before.get(&oldest.partition);
            let known = known.filter(|(ticket, _)| *ticket == oldest.ticket);
            let since = known.map_or(now, |(_, since)| *since);
            if now - since >= STALLED {
                let (offset, seconds) = (oldest.offset, (now - since).as_secs());
                stalled = Some(format!(
                    "stalled: offset {offset} of `{}` has been in flight for {seconds} s",
                    oldest.partition
                ));
            }
            self.0.insert(oldest.partition, (oldest.ticket, since));
        }
        stalled
    }
}

#[cfg(test)]
mod tests {
    use super::Stalls;
    use std::time::{Duration, Instant};
    use transom_core::{
        ledger::{Admission, Ledger},
        topic::TopicPartition,
    };

    #[test]
    fn a_record_that_stays_is_named_and_one_that_moves_on_is_not() {
        let (mut ledger, mut stalls) = (Ledger::default(), Stalls::default());
        ledger.open(&TopicPartition { topic: "orders".into(), partition: 2 }, 0);
        let Admission::Admitted(first) = ledger.admit("orders", 2, 4) else { panic!() };
        ledger.admit("orders", 2, 9);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(stalls.look(&ledger, at(0)), None);
        assert_eq!(stalls.look(&ledger, at(4)), None);
        let named = "stalled: offset 4 of `orders-2` has been in flight for 7 s";
        assert_eq!(stalls.look(&ledger, at(7)).as_deref(), Some(named));
        ledger.settle(first);
        assert_eq!(stalls.look(&ledger, at(8)), None);
    }
}
