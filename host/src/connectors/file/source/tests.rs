//! What becomes of files that grow, move and break.

use super::*;
use proptest::prelude::*;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use transom_core::{
    batch::Batch,
    record::{NewRecord, Verdict},
};
use transom_runtime::testing::{Broken, source};

const LINE: FileSourceFormat = FileSourceFormat::Line;
const JSON: FileSourceFormat = FileSourceFormat::Json;

fn settings(path: &Path, format: FileSourceFormat) -> Settings {
    let (path, topic) = (path.display().to_string(), "lines".to_owned());
    Settings { path, topic, format, poll_interval_ms: 500, line_max_bytes: 20 }
}

fn append(path: &Path, text: &[u8]) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text).unwrap();
}

/// A directory with so many files.
struct Place(TempDir, usize);

#[async_trait]
impl source::Place for Place {
    async fn open(
        &mut self,
        positions: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError> {
        Ok(Box::new(FileSource::new(&settings(&self.0.path().join("*"), LINE), &positions)?))
    }

    async fn add(&mut self, number: usize) -> String {
        let path = self.0.path().join((number % self.1).to_string());
        append(&path, format!("line {number}\n").as_bytes());
        format!("\"line {number}\"")
    }
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() -> Result<(), Broken> {
    for files in [1, 3] {
        source::contract(|| Place(tempfile::tempdir().unwrap(), files)).await?;
    }
    Ok(())
}

/// What a source gave, and what it would go on from.
#[derive(Default)]
struct Basket {
    values: Vec<Vec<u8>>,
    errors: Vec<ConvertError>,
    positions: Vec<SourcePosition>,
}

impl SourceRecords for Basket {
    fn push(&mut self, record: SourceRecord<'_>) {
        assert_eq!(record.topic, "lines");
        self.values.push(record.value.unwrap().to_vec());
        self.errors.extend(record.error.cloned());
        let source_partition = record.source_partition.to_owned();
        self.positions.retain(|known| known.source_partition != source_partition);
        self.positions
            .push(SourcePosition { source_partition, position: record.position.to_owned() });
    }
}

impl Basket {
    /// Adds what another poll gave.
    fn add(&mut self, other: Self) {
        self.values.extend(other.values);
        let parts: Vec<_> = other.positions.iter().map(|new| &new.source_partition).collect();
        self.positions.retain(|known| !parts.contains(&&known.source_partition));
        self.positions.extend(other.positions);
    }
}

/// A directory with a file `a`, a source of it, and all that the source gave.
struct Scene {
    dir: TempDir,
    settings: Settings,
    source: FileSource,
    basket: Basket,
}

impl Scene {
    fn new(pattern: &str, format: FileSourceFormat) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(&dir.path().join(pattern), format);
        let source = FileSource::new(&settings, &[]).unwrap();
        Self { dir, settings, source, basket: Basket::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        append(&self.path(name), text.as_bytes());
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Polls until nothing has come for a while.
    async fn read(&mut self) {
        for _look in 0..4 {
            let max = NonZeroUsize::new(2).unwrap();
            while self.source.poll(max, &mut self.basket).await.unwrap() == Poll::Records {}
        }
    }

    /// Reads, and checks what came since the last check.
    async fn check(&mut self, expected: &[&str]) {
        self.read().await;
        let values = std::mem::take(&mut self.basket.values);
        let found: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
        assert_eq!(found, expected);
    }

    /// Stops, and starts from the positions that were given.
    fn restart(&mut self) {
        self.source = FileSource::new(&self.settings, &self.basket.positions).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn lines_become_strings_or_json() {
    let mut scene = Scene::new("a", LINE);
    scene.append("a", "one\r\ntwo \"2\"\n\n\u{1F600}\nfive");
    scene.check(&["\"one\"", "\"two \\\"2\\\"\"", "\"\"", "\"\u{1F600}\""]).await;
    scene.append("a", " and more\n");
    scene.check(&["\"five and more\""]).await;
    let mut scene = Scene::new("a", JSON);
    scene.append("a", "{\"a\": 1.10}\r\n\n \t\n[2]\n3");
    scene.check(&["{\"a\": 1.10}", "[2]"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_line_fails_as_one_record_that_carries_its_bytes() {
    let check = async |format, line: &[u8], expected: &[u8]| {
        let mut scene = Scene::new("a", format);
        append(&scene.path("a"), line);
        append(&scene.path("a"), b"\n\"next\"\n");
        scene.read().await;
        assert_eq!(scene.basket.values.len(), 2);
        let value = scene.basket.values[0].as_slice();
        assert_eq!(value, expected);
        let mut batch = Batch::default();
        batch.push(&NewRecord { topic: "lines", value: Some(value), ..NewRecord::default() });
        assert!(matches!(batch.verdict(0), Verdict::Failed(_)), "{}", value.escape_ascii());
        assert_eq!(batch.original(0).value, Some(expected));
    };
    check(LINE, b"caf\xE9", b"caf\xE9").await;
    check(JSON, b"{\"a\":", b"{\"a\":").await;
    check(JSON, b"\"\xFF\"", b"\"\xFF\"").await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_too_long_says_where_it_is_and_what_was_cut() {
    // The beginning alone would be a text, and would be JSON.
    for (format, filler) in [(LINE, "x"), (JSON, "7"), (JSON, " ")] {
        let mut scene = Scene::new("a", format);
        let line = format!("7{}", filler.repeat(99_999));
        scene.append("a", &format!("1\r\n{line}\n2\n"));
        scene.read().await;
        assert_eq!(scene.basket.values[1], &line.as_bytes()[..20]);
        assert_eq!(scene.basket.values.len(), 3);
        let ConvertError { code, message } = scene.basket.errors.pop().unwrap();
        assert_eq!((code, scene.basket.errors.len()), ("line-too-long", 0));
        let says = format!(
            "the line at byte 3 of `{}` has 100000 bytes, more than `line.max.bytes: 20`: ",
            scene.path("a").display()
        );
        assert!(message.starts_with(&says) && message.contains("99980 are cut off"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_goes_on_after_a_rename_and_the_new_one_begins_anew() {
    for (pattern, restart) in [("a*", false), ("a*", true), ("a", false)] {
        let mut scene = Scene::new(pattern, LINE);
        scene.append("a", "1\n2\n");
        scene.check(&["\"1\"", "\"2\""]).await;
        scene.append("a", "3\n");
        scene.rename("a", "a.1");
        if restart {
            scene.restart();
        }
        scene.check(&["\"3\""]).await;
        scene.append("a", "4\n");
        scene.check(&["\"4\""]).await;
        scene.restart();
        scene.append("a", "5\n");
        scene.check(&["\"5\""]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_new_file_does_not_take_the_old_ones_position() {
    let mut scene = Scene::new("a*", LINE);
    scene.append("a", "1\n2\n");
    scene.check(&["\"1\"", "\"2\""]).await;
    scene.rename("a", "a.1");
    scene.append("a", "3\n");
    scene.check(&["\"3\""]).await;
    scene.restart();
    scene.append("a.1", "4\n");
    scene.append("a", "5\n");
    scene.check(&["\"5\"", "\"4\""]).await;
}

#[tokio::test(start_paused = true)]
async fn a_truncated_file_begins_anew() {
    for restart in [false, true] {
        for rewritten in ["x\n", "other\n", "other and longer\nthan before\n"] {
            let mut scene = Scene::new("a", LINE);
            scene.append("a", "first\nsecond\n");
            scene.check(&["\"first\"", "\"second\""]).await;
            fs::write(scene.path("a"), rewritten).unwrap();
            if restart {
                scene.restart();
            }
            let lines: Vec<String> = rewritten.lines().map(|line| format!("\"{line}\"")).collect();
            scene.check(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
            scene.append("a", "last\n");
            scene.check(&["\"last\""]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_took_the_name_of_another_begins_anew() {
    let mut scene = Scene::new("a", LINE);
    scene.append("a", "1\n2\n");
    scene.check(&["\"1\"", "\"2\""]).await;
    scene.append("b", "1\n2\n3\n");
    scene.rename("b", "a");
    scene.check(&["\"1\"", "\"2\"", "\"3\""]).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_line_of_a_file_that_is_gone_needs_no_end() {
    let mut scene = Scene::new("a", LINE);
    scene.append("a", "1\n2");
    scene.check(&["\"1\""]).await;
    fs::remove_file(scene.path("a")).unwrap();
    scene.check(&["\"2\""]).await;
    scene.append("a", "3\n");
    scene.check(&["\"3\""]).await;
}

#[tokio::test(start_paused = true)]
async fn a_writer_may_hold_a_file_for_a_while_after_it_was_renamed() {
    let mut scene = Scene::new("a", LINE);
    scene.append("a", "1\n");
    scene.check(&["\"1\""]).await;
    scene.rename("a", "rotated");
    let max = NonZeroUsize::MIN;
    assert_eq!(scene.source.poll(max, &mut scene.basket).await.unwrap(), Poll::Idle);
    scene.append("rotated", "2\n");
    scene.append("a", "3\n");
    scene.check(&["\"2\"", "\"3\""]).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_has_its_name_again_goes_on_where_it_was() {
    // Less and more than a fingerprint is of.
    for line in ["1", "nineteen bytes long"] {
        let mut scene = Scene::new("a", LINE);
        let (text, json) = (format!("{line}\n").repeat(15), format!("\"{line}\""));
        let lines = [json.as_str(); 15];
        scene.append("a", &text);
        scene.check(&lines).await;
        for round in 0..3 {
            scene.rename("a", "away");
            scene.check(&[]).await;
            scene.append("away", "2\n");
            if round == 1 {
                // Another one has the name for a while, and begins as it does.
                scene.append("a", &text);
                scene.check(&lines).await;
            }
            scene.rename("away", "a");
            scene.check(&["\"2\""]).await;
        }
        scene.append("a", "3\n");
        scene.check(&["\"3\""]).await;
        // What was written over it while it was away is another text.
        scene.rename("a", "away");
        scene.check(&[]).await;
        fs::write(scene.path("away"), "4\n").unwrap();
        scene.rename("away", "a");
        scene.check(&["\"4\""]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn files_are_found_by_pattern_and_when_they_come() {
    let mut scene = Scene::new("**/*.log", LINE);
    scene.check(&[]).await;
    fs::create_dir_all(scene.path("b/c.log")).unwrap();
    scene.append("b/c.log/d.log", "1\n");
    scene.append("b/e.txt", "2\n");
    scene.check(&["\"1\""]).await;
    scene.append("f.log", "3\n4\n5\n");
    scene.check(&["\"3\"", "\"4\"", "\"5\""]).await;
}

#[tokio::test(start_paused = true)]
async fn a_long_file_goes_on_exactly() {
    let mut scene = Scene::new("a", LINE);
    let lines: Vec<String> = (0..20_000).map(|number| format!("line {number:06}")).collect();
    scene.append("a", &(lines.join("\n") + "\n"));
    let max = NonZeroUsize::new(7_001).unwrap();
    while scene.basket.values.len() < 12_345 {
        scene.source.poll(max, &mut scene.basket).await.unwrap();
    }
    scene.restart();
    scene.read().await;
    let expected: Vec<Vec<u8>> =
        lines.iter().map(|line| format!("\"{line}\"").into_bytes()).collect();
    assert!(scene.basket.values == expected);
}

#[test]
fn a_pattern_or_position_that_cannot_be_read_is_refused() {
    let error = FileSource::new(&settings(Path::new("a[b"), LINE), &[]).unwrap_err();
    assert_eq!(error.code, "pattern");
    let position = |source_partition: &str, position: &str| SourcePosition {
        source_partition: source_partition.to_owned(),
        position: position.to_owned(),
    };
    for stored in [position("{}", "{}"), position(r#"{"path":"a","inode":1}"#, r#"{"offset":-1}"#)]
    {
        let error = FileSource::new(&settings(Path::new("a"), LINE), &[stored]).unwrap_err();
        assert!(error.message.contains("reset the connector's offsets"), "{error}");
    }
}

/// What happens to a log that is rotated by renaming, and to whoever reads it.
#[derive(Debug, Clone)]
enum Event {
    Append(usize),
    EndLine,
    Rotate,
    Poll(usize),
    DropPoll,
    Look,
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (1_usize..400).prop_map(Event::Append),
        2 => Just(Event::EndLine),
        1 => Just(Event::Rotate),
        3 => (1_usize..4).prop_map(Event::Poll),
        2 => Just(Event::DropPoll),
        1 => Just(Event::Look),
        1 => Just(Event::Restart),
    ]
}

/// Plays the events; returns what is in the files that were one after the other `a`, line by line, and what came.
async fn play(events: Vec<Event>) -> (Vec<String>, Vec<String>) {
    let mut scene = Scene::new("a*", LINE);
    scene.settings.line_max_bytes = 1 << 20;
    scene.restart();
    let (mut files, mut number) = (vec![String::new()], 0);
    for event in events.into_iter().chain([Event::EndLine]) {
        match event {
            Event::Append(len) => {
                number += 1;
                let text = format!("{number} {}", "x".repeat(len));
                scene.append("a", &text);
                files.last_mut().unwrap().push_str(&text);
            }
            Event::EndLine => {
                scene.append("a", "\n");
                files.last_mut().unwrap().push('\n');
            }
            // A writer ends its line before the log is rotated.
            Event::Rotate if files.last().unwrap().ends_with('\n') => {
                scene.rename("a", &format!("a.{}", files.len()));
                files.push(String::new());
            }
            Event::Rotate => {}
            Event::Poll(max) => {
                let max = NonZeroUsize::new(max).unwrap();
                scene.source.poll(max, &mut scene.basket).await.unwrap();
            }
            Event::DropPoll => {
                let mut unheard = Basket::default();
                tokio::select! {
                    biased;
                    _ = scene.source.poll(NonZeroUsize::MIN, &mut unheard) => scene.basket.add(unheard),
                    () = tokio::task::yield_now() => {}
                }
            }
            Event::Look => tokio::time::advance(scene.source.interval).await,
            Event::Restart => scene.restart(),
        }
    }
    scene.read().await;
    let lines = files.iter().flat_map(|text| text.lines().map(|line| format!("\"{line}\"")));
    let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
    (lines.collect(), scene.basket.values.into_iter().map(text).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_rotated_log_is_read_once_whatever_happens(events in proptest::collection::vec(event(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let (mut expected, mut found) = runtime.unwrap().block_on(play(events));
        // Files are read in turn, so that order is kept within each alone; lines begin with a number, or are empty.
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}
