//! What a run is restricted to besides what its arguments name: what failed when it last ran, or what a change affects.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::builder::FalseyValueParser;

use super::Args;
use super::change::Base;
use super::shared::Jobs;
use crate::ci::{JobName, JobResult, JobStatus, Planned, is_affected, restricted};
use crate::commands::diff::{Revisions, evaluated_base};
use crate::context::{Context, Inputs as WantedInputs};
use crate::fleet::{AttrPath, OutputResult, Selector, Spared};
use crate::kept::history::{AFFECTED, History, LAST_FAILED};
use crate::report::{Mark, choice as report};
use crate::session::{Report, Session, Wish};

/// Which jobs and outputs, by what is known of them.
#[derive(Debug, clap::Args)]
pub struct ChoiceArgs {
    /// Only what failed when it last ran: jobs, with what they need, and outputs; everything if nothing did
    #[arg(long, env = "XTASK_LAST_FAILED", conflicts_with = "affected", value_parser = FalseyValueParser::new())]
    last_failed: bool,
    /// Only what changed since --base: jobs whose inputs did, with what they need, and outputs whose derivation did
    #[arg(long, env = "XTASK_AFFECTED", value_parser = FalseyValueParser::new())]
    affected: bool,
}

/// What a run is restricted to.
#[derive(Debug)]
pub struct Choice {
    /// The plan.
    pub planned: Vec<Planned>,
    /// The outputs that it builds.
    pub outputs: Outputs,
    /// What the user is told of it, if there is something to tell.
    pub said: Option<String>,
    /// What tells its times from those of other runs; empty for all.
    pub part: &'static str,
}

/// The outputs that a run builds.
#[derive(Debug)]
pub enum Outputs {
    /// All that its arguments name.
    All,
    /// Those of them at these paths, or below.
    Failed(BTreeSet<AttrPath>),
    /// Those of them that are not as they are in the base.
    Changed(Arc<Revisions>),
}

impl Choice {
    /// What `args` want of `planned`; `base` is the revision to compare with, if one is named.
    ///
    /// # Errors
    /// When nothing of `planned` is left that could fail, there was no last run, or no such base.
    pub fn of(
        context: &Context,
        args: &ChoiceArgs,
        base: Option<&str>,
        planned: Vec<Planned>,
        history: &History,
    ) -> Result<Self> {
        if args.last_failed {
            last_failed(context, planned, history)
        } else if args.affected {
            affected(context, base, planned)
        } else {
            Ok(Self { planned, outputs: Outputs::All, said: None, part: "" })
        }
    }
}

fn last_failed(context: &Context, planned: Vec<Planned>, history: &History) -> Result<Choice> {
    let inputs = match context.inputs {
        WantedInputs::Locked => Some("locked"),
        WantedInputs::Standin => Some("stand-in"),
        WantedInputs::Auto => None,
    };
    let Some(mut failed) = history.failed(inputs) else {
        let with = inputs.map(|inputs| format!(" with {inputs} inputs")).unwrap_or_default();
        bail!(
            "no run of `ci`{with} is known below `{}`, so none that failed: run `cargo xtask ci` first",
            context.state.display()
        );
    };
    let is_there = |word: &String| planned.iter().any(|row| row.job.word() == word);
    let (there, gone): (BTreeSet<String>, BTreeSet<String>) = failed.jobs.into_iter().partition(is_there);
    let gone: Vec<String> = gone.into_iter().collect();
    failed.jobs = there;
    if failed.jobs.is_empty() {
        let said = Some(report::nothing_failed(&gone));
        return Ok(Choice { planned, outputs: Outputs::All, said, part: "" });
    }
    let wanted: Vec<JobName> = failed.jobs.iter().map(|word| JobName::of(word)).collect();
    let planned = restricted(planned, &wanted, "it went well when it last ran");
    if planned.iter().all(|row| row.left_out.is_some()) {
        let jobs: Vec<String> = failed.jobs.iter().map(|word| format!("`{word}`")).collect();
        bail!("what failed when it last ran is not among these jobs: {}", jobs.join(", "));
    }
    let said = Some(report::last_failed(&failed, &gone));
    // A flake that does not evaluate at all has no names of outputs.
    let parsed = failed.outputs.map(|paths| paths.iter().map(|path| AttrPath::parse(path)).collect::<Result<_>>());
    let outputs: Option<BTreeSet<AttrPath>> = parsed.transpose().context("read which outputs failed")?;
    let outputs = outputs.filter(|paths| !paths.contains(&AttrPath::new(["outputs"])));
    let part = if outputs.is_some() { LAST_FAILED } else { "" };
    Ok(Choice { planned, outputs: outputs.map_or(Outputs::All, Outputs::Failed), said, part })
}

fn affected(context: &Context, base: Option<&str>, planned: Vec<Planned>) -> Result<Choice> {
    let revisions = match Base::find(context, base)? {
        Base::Found(revisions) => revisions,
        Base::Lost(reason) => bail!("what --affected compares with could not be had: {reason}"),
        Base::Nothing => {
            bail!(
                "--affected compares with a revision, and this is no run for a pull request, which would name one: give --base REV"
            )
        }
    };
    let base = revisions.base.clone();
    let touched = touched(context, &revisions)?;
    let affected = planned.iter().filter(|row| is_affected(&row.job, &touched));
    let wanted: Vec<JobName> = affected.map(|row| row.job.name).collect();
    let planned = restricted(planned, &wanted, &report::not_affected(&base));
    let running = planned.iter().filter(|row| row.left_out.is_none()).count();
    let said = Some(report::affected(&base, touched.len(), running));
    Ok(Choice { planned, outputs: Outputs::Changed(revisions), said, part: AFFECTED })
}

