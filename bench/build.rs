//! Embeds the modules that only benchmarks run.

use std::process::ExitCode;

#[path = "../host/build/modules.rs"]
mod modules;

fn main() -> ExitCode {
    modules::embed("bench/guests", "GUESTS")
}
