//! Rules about what is delivered.

use super::{
    Place,
    feed::partition,
    session::{PARTITIONS, Session, Times},
};
use crate::testing::{Broken, expect, succeed};
use transom_core::{
    connector::{Class, Put},
    topic::Offsets,
};

pub(super) async fn delivery(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "delivery").await?;
    let before = session.sink.delivery();
    let sent = session.feed.batch(&[0]);
    session.put(&sent).await?;
    session.flush().await?;
    let after = session.sink.delivery();
    expect("delivery", before == after, || format!("{before:?} became {after:?}"))
}

pub(super) async fn empty_put(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "empty-put").await?;
    let mut sent = session.feed.batch(&[0, 1]);
    sent.without(&[0, 1]);
    let nothing = Put { batch: &sent.batch, records: &[], through: &Offsets::new() };
    for put in [nothing, sent.put()] {
        let rejected = succeed("empty-put", "put", session.sink.put(put).await)?;
        expect("empty-put", rejected.is_empty(), || {
            format!("nothing was put, and rejected: {rejected:?}")
        })?;
    }
    session.flush().await?;
    session.delivered(&[&sent], Times::Once).await
}

pub(super) async fn order(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "order").await?;
    let first = session.feed.batch(&[0, 1, 0, 0, 1]);
    let second = session.feed.batch(&[1]);
    let third = session.feed.batch(&[1, 0, 1, 0]);
    session.put(&first).await?;
    session.put(&second).await?;
    session.flush().await?;
    session.put(&third).await?;
    session.flush().await?;
    session.delivered(&[&first, &second, &third], Times::Once).await
}

pub(super) async fn chosen(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "chosen").await?;
    let mut sent = session.feed.batch(&[0, 0, 1, 1, 0]);
    sent.without(&[0, 2, 4]);
    session.put(&sent).await?;
    session.flush().await?;
    session.delivered(&[&sent], Times::Once).await
}

pub(super) async fn tombstone(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "tombstone").await?;
    let mut sent =
        session.feed.batch_with(&[0, 0, 0], |place, value| (place != 1).then_some(value));
    let rejected = session.try_put(&sent).await?;
    let only_it = rejected.iter().all(|rejection| rejection.index == 1);
    expect("tombstone", only_it, || format!("records with a value were rejected: {rejected:?}"))?;
    let is_rejected = !rejected.is_empty();
    if is_rejected || !session.place.shows_tombstones() {
        sent.without(&[1]);
    }
    if is_rejected && session.sink.delivery().atomic {
        session.put(&sent).await?;
    }
    session.flush().await?;
    session.delivered(&[&sent], Times::Once).await
}

pub(super) async fn split(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "split").await?;
    let sent = session.feed.split();
    session.put(&sent).await?;
    session.flush().await?;
    session.delivered(&[&sent], Times::Once).await
}

pub(super) async fn flush(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "flush").await?;
    let first = session.feed.batch(&[0, 1, 0]);
    session.put(&first).await?;
    session.flush().await?;
    let mut session = session.crash().await?;
    session.delivered(&[&first], Times::Once).await?;
    let second = session.feed.batch(&[1, 0]);
    session.put(&second).await?;
    session.flush().await?;
    session.flush().await?;
    session.delivered(&[&first, &second], Times::Once).await
}

pub(super) async fn crash(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "crash").await?;
    let first = session.feed.batch(&[0, 1]);
    let second = session.feed.batch(&[0, 1]);
    session.put(&first).await?;
    session.flush().await?;
    session.put(&second).await?;
    let mut session = session.crash().await?;
    let (mut times, mut again) = (Times::AtLeastOnce, true);
    if session.sink.delivery().stores_offsets {
        let (one, both) = (session.is_through(&first), session.is_through(&second));
        expect("crash", one || both, || {
            format!("two puts of two partitions left these offsets: {:?}", session.stored)
        })?;
        (times, again) = (Times::Once, one);
    }
    if again {
        session.put(&second).await?;
    }
    session.flush().await?;
    session.delivered(&[&first, &second], times).await
}

pub(super) async fn outage(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "outage").await?;
    let times = if session.sink.delivery().atomic { Times::Once } else { Times::AtLeastOnce };
    let sent = session.feed.batch(&[0, 1, 0, 1]);
    if !session.place.fail().await {
        return Ok(());
    }
    let mut survives = true;
    for _attempt in 0..2 {
        survives = survives && session.attempt(&sent).await?;
    }
    session.place.mend().await;
    if !survives {
        session = session.crash().await?;
    }
    session.put(&sent).await?;
    session.flush().await?;
    session.delivered(&[&sent], times).await
}

pub(super) async fn rejection(place: &mut impl Place) -> Result<(), Broken> {
    let Some(bad) = place.unacceptable() else { return Ok(()) };
    let mut session = Session::open(place, "rejection").await?;
    let replace = |place, value| Some(if place == 3 { bad.to_owned() } else { value });
    let mut sent = session.feed.batch_with(&[0, 1, 0, 1, 1], replace);
    // Places in the put are no places in the batch.
    sent.without(&[0]);
    match session.sink.put(sent.put()).await {
        Ok(rejected) => {
            let places: Vec<usize> = rejected.iter().map(|rejection| rejection.index).collect();
            expect("rejection", places == [2], || {
                format!("rejected were {places:?} of four records, expected [2]")
            })?;
        }
        Err(error) if error.class == Class::BadRecord => {}
        Err(error) => {
            let found = "a bad record failed the call as a whole".to_owned();
            return Err(Broken { rule: "rejection", found, cause: Some(error) });
        }
    }
    let atomic = session.sink.delivery().atomic;
    if atomic {
        let mut nothing = session.feed.batch(&[0, 1]);
        nothing.without(&[0, 1]);
        session.delivered(&[&nothing], Times::Once).await?;
    }
    sent.without(&[2]);
    if atomic {
        session.put(&sent).await?;
    }
    session.flush().await?;
    session.delivered(&[&sent], Times::Once).await
}

pub(super) async fn close(place: &mut impl Place) -> Result<(), Broken> {
    let mut unused = succeed("close", "open", place.open().await)?;
    succeed("close", "close", unused.close().await)?;
    drop(unused);
    let mut session = Session::open(place, "close").await?;
    let first = session.feed.batch(&[0, 1, 0]);
    session.put(&first).await?;
    session.flush().await?;
    session.sink.release(&[partition(0)]);
    let second = session.feed.batch(&[1]);
    session.put(&second).await?;
    session.flush().await?;
    session.sink.release(&PARTITIONS.map(partition));
    succeed("close", "close", session.sink.close().await)?;
    session.delivered(&[&first, &second], Times::Once).await
}
