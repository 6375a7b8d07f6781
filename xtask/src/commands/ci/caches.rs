//! The jobs that are about binary caches: whether to push, what was there before, the push itself, and whether it arrived.

use anyhow::{Context as _, Result, bail};

use super::jobs::Jobs;
use crate::ci::{JobName, JobResult, JobStatus};
use crate::commands::cache::{self, PushEnding};
use crate::push_policy::Decision;
use crate::report;

impl Jobs<'_> {
    /// Decides, before anything is built, whether this run pushes.
    pub(super) fn cache_policy(&mut self) -> Result<JobResult> {
        let session = self.session()?;
        let decision = cache::decided(session)?;
        let said = report::cache::decision(&decision);
        if matches!(decision, Decision::Error(_)) {
            bail!(said);
        }
        Ok(JobResult { reason: Some(said), ..JobResult::of(JobName::CachePolicy, Vec::new()) })
    }

    /// What was measured before the build.
    pub(super) fn cache_analytics(&mut self) -> Result<JobResult> {
        self.fleet()?;
        let measured = self.measured.take().context("measure what caches have")??;
        let said = report::cache::analytics_line(&measured.tally);
        self.caches.analytics = Some((measured.tally, measured.trend));
        self.caches.measured = measured.past;
        Ok(JobResult { reason: Some(said), ..JobResult::of(JobName::CacheAnalytics, measured.problems) })
    }

    /// Pushes what is built, where the policy says so.
    pub(super) fn cache_push(&mut self) -> Result<JobResult> {
        self.fleet()?;
        let (session, fleet) = self.looked_at()?;
        let done = cache::push_fleet(session, fleet)?;
        self.caches.push = Some(done.said.clone());
        (self.caches.outputs, self.caches.spans) = (done.outputs, done.spans);
        self.push_ended = Some(done.ending);
        let status = match done.ending {
            PushEnding::NotWanted => JobStatus::Skipped,
            PushEnding::Complete | PushEnding::Tolerated => JobStatus::Ok,
            PushEnding::Failed => JobStatus::Failed,
        };
        Ok(JobResult { status, reason: Some(done.said), ..JobResult::of(JobName::CachePush, Vec::new()) })
    }

    /// Looks whether what was pushed is there.
    pub(super) fn cache_verify(&mut self) -> Result<JobResult> {
        self.fleet()?;
        let (session, fleet) = self.looked_at()?;
        if self.push_ended == Some(PushEnding::Tolerated) {
            let reason = "the push did not get through, which xtask.toml lets pass".to_owned();
            return Ok(JobResult::skipped(JobName::CacheVerify, reason));
        }
        let Some((verified, problems)) = cache::verify_fleet(session, fleet)? else {
            let reason = "nothing is pushed by this run".to_owned();
            return Ok(JobResult::skipped(JobName::CacheVerify, reason));
        };
        self.caches.verify = Some(verified.clone());
        Ok(JobResult { reason: Some(verified), ..JobResult::of(JobName::CacheVerify, problems) })
    }
}
