//! The files of one task: which is written for a topic, and when the next begins.

use super::{failed, name, segment::Segment};
use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::Instant;
use transom_core::{
    config::FileSink as Settings,
    connector::{Class, ConnectorError},
};

type Done = Result<(), ConnectorError>;

/// A directory with the files of one task. Only its last file of each topic is ever written: one that is followed by
/// another was made durable first, so that a crash can tear none but the last.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    task: usize,
    rotate_bytes: u64,
    rotate_interval: Option<Duration>,
    /// Number of the last file, by the part of its name that stands for the topic.
    last: HashMap<String, u64>,
    /// Files that are written, by topic: one stays open for each.
    open: HashMap<String, Segment>,
    /// A file was made since the last sync.
    grown: bool,
}

impl Directory {
    /// Opens the directory, makes it if need be, and cuts off what a crash left of a line.
    ///
    /// # Errors
    /// [`ConnectorError`] that names the path.
    pub(super) fn open(settings: &Settings, task: usize) -> Result<Self, ConnectorError> {
        let path = PathBuf::from(&settings.path);
        make(&path)?;
        let interval = Duration::from_millis(settings.rotate_interval_ms);
        let directory = Self {
            last: last_files(&path, task)?,
            path,
            task,
            rotate_bytes: settings.rotate_bytes,
            rotate_interval: (!interval.is_zero()).then_some(interval),
            open: HashMap::new(),
            grown: false,
        };
        directory.recover()?;
        Ok(directory)
    }

    /// Cuts torn lines off, also of topics that get no more records, and makes durable that the files are there: whoever made
    /// them may have died before it did.
    fn recover(&self) -> Done {
        for (stem, number) in &self.last {
            let path = self.path.join(name::name(stem, self.task, *number));
            Segment::resume(path.clone(), Instant::now())
                .and_then(|mut segment| segment.sync())
                .map_err(|error| failed("recover", &path, &error))?;
        }
        sync_directory(&self.path)
    }

    /// Appends whole lines of a topic; each file gets its share in one write.
    ///
    /// # Errors
    /// [`ConnectorError`]; some of the lines may be there.
    pub(super) fn append(&mut self, topic: &str, mut lines: &[u8], now: Instant) -> Done {
        while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
            let first = end + 1;
            let limit = self.rotate_bytes;
            let segment = self.segment(topic, first as u64, now)?;
            let room = usize::try_from(limit.saturating_sub(segment.len())).unwrap_or(usize::MAX);
            let fitting = lines[..room.min(lines.len())].iter().rposition(|byte| *byte == b'\n');
            // A line that is longer than a file may be gets one of its own.
            let (share, rest) = lines.split_at(fitting.map_or(first, |last| last + 1));
            let appended = segment.append(share);
            appended.map_err(|error| failed("append to", segment.path(), &error))?;
            lines = rest;
        }
        Ok(())
    }

    /// The file of a topic that takes a line of so many bytes.
    fn segment(
        &mut self,
        topic: &str,
        line: u64,
        now: Instant,
    ) -> Result<&mut Segment, ConnectorError> {
        if !self.open.contains_key(topic) {
            let opened = match self.last.get(&name::stem(topic)) {
                Some(number) => self.resume(topic, *number, now)?,
                None => self.create(topic, 1, now)?,
            };
            self.open.insert(topic.to_owned(), opened);
        }
        let segment = self.open.get_mut(topic).expect("it was opened above");
        let full = segment.len() + line > self.rotate_bytes;
        let old = self.rotate_interval.is_some_and(|interval| segment.age(now) >= interval);
        if segment.len() > 0 && (full || old) {
            sync(segment)?;
            let number = self.last.get(&name::stem(topic)).map_or(1, |last| last + 1);
            let next = self.create(topic, number, now)?;
            self.open.insert(topic.to_owned(), next);
        }
        Ok(self.open.get_mut(topic).expect("it was opened above"))
    }

    fn resume(&self, topic: &str, number: u64, now: Instant) -> Result<Segment, ConnectorError> {
        let path = self.path.join(name::name(&name::stem(topic), self.task, number));
        Segment::resume(path.clone(), now).map_err(|error| failed("go on with", &path, &error))
    }

    fn create(
        &mut self,
        topic: &str,
        number: u64,
        now: Instant,
    ) -> Result<Segment, ConnectorError> {
        let stem = name::stem(topic);
        let path = self.path.join(name::name(&stem, self.task, number));
        let segment =
            Segment::create(path.clone(), now).map_err(|error| failed("create", &path, &error))?;
        self.last.insert(stem, number);
        self.grown = true;
        Ok(segment)
    }

    /// Makes everything durable that was appended.
    ///
    /// # Errors
    /// [`ConnectorError`], always fatal: what the system could not write it may have thrown away, and a second sync
    /// would not say so.
    pub(super) fn sync(&mut self) -> Done {
        for segment in self.open.values_mut() {
            sync(segment)?;
        }
        if self.grown {
            sync_directory(&self.path)?;
            self.grown = false;
        }
        Ok(())
    }
}

fn sync(segment: &mut Segment) -> Done {
    segment.sync().map_err(|error| unsynced(segment.path(), &error))
}

fn unsynced(path: &Path, error: &io::Error) -> ConnectorError {
    ConnectorError { class: Class::Fatal, ..failed("make durable", path, error) }
}

fn sync_directory(path: &Path) -> Done {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| unsynced(path, &error))
}

/// Makes a directory, durably, and those that it lies in.
fn make(path: &Path) -> Done {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    make(parent)?;
    match fs::create_dir(path) {
        Err(error) if !path.is_dir() => return Err(failed("create", path, &error)),
        _made_by_us_or_another_task => {}
    }
    sync_directory(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

/// The number of the last file of each topic that a task has in a directory.
fn last_files(path: &Path, task: usize) -> Result<HashMap<String, u64>, ConnectorError> {
    let mut last = HashMap::new();
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    for entry in entries.map_err(|error| failed("read", path, &error))? {
        let name = entry.file_name();
        if let Some((stem, of, number)) = name.to_str().and_then(name::parse)
            && of == task
        {
            let known = last.entry(stem.to_owned()).or_insert(number);
            *known = number.max(*known);
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use transom_core::config::FileFormat;

    #[test]
    fn a_file_that_is_left_ends_with_a_whole_line() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            path: dir.path().display().to_string(),
            format: FileFormat::Value,
            rotate_bytes: 1 << 20,
            rotate_interval_ms: 1_000,
        };
        let mut directory = Directory::open(&settings, 0).unwrap();
        let begun = Instant::now();
        directory.append("a", b"1\n", begun).unwrap();
        directory.open.get_mut("a").unwrap().tear(b"2\n3");
        directory.append("a", b"2\n3\n", begun + Duration::from_secs(2)).unwrap();
        directory.open.get_mut("a").unwrap().tear(b"4");
        directory.sync().unwrap();
        let text = |number| fs::read_to_string(dir.path().join(name::name("a", 0, number)));
        assert_eq!((text(1).unwrap().as_str(), text(2).unwrap().as_str()), ("1\n", "2\n3\n"));
    }
}
