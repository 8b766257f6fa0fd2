//! The log against a list of batches: whatever is appended, torn, deleted and opened again, reads agree.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::batch::testing::Sample;
use super::batch::{Header, place};
use super::records::Found;
use super::*;
use crate::topic::TopicConfigs;

/// One step in a log's life.
#[derive(Debug, Clone)]
enum Step {
    Append {
        count: i32,
        timestamp: i64,
        payload: usize,
    },
    /// The process ends and another one opens the log.
    Reopen,
    /// It ends in the middle of a write that nobody was told of: this share of a batch is there.
    Interrupted {
        percent: usize,
    },
    /// The machine ends, and part of the last batch with it.
    Lost {
        bytes: usize,
    },
    DeleteBefore {
        percent: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let append = (1..5_i32, 0..100_i64, 0..900_usize)
        .prop_map(|(count, timestamp, payload)| Step::Append { count, timestamp, payload });
    prop_oneof![
        12 => append,
        1 => Just(Step::Reopen),
        1 => (1..100_usize).prop_map(|percent| Step::Interrupted { percent }),
        1 => (0..900_usize).prop_map(|bytes| Step::Lost { bytes }),
        1 => (0..=100_i64).prop_map(|percent| Step::DeleteBefore { percent }),
    ]
}

fn configs(set: &[(&str, &str)]) -> TopicConfigs {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    TopicConfigs::new(set.iter().map(owned).collect::<BTreeMap<_, _>>()).unwrap()
}

/// A log and what should be in it.
struct Pair {
    directory: TempDir,
    log: Partition,
    configs: TopicConfigs,
    /// Each batch as it should be read, with its header.
    batches: Vec<(Header, Vec<u8>)>,
    start: i64,
    end: i64,
}

impl Pair {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = Partition::open(directory.path().to_owned(), 0).unwrap();
        let configs = configs(&[("segment.bytes", "2000")]);
        Self { directory, log, configs, batches: Vec::new(), start: 0, end: 0 }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Append { count, timestamp, payload } => {
                let payload = vec![7; payload];
                self.append(&Sample { count, timestamp, payload, ..Sample::default() });
            }
            Step::Reopen => self.reopen(),
            Step::Interrupted { percent } => {
                let bytes = Sample { payload: vec![9; 300], ..Sample::default() }.bytes();
                let mut file = OpenOptions::new().append(true).open(self.last_file()).unwrap();
                file.write_all(&bytes[..bytes.len() * percent / 100]).unwrap();
                self.reopen();
            }
            Step::Lost { bytes } => self.lose(bytes),
            Step::DeleteBefore { percent } => {
                let offset = self.start + (self.end - self.start) * percent / 100;
                assert_eq!(self.log.delete_before(Some(offset)).unwrap(), Some(offset));
                self.start = offset;
            }
        }
    }

    fn append(&mut self, sample: &Sample) {
        let mut bytes = sample.bytes();
        let appended = self.log.append(&bytes, &self.configs).unwrap();
        assert_eq!((appended.base_offset, appended.start_offset), (self.end, self.start));
        place(&mut bytes, self.end);
        let header = Header::check(&bytes).unwrap();
        self.end = header.next_offset();
        self.batches.push((header, bytes));
    }

    fn reopen(&mut self) {
        self.log = Partition::open(self.directory.path().to_owned(), self.start).unwrap();
    }

    fn lose(&mut self, bytes: usize) {
        let path = self.last_file();
        let length = path.metadata().unwrap().len();
        let Some((header, _)) = self.batches.last() else { return };
        if length == 0 {
            return;
        }
        let lost = 1 + bytes % header.size;
        File::options().write(true).open(path).unwrap().set_len(length - lost as u64).unwrap();
        // Offsets that were deleted on request are not given out again.
        self.end = header.base_offset.max(self.start);
        self.batches.pop();
        self.reopen();
    }

    fn last_file(&self) -> PathBuf {
        files(self.directory.path()).pop().unwrap()
    }

    fn check(&self) {
        assert_eq!(self.log.bounds(), (self.start, self.end));
        for offset in self.start..=self.end {
            let from = self.batches.iter().position(|(header, _)| header.next_offset() > offset);
            let rest = &self.batches[from.unwrap_or(self.batches.len())..];
            let expected: Vec<u8> = rest.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            for limit in [0, 700, 100_000] {
                let limit = Limit { bytes: limit, or_one: true };
                let read = self.log.read(offset, limit, &Arc::default()).unwrap().records;
                assert!(expected.starts_with(&read), "read from {offset}");
                let least = rest.first().map_or(0, |(header, _)| header.size);
                assert!(read.len() >= least && read.len() <= limit.bytes.max(least));
            }
        }
        for timestamp in [0, 30, 60, 100] {
            let is_late = |header: &Header| {
                header.max_timestamp >= timestamp && header.next_offset() > self.start
            };
            let expected = self.batches.iter().map(|(header, _)| header).find(|it| is_late(it));
            let expected = expected.map(|header| Found {
                offset: header.base_offset.max(self.start),
                timestamp: header.max_timestamp,
            });
            assert_eq!(self.log.find(timestamp).unwrap(), expected, "from {timestamp}");
        }
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_a_list_of_batches(steps in proptest::collection::vec(step(), 1..40)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
        }
        pair.check();
        pair.reopen();
        pair.check();
    }

    #[test]
    fn damage_is_told_unless_it_is_in_what_was_written_last(
        steps in proptest::collection::vec(step(), 1..40),
        batch in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
    ) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
        }
        let on_disk = on_disk(pair.directory.path());
        prop_assume!(!on_disk.is_empty());
        let (path, at, header) = batch.get(&on_disk);
        let good = fs::read(path).unwrap();
        let mut bad = good.clone();
        bad[at + byte.get(&telling(header))] ^= 1;
        fs::write(path, &bad).unwrap();
        let is_last = (path, at + header.size) == (&pair.last_file(), good.len());
        let opened = Partition::open(pair.directory.path().to_owned(), pair.start);
        if is_last {
            assert_eq!(opened.unwrap().bounds(), (pair.start, pair.start.max(header.base_offset)));
            return Ok(());
        }
        let error = opened.unwrap_err().to_string();
        let lost = format!("offsets {} to {} would be lost", header.base_offset, pair.end - 1);
        assert!(error.contains(&lost), "{error} instead of {lost}");
        assert!(error.contains(&format!("`{}` has no whole batch at byte {at},", path.display())));
        assert_eq!(fs::read(path).unwrap(), bad, "what cannot be read is not touched");
        fs::write(path, good).unwrap();
        pair.reopen();
        pair.check();
    }
}

