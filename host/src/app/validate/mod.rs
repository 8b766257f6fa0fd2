//! `transom validate`: everything that is wrong with a configuration, before anything runs.

mod environment;
mod patterns;
mod properties;
mod schemas;
mod text;
mod transforms;

use super::Failure;
use clap::Args;
pub(super) use environment::Given;
use environment::Process;
use serde_json::json;
use std::{
    env, fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};
use text::Style;
use transom_core::config::{self, Loaded, Severity};

const HELP: &str = "Checks the file alone, then what it names: modules of transforms, schemas, properties of librdkafka's. Nothing is
connected to. Exits 0 if there is no error (there may be warnings), else 2.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// The configuration.
    #[arg(default_value = "connectors.yaml")]
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let loaded = read(&arguments.file, &Given::new(), Keep::No)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&loaded, &mut out)?;
    } else {
        show(&loaded, out.is_terminal(), &mut out)?;
        text::write_sum(&loaded, &mut out)?;
    }
    if loaded.is_valid() { Ok(()) } else { Err(Failure::Invalid) }
}

/// Whether compiled modules are kept, so that the next start has them at once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep<'a> {
    /// Nothing is written.
    No,
    /// Below this state directory, or below the configuration's.
    In(Option<&'a Path>),
}

/// Reads a configuration and checks it as a whole. What is wrong with it is in the answer.
///
/// # Errors
/// [`Failure::Usage`] if there is no text to read.
pub(super) fn read(file: &Path, given: &Given, keep: Keep<'_>) -> Result<Loaded, Failure> {
    let mut loaded = read_alone(file, given)?;
    let folder = folder(file);
    let mut problems = properties::check_properties(&loaded);
    problems.extend(patterns::check_patterns(&loaded));
    problems.extend(schemas::check_schemas(&loaded, folder));
    problems.extend(transforms::check_transforms(&mut loaded, folder, keep)?);
    loaded.report(problems);
    Ok(loaded)
}

/// Reads a configuration and checks what the file itself says.
///
/// # Errors
/// [`Failure::Usage`] if there is no text to read.
pub(super) fn read_alone(file: &Path, given: &Given) -> Result<Loaded, Failure> {
    let origin = file.display().to_string();
    let bytes = fs::read(file)
        .map_err(|error| Failure::Usage(format!("`{origin}` cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let (byte, line) = (good.len(), good.split(|byte| *byte == b'\n').count());
        Failure::Usage(format!(
            "`{origin}` is no UTF-8 at byte {byte}, in line {line}; save it as UTF-8"
        ))
    })?;
    Ok(config::load(&text, &origin, &Process { folder: folder(file), given }))
}

/// Where the paths begin that a file names.
fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// Shows what is wrong.
pub(super) fn show(loaded: &Loaded, is_terminal: bool, out: &mut impl Write) -> io::Result<()> {
    let is_coloured = is_terminal && env::var_os("NO_COLOR").is_none();
    let style = if is_coloured { Style::Coloured } else { Style::Plain };
    text::write_problems(loaded, style, out)
}

fn write_json(loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let problems = loaded.problems.iter().map(|problem| {
        let place = loaded.source.excerpt(problem.span);
        json!({
            "severity": text::word(problem.severity), "line": place.line, "column": place.column,
            "message": problem.message, "label": problem.label, "help": problem.help,
        })
    });
    let problems: Vec<_> = problems.collect();
    let file = loaded.source.origin();
    writeln!(out, "{}", json!({"file": file, "valid": loaded.is_valid(), "problems": problems}))
}

/// How many problems of a severity there are.
fn count(loaded: &Loaded, severity: Severity) -> usize {
    loaded.problems.iter().filter(|problem| problem.severity == severity).count()
}
