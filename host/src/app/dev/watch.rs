//! Notices that the configuration or a module of it has changed, and reloads.

use crate::{
    admin::{Exchange, Reloaded, View},
    app::run::Running,
};
use std::{
    collections::BTreeMap, convert::Infallible, os::unix::fs::MetadataExt, path::PathBuf,
    time::Duration,
};
use tokio::{
    fs,
    time::{MissedTickBehavior, interval},
};

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// What tells one state of a file from another: time of its last change, size, inode. Nothing if there is no file.
type Stamp = Option<(i64, i64, u64, u64)>;

/// Reloads whenever a file has changed, once it has stayed the same for a look: a compiler may still be writing it.
pub(super) async fn watch(running: &Running) -> Infallible {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = stamps(running).await;
    let (mut is_changing, mut told) = (false, None);
    loop {
        looks.tick().await;
        let now = stamps(running).await;
        if now != known {
            (known, is_changing) = (now, true);
        } else if is_changing {
            is_changing = false;
            let done = running.reload().await;
            // The same refusal again is no news: other files are watched since.
            if done.is_ok() || done != told.unwrap_or(Ok(Reloaded::default())) {
                tell(&done);
            }
            told = Some(done);
        }
    }
}

async fn stamps(running: &Running) -> BTreeMap<PathBuf, Stamp> {
    let mut stamps = BTreeMap::new();
    for file in running.reload.files().await {
        let found = fs::metadata(&file).await.ok();
        let stamp = found.map(|of| (of.mtime(), of.mtime_nsec(), of.size(), of.ino()));
        stamps.insert(file, stamp);
    }
    stamps
}

fn tell(done: &Result<Reloaded, String>) {
    let reloaded = match done {
        Ok(reloaded) => reloaded,
        Err(error) => return tracing::warn!("nothing was changed: {error}"),
    };
    for exchange in &reloaded.transforms {
        let Exchange { connector, before, after, is_config_changed, failed, .. } = exchange;
        let (transform, pause_us) = (&after.name, exchange.longest_pause_us());
        if let Some(error) = failed {
            tracing::error!(connector, transform, error, "the transform could not be exchanged");
            continue;
        }
        let (was, is) = (&before.module, &after.module);
        let (was_sha256, is_sha256) = (&before.sha256, &after.sha256);
        tracing::info!(
            connector,
            transform,
            was,
            was_sha256,
            is,
            is_sha256,
            is_config_changed,
            pause_us,
            "the transform was exchanged"
        );
    }
    for place in &reloaded.needs_restart {
        tracing::warn!(place, "the change needs a restart");
    }
}