/// Where each batch is: file, position, header.
fn on_disk(directory: &Path) -> Vec<(PathBuf, usize, Header)> {
    let mut found = Vec::new();
    for path in files(directory) {
        let (bytes, mut at) = (fs::read(&path).unwrap(), 0);
        while let Ok(header) = Header::check(&bytes[at..]) {
            found.push((path.clone(), at, header));
            at += header.size;
        }
    }
    found
}

/// The bytes of a batch that say whether it is whole: not its place, which other batches tell, and not the leader's epoch.
fn telling(header: &Header) -> Vec<usize> {
    (8..12).chain(16..header.size).collect()
}

fn open(directory: &TempDir) -> Partition {
    Partition::open(directory.path().to_owned(), 0).unwrap()
}

#[test]
fn offsets_outside_of_the_log_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(&directory);
    let limit = Limit { bytes: 100, or_one: true };
    for offset in [-1, 1] {
        let error = log.read(offset, limit, &Arc::default()).unwrap_err();
        assert!(matches!(error, ReadError::OutOfRange { start: 0, end: 0, .. }));
    }
    assert_eq!(log.delete_before(Some(1)).unwrap(), None);
}

/// Three segments with one record each.
fn three_segments(directory: &Path) -> Vec<PathBuf> {
    let log = Partition::open(directory.to_owned(), 0).unwrap();
    for _ in 0..3 {
        let sample = Sample { payload: vec![0; 900], ..Sample::default() };
        log.append(&sample.bytes(), &configs(&[("segment.bytes", "1024")])).unwrap();
    }
    files(directory)
}

#[test]
fn a_missing_segment_is_told_and_the_way_out_leads_out() {
    let directory = tempfile::tempdir().unwrap();
    let partition = directory.path().join("orders-0");
    let files = three_segments(&partition);
    fs::remove_file(&files[1]).unwrap();
    let error = Partition::open(partition.clone(), 0).unwrap_err();
    let file = files[0].display();
    let expected = format!(
        "partition `orders-0` is damaged: `{file}` has no whole batch at byte 961, and offsets 1 to 2 would be lost; restore the \
         file, or give them up: `truncate -s 961 {file}`, and move the later files out of the folder"
    );
    assert_eq!(error.to_string(), expected);
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "offset 2 follows, where 1 was expected");
    fs::remove_file(&files[2]).unwrap();
    assert_eq!(Partition::open(partition, 0).unwrap().bounds(), (0, 1));
}

