//! A transform is exchanged while records flow: from the middle on, the warehouse gets one business unit instead of two.

use crate::{
    admin::Exchange,
    app::{Failure, run::Running},
};
use serde_json::value::RawValue;
use std::{io::Write, mem};
use transom_core::config::Config;

const CONNECTOR: &str = "events-to-warehouse";
const TRANSFORM: &str = "business-units";
const NARROWED: &str = r#"{"allowed_business_units":["BU1"]}"#;

/// What runs from the middle on.
pub(super) struct Narrowed {
    config: Config,
    before: Box<RawValue>,
}

impl Narrowed {
    /// A configuration with one business unit; nothing if it has no transform for that.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let mut config = config.clone();
        let connector = config.connectors.get_mut(CONNECTOR)?;
        let transform = connector.transforms.iter_mut().find(|of| of.name == TRANSFORM)?;
        let narrowed = RawValue::from_string(NARROWED.to_owned()).ok()?;
        let before = mem::replace(&mut transform.config, narrowed);
        Some(Self { config, before })
    }

    /// Does what `transom reload` does once the file says so, and tells what came of it.
    pub(super) async fn swap(
        &self,
        running: &Running,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let exchanged = running.reload.exchange(&running.runtime, self.config.clone()).await;
        for exchange in exchanged.map_err(Failure::Run)? {
            let pause = match exchange.longest_pause_us() {
                Some(0) | None => "less than 1".to_owned(),
                Some(pause) => pause.to_string(),
            };
            let Exchange { before, after, failed, .. } = exchange;
            if let Some(reason) = failed {
                return Err(Failure::Run(reason));
            }
            writeln!(
                out,
                "\nNow {TRANSFORM} of {CONNECTOR} is exchanged, between two batches, as `transom reload` does it:\n\n  \
                 before  {before}, {}\n  after   {after}, {NARROWED}\n  pause   {pause} µs, the longest of a task; nothing is lost: the sums below close\n",
                self.before
            )?;
        }
        Ok(())
    }
}
