//! Embeds the shipped SMTs.

use std::process::ExitCode;

#[path = "build/modules.rs"]
mod modules;

fn main() -> ExitCode {
    modules::embed("smts", "SHIPPED")
}
