//! What is in which file.

use super::*;
use std::{fs, path::Path, time::Duration};
use tempfile::TempDir;
use transom_core::{connector::Class, record::NewRecord, topic::Offsets};
use transom_runtime::testing::{Broken, sink};

fn settings(path: &Path) -> Settings {
    Settings {
        path: path.display().to_string(),
        format: FileFormat::Value,
        rotate_bytes: 1 << 20,
        rotate_interval_ms: 0,
    }
}

/// A directory whose files hold so many bytes.
struct Place(TempDir, u64);

impl Place {
    fn files(&self) -> PathBuf {
        self.0.path().join("of/files")
    }
}

#[async_trait]
impl sink::Place for Place {
    async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError> {
        let settings = Settings { rotate_bytes: self.1, ..settings(&self.files()) };
        Ok(Box::new(FileSink::open(&settings, 3).await?))
    }

    async fn delivered(&mut self) -> Option<Vec<String>> {
        Some(
            read(&self.files())
                .iter()
                .flat_map(|(_, text)| text.lines().map(str::to_owned))
                .collect(),
        )
    }

    async fn fail(&mut self) -> bool {
        fs::rename(self.0.path().join("of"), self.0.path().join("away")).unwrap();
        true
    }

    async fn mend(&mut self) {
        fs::rename(self.0.path().join("away"), self.0.path().join("of")).unwrap();
    }
}

/// Names and texts of the files in a directory.
fn read(path: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    let text = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    let mut files: Vec<_> = entries.map(text).collect();
    files.sort();
    files
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() -> Result<(), Broken> {
    for rotate_bytes in [1, 30, 1 << 20] {
        sink::contract(|| Place(tempfile::tempdir().unwrap(), rotate_bytes)).await?;
    }
    Ok(())
}

async fn put(
    sink: &mut FileSink,
    records: &[(&str, &str)],
) -> Result<Vec<Rejection>, ConnectorError> {
    let mut batch = Batch::default();
    for (topic, value) in records {
        batch.push(&NewRecord { topic, value: Some(value.as_bytes()), ..NewRecord::default() });
    }
    let put = Put { batch: &batch, records: batch.survivors(), through: &Offsets::new() };
    sink.put(put).await
}

/// Checks names and texts of the files in a directory.
fn check(dir: &Path, expected: &[(&str, &str)]) {
    let found = read(dir);
    let found: Vec<_> = found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn each_topic_has_files_of_its_own_and_each_task() {
    let dir = tempfile::tempdir().unwrap();
    let (mut zero, mut one) = (
        FileSink::open(&settings(dir.path()), 0).await.unwrap(),
        FileSink::open(&settings(dir.path()), 1).await.unwrap(),
    );
    put(&mut zero, &[("a", "1"), ("b/c", "2"), ("a", "3")]).await.unwrap();
    put(&mut one, &[("a", "4")]).await.unwrap();
    put(&mut zero, &[("a", "5")]).await.unwrap();
    check(
        dir.path(),
        &[
            ("a-0-0000000001.jsonl", "1\n3\n5\n"),
            ("a-1-0000000001.jsonl", "4\n"),
            ("b%2Fc-0-0000000001.jsonl", "2\n"),
        ],
    );
    let mut batch = Batch::default();
    let record = batch.push(&NewRecord { topic: "b/c", ..NewRecord::default() });
    let named = format!("files `{}/b%2Fc-0-*.jsonl`", dir.path().display());
    assert_eq!(zero.destination(&batch, record), Some(named));
}

#[tokio::test]
async fn a_file_does_not_grow_beyond_its_size_unless_one_line_does() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { rotate_bytes: 6, ..settings(dir.path()) };
    let mut sink = FileSink::open(&settings, 0).await.unwrap();
    put(&mut sink, &[("a", "11"), ("a", "22"), ("a", "3"), ("a", "1234567"), ("a", "4")])
        .await
        .unwrap();
    drop(sink);
    let mut sink = FileSink::open(&settings, 0).await.unwrap();
    put(&mut sink, &[("a", "555"), ("a", "6")]).await.unwrap();
    check(
        dir.path(),
        &[
            ("a-0-0000000001.jsonl", "11\n22\n"),
            ("a-0-0000000002.jsonl", "3\n"),
            ("a-0-0000000003.jsonl", "1234567\n"),
            ("a-0-0000000004.jsonl", "4\n555\n"),
            ("a-0-0000000005.jsonl", "6\n"),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_ends_when_its_time_is_up() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { rotate_interval_ms: 1_000, ..settings(dir.path()) };
    let mut sink = FileSink::open(&settings, 0).await.unwrap();
    put(&mut sink, &[("a", "1")]).await.unwrap();
    tokio::time::advance(Duration::from_millis(999)).await;
    put(&mut sink, &[("a", "2")]).await.unwrap();
    tokio::time::advance(Duration::from_millis(1)).await;
    put(&mut sink, &[("a", "3")]).await.unwrap();
    check(dir.path(), &[("a-0-0000000001.jsonl", "1\n2\n"), ("a-0-0000000002.jsonl", "3\n")]);
}

#[tokio::test]
async fn opening_cuts_torn_lines_of_this_task_alone() {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("a-0-0000000001.jsonl", "1\n2", "1\n2"),
        ("a-0-0000000002.jsonl", "3\n4", "3\n"),
        ("a-1-0000000002.jsonl", "5", "5"),
        ("b-0-0000000009.jsonl", "6", ""),
        ("notes.txt", "7", "7"),
    ];
    for (name, left, _) in files {
        fs::write(dir.path().join(name), left).unwrap();
    }
    let mut sink = FileSink::open(&settings(dir.path()), 0).await.unwrap();
    check(dir.path(), &files.map(|(name, _, kept)| (name, kept)));
    put(&mut sink, &[("a", "8"), ("b", "9")]).await.unwrap();
    let texts: Vec<_> = read(dir.path()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["1\n2", "3\n8\n", "5", "9\n", "7"]);
}

#[tokio::test]
async fn errors_name_the_path() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "").unwrap();
    let error = FileSink::open(&settings(&file.join("below")), 0).await.unwrap_err();
    assert!(error.message.contains("taken"), "{error}");
    assert_eq!(error.class, Class::Fatal);
    let first = FileSink::open(&settings(dir.path()), 0).await;
    let mut first = first.unwrap();
    put(&mut first, &[("a", "1")]).await.unwrap();
    let error = FileSink::open(&settings(dir.path()), 0).await.unwrap_err();
    assert!(error.message.contains("a-0-0000000001.jsonl") && error.is_transient(), "{error}");
}

#[test]
fn a_full_disk_passes_and_a_missing_permission_does_not() {
    let check = |errno: i32, transient: bool, code: &str| {
        let error = super::super::failed(
            "write",
            Path::new("a"),
            &std::io::Error::from_raw_os_error(errno),
        );
        assert_eq!((error.is_transient(), error.code.as_str()), (transient, code), "{error}");
    };
    check(rustix::io::Errno::NOSPC.raw_os_error(), true, "disk-full");
    check(rustix::io::Errno::DQUOT.raw_os_error(), true, "disk-full");
    check(rustix::io::Errno::ACCESS.raw_os_error(), false, "permission-denied");
    check(rustix::io::Errno::ROFS.raw_os_error(), false, "permission-denied");
    check(rustix::io::Errno::IO.raw_os_error(), false, "io");
}
