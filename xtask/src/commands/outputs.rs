//! List what the flake declares, per output, evaluated

use anyhow::{Result, bail};
use clap::builder::FalseyValueParser;

use crate::commands::build::{EvaluationArgs, evaluated};
use crate::context::{Context, Ending};
use crate::fleet::{OutputResult, Selector};
use crate::report::{Mark, json, outcome, stand_in_banner};
use crate::session::{Session, find_nix};

/// List what the flake declares, per output, evaluated
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Outputs: an attribute path or its prefix, `kind:name`, with globs (`nixos:web*`) [default: all]
    selectors: Vec<Selector>,
    #[command(flatten)]
    evaluation: EvaluationArgs,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask outputs                        everything the flake declares
  cargo xtask outputs 'nixos:*' --json       hosts, with what was read of each";

/// Discovers, evaluates and lists.
///
/// # Errors
/// When a selector names nothing, the flake declares nothing, or a tool cannot be run.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = Session::open(context, find_nix()?)?;
    if let Some(banner) = stand_in_banner(&session.inputs) {
        context.console.banner(&banner);
    }
    let flags = session.flags();
    let wish = args.evaluation.wish(args.selectors.clone());
    let report = evaluated(&session, &wish)?;
    if args.json {
        context.console.answer(&json::fleet(&report, &session)?);
    } else {
        context.console.answer(&listing(&report.results));
    }
    for result in report.failures() {
        context.console.mark(Mark::Failed, &outcome::failure(result, &flags));
    }
    for attr in &report.uncovered {
        context.console.mark(Mark::Warning, &format!("{attr} is of no known kind: not covered"));
    }
    for warning in outcome::warnings(&report) {
        context.console.mark(Mark::Warning, &warning);
    }
    context.console.line(&outcome::verdict(&report));
    if let Some(trouble) = report.trouble {
        bail!(trouble);
    }
    Ok(if report.failures().next().is_some() { Ending::Problems } else { Ending::Clean })
}

/// One line an output: kind, system, attribute path.
fn listing(results: &[OutputResult]) -> String {
    let kinds = results.iter().map(|result| result.output.kind.len()).max().unwrap_or(0);
    let systems = results.iter().map(|result| result.system().unwrap_or("?").len()).max().unwrap_or(0);
    let line = |result: &OutputResult| {
        let system = result.system().unwrap_or("?");
        let failed = if result.status.is_failure() { "  (failed)" } else { "" };
        format!("{:kinds$}  {system:systems$}  {}{failed}\n", result.output.kind, result.output.attr)
    };
    results.iter().map(line).collect()
}
