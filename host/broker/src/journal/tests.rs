//! The journal against its own image: whatever is cut off, what remains is a prefix of what was written.

use std::fs;

use super::*;

fn committed(offset: i64) -> Committed {
    Committed { offset, leader_epoch: -1, metadata: "m".to_owned() }
}

fn topic(partitions: i32) -> TopicImage {
    let configs = [("retention.ms".to_owned(), "-1".to_owned())].into();
    TopicImage { id: "id".to_owned(), partitions, configs, starts: [].into() }
}

fn sample() -> Vec<Entry> {
    let text = str::to_owned;
    let offsets =
        |offset| vec![((text("orders"), 0), committed(offset)), ((text("bills"), 1), committed(5))];
    vec![
        Entry::Cluster { id: text("c") },
        Entry::Topic { name: text("orders"), topic: topic(1) },
        Entry::Topic { name: text("bills"), topic: topic(2) },
        Entry::Offsets { group: text("g"), offsets: offsets(3) },
        Entry::Offsets { group: text("g"), offsets: offsets(4) },
        Entry::RecordsDeleted { topic: text("bills"), partition: 1, offset: 2 },
        Entry::TopicDeleted { name: text("orders") },
        Entry::ProducerIds { next: 8 },
        Entry::Offsets { group: text("h"), offsets: offsets(9) },
        Entry::GroupDeleted { group: text("g") },
        Entry::OffsetsDeleted { group: text("h"), partitions: vec![(text("bills"), 1)] },
    ]
}

#[test]
fn an_image_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let mut expected = Image::default();
    for entry in sample() {
        let journal = Journal::open(path.clone()).unwrap();
        assert_eq!(journal.read(Image::clone), expected);
        expected.apply(entry.clone());
        journal.write(entry).unwrap();
    }
    let image = Journal::open(path).unwrap().read(Image::clone);
    assert_eq!(image, expected);
    assert_eq!(image.topics["bills"].starts[&1], 2);
    assert_eq!(image.offsets.keys().collect::<Vec<_>>(), ["h"]);
    assert_eq!(image.next_producer_id, 8);
}

#[test]
fn a_torn_journal_is_a_prefix() {
    let mut bytes = Vec::new();
    let mut images = vec![(0, Image::default())];
    for entry in sample() {
        bytes.extend(framed(&entry).unwrap());
        let mut image = images.last().unwrap().1.clone();
        image.apply(entry);
        images.push((bytes.len(), image));
    }
    for cut in 0..=bytes.len() {
        let (size, expected) = images.iter().rfind(|(size, _)| *size <= cut).unwrap();
        assert_eq!(replay(&bytes[..cut]).unwrap(), (expected.clone(), *size), "cut at {cut}");
    }
}

#[test]
fn a_journal_that_is_damaged_in_the_middle_is_named_and_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let entries = sample().iter().map(|entry| framed(entry).unwrap()).collect::<Vec<_>>();
    let (first, rest) = (entries[0].len(), entries[1..].concat().len());
    for byte in 0..first + rest - entries.last().unwrap().len() {
        let mut bytes = entries.concat();
        bytes[byte] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = Journal::open(path.clone()).unwrap_err();
        let BrokerError::DamagedJournal { position, .. } = error else { panic!("{error}") };
        assert!(position <= byte && (byte >= first) == (position > 0));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    // The end of a machine may leave zeros where the last entry should be.
    fs::write(&path, [entries[0].as_slice(), &[0; 100]].concat()).unwrap();
    assert_eq!(Journal::open(path).unwrap().read(|image| image.cluster_id.clone()).unwrap(), "c");
}

#[test]
fn an_unknown_entry_is_named_and_not_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let entry = br#"{"Later":{}}"#;
    let mut bytes = 12_u32.to_be_bytes().to_vec();
    bytes.extend(crc32c::crc32c(entry).to_be_bytes());
    bytes.extend(entry);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(Journal::open(path.clone()), Err(BrokerError::Journal { .. })));
    assert_eq!(fs::read(path).unwrap(), bytes, "what cannot be read is not touched");
}
