//! The job that tells what a change does: what it is compared with, and the comparison itself.

use anyhow::{Context as _, Result, bail};

use super::jobs::Jobs;
use crate::ci::{JobName, JobResult};
use crate::commands::diff::{Revisions, since};
use crate::context::Context;
use crate::diff::{Change, Difference};
use crate::report::diff as report;
use crate::session::Wish;
use crate::{git, github, interrupt};

/// How long the files are looked for that each changed output depends on: a reviewer waits for it.
const FILES_WITHIN: u32 = 60;

/// What a run is compared with.
#[derive(Debug)]
pub enum Base {
    /// Nothing: it is about no change.
    Nothing,
    /// This.
    Found(Box<Revisions>),
    /// What came of it, or why it could not be told.
    Told(Box<Result<Difference, String>>),
}

impl Base {
    /// What the user `asked` for, else what the event of this run says.
    ///
    /// # Errors
    /// When what the user asked for is not there. A base that only the event names costs no run: it is told why it is not compared.
    pub fn find(context: &Context, asked: Option<&str>) -> Result<Self> {
        if let Some(asked) = asked {
            return Ok(Self::Found(Box::new(Revisions::find(context, asked)?)));
        }
        Ok(match of_event(context) {
            Ok(None) => Self::Nothing,
            Ok(Some(revisions)) => Self::Found(Box::new(revisions)),
            Err(error) => Self::untold(&error),
        })
    }

    fn untold(error: &anyhow::Error) -> Self {
        Self::Told(Box::new(Err(format!("{error:#}"))))
    }

    /// The Nix files of the base, for a stand-in that suits both.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn nix_files(&self) -> Result<Vec<std::path::PathBuf>> {
        match self {
            Self::Found(revisions) => revisions.nix_files_of_base(),
            Self::Nothing | Self::Told(_) => Ok(Vec::new()),
        }
    }

    /// What came of it, for the reports.
    pub fn into_difference(self) -> Option<Result<Difference, String>> {
        match self {
            Self::Told(told) => Some(*told),
            Self::Nothing | Self::Found(_) => None,
        }
    }
}

/// What the change of the event is made against. A pull request is compared with what it was merged into to be tried, else with
/// where it parted from its branch: what others did to that since is no part of it.
fn of_event(context: &Context) -> Result<Option<Revisions>> {
    let Some(change) = github::change()? else { return Ok(None) };
    let folder = &context.repository;
    let checkout = git::checkout(folder)?.with_context(|| format!("`{}` is in no git checkout", folder.display()))?;
    let head = checkout.commit("HEAD")?;
    let tried = change.merge.as_ref().is_some_and(|merge| merge.as_str() == head) && checkout.commit("HEAD^2").is_ok();
    let base = match (tried, &change.merge) {
        (true, _) => checkout.commit("HEAD^1")?,
        (false, None) => checkout.commit(change.base.as_str())?,
        (false, Some(_)) => {
            let base = checkout.commit(change.base.as_str())?;
            checkout.merge_base(&base)?.unwrap_or(base)
        }
    };
    let mut revisions = Revisions::find(context, &base)?;
    revisions.base = change.branch.unwrap_or(base);
    Ok(Some(revisions))
}

impl Jobs<'_> {
    /// Tells what the change does to each output. What cannot be told is no fault of the change: it is said, and fails nothing.
    pub(super) fn diff(&mut self) -> Result<JobResult> {
        let name = JobName::Diff;
        self.session()?;
        if let Base::Nothing = self.base {
            let reason = "there is nothing to compare with: this run is about no change, and --base names none";
            return Ok(JobResult::skipped(name, reason.to_owned()));
        }
        if let Base::Found(_) = &self.base {
            self.fleet()?;
        }
        if let Base::Found(revisions) = &self.base {
            let told = match self.compared(revisions) {
                Err(error) if interrupt::count() > 0 => return Err(error),
                told => told.map_err(|error| format!("{error:#}")),
            };
            self.base = Base::Told(Box::new(told));
        }
        let Base::Told(told) = &self.base else { return Ok(JobResult::of(name, Vec::new())) };
        Ok(match told.as_ref() {
            Err(reason) => JobResult::skipped(name, reason.clone()),
            Ok(difference) => {
                JobResult { reason: Some(report::verdict(difference)), ..JobResult::of(name, Vec::new()) }
            }
        })
    }

    fn compared(&self, revisions: &Revisions) -> Result<Difference> {
        let (session, fleet) = self.looked_at()?;
        if let Some(trouble) = &fleet.trouble {
            bail!("not every output could be looked at: {trouble}");
        }
        let wish = Wish { build: None, fail_fast: false, may_be_absent: true, ..self.wish.clone() };
        let difference = since(revisions, session, fleet, &wish, FILES_WITHIN)?;
        let lost = |change| matches!(change, Change::BaseDoesNotEvaluate | Change::NeitherEvaluates);
        if let Some(first) =
            difference.outputs.first().filter(|_| difference.outputs.iter().all(|one| lost(one.compared.change)))
        {
            let why = first.compared.base_reason.as_deref().unwrap_or("it has no outputs");
            bail!("nothing of the base `{}` evaluates: {why}", revisions.base);
        }
        for line in report::text(&difference).lines() {
            session.context.console.line(line);
        }
        Ok(difference)
    }
}
