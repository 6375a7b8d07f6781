//! Check a finished run: every job of its workflow there, succeeded, and within its budget

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, anyhow, bail};
use clap::builder::FalseyValueParser;

use super::audit::{explained, read_run, read_workflow};
use super::{Workflows, paths};
use crate::ci::audit::{Leg, legs};
use crate::ci::run::Run;
use crate::ci::validate::{Facts, is_for, validate};
use crate::ci::workflow;
use crate::config::{Budget, Config};
use crate::context::{Context, Ending};
use crate::report::{problems, validation};
use crate::rules::workflow::File;
use crate::rules::{Problem, Severity};

/// Check a finished run: every job of its workflow there, succeeded, and within its budget
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The run, as `gh run view ID --json jobs,workflowName,attempt` writes it
    #[arg(value_name = "RUN.json")]
    run: PathBuf,
    /// The workflow that it is a run of [default: the one of the repository with the name that the run tells]
    #[arg(long, value_name = "FILE", env = "XTASK_WORKFLOW")]
    workflow: Option<PathBuf>,
    /// How long a job may take, `build=40m`; the name may be that on GitHub and hold `*`. Goes before `ci.budgets` of xtask.toml
    #[arg(long, value_name = "JOB=TIME", env = "XTASK_BUDGET", value_delimiter = ',')]
    budget: Vec<JobBudget>,
    /// Fail for warnings too: budgets, retries, jobs that the workflow does not have
    #[arg(long, env = "XTASK_STRICT", value_parser = FalseyValueParser::new())]
    strict: bool,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask workflow validate-run run.json
  cargo xtask workflow validate-run run.json --budget build=40m --budget 'lock=2m30s' --strict";

#[derive(Debug, Clone)]
struct JobBudget(String, Budget);

impl FromStr for JobBudget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (job, time) =
            text.rsplit_once('=').ok_or_else(|| format!("`{text}` is no budget: write it as `build=40m`"))?;
        Ok(Self(job.to_owned(), time.parse()?))
    }
}

/// Checks it.
///
/// # Errors
/// When the run or its workflow cannot be read, or a budget is for no job.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let config = Config::read(&context.repository)?;
    let run = read_run(&args.run)?;
    let required = required(&context.repository, &config, args.workflow.as_deref(), &run)?;
    let own = args.budget.iter().map(|own| (own.0.clone(), own.1));
    let budgets: Vec<(String, Budget)> = own.chain(budgets(context, &config, &required)?).collect();
    let facts = Facts { required: &required, run: &run, budgets: &budgets, config: &config.ci };
    let mut found = validate(&facts).map_err(|reason| anyhow!(reason))?;
    if args.strict {
        found.problems.iter_mut().for_each(|problem| problem.severity = Severity::Problem);
    }
    context.console.answer(&if args.json { validation::json(&found)? } else { validation::text(&found) });
    problems::conclude(&context.console, "workflow validate-run", &found.problems);
    Ok(if found.problems.iter().any(Problem::fails) { Ending::Problems } else { Ending::Clean })
}

/// The budgets of xtask.toml, but for those that are for jobs of other workflows alone.
fn budgets(context: &Context, config: &Config, required: &[Leg]) -> Result<Vec<(String, Budget)>> {
    let mut found: Vec<(String, Budget)> = config.ci.budgets.iter().map(|(job, of)| (job.clone(), *of)).collect();
    if !found.is_empty() {
        let files = Workflows::read(&context.repository)?.files;
        let all = legs(&files, &config.kinds()?, &config.ci).map_err(explained)?;
        let of = |name: &str, legs: &[Leg]| legs.iter().any(|leg| is_for(name, leg));
        found.retain(|(name, _)| of(name, required) || !of(name, &all));
    }
    Ok(found)
}

/// The jobs that the run must have: those of the workflow that is named, else of the one of the repository that has the run's name,
/// else of the one that the job table makes.
fn required(repository: &Path, config: &Config, named: Option<&Path>, run: &Run) -> Result<Vec<Leg>> {
    let read = |file: File| legs(&[file], &config.kinds()?, &config.ci).map_err(explained);
    if let Some(path) = named {
        return read(read_workflow(repository, path)?);
    }
    let generated = Path::new(workflow::WORKFLOW);
    let paths = paths(repository)?.into_iter().filter(|path| path.starts_with(".github/workflows"));
    let mut names = Vec::new();
    for path in paths {
        let own = read_workflow(repository, &repository.join(&path))?;
        let file = File { path, ..own };
        let is_generated = file.path == generated;
        let legs = read(file)?;
        let Some(first) = legs.first() else { continue };
        if run.workflow.as_ref().map_or(is_generated, |wanted| *wanted == first.workflow) {
            return Ok(legs);
        }
        names.push(format!("`{}`", first.workflow));
    }
    if let (Some(wanted), false) = (&run.workflow, names.is_empty()) {
        bail!(
            "the run is of the workflow `{wanted}`, and the repository has {}: name it with `--workflow FILE`",
            names.join(", ")
        );
    }
    let table = workflow::generate(config.ci.table.jobs(), &config.ci, &config.cache.secrets(), |_| "")
        .into_iter()
        .find(|file| Path::new(file.path) == generated);
    let table = table.ok_or_else(|| anyhow!("no workflow is generated: name one with `--workflow FILE`"))?;
    read(File { path: generated.to_owned(), text: table.text })
}
