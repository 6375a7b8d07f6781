//! Run the jobs of continuous integration, here exactly as there

mod as_before;
mod caches;
mod change;
mod choice;
mod custom;
mod endings;
mod engine;
mod explain;
mod jobs;
mod matrix;
mod shared;
mod speakers;
mod words;

use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow, bail};
use clap::builder::FalseyValueParser;

use self::choice::{Choice, ChoiceArgs};
use self::engine::Engine;
use self::shared::Jobs;
use self::words::JobWords;
use super::build::{BuildArgs, EvaluationArgs};
use crate::ci::course::{Course, Wishes};
use crate::ci::workflow::late;
use crate::ci::{JobName, JobStatus, RunResult, Table, plan};
use crate::config::Config;
use crate::context::{Context, Ending};
use crate::fleet::Selector;
use crate::kept::history::History;
use crate::report;
use crate::session::cores;

/// Run the jobs of continuous integration, here exactly as there
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Only these jobs, and what they need; those of `[ci.jobs]` of xtask.toml too [default: all]
    #[arg(value_name = "JOB", value_parser = JobWords)]
    jobs: Vec<String>,
    /// Not these jobs
    #[arg(long, value_name = "JOB", value_delimiter = ',', env = "XTASK_SKIP", value_parser = JobWords)]
    skip: Vec<String>,
    /// Only these outputs; repeat for several [default: all]
    #[arg(long, value_name = "SELECTOR", value_delimiter = ',', env = "XTASK_ONLY")]
    only: Vec<Selector>,
    /// Compare the outputs with those of this revision [default: on GitHub, what the change is made against]
    #[arg(long, value_name = "REV", env = "XTASK_BASE")]
    base: Option<String>,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Stop at the first failure
    #[arg(long, env = "XTASK_FAIL_FAST", value_parser = FalseyValueParser::new())]
    fail_fast: bool,
    /// Go through later phases although an earlier one failed
    #[arg(long, env = "XTASK_KEEP_GOING", conflicts_with = "fail_fast", value_parser = FalseyValueParser::new())]
    keep_going: bool,
    /// Show which jobs would run, and run none
    #[arg(long, env = "XTASK_PLAN", value_parser = FalseyValueParser::new())]
    plan: bool,
    /// Say what a job is, when it runs, and which commands it runs, and run none
    #[arg(long, value_name = "JOB", env = "XTASK_EXPLAIN", value_parser = JobWords, conflicts_with_all = ["plan", "json"])]
    explain: Option<String>,
    /// The folder for report.json, junit.xml, summary.md and report.html [default: below the target folder]
    #[arg(long, value_name = "DIR", env = "XTASK_REPORT_DIR")]
    report_dir: Option<PathBuf>,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    evaluation: EvaluationArgs,
    #[command(flatten)]
    build: BuildArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Matrix(matrix::Args),
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask ci                             everything, as CI runs it
  cargo xtask ci lock                        one job, and what it needs
  cargo xtask ci --plan                      what would run
  cargo xtask ci --explain build             what that job is, and the commands that it runs
  cargo xtask ci --last-failed               only what failed when it last ran
  cargo xtask ci --affected --base main      only what is different from the branch `main`
  cargo xtask ci --keep-going                build even what failed a check
  cargo xtask ci build --only 'nixos:web*'   one job, for some outputs
  cargo xtask ci --base main                 what is different from the branch `main`, in front of the summary
  cargo xtask ci matrix                      which machines of GitHub would build what
  cargo xtask --repo ../fleet ci             another repository
  cargo xtask ci --inputs standin            offline: structure only, in about a second";

/// Runs the jobs and writes the reports, whatever becomes of the jobs.
///
/// # Errors
/// When no job is left to run, or the reports cannot be written.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    if let Some(Verb::Matrix(args)) = &args.verb {
        return matrix::run(context, args);
    }
    let console = &context.console;
    let folder = args.report_dir.clone().unwrap_or_else(|| context.state.join("report"));
    if !args.plan && args.explain.is_none() {
        // A run that is killed, or never begins, leaves no report, rather than that of an earlier run.
        report::files::remove(&folder)?;
    }
    let table = Config::read(&context.repository)?.ci.table;
    // Whichever job is given them: what another one says may hold them too.
    table.jobs().iter().for_each(|job| console.keep_secret(&job.machine.secrets));
    let history = History::read(&context.state);
    let part = args.evaluation.wish(args.only.clone()).part();
    if let Some(word) = &args.explain {
        let job = table.named(word).map_err(|reason| anyhow!(reason))?;
        let explained = explain::explained(context, &table, job, &history, &part);
        console.answer(&report::explain::text(&explained));
        return Ok(Ending::Clean);
    }
    let planned = plan(&table, &named(&table, &args.jobs)?, &named_or_off(&table, &args.skip)?);
    if planned.iter().all(|row| row.left_out.is_some()) {
        bail!("every job is skipped: nothing would be checked");
    }
    let choice = Choice::of(context, &args.choice, args.base.as_deref(), planned, &history)?;
    if let Some(said) = &choice.said {
        console.line(said);
    }
    let planned = choice.planned.clone();
    if args.plan {
        let late = late(table.jobs());
        let plan = report::jobs::plan(&planned, &late, &history, &part);
        console.answer(&if args.json { report::jobs::plan_json(&planned, &late, &history, &part)? } else { plan });
        return Ok(Ending::Clean);
    }
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let started = Instant::now();
    let jobs = Jobs::new(context, args, choice)?;
    let wishes = Wishes { fail_fast: args.fail_fast, keep_going: args.keep_going, at_once: cores() };
    let usual = planned.iter().map(|row| history.usual_seconds(row.job.name.word(), &part, None)).collect();
    let (mut results, spans) = Engine::new(&planned, &jobs, Course::new(&planned, wishes, usual)).run()?;
    jobs.look_back(&mut results)?;
    if let Err(error) = jobs.keep() {
        console.mark(report::Mark::Warning, &format!("{error:#}"));
    }
    let seconds = started.elapsed().as_secs_f64();
    let result = RunResult { table, began: started, spans, ..jobs.result(results, clock, seconds) };
    let written = report::files::write(&folder, &result, &history);
    let traced = report::files::write_trace(args.build.trace.as_deref(), result.all_spans(), result.began);
    if let Err(error) = History::add(&context.state, &result) {
        console.mark(report::Mark::Warning, &format!("{error:#}"));
    }
    if args.json {
        console.answer(&report::json::run(&result)?);
    }
    report::jobs::conclude(console, &result, &folder);
    written?;
    traced?;
    Ok(ending(&result))
}

/// The jobs that go by `words`.
fn named(table: &Table, words: &[String]) -> Result<Vec<JobName>> {
    words.iter().map(|word| table.named(word).map(|job| job.name).map_err(|reason| anyhow!(reason))).collect()
}

/// As [`named`], for what is not to run: what is switched off does not anyway.
fn named_or_off(table: &Table, words: &[String]) -> Result<Vec<JobName>> {
    let is_off = |word: &String| table.off().iter().any(|off| off.job.word() == word);
    let on: Vec<String> = words.iter().filter(|word| !is_off(word)).cloned().collect();
    named(table, &on)
}

fn ending(result: &RunResult) -> Ending {
    match result.status() {
        JobStatus::Ok | JobStatus::Skipped => Ending::Clean,
        JobStatus::Failed | JobStatus::Interrupted => Ending::Problems,
        JobStatus::CouldNotCheck => Ending::Unchecked,
    }
}
