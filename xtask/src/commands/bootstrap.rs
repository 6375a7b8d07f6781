//! Turn a fresh machine into one that can evaluate, build and decrypt, step by step

use anyhow::{Result, bail};
use clap::builder::{FalseyValueParser, PossibleValue};

use crate::bootstrap::{self, Choice, Consent, Mode, STEPS, Surroundings, Verdict};
use crate::context::{Context, Ending};
use crate::report::steps;

/// Turn a fresh machine into one that can evaluate, build and decrypt, step by step
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only look: what is in order, what is not
    #[arg(long, env = "XTASK_CHECK", value_parser = FalseyValueParser::new())]
    check: bool,
    /// Show what would be done, in full
    #[arg(long, conflicts_with = "check", env = "XTASK_DRY_RUN", value_parser = FalseyValueParser::new())]
    dry_run: bool,
    /// Only these steps
    #[arg(long, value_name = "STEP", value_delimiter = ',', env = "XTASK_ONLY_STEP", value_parser = step_names())]
    only: Vec<String>,
    /// Not these steps
    #[arg(long, value_name = "STEP", value_delimiter = ',', env = "XTASK_SKIP_STEP", value_parser = step_names())]
    skip: Vec<String>,
    /// Take back what was written for the shell and for `man`; what was installed stays
    #[arg(long, conflicts_with = "check", env = "XTASK_UNDO", value_parser = FalseyValueParser::new())]
    undo: bool,
    /// Agree to every change beforehand
    #[arg(long, short, conflicts_with_all = ["check", "dry_run"], env = "XTASK_YES", value_parser = FalseyValueParser::new())]
    yes: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask bootstrap                      step by step, asking before each change
  cargo xtask bootstrap --check              only look
  cargo xtask bootstrap --dry-run            every command and file change, and none of it done
  cargo xtask bootstrap --only age-key       one step
  cargo xtask bootstrap --undo --dry-run     what of the shell and of `man` would be taken back";

fn step_names() -> clap::builder::PossibleValuesParser {
    STEPS.iter().map(|step| PossibleValue::new(step.name).help(step.brings)).collect::<Vec<_>>().into()
}

/// Goes through the steps and says how each stands.
///
/// # Errors
/// When no step was chosen, the state of one could not be found, or it is interrupted.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let console = &context.console;
    let choice = Choice { only: args.only.clone(), skip: args.skip.clone(), ci: context.ci };
    if args.undo {
        let actions = bootstrap::undo(console, &Surroundings::of(context), &choice, !args.dry_run)?;
        steps::undone(console, &actions, args.dry_run);
        return Ok(Ending::Clean);
    }
    let mode = match (args.check || args.dry_run, args.yes) {
        (true, _) => Mode::Look,
        (_, true) => Mode::Bring(Consent::Given),
        _ => Mode::Bring(Consent::Ask),
    };
    let show = |report: &bootstrap::StepReport| match args.check {
        true => steps::standing(console, report),
        false => steps::step(console, report),
    };
    let reports = bootstrap::run(console, &Surroundings::of(context), &choice, mode, show)?;
    let verdict = bootstrap::verdict(&reports);
    steps::verdict(console, &reports, verdict);
    match verdict {
        Verdict::Clean => Ok(Ending::Clean),
        Verdict::Problems => Ok(Ending::Problems),
        Verdict::Unchecked => bail!("could not find the state of every step"),
    }
}
