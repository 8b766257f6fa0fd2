//! All topics: looked up for every request, changed one at a time, each change journalled first.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use uuid::Uuid;

use crate::configs::Invalid;
use crate::error::BrokerError;
use crate::journal::{Entry, Journal, TopicImage};
use crate::lock::{read, write};
use crate::log::Partition;
use crate::topic::{Topic, TopicConfigs};

/// Partitions that one topic may have: each holds a file open.
const PARTITIONS: i32 = 1_000;

/// The longest name of a topic, in bytes: a directory is called after it.
const NAME: usize = 249;

/// The topics of a broker.
#[derive(Debug)]
pub(crate) struct Topics {
    /// Has one directory for each partition.
    directory: PathBuf,
    journal: Arc<Journal>,
    by_name: RwLock<BTreeMap<String, Arc<Topic>>>,
}

/// Why a topic was not created, changed or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TopicError {
    #[error("there is no topic `{name}`")]
    Unknown { name: String },
    #[error("topic `{name}` exists already")]
    Exists { name: String },
    #[error(
        "`{name}` cannot be a topic's name: expected up to {NAME} letters, digits, `.`, `_` and `-`, and not `.` or `..`"
    )]
    Name { name: String },
    #[error("{count} partitions were asked for; expected {least} to {PARTITIONS}")]
    Partitions { count: i32, least: i32 },
    #[error(transparent)]
    Configs(#[from] Invalid),
    #[error("the topic's files cannot be written")]
    Storage(#[from] io::Error),
}

impl Topics {
    /// Opens every topic that `journal` knows. Their partitions lie in `directory`.
    pub(crate) fn open(directory: PathBuf, journal: Arc<Journal>) -> Result<Self, BrokerError> {
        let mut by_name = BTreeMap::new();
        for (name, image) in journal.read(|image| image.topics.clone()) {
            let mut partitions =
                (0..image.partitions).map(|at| partition_directory(&directory, &name, at));
            if let Some(directory) = partitions.find(|partition| !partition.is_dir()) {
                return Err(BrokerError::NoPartition { directory });
            }
            let topic = open(&directory, &name, &image).map_err(BrokerError::at(&directory))?;
            by_name.insert(name, Arc::new(topic));
        }
        Ok(Self { directory, journal, by_name: RwLock::new(by_name) })
    }

    /// Returns the topic of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        read(&self.by_name).get(name).cloned()
    }

    /// Returns the topic with that id.
    pub(crate) fn with_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        read(&self.by_name).values().find(|topic| topic.id == id).cloned()
    }

    /// Returns all topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        read(&self.by_name).values().cloned().collect()
    }

    /// Returns a topic and one of its partitions.
    pub(crate) fn partition(&self, name: &str, index: i32) -> Option<(Arc<Topic>, Arc<Partition>)> {
        let topic = self.get(name)?;
        let partition = topic.partition(index).cloned()?;
        Some((topic, partition))
    }

    /// Creates a topic. With `only_check` nothing is created.
    pub(crate) fn create(
        &self,
        name: &str,
        count: i32,
        configs: BTreeMap<String, String>,
        only_check: bool,
    ) -> Result<Arc<Topic>, TopicError> {
        let mut topics = write(&self.by_name);
        check_name(name)?;
        if topics.contains_key(name) {
            return Err(TopicError::Exists { name: name.to_owned() });
        }
        check_count(count, 1)?;
        let parsed = TopicConfigs::new(configs)?;
        let id = Uuid::new_v4();
        if only_check {
            let partitions = Vec::new();
            return Ok(Arc::new(Topic { name: name.to_owned(), id, configs: parsed, partitions }));
        }
        // Left over if the process was killed while a topic of the same name was being deleted.
        for index in 0..count {
            remove_if_there(&partition_directory(&self.directory, name, index))?;
        }
        let image = TopicImage {
            id: id.to_string(),
            partitions: count,
            configs: parsed.set,
            starts: BTreeMap::new(),
        };
        let topic = Arc::new(open(&self.directory, name, &image)?);
        self.journal.write(Entry::Topic { name: name.to_owned(), topic: image })?;
        topics.insert(name.to_owned(), Arc::clone(&topic));
        Ok(topic)
    }

    /// Deletes a topic, its records, and what groups have committed for it.
    pub(crate) fn delete(&self, name: &str) -> Result<Arc<Topic>, TopicError> {
        let mut topics = write(&self.by_name);
        if !topics.contains_key(name) {
            return Err(TopicError::Unknown { name: name.to_owned() });
        }
        self.journal.write(Entry::TopicDeleted { name: name.to_owned() })?;
        let Some(topic) = topics.remove(name) else {
            return Err(TopicError::Unknown { name: name.to_owned() });
        };
        for index in 0..topic.count() {
            remove_if_there(&partition_directory(&self.directory, name, index))?;
        }
        Ok(topic)
    }

    /// Gives a topic more partitions, `count` in all.
    pub(crate) fn grow(&self, name: &str, count: i32, only_check: bool) -> Result<(), TopicError> {
        self.change(name, only_check, |topic, image| {
            check_count(count, topic.count() + 1)?;
            image.partitions = count;
            Ok(())
        })
    }

    /// Replaces a topic's configs by what `change` makes of them.
    pub(crate) fn configure<E: From<TopicError>>(
        &self,
        name: &str,
        only_check: bool,
        change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.change(name, only_check, |_, image| change(&mut image.configs))
    }

    /// Deletes the records of a partition before `offset`, or all if it is `None`. Returns the first offset there is now, or
    /// `None` if `offset` is behind the end.
    pub(crate) fn delete_records(
        &self,
        name: &str,
        index: i32,
        offset: Option<i64>,
    ) -> Result<Option<i64>, TopicError> {
        let unknown = || TopicError::Unknown { name: name.to_owned() };
        let (_, partition) = self.partition(name, index).ok_or_else(unknown)?;
        let Some(start) = partition.delete_before(offset)? else { return Ok(None) };
        let topic = name.to_owned();
        self.journal.write(Entry::RecordsDeleted { topic, partition: index, offset: start })?;
        Ok(Some(start))
    }

    fn change<E: From<TopicError>>(
        &self,
        name: &str,
        only_check: bool,
        change: impl FnOnce(&Topic, &mut TopicImage) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut topics = write(&self.by_name);
        let unknown = || TopicError::Unknown { name: name.to_owned() };
        let old = topics.get(name).ok_or_else(unknown)?;
        let image = self.journal.read(|image| image.topics.get(name).cloned());
        let mut image = image.ok_or_else(unknown)?;
        change(old, &mut image)?;
        let configs = TopicConfigs::new(image.configs.clone()).map_err(TopicError::from)?;
        if !only_check {
            let topic = self.replace(Topic { configs, ..Topic::clone(old) }, image)?;
            topics.insert(name.to_owned(), Arc::new(topic));
        }
        Ok(())
    }

    /// Journals what `topic` is to be and opens the partitions that it has not got yet.
    fn replace(&self, mut topic: Topic, image: TopicImage) -> Result<Topic, TopicError> {
        for index in topic.count()..image.partitions {
            let directory = partition_directory(&self.directory, &topic.name, index);
            remove_if_there(&directory)?;
            topic.partitions.push(Arc::new(Partition::open(directory, 0)?));
        }
        self.journal.write(Entry::Topic { name: topic.name.clone(), topic: image })?;
        Ok(topic)
    }
}

fn open(directory: &Path, name: &str, image: &TopicImage) -> io::Result<Topic> {
    let open = |index| {
        let start = image.starts.get(&index).copied().unwrap_or(0);
        Partition::open(partition_directory(directory, name, index), start).map(Arc::new)
    };
    let partitions = (0..image.partitions).map(open).collect::<io::Result<_>>()?;
    let configs = TopicConfigs::new(image.configs.clone()).map_err(io::Error::other)?;
    let id = Uuid::parse_str(&image.id).map_err(io::Error::other)?;
    Ok(Topic { name: name.to_owned(), id, configs, partitions })
}

fn partition_directory(directory: &Path, topic: &str, index: i32) -> PathBuf {
    directory.join(format!("{topic}-{index}"))
}

fn remove_if_there(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), TopicError> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if matches!(name, "" | "." | "..") || name.len() > NAME || !name.chars().all(is_good) {
        return Err(TopicError::Name { name: name.to_owned() });
    }
    Ok(())
}

fn check_count(count: i32, least: i32) -> Result<(), TopicError> {
    if (least..=PARTITIONS).contains(&count) {
        Ok(())
    } else {
        Err(TopicError::Partitions { count, least })
    }
}
