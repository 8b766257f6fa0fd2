//! The running process's side: reads its configuration again and exchanges the transforms that have changed.

use super::changes;
use crate::{
    admin::{Exchange, Reloaded},
    app::{
        Failure,
        configuration::Origin,
        library, run,
        validate::{self, Keep},
    },
    error::on_one_line,
    wasm::{self, Module},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{sync::Mutex, task::spawn_blocking};
use transom_core::config::{Config, Loaded, Place, Transform};
use transom_runtime::{
    Runtime,
    assembly::{ModuleName, Plan},
    swap::{MakeTransform, SwapReport},
};

/// The way to change connectors that run.
pub(in crate::app) struct Reload {
    /// As the connectors were started.
    origin: Origin,
    /// The connectors that run, where those are not all.
    only: Vec<String>,
    sandbox: Arc<wasm::Runtime>,
    /// Held by the reload whose turn it is.
    state: Mutex<State>,
}

struct State {
    stages: Stages,
    /// The files that the configuration consists of, as it was read last.
    files: Vec<PathBuf>,
}

/// What runs: the stages of each connector.
type Stages = BTreeMap<String, Vec<Stage>>;

/// What one stage runs.
#[derive(Clone)]
struct Stage {
    config: String,
    module: ModuleName,
}

/// A transform that has changed, checked and ready.
struct Prepared {
    connector: String,
    number: usize,
    settings: Transform,
    module: Module,
}

impl Reload {
    /// For connectors that are about to start from these plans. What their transforms become is compiled in `sandbox`.
    pub(in crate::app) fn new<'a>(
        origin: Origin,
        only: &[String],
        sandbox: wasm::Runtime,
        config: &Config,
        plans: impl Iterator<Item = &'a Plan>,
    ) -> Self {
        let stages = plans.map(|plan| (plan.name.clone(), stages(config, plan))).collect();
        let files = files(&origin.file, &origin.loaded);
        let state = Mutex::new(State { stages, files });
        Self { origin, only: only.to_vec(), sandbox: Arc::new(sandbox), state }
    }

    /// The files that the configuration consists of: itself, and modules given by path.
    pub(in crate::app) async fn files(&self) -> Vec<PathBuf> {
        self.state.lock().await.files.clone()
    }

    /// Reads the configuration again and exchanges the transforms that have changed. Compiling happens on a thread for
    /// work that blocks.
    ///
    /// # Errors
    /// What is wrong with the configuration or a module, for a person. Nothing was changed then (invariant 7).
    pub(in crate::app) async fn again(&self, runtime: &Runtime) -> Result<Reloaded, String> {
        let mut state = self.state.lock().await;
        let (file, given) = (self.origin.file.clone(), self.origin.given.clone());
        let read = aside(move || validate::read(&file, &given, Keep::No)).await;
        let mut loaded = read.map_err(told)?;
        state.files = files(&self.origin.file, &loaded);
        let Some(config) = loaded.config.take() else { return Err(problems(&loaded)) };
        let needs_restart = changes::needing_restart(&self.origin.loaded, &loaded, &self.only);
        let transforms = self.exchange_in(&mut state.stages, runtime, config).await?;
        Ok(Reloaded { transforms, needs_restart })
    }

    /// Exchanges the transforms that a configuration has otherwise than they run; nothing else of it counts.
    ///
    /// # Errors
    /// As [`Self::again`].
    pub(in crate::app) async fn exchange(
        &self,
        runtime: &Runtime,
        config: Config,
    ) -> Result<Vec<Exchange>, String> {
        self.exchange_in(&mut self.state.lock().await.stages, runtime, config).await
    }

    async fn exchange_in(
        &self,
        stages: &mut Stages,
        runtime: &Runtime,
        config: Config,
    ) -> Result<Vec<Exchange>, String> {
        let folder = self.origin.file.parent().unwrap_or(Path::new("")).to_owned();
        let (sandbox, now) = (Arc::clone(&self.sandbox), stages.clone());
        // All of them before the first is swapped (invariant 7).
        let prepared = aside(move || prepare(&sandbox, &folder, &now, &config)).await;
        let mut done = Vec::new();
        for prepared in prepared.map_err(told)? {
            let running = stages.get_mut(&prepared.connector);
            let stage = running.and_then(|stages| stages.get_mut(prepared.number));
            let stage = stage.expect("what was prepared takes the place of what runs");
            done.push(swap(runtime, prepared, stage).await);
        }
        Ok(done)
    }
}

