//! Rules about what a sink stores beside records, and about who may write.

use super::{
    Place,
    feed::partition,
    session::{Session, Times, assigned},
};
use crate::testing::{Broken, expect, succeed};
use transom_core::{connector::Class, topic::StoredOffset};

pub(super) async fn claim(place: &mut impl Place) -> Result<(), Broken> {
    let mut sink = succeed("claim", "open", place.open().await)?;
    let stored = succeed("claim", "claim", sink.claim(&assigned()).await)?;
    if !sink.delivery().stores_offsets {
        return expect("claim", stored.is_empty(), || {
            format!("a sink that stores no offsets answered with {stored:?}")
        });
    }
    answers_for_all(&stored)?;
    let none = stored.iter().all(|stored| stored.offset.is_none());
    expect("claim", none, || format!("nothing was stored yet, and the answer is {stored:?}"))?;
    drop(sink);
    // What is claimed later leaves what was claimed before.
    let mut session = Session::unclaimed(place, "claim").await?;
    for one in assigned() {
        succeed("claim", "claim", session.sink.claim(&[one]).await)?;
    }
    let sent = session.feed.batch(&[0, 1, 0]);
    session.put(&sent).await?;
    session.flush().await?;
    let session = session.crash().await?;
    answers_for_all(&session.stored)?;
    expect("claim", session.is_through(&sent), || {
        format!("stored is {:?}, put was {:?}", session.stored, sent.through)
    })
}

/// Each partition once, and the topic that it was stored for.
fn answers_for_all(stored: &[StoredOffset]) -> Result<(), Broken> {
    let mut answered: Vec<_> = stored.iter().map(|stored| stored.partition.clone()).collect();
    answered.sort();
    let claimed: Vec<_> = assigned().into_iter().map(|(partition, _)| partition).collect();
    expect("claim", answered == claimed, || {
        format!("{claimed:?} were claimed, the answer is for {answered:?}")
    })?;
    for StoredOffset { partition, identity, offset } in stored {
        let of = assigned().into_iter().find(|(of, _)| of == partition).map(|(_, of)| of);
        let known = offset.is_none() || identity.is_none() || *identity == of;
        expect("claim", known, || {
            format!("{partition} was stored for {of:?}, not for {identity:?}")
        })?;
    }
    Ok(())
}

pub(super) async fn through(place: &mut impl Place) -> Result<(), Broken> {
    let mut session = Session::open(place, "through").await?;
    if !session.sink.delivery().stores_offsets {
        return Ok(());
    }
    // Transaction markers, and records that were dropped, lie behind the last record that is put.
    let mut first = session.feed.batch(&[0, 0, 1]);
    first.without(&[1, 2]);
    *first.through.entry(partition(0)).or_default() += 5;
    session.put(&first).await?;
    session.flush().await?;
    let mut session = session.crash().await?;
    expect("through", session.is_through(&first), || {
        format!("stored is {:?}, put was {:?}", session.stored, first.through)
    })?;
    let mut second = session.feed.batch(&[1, 0]);
    second.without(&[0, 1]);
    second.through.entry(partition(0)).and_modify(|offset| *offset += 10);
    session.put(&second).await?;
    session.flush().await?;
    let mut session = session.crash().await?;
    expect("through", session.is_through(&second), || {
        format!("a put of no records through {:?} left {:?}", second.through, session.stored)
    })?;
    session.delivered(&[&first], Times::Once).await
}

pub(super) async fn fence(place: &mut impl Place) -> Result<(), Broken> {
    let mut older = Session::open(place, "fence").await?;
    if !older.sink.delivery().stores_offsets {
        return Ok(());
    }
    let first = older.feed.batch(&[0, 1]);
    older.put(&first).await?;
    older.flush().await?;
    let Session { place, mut feed, sink: mut fenced, .. } = older;
    let mut newer = Session::open(place, "fence").await?;
    expect("fence", newer.is_through(&first), || {
        format!("{:?} was put, the second claim says {:?}", first.through, newer.stored)
    })?;
    let second = feed.batch(&[0, 1]);
    let mut emptied = feed.batch(&[0]);
    emptied.without(&[0]);
    for sent in [&second, &emptied] {
        let put = fenced.put(sent.put()).await;
        let done = match put {
            Ok(_) => fenced.flush().await,
            Err(error) => Err(error),
        };
        expect(
            "fence",
            done.as_ref().is_err_and(|error| error.class == Class::Superseded),
            || format!("the older sink must be superseded; its put ended with {done:?}"),
        )?;
    }
    newer.delivered(&[&first], Times::Once).await?;
    newer.put(&second).await?;
    newer.flush().await?;
    newer.delivered(&[&first, &second], Times::Once).await
}
