//! The job that tells what a change does: what it is compared with, and the comparison itself.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::shared::Jobs;
use crate::ci::{BaseCommit, JobName, JobResult};
use crate::commands::diff::{Revisions, since};
use crate::context::Context;
use crate::diff::{Change, Difference};
use crate::report::diff as report;
use crate::session::{Report, Session};
use crate::supervise::deadline;
use crate::{git, github, interrupt};

/// How long the files are looked for that each changed output depends on: a reviewer waits for it.
const FILES_WITHIN: u32 = 60;

/// What a run is compared with.
#[derive(Debug)]
pub enum Base {
    /// Nothing: it is about no change.
    Nothing,
    /// This.
    Found(Arc<Revisions>),
    /// What the event names, which could not be had: why.
    Lost(String),
}

impl Base {
    /// What the user `asked` for, else what the event of this run says.
    ///
    /// # Errors
    /// When what the user asked for is not there. A base that only the event names costs no run: it is told why it is not compared.
    pub fn find(context: &Context, asked: Option<&str>) -> Result<Self> {
        if let Some(asked) = asked {
            return Ok(Self::Found(Arc::new(Revisions::find(context, asked)?)));
        }
        Ok(match of_event(context) {
            Ok(None) => Self::Nothing,
            Ok(Some(revisions)) => Self::Found(Arc::new(revisions)),
            Err(error) => Self::Lost(format!("{error:#}")),
        })
    }

    /// Its commit.
    #[must_use]
    pub fn commit(&self) -> Option<BaseCommit> {
        match self {
            Self::Found(revisions) => {
                Some(BaseCommit { name: revisions.base.clone(), commit: revisions.commit.clone() })
            }
            Self::Nothing | Self::Lost(_) => None,
        }
    }

    /// The Nix files of the base, for a stand-in that suits both.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn nix_files(&self) -> Result<Vec<std::path::PathBuf>> {
        match self {
            Self::Found(revisions) => revisions.nix_files_of_base(),
            Self::Nothing | Self::Lost(_) => Ok(Vec::new()),
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
    pub(super) fn diff(&self) -> Result<JobResult> {
        let name = JobName::Diff;
        let told = match &self.base {
            Base::Nothing => {
                let reason = "there is nothing to compare with: this run is about no change, and --base names none";
                return Ok(JobResult::skipped(name, reason.to_owned()));
            }
            Base::Lost(reason) => Err(reason.clone()),
            Base::Found(revisions) => {
                let (session, fleet) = self.looked_at()?;
                if let Some(unable) = self.not_evaluated(name, fleet) {
                    return Ok(unable);
                }
                match self.compare(revisions, session, fleet) {
                    Err(error) if interrupt::count() > 0 || deadline::current().over().is_some() => return Err(error),
                    told => told.map_err(|error| format!("{error:#}")),
                }
            }
        };
        Ok(match self.compared(told) {
            Err(reason) => JobResult::skipped(name, reason.clone()),
            Ok(difference) => {
                JobResult { reason: Some(report::verdict(difference)), ..JobResult::of(name, Vec::new()) }
            }
        })
    }

    fn compare(&self, revisions: &Revisions, session: &Session<'_>, fleet: &Report) -> Result<Difference> {
        let difference = since(revisions, session, fleet, &self.wish_elsewhere(), FILES_WITHIN)?;
        let lost = |change| matches!(change, Change::BaseDoesNotEvaluate | Change::NeitherEvaluates);
        let mut outputs = difference.outputs.iter();
        if let Some(first) = difference.outputs.first().filter(|_| outputs.all(|one| lost(one.compared.change))) {
            let why = first.compared.base_reason.as_deref().unwrap_or("it has no outputs");
            bail!("nothing of the base `{}` evaluates: {why}", revisions.base);
        }
        for line in report::text(&difference).lines() {
            session.context.console.line(line);
        }
        Ok(difference)
    }
}
