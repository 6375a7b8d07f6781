//! Tell which jobs of workflows build the same outputs, what that costs, and what a run without them would

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::builder::FalseyValueParser;

use super::Workflows;
use crate::ci::audit::{Facts, NotRead, audit};
use crate::ci::run::Run;
use crate::config::Config;
use crate::context::{Context, Ending};
use crate::report::{audit as words, audit_json};
use crate::rules::workflow::File;

/// Tell which jobs of workflows build the same outputs, what that costs, and what a run without them would
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The workflows [default: all of the repository]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Runs, as `gh run view ID --json jobs,workflowName,attempt` writes them, to tell how long jobs take
    #[arg(long, value_name = "RUN.json", env = "XTASK_RUNS", num_args = 1.., value_delimiter = ',')]
    runs: Vec<PathBuf>,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
What a job builds is told by its `run` lines: nix build, nix flake check, nix-fast-build, om ci, nixos-rebuild and the like, \
cargo xtask. `om ci` is taken to build what it does unless the flake configures it otherwise. What is not understood is listed, \
and no job is called redundant in spite of it. Exit status 1: some job is redundant.

Examples:
  cargo xtask workflow audit                 every workflow of the repository
  cargo xtask workflow audit .github/workflows/ci.yaml --runs run.json
                                             with what it costs, by `gh run view ID --json jobs,workflowName,attempt`";

/// Audits them; a redundant job is exit status 1.
///
/// # Errors
/// When a workflow or a run cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let config = Config::read(&context.repository)?;
    let files = files(context, &args.files)?;
    let runs = args.runs.iter().map(|path| read_run(path)).collect::<Result<Vec<Run>>>()?;
    let facts = Facts { files: &files, kinds: &config.kinds()?, config: &config.ci, runs: &runs };
    let found = audit(&facts).map_err(explained)?;
    context.console.answer(&if args.json { audit_json::json(&found)? } else { words::text(&found) });
    let (mark, verdict) = words::verdict(&found);
    context.console.verdict(mark, &format!("workflow audit: {verdict}"));
    Ok(if found.plan.removed.is_empty() { Ending::Clean } else { Ending::Problems })
}

/// The workflows that are named, else all of the repository; with the actions of the repository.
fn files(context: &Context, named: &[PathBuf]) -> Result<Vec<File>> {
    let mut files = Workflows::read(&context.repository)?.files;
    let is_workflow = |path: &Path| path.starts_with(".github/workflows");
    if named.is_empty() {
        if !files.iter().any(|file| is_workflow(&file.path)) {
            bail!("no workflow in `.github/workflows` of `{}`: name one", context.repository.display());
        }
        return Ok(files);
    }
    files.retain(|file| !is_workflow(&file.path));
    for path in named {
        files.push(read_workflow(&context.repository, path)?);
    }
    Ok(files)
}

/// A workflow that is named by its path, in the repository or elsewhere.
///
/// # Errors
/// When it cannot be read.
pub fn read_workflow(repository: &Path, path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read the workflow `{}`", path.display()))?;
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Ok(File { path: whole.strip_prefix(repository).unwrap_or(path).to_owned(), text })
}

/// A run from its file.
///
/// # Errors
/// When it cannot be read, with line and column.
pub fn read_run(path: &Path) -> Result<Run> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read the run `{}`", path.display()))?;
    Run::parse(&text).map_err(|reason| anyhow!("{}: {reason}", path.display()))
}

/// The error of a workflow that could not be read.
pub fn explained(error: NotRead) -> anyhow::Error {
    anyhow!("{}:{}: {}", error.file.display(), error.line, error.reason)
}