/// The files that differ from the base, those included that git does not track, relative to the repository; of one that was renamed,
/// both names. What is beside a flake in a folder of its checkout is named from there: who cannot tell is affected.
fn touched(context: &Context, revisions: &Revisions) -> Result<Vec<PathBuf>> {
    let below = context.repository.strip_prefix(&revisions.checkout.top).unwrap_or(Path::new(""));
    let changes = revisions.changes()?;
    let tracked = changes.iter().flat_map(|change| std::iter::once(&change.path).chain(&change.was));
    let all: BTreeSet<&PathBuf> = tracked.chain(&revisions.checkout.untracked).collect();
    Ok(all.into_iter().map(|path| path.strip_prefix(below).unwrap_or(path).to_owned()).collect())
}

impl Choice {
    /// Whether the plan has the job `name` run.
    #[must_use]
    pub fn runs(&self, name: JobName) -> bool {
        self.planned.iter().any(|row| row.job.name == name && row.left_out.is_none())
    }

    /// What is wanted of the fleet.
    #[must_use]
    pub fn wish(&self, args: &Args) -> Wish {
        let mut wish = args.evaluation.wish(args.only.clone());
        wish.build = self.runs(JobName::Build).then(|| args.build.wish(None));
        wish.fail_fast = args.fail_fast;
        if let Some(evaluated) = self.evaluated().filter(|_| args.only.is_empty()) {
            (wish.selectors, wish.may_be_absent) = (evaluated, true);
        }
        wish
    }

    /// The outputs that are evaluated, where it is known that no others matter: jobs that check look at the whole fleet, and those that
    /// push take along what was built before.
    fn evaluated(&self) -> Option<Vec<Selector>> {
        use JobName::{Bootstrap, Build, CacheAnalytics, CachePolicy, Lock};
        let Outputs::Failed(paths) = &self.outputs else { return None };
        let about_outputs =
            |row: &&Planned| ![Bootstrap, Lock, CachePolicy, Build, CacheAnalytics].contains(&row.job.name);
        if self.planned.iter().filter(|row| row.left_out.is_none()).any(|row| about_outputs(&row)) {
            return None;
        }
        paths.iter().map(|path| path.to_string().parse().ok()).collect()
    }
}

impl Jobs<'_> {
    /// What is built of `session`, and how.
    pub(super) fn wish_to_build(&self, session: &Session<'_>) -> Wish {
        let mut wish = self.wish.clone();
        if let Some(build) = &mut wish.build {
            build.spared = self.choice.outputs.spared(session, &self.wish);
        }
        wish
    }

    /// What the job that builds came to with `fleet`, by what was chosen of it.
    pub(super) fn built_of_choice(&self, wish: &Wish, fleet: &Report) -> JobResult {
        let result = JobResult::of(JobName::Build, Vec::new());
        let spared = wish.build.as_ref().map_or(&Spared::None, |build| &build.spared);
        match self.choice.outputs.said(&fleet.results, spared) {
            Ok(reason) => JobResult { reason, ..result },
            Err(gone) => JobResult { status: JobStatus::CouldNotCheck, reason: Some(gone), ..result },
        }
    }
}

impl Outputs {
    /// What of `session` is not built. A base that cannot be evaluated spares nothing, and the user is told.
    fn spared(&self, session: &Session<'_>, wish: &Wish) -> Spared {
        let revisions = match self {
            Self::All => return Spared::None,
            Self::Failed(paths) => return Spared::AllBut(paths.clone()),
            Self::Changed(revisions) => revisions,
        };
        let console = &session.context.console;
        let wish = Wish { build: None, fail_fast: false, may_be_absent: true, ..wish.clone() };
        let was = match evaluated_base(revisions, session, &wish) {
            Ok(was) => was,
            Err(error) => {
                console.mark(Mark::Warning, &report::no_base(&error));
                return Spared::None;
            }
        };
        let lost: Vec<&OutputResult> = was.failures().collect();
        if !lost.is_empty() {
            console.mark(Mark::Warning, &report::lost_in_base(&revisions.base, &lost));
        }
        let drvs = was.results.iter().filter_map(|result| result.evaluated.as_ref()?.drv.clone());
        Spared::Derivations(drvs.collect())
    }

    /// What the job that builds says of `results`, if it was not about all of them.
    ///
    /// # Errors
    /// When there was nothing to do: what was to be built is not there any more.
    fn said(&self, results: &[OutputResult], spared: &Spared) -> Result<Option<String>, String> {
        let wanted = |result: &&OutputResult| {
            let drv = result.evaluated.as_ref().and_then(|evaluated| evaluated.drv.as_deref());
            // What does not evaluate is no less wanted.
            !spared.spares(&result.output, drv.unwrap_or_default())
        };
        let wanted = results.iter().filter(wanted).count();
        match self {
            Self::All => Ok(None),
            Self::Failed(_) if wanted == 0 => Err(report::failed_are_gone()),
            Self::Failed(_) => Ok(Some(report::failed_again(wanted, results.len()))),
            Self::Changed(revisions) => Ok(Some(report::changed(&revisions.base, wanted, results.len()))),
        }
    }
}
