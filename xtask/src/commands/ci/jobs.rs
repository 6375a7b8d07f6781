//! What each job does: the repository is opened once, the fleet evaluated once, for whichever job is the first to need it.

use std::time::Instant;

use anyhow::{Context as _, Result};

use super::Args;
use crate::bootstrap::{self, NeededBy, StepReport, Verdict, ensure_nix};
use crate::ci::{JobName, JobResult, JobStatus, Planned, RunResult};
use crate::commands::{build, lock};
use crate::context::Context;
use crate::nix::Nix;
use crate::report::{stand_in_banner, steps};
use crate::rules::{self, Problem};
use crate::session::{Report, Session, Wish};
use crate::{files, interrupt};

/// What the jobs of one run share.
#[derive(Debug)]
pub struct Jobs<'a> {
    context: &'a Context,
    wish: Wish,
    fresh: bool,
    nix: Option<Nix>,
    session: Option<Session<'a>>,
    fleet: Option<Report>,
    lock_before: Vec<u8>,
}

impl<'a> Jobs<'a> {
    /// Nothing is opened yet.
    ///
    /// # Errors
    /// When flake.lock cannot be looked at.
    pub fn new(context: &'a Context, args: &Args, planned: &[Planned]) -> Result<Self> {
        let mut wish = args.evaluation.wish(Vec::new());
        let builds = planned.iter().any(|row| row.job.name == JobName::Build && row.left_out.is_none());
        wish.build = builds.then(|| args.build.wish(None));
        wish.fail_fast = args.fail_fast;
        let fresh = wish.fresh;
        let lock_before = lock_identity(context)?;
        Ok(Self { context, wish, fresh, nix: None, session: None, fleet: None, lock_before })
    }

    /// Runs one job to its end.
    pub fn run(&mut self, name: JobName) -> JobResult {
        let started = Instant::now();
        let done = match name {
            JobName::Bootstrap => self.bootstrap(),
            JobName::Lock => {
                self.session().and_then(|session| lock::check(session)).map(|found| JobResult::of(name, found))
            }
            JobName::Build => self.build(),
        };
        let mut result = done.unwrap_or_else(|error| JobResult {
            status: if interrupt::count() > 0 { JobStatus::Interrupted } else { JobStatus::CouldNotCheck },
            reason: Some(format!("{error:#}")),
            ..JobResult::of(name, Vec::new())
        });
        result.seconds = started.elapsed().as_secs_f64();
        result
    }

    /// What can only be told when all is done: whether flake.lock is as it was.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn look_back(&self, results: &mut [JobResult]) -> Result<()> {
        let Some(job) = results.iter_mut().find(|result| result.name == JobName::Lock) else { return Ok(()) };
        if job.status != JobStatus::Skipped && lock_identity(self.context)? != self.lock_before {
            job.problems.push(rules::lock::rewritten());
            job.status = JobStatus::Failed;
        }
        Ok(())
    }

    /// Everything for the reports.
    pub fn result(self, jobs: Vec<JobResult>, started: u64, seconds: f64) -> RunResult {
        let session = self.session.as_ref();
        RunResult {
            jobs,
            inputs: session.map(|session| session.inputs.word()),
            flags: session.map(Session::flags).unwrap_or_default(),
            nix: self.nix.as_ref().map(|nix| nix.description.clone()),
            revision: session.and_then(Session::revision),
            fleet: self.fleet,
            started,
            seconds,
        }
    }

    /// This machine: what a run before has proved, and nothing has changed since, is not proved again on a developer's machine.
    fn bootstrap(&mut self) -> Result<JobResult> {
        let ready = ensure_nix(self.context)?;
        self.nix = Some(ready.nix);
        let look_again = ready.looked_at.is_empty() && (self.fresh || self.context.ci);
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

    fn build(&mut self) -> Result<JobResult> {
        let fleet = self.fleet()?;
        let mut result = JobResult::of(JobName::Build, Vec::new());
        if fleet.failures().next().is_some() {
            result.status = JobStatus::Failed;
        }
        if let Some(reason) = fleet.nothing_done() {
            result.status = JobStatus::CouldNotCheck;
            result.reason = Some(reason);
        }
        if fleet.interrupted && interrupt::count() > 0 {
            result.status = JobStatus::Interrupted;
        }
        Ok(result)
    }

    /// The repository, opened by the first who asks.
    fn session(&mut self) -> Result<&Session<'a>> {
        if self.session.is_none() {
            let nix = match &self.nix {
                Some(nix) => nix.clone(),
                None => ensure_nix(self.context)?.nix,
            };
            self.nix = Some(nix.clone());
            let session = Session::open(self.context, nix)?;
            if let Some(banner) = stand_in_banner(&session.inputs) {
                self.context.console.banner(&banner);
            }
            self.session = Some(session);
        }
        self.session.as_ref().context("open the repository")
    }

    /// What became of the outputs: evaluated, and built if the plan has the job, when the first job asks.
    fn fleet(&mut self) -> Result<&Report> {
        if self.fleet.is_none() {
            let wish = self.wish.clone();
            let session = self.session()?;
            let report = build::watched(session, &wish)?;
            build::tell(session, &report);
            self.fleet = Some(report);
        }
        self.fleet.as_ref().context("look at the outputs")
    }
}

/// A step that is not in order, as a problem.
fn problem(report: &StepReport) -> Option<Problem> {
    let fix = steps::fix(report)?;
    Some(Problem::new(None, format!("{}: {}", report.name, steps::short(&report.outcome)), fix))
}

fn lock_identity(context: &Context) -> Result<Vec<u8>> {
    files::identity(&context.repository.join("flake.lock")).context("look at flake.lock")
}
