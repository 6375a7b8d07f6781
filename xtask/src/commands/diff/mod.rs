//! Say what a change does to each output: which are added, removed and changed, and why
//!
//! The head is the repository as it is, changes that are not committed included. The base is a commit as it is: Nix is given the
//! commit itself, and its files stand in a folder of their own for as long as the command runs, for what is read besides Nix. What
//! was evaluated of a commit is kept, so that the base is not evaluated anew for every change that is compared with it.

mod details;
mod files;
mod graph;
mod revisions;

use anyhow::{Context as _, Result, bail};
use clap::builder::FalseyValueParser;

pub use self::revisions::Revisions;
use crate::bootstrap::ensure_nix;
use crate::commands::build::{EvaluationArgs, evaluated};
use crate::context::{Context, Ending};
use crate::diff::{Change, Compared, Described, Difference, compare};
use crate::fleet::{OutputResult, Selector};
use crate::report::{Mark, diff as report, outcome, stand_in_banner};
use crate::session::{Report, Session, Wish, select};

/// Say what a change does to each output: which are added, removed and changed, and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The revision to compare with: a branch, a tag, a commit
    #[arg(long, value_name = "REV", env = "XTASK_BASE")]
    base: String,
    /// Outputs: an attribute path or its prefix, `kind:name`, with globs (`nixos:web*`) [default: all]
    selectors: Vec<Selector>,
    #[command(flatten)]
    evaluation: EvaluationArgs,
    /// How long to look for the files that each changed output depends on; 0 is not at all
    #[arg(long, value_name = "SECONDS", env = "XTASK_FILES_WITHIN", default_value_t = 120)]
    files_within: u32,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", conflicts_with = "markdown", value_parser = FalseyValueParser::new())]
    json: bool,
    /// Answer in Markdown, as for a pull request
    #[arg(long, env = "XTASK_MARKDOWN", value_parser = FalseyValueParser::new())]
    markdown: bool,
    /// End with status 1 if any output is added, removed or changed
    #[arg(long, env = "XTASK_EXIT_CODE", value_parser = FalseyValueParser::new())]
    exit_code: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask diff --base main                      what is different from the branch `main`
  cargo xtask diff --base HEAD                      what the changes that are not committed do
  cargo xtask diff --base origin/main 'nixos:*' --markdown

Exit status: 0 whether or not there are changes (see --exit-code) · 1 an output does not evaluate now · 2 could not compare, also \
where nothing of the base evaluates";

/// Evaluates both revisions and says how they differ.
///
/// # Errors
/// When there is no such revision, a selector names nothing in either, or a tool cannot be run.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let revisions = Revisions::find(context, &args.base)?;
    let head = Session::open_besides(context, ensure_nix(context)?.nix, revisions.nix_files_of_base()?)?;
    if let Some(banner) = stand_in_banner(&head.inputs) {
        context.console.banner(&banner);
    }
    let wish = Wish { may_be_absent: true, ..args.evaluation.wish(args.selectors.clone()) };
    let now = complete(evaluated(&head, &wish)?)?;
    let difference = since(&revisions, &head, &now, &wish, args.files_within)?;
    tell(&head, args, &now, &difference)
}

/// How `now`, which `wish` came to in `head`, differs from what it comes to in the base; the files that changed outputs depend on
/// are looked for as long as `seconds` say.
///
/// # Errors
/// When the base cannot be asked, or no selector of the wish names anything in either.
pub fn since(revisions: &Revisions, head: &Session<'_>, now: &Report, wish: &Wish, seconds: u32) -> Result<Difference> {
    let was = evaluated_base(revisions, head, wish)?;
    refuse_unknown(&wish.selectors, now, &was, head)?;
    let mut difference = compared(revisions, head, &was, now)?;
    details::describe(head, &mut difference)?;
    files::describe(head, revisions, &mut difference, wish.limits, seconds)?;
    Ok(difference)
}

