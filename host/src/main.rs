//! The `transom` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    transom::app::main()
}
