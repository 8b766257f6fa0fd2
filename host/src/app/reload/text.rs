//! What a reload did, as a person reads it.

use crate::admin::{Exchange, Reloaded};
use std::io::{self, Write};

pub(super) fn write(reloaded: &Reloaded, out: &mut impl Write) -> io::Result<()> {
    for exchange in &reloaded.transforms {
        write_exchange(exchange, out)?;
    }
    if reloaded.transforms.is_empty() {
        writeln!(out, "no transform has changed")?;
    }
    reloaded.needs_restart.iter().try_for_each(|place| writeln!(out, "needs a restart: {place}"))
}

fn write_exchange(exchange: &Exchange, out: &mut impl Write) -> io::Result<()> {
    let Exchange { connector, before, after, is_config_changed, pauses_us, failed } = exchange;
    writeln!(out, "{connector}, transform {}", after.name)?;
    writeln!(out, "  before: {before}")?;
    let with = if *is_config_changed { ", with another config" } else { "" };
    writeln!(out, "  after:  {after}{with}")?;
    let tasks = pauses_us.len();
    match (failed, exchange.longest_pause_us()) {
        (Some(reason), _) => writeln!(out, "  failed, and what was before runs on: {reason}"),
        (None, Some(longest)) => {
            let running = pauses_us.iter().flatten().count();
            writeln!(out, "  {running} of {tasks} tasks paused for it, {longest} µs at most")
        }
        (None, None) => writeln!(out, "  none of {tasks} tasks runs now: each starts with it"),
    }
}
