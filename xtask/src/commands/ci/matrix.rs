//! Plan which machines of GitHub build what

use anyhow::{Context as _, Result, bail};

use crate::bootstrap::ensure_nix;
use crate::ci::matrix::{Load, Matrix};
use crate::ci::workflow::in_front_of_the_push;
use crate::commands::build::{EvaluationArgs, evaluated};
use crate::context::{Context, Ending};
use crate::fleet::{OutputResult, Status};
use crate::report::jobs as report;
use crate::report::words::count;
use crate::report::{Mark, outcome, stand_in_banner, step_files};
use crate::session::Session;

/// Plan which machines of GitHub build what
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    evaluation: EvaluationArgs,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask ci matrix                      the machines, as JSON
  cargo xtask ci matrix --fresh              evaluated again";

/// Evaluates the fleet, says the matrix, and hands it to GitHub.
///
/// # Errors
/// When the fleet cannot be evaluated, a system has no runner, or GitHub's file cannot be written.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let console = &context.console;
    let session = Session::open(context, ensure_nix(context)?.nix)?;
    if let Some(banner) = stand_in_banner(&session.inputs) {
        console.banner(&banner);
    }
    let fleet = evaluated(&session, &args.evaluation.wish(Vec::new()))?;
    for failure in fleet.failures() {
        console.mark(Mark::Failed, &outcome::failure(failure, &session.flags()));
    }
    if let Some(trouble) = fleet.trouble {
        bail!(trouble);
    }
    if fleet.failures().next().is_some() {
        // For which system it is, only its evaluation says: it would be in no row, and nobody would miss it.
        console.verdict(Mark::Failed, "matrix: not every output evaluates: no plan is whole without them");
        return Ok(Ending::Problems);
    }
    let matrix = Matrix::of(&loads(&fleet.results)?, &session.config.ci)?;
    let json = serde_json::to_string(&matrix).context("write the matrix as JSON")?;
    console.answer(&format!("{json}\n"));
    let systems = serde_json::to_string(&matrix.systems()).context("write the systems as JSON")?;
    let empty = matrix.is_empty().to_string();
    let told = step_files::outputs(&[("matrix", &json), ("systems", &systems), ("empty", &empty)])?;
    let on_the_first = in_front_of_the_push(session.config.ci.table.jobs());
    for system in matrix.spread_systems().into_iter().filter(|_| !on_the_first.is_empty()) {
        console.line(&report::on_the_first(system, &on_the_first));
    }
    let machines = match matrix.include.len() {
        0 => "nothing to build: every output is for an excluded system".to_owned(),
        some => format!("{} for {}", count(some, "machine"), count(fleet.results.len(), "output")),
    };
    console.verdict(Mark::Ok, &format!("matrix: {machines}{}", if told { ", handed to GitHub" } else { "" }));
    Ok(Ending::Clean)
}

/// What each output asks of a machine; what has nothing to build asks for none.
fn loads(results: &[OutputResult]) -> Result<Vec<Load>> {
    let load = |result: &OutputResult| {
        let attr = result.output.attr.to_string();
        let system = result.system().with_context(|| format!("find the system of `{attr}`"))?.to_owned();
        Ok(Load { attr, system, seconds: result.seconds() })
    };
    let has_work = |result: &&OutputResult| result.status != Status::NothingToBuild || result.system().is_some();
    results.iter().filter(has_work).map(load).collect()
}