/// Swaps one transform, and notes what runs then.
async fn swap(runtime: &Runtime, prepared: Prepared, stage: &mut Stage) -> Exchange {
    let Prepared { connector, settings, module, .. } = prepared;
    let after = Stage {
        config: settings.config.get().to_owned(),
        module: run::module_name(&settings, &module),
    };
    let name = settings.name.clone();
    let make: MakeTransform =
        Arc::new(move |_task| Ok(Box::new(run::configured(&settings, &module)?)));
    let swapped = runtime.swap(&connector, &name, make, after.module.clone()).await;
    let mut exchange = Exchange {
        connector,
        before: (&stage.module).into(),
        after: (&after.module).into(),
        is_config_changed: stage.config != after.config,
        pauses_us: Vec::new(),
        failed: None,
    };
    match swapped {
        Ok(report) => {
            exchange.pauses_us = pauses(&report);
            *stage = after;
        }
        Err(error) => exchange.failed = Some(on_one_line(&error)),
    }
    exchange
}

fn pauses(report: &SwapReport) -> Vec<Option<u64>> {
    let microseconds =
        |pause: std::time::Duration| u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
    let pauses = report.tasks.iter();
    pauses.map(|task| task.map(|adoption| microseconds(adoption.pause))).collect()
}

/// Loads and configures what has changed: transforms with the same name at the same place.
fn prepare(
    sandbox: &wasm::Runtime,
    folder: &Path,
    running: &Stages,
    config: &Config,
) -> Result<Vec<Prepared>, Failure> {
    let mut prepared = Vec::new();
    for (name, stages) in running {
        let Some(connector) = config.connectors.get(name) else { continue };
        for (number, (settings, stage)) in connector.transforms.iter().zip(stages).enumerate() {
            if settings.name != stage.module.transform {
                continue;
            }
            let module = library::load(sandbox, &library::below(folder, &settings.smt))?;
            let is_same = settings.config.get() == stage.config;
            if is_same && module.digest().to_string() == stage.module.sha256 {
                continue;
            }
            check(settings, &module)?;
            let (connector, settings) = (name.clone(), settings.clone());
            prepared.push(Prepared { connector, number, settings, module });
        }
    }
    Ok(prepared)
}

/// Whether a module takes its settings, and does what it promises.
fn check(settings: &Transform, module: &Module) -> Result<(), Failure> {
    run::configured(settings, module).map_err(|error| Failure::Usage(on_one_line(&error)))?;
    module
        .check_cases()
        .map_err(|error| Failure::Usage(format!("SMT `{}`: {}", settings.smt, on_one_line(&error))))
}

fn stages(config: &Config, plan: &Plan) -> Vec<Stage> {
    let transforms = &config.connectors[&plan.name].transforms;
    let stage = |(settings, module): (&Transform, &ModuleName)| Stage {
        config: settings.config.get().to_owned(),
        module: module.clone(),
    };
    transforms.iter().zip(&plan.errors.modules).map(stage).collect()
}

fn files(file: &Path, loaded: &Loaded) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let connectors = loaded.below(&Place::default().key("connectors"));
    let transforms = connectors.iter().flat_map(|at| loaded.below(&at.key("transforms")));
    let modules = transforms.filter_map(|at| loaded.part::<String>(&at.key("smt")));
    let paths = modules.filter_map(|smt| library::path_below(folder, &smt));
    [file.to_owned()].into_iter().chain(paths).collect()
}

/// Does work that blocks, on a thread that is no async worker's.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Failure::Run(format!("it ended early: {error}"))))
}

fn told(failure: Failure) -> String {
    match failure {
        Failure::Usage(message) | Failure::Run(message) => message,
        other => format!("{other:?}"),
    }
}

/// What is wrong with a configuration, as `transom validate` shows it.
fn problems(loaded: &Loaded) -> String {
    let mut out = Vec::new();
    validate::show(loaded, false, &mut out).expect("a vector takes what is written to it");
    format!("the configuration does not hold\n{}", String::from_utf8_lossy(&out).trim_end())
}