#[test]
fn damage_under_a_running_broker_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let files = three_segments(directory.path());
    let log = open(&directory);
    fs::write(&files[1], [0; 961]).unwrap();
    let limit = Limit { bytes: 100, or_one: true };
    let ReadError::Storage(error) = log.read(1, limit, &Arc::default()).unwrap_err() else {
        panic!("the offset is there")
    };
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), format!("`{}` has no batch at byte 0", files[1].display()));
}

#[test]
fn what_a_failed_append_left_does_not_stay_in_the_middle_of_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let files = three_segments(directory.path());
    let log = open(&directory);
    OpenOptions::new().append(true).open(&files[2]).unwrap().write_all(b"half a batch").unwrap();
    let sample = Sample { payload: vec![0; 900], ..Sample::default() };
    log.append(&sample.bytes(), &configs(&[("segment.bytes", "1024")])).unwrap();
    drop(log);
    assert_eq!(open(&directory).bounds(), (0, 4));
}

#[test]
fn what_is_not_one_good_batch_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (log, configs) = (open(&directory), configs(&[("max.message.bytes", "100")]));
    let good = Sample::default().bytes();
    let long = Sample { payload: vec![0; 100], ..Sample::default() }.bytes();
    let mut flipped = good.clone();
    flipped[65] ^= 1;
    for bad in [&[][..], &good[..50], &flipped, &[good.clone(), good.clone()].concat(), &long] {
        log.append(bad, &configs).unwrap_err();
    }
    assert_eq!(log.bounds(), (0, 0));
    log.append(&good, &configs).unwrap();
    assert_eq!(log.bounds(), (0, 1));
}

#[test]
fn repeats_are_seen_after_a_restart_too() {
    let directory = tempfile::tempdir().unwrap();
    let configs = configs(&[]);
    let batch =
        |sequence| Sample { count: 2, producer: (5, 0, sequence), ..Sample::default() }.bytes();
    let log = open(&directory);
    for sequence in [0, 2, 4] {
        log.append(&batch(sequence), &configs).unwrap();
    }
    drop(log);
    let log = open(&directory);
    assert_eq!(log.append(&batch(2), &configs).unwrap().base_offset, 2);
    let gap = log.append(&batch(8), &configs).unwrap_err();
    assert!(matches!(gap, AppendError::Producer(Refusal::Sequence { expected: 6, .. })));
    assert_eq!(log.append(&batch(6), &configs).unwrap().base_offset, 6);
}

#[test]
fn retention_deletes_whole_segments_from_the_front() {
    let directory = tempfile::tempdir().unwrap();
    let set = [("segment.bytes", "1024"), ("retention.bytes", "3000"), ("retention.ms", "1000")];
    let configs = configs(&set);
    let log = open(&directory);
    for timestamp in 0..10 {
        let payload = vec![0; 900];
        log.append(&Sample { timestamp, payload, ..Sample::default() }.bytes(), &configs).unwrap();
    }
    log.retain(&configs, 0).unwrap();
    // Four segments of 961 bytes: without the first, less than 3 000 would be left.
    assert_eq!((log.bounds(), files(directory.path()).len()), ((6, 10), 4));
    log.retain(&configs, 1_008).unwrap();
    assert_eq!(log.bounds(), (8, 10));
    log.retain(&configs, 5_000).unwrap();
    assert_eq!(log.bounds(), (10, 10));
    drop(log);
    assert_eq!(open(&directory).bounds(), (10, 10), "offsets go on where they were");
}

#[test]
fn an_append_wakes_whoever_read_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(&directory);
    let fetch = Arc::new(Notify::new());
    let limit = Limit { bytes: 100, or_one: true };
    assert!(log.read(0, limit, &fetch).unwrap().records.is_empty());
    log.append(&Sample::default().bytes(), &configs(&[])).unwrap();
    let mut woken = std::pin::pin!(fetch.notified());
    assert!(woken.as_mut().enable());
}
