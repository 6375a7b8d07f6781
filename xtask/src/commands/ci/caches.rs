//! The jobs that are about binary caches: whether to push, what was there before, the push itself, and whether it arrived.

use anyhow::{Result, bail};

use super::shared::Jobs;
use crate::ci::{JobName, JobResult, JobStatus};
use crate::commands::cache::{self, PushEnding};
use crate::push_policy::Decision;
use crate::report;

impl Jobs<'_> {
    /// Decides, before anything is built, whether this run pushes.
    pub(super) fn cache_policy(&self) -> Result<JobResult> {
        let session = self.session()?;
        let decision = cache::decided(session)?;
        let said = report::cache::decision(&decision);
        if matches!(decision, Decision::Error(_)) {
            bail!(said);
        }
        Ok(JobResult { reason: Some(said), ..JobResult::of(JobName::CachePolicy, Vec::new()) })
    }

    /// What was measured before the build.
    pub(super) fn cache_analytics(&self) -> Result<JobResult> {
        let measured = match self.measured()? {
            Ok(measured) => measured,
            Err(unable) => return Ok(unable),
        };
        let said = report::cache::analytics_line(&measured.tally);
        self.note(|caches| {
            caches.analytics = Some((measured.tally, measured.trend));
            caches.measured = measured.past;
        });
        Ok(JobResult { reason: Some(said), ..JobResult::of(JobName::CacheAnalytics, measured.problems) })
    }

    /// Pushes what is built, where the policy says so.
    pub(super) fn cache_push(&self) -> Result<JobResult> {
        let (session, fleet) = self.looked_at()?;
        let done = cache::push_fleet(session, fleet)?;
        self.note(|caches| {
            caches.push = Some(done.said.clone());
            (caches.outputs, caches.spans) = (done.outputs, done.spans);
        });
        self.pushed(done.ending);
        let status = match done.ending {
            PushEnding::NotWanted => JobStatus::Skipped,
            PushEnding::Complete | PushEnding::Tolerated => JobStatus::Ok,
            PushEnding::Failed => JobStatus::Failed,
        };
        Ok(JobResult { status, reason: Some(done.said), ..JobResult::of(JobName::CachePush, Vec::new()) })
    }

    /// Looks whether what was pushed is there.
    pub(super) fn cache_verify(&self) -> Result<JobResult> {
        let (session, fleet) = self.looked_at()?;
        if self.push_ended() == Some(PushEnding::Tolerated) {
            let reason = "the push did not get through, which xtask.toml lets pass".to_owned();
            return Ok(JobResult::skipped(JobName::CacheVerify, reason));
        }
        let Some((verified, problems)) = cache::verify_fleet(session, fleet)? else {
            let reason = "nothing is pushed by this run".to_owned();
            return Ok(JobResult::skipped(JobName::CacheVerify, reason));
        };
        self.note(|caches| caches.verify = Some(verified.clone()));
        Ok(JobResult { reason: Some(verified), ..JobResult::of(JobName::CacheVerify, problems) })
    }
}