/// What `wish` comes to in the base, with the inputs that `head` has: its own of the lock, or the stand-in.
///
/// # Errors
/// When the base cannot be asked.
pub fn evaluated_base(revisions: &Revisions, head: &Session<'_>, wish: &Wish) -> Result<Report> {
    let in_base = || format!("evaluate the base `{}`", revisions.base);
    let context = head.context.with_inputs(head.inputs.is_stand_in());
    let files = (revisions.files_of_base(), revisions.nix_files_of_head());
    let base = Session::open_commit(&context, head.nix.clone(), &revisions.checkout, &revisions.commit, files);
    evaluated(&base.with_context(in_base)?, wish).and_then(complete).with_context(in_base)
}

fn compared(revisions: &Revisions, head: &Session<'_>, was: &Report, now: &Report) -> Result<Difference> {
    let files = revisions.changes()?;
    let system = |report: &Report, compared: &Compared| {
        let is_it = |result: &&OutputResult| {
            let attr = &result.output.attr;
            result.output.kind == compared.output.kind
                && (*attr == compared.output.attr || Some(attr) == compared.was.as_ref())
        };
        report.results.iter().find(is_it).and_then(|result| result.system().map(str::to_owned))
    };
    let outputs = compare(&was.results, &now.results, &files, &head.kinds).into_iter().map(|compared| {
        let system = system(now, &compared).or_else(|| system(was, &compared));
        Described::new(compared, system)
    });
    Ok(Difference {
        base: revisions.base.clone(),
        commit: revisions.commit.clone(),
        head: head.revision(),
        inputs: head.inputs.word(),
        is_stand_in: head.inputs.is_stand_in(),
        outputs: outputs.collect(),
        notes: revisions.notes(&files)?,
        files,
    })
}

/// A run that was cut short tells nothing about what it did not reach.
fn complete(report: Report) -> Result<Report> {
    if let Some(trouble) = report.trouble {
        bail!(trouble);
    }
    if report.interrupted {
        bail!("the run was interrupted");
    }
    Ok(report)
}

/// A selector that names nothing in the head must name something in the base.
fn refuse_unknown(selectors: &[Selector], now: &Report, was: &Report, head: &Session<'_>) -> Result<()> {
    let names = |report: &Report, selector: &Selector| {
        report.declared.iter().any(|output| selector.matches(output))
            || report.results.iter().any(|result| ["set", "flake"].contains(&result.output.kind.as_str()))
    };
    for selector in selectors.iter().filter(|selector| !names(now, selector) && !names(was, selector)) {
        select(&now.declared, &[], std::slice::from_ref(selector), &head.kinds)?;
    }
    Ok(())
}

fn tell(head: &Session<'_>, args: &Args, now: &Report, difference: &Difference) -> Result<Ending> {
    let console = &head.context.console;
    console.answer(&match (args.json, args.markdown) {
        (true, _) => report::json(difference)?,
        (_, true) => report::markdown(difference),
        _ => report::text(difference),
    });
    let count =
        |wanted: &[Change]| difference.outputs.iter().filter(|one| wanted.contains(&one.compared.change)).count();
    for result in now.failures() {
        console.mark(Mark::Failed, &outcome::failure(result, &head.flags()));
    }
    let broken = count(&[Change::Broken, Change::NeitherEvaluates]);
    let without_base = count(&[Change::BaseDoesNotEvaluate, Change::NeitherEvaluates]);
    let all = difference.outputs.len();
    let verdict = report::verdict(difference);
    if all == 0 {
        bail!("neither revision has an output that could be compared");
    }
    let differs = difference.outputs.iter().any(|one| one.compared.change != Change::Unchanged);
    let (mark, ending) = if without_base == all {
        (Mark::Failed, Ending::Unchecked)
    } else if broken > 0 {
        (Mark::Failed, Ending::Problems)
    } else if args.exit_code && differs {
        (Mark::Warning, Ending::Problems)
    } else {
        (Mark::Ok, Ending::Clean)
    };
    console.verdict(mark, &verdict);
    Ok(ending)
}
