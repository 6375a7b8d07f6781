//! What each job does, over what [`Jobs`] shares.

use std::time::Instant;

use anyhow::Result;

use super::endings::unable;
use super::shared::Jobs;
use crate::bootstrap::{self, NeededBy, StepReport, Verdict, ensure_nix};
use crate::ci::{Job, JobName, JobResult, JobStatus};
use crate::commands::{activation, autowiring, cache_config, config, independence, lock, secrets, workflow};
use crate::report::steps;
use crate::rules::{self, Problem};
use crate::session::Evidence;

/// What `independence` may cost in CI, by what configurations took to evaluate: about as much as starting a runner.
const INDEPENDENCE_SECONDS: f64 = 60.0;

impl Jobs<'_> {
    /// Runs one job to its end, or to that of its time.
    pub fn run(&self, job: &Job) -> JobResult {
        let (started, name) = (Instant::now(), job.name);
        let done = self.as_before(job).and_then(|before| before.map_or_else(|| self.run_again(job), Ok));
        let mut result = done.unwrap_or_else(|error| unable(name, &error));
        result.seconds = self.seconds_before(name) + started.elapsed().as_secs_f64();
        self.remember(job, &result);
        result
    }

    fn run_again(&self, job: &Job) -> Result<JobResult> {
        let name = job.name;
        match name {
            JobName::Bootstrap => self.bootstrap(),
            JobName::Lock => self.session().and_then(lock::check).map(|found| JobResult::of(name, found)),
            JobName::Activation => self.validation(name, activation::check),
            JobName::Config => self.validation(name, config::check),
            JobName::Autowiring => self.validation(name, autowiring::check).map(unrecognised),
            JobName::Independence => self.independence(),
            JobName::CacheConfig => self.validation(name, cache_config::check),
            JobName::Secrets => self.validation(name, secrets::check),
            JobName::Workflow => self.workflow(),
            JobName::Diff => self.diff(),
            JobName::CachePolicy => self.cache_policy(),
            JobName::Build => self.build(),
            JobName::CacheAnalytics => self.cache_analytics(),
            JobName::CachePush => self.cache_push(),
            JobName::CacheVerify => self.cache_verify(),
            JobName::Custom(_) => self.custom(job),
        }
    }

    /// This machine: what a run before has proved, and nothing has changed since, is not proved again on a developer's machine.
    fn bootstrap(&self) -> Result<JobResult> {
        let ready = ensure_nix(self.context)?;
        self.found_nix(ready.nix);
        let look_again = ready.looked_at.is_empty() && (self.wish.fresh || self.context.ci);
        let reports = if look_again { bootstrap::check(self.context, NeededBy::Ci)? } else { ready.looked_at };
        let unchecked = bootstrap::verdict(&reports) == Verdict::Unchecked && !reports.is_empty();
        let problems: Vec<Problem> = reports.iter().filter_map(problem).collect();
        let mut result = JobResult::of(JobName::Bootstrap, problems);
        if unchecked {
            result.status = JobStatus::CouldNotCheck;
        }
        if reports.is_empty() {
            result.reason = Some("as it was when it last proved able to build".to_owned());
        }
        Ok(result)
    }

    /// A validation of what was evaluated; what was not evaluated is the failure of the job that evaluates.
    fn validation(&self, name: JobName, check: fn(&Evidence<'_>) -> Result<Vec<Problem>>) -> Result<JobResult> {
        let (session, fleet) = self.looked_at()?;
        if let Some(result) = self.not_evaluated(name, fleet) {
            return Ok(result);
        }
        let mut result = JobResult::of(name, check(&Evidence::of(session, fleet)?)?);
        // Without the job that says so itself, what does not evaluate was not checked, and is no success.
        if !self.builds() && fleet.failures().next().is_some() {
            result.status = JobStatus::Failed;
            result.reason = Some("not every output evaluates".to_owned());
        }
        Ok(result)
    }

    /// The workflows, where there are any.
    fn workflow(&self) -> Result<JobResult> {
        let name = JobName::Workflow;
        let found = workflow::check(self.context)?;
        let nothing = || JobResult::skipped(name, "the repository has no workflow of GitHub".to_owned());
        Ok(found.map_or_else(nothing, |found| JobResult::of(name, found)))
    }

    /// Whether configurations depend on each other: as many as fit into [`INDEPENDENCE_SECONDS`].
    fn independence(&self) -> Result<JobResult> {
        let (session, fleet) = self.looked_at()?;
        if let Some(result) = self.not_evaluated(JobName::Independence, fleet) {
            return Ok(result);
        }
        let extent = independence::Extent::Seconds(INDEPENDENCE_SECONDS);
        let checked = independence::check(&Evidence::of(session, fleet)?, extent, self.wish.limits)?;
        let name = JobName::Independence;
        let Some(independence::Checked { problems, looked_at, total }) = checked else {
            return Ok(JobResult::skipped(name, "no layout tells which files are whose".to_owned()));
        };
        let reason = (looked_at < total).then(|| format!("a sample: {looked_at} of {total} configurations"));
        Ok(JobResult { reason, ..JobResult::of(name, problems) })
    }
}

/// A comparison without a layout has compared nothing: it is skipped, and says how it would not be.
fn unrecognised(result: JobResult) -> JobResult {
    if result.problems != [rules::autowiring::unrecognised()] {
        return result;
    }
    let reason = "no layout tells which files are which attributes".to_owned();
    JobResult { status: JobStatus::Skipped, reason: Some(reason), ..result }
}

/// A step that is not in order, as a problem.
fn problem(report: &StepReport) -> Option<Problem> {
    let fix = steps::fix(report)?;
    Some(Problem::new(None, format!("{}: {}", report.name, steps::short(&report.outcome)), fix))
}
