//! What the stages of a connector run, and what is offered to its tasks.

use super::MakeTransform;
use crate::{assembly::ModuleName, status::TransformStatus};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{self, Notify, oneshot};
use transom_core::transform::Transform;

/// The modules of a chain, by stage.
pub(crate) type Modules = Arc<[ModuleName]>;

/// The versions of one connector.
pub(crate) struct Versions {
    /// Held by the swap whose turn it is.
    turn: sync::Mutex<()>,
    published: Mutex<Published>,
    /// Told when something is offered to a task.
    offered: Vec<Notify>,
}

struct Published {
    modules: Modules,
    /// Stages that do not run what the assembly makes.
    made: BTreeMap<usize, MakeTransform>,
    /// One for each task.
    slots: Vec<Slot>,
}

/// What a task has to do with a swap.
enum Slot {
    /// It has no chain.
    Absent,
    /// It has a chain, of what is published.
    Current,
    /// It has a chain of what was published before.
    Offered(Offer),
}

/// A new version for one task.
pub(super) struct Offer {
    pub(super) stage: usize,
    pub(super) transform: Box<dyn Transform>,
    pub(super) modules: Modules,
    /// Dropped if the task ends before it adopts.
    pub(super) done: oneshot::Sender<Adopted>,
}

/// Where an instance went.
pub(super) enum Given {
    /// To a task, which will answer.
    Offered(oneshot::Receiver<Adopted>),
    /// Its task does not run.
    Spare(Box<dyn Transform>),
}

/// What a task answers to an offer.
pub(super) struct Adopted {
    pub(super) at: Instant,
    pub(super) pause: Duration,
    /// What ran before.
    pub(super) before: Option<Box<dyn Transform>>,
}

impl Versions {
    /// What the assembly makes, for so many tasks.
    pub(crate) fn new(modules: &[ModuleName], tasks: usize) -> Self {
        let published = Published {
            modules: modules.into(),
            made: BTreeMap::new(),
            slots: (0..tasks).map(|_| Slot::Absent).collect(),
        };
        Self {
            turn: sync::Mutex::default(),
            published: Mutex::new(published),
            offered: (0..tasks).map(|_| Notify::new()).collect(),
        }
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        // Each change is one assignment: a panic leaves what was or what is to be.
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a task that starts now runs.
    pub(crate) fn modules(&self) -> Modules {
        Arc::clone(&self.published().modules)
    }

    pub(super) fn tasks(&self) -> usize {
        self.offered.len()
    }

    /// Waits until no other swap is under way.
    pub(super) async fn turn(&self) -> sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Publishes a version and offers its instances, one for each task, to the tasks that run.
    pub(super) fn publish(
        &self,
        stage: usize,
        make: MakeTransform,
        module: ModuleName,
        instances: Vec<Box<dyn Transform>>,
    ) -> Vec<Given> {
        let mut published = self.published();
        let mut modules = published.modules.to_vec();
        modules[stage] = module;
        let modules: Modules = modules.into();
        published.modules = Arc::clone(&modules);
        let before = published.made.insert(stage, make);
        let give = |(slot, transform): (&mut Slot, _)| {
            if matches!(slot, Slot::Absent) {
                return Given::Spare(transform);
            }
            let (done, answer) = oneshot::channel();
            *slot = Slot::Offered(Offer { stage, transform, modules: Arc::clone(&modules), done });
            Given::Offered(answer)
        };
        let given = published.slots.iter_mut().zip(instances).map(give).collect();
        drop((published, before));
        self.offered.iter().for_each(Notify::notify_one);
        given
    }

    /// A task makes its chain now, of this: what is published from here on is offered to it.
    pub(super) fn enter(&self, task: usize) -> (Modules, BTreeMap<usize, MakeTransform>) {
        let mut published = self.published();
        published.slots[task] = Slot::Current;
        (Arc::clone(&published.modules), published.made.clone())
    }

    /// A task has no chain any more.
    pub(super) fn leave(&self, task: usize) {
        let slot = std::mem::replace(&mut self.published().slots[task], Slot::Absent);
        // Without the lock: it may hold an instance.
        drop(slot);
    }

    /// Takes what is offered to a task.
    pub(super) fn take(&self, task: usize) -> Option<Offer> {
        let slot = &mut self.published().slots[task];
        match std::mem::replace(slot, Slot::Current) {
            Slot::Offered(offer) => Some(offer),
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Waits until something is offered to a task.
    pub(crate) async fn offered(&self, task: usize) {
        self.offered[task].notified().await;
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versions").field("modules", &self.modules()).finish_non_exhaustive()
    }
}

impl From<&ModuleName> for TransformStatus {
    fn from(module: &ModuleName) -> Self {
        let ModuleName { transform, module, sha256 } = module.clone();
        Self { name: transform, module, sha256 }
    }
}
