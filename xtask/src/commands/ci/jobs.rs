//! What each job does: the repository is opened once, the fleet evaluated once, for whichever job is the first to need it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Args;
use super::change::Base;
use crate::bootstrap::{self, NeededBy, StepReport, Verdict, ensure_nix};
use crate::ci::{Caches, Job, JobName, JobResult, JobStatus, Planned, RunResult, Table};
use crate::commands::cache::{self, Analytics, PushEnding};
use crate::commands::{activation, autowiring, build, cache_config, config, independence, lock, secrets};
use crate::context::Context;
use crate::nix::Nix;
use crate::report::{stand_in_banner, steps};
use crate::rules::{self, Problem};
use crate::session::{Evidence, Report, Session, Wish};
use crate::{files, interrupt};

/// What `independence` may cost in CI, by what configurations took to evaluate: about as much as starting a runner.
const INDEPENDENCE_SECONDS: f64 = 60.0;

/// What the jobs of one run share.
#[derive(Debug)]
pub struct Jobs<'a> {
    context: &'a Context,
    pub(super) wish: Wish,
    fresh: bool,
    nix: Option<Nix>,
    session: Option<Session<'a>>,
    fleet: Option<Report>,
    autowiring: bool,
    /// Whether it is to be measured what caches have before the build.
    measures: bool,
    pub(super) measured: Option<Result<Analytics>>,
    pub(super) caches: Caches,
    pub(super) push_ended: Option<PushEnding>,
    pub(super) base: Base,
    lock_before: Vec<u8>,
    /// How long the outputs took within the job that is running, and within all of them.
    shared: Duration,
    all_shared: Duration,
}

impl<'a> Jobs<'a> {
    /// Nothing is opened yet.
    ///
    /// # Errors
    /// When flake.lock cannot be looked at.
    pub fn new(context: &'a Context, args: &Args, planned: &[Planned]) -> Result<Self> {
        let mut wish = args.evaluation.wish(args.only.clone());
        let runs = |name: JobName| planned.iter().any(|row| row.job.name == name && row.left_out.is_none());
        wish.build = runs(JobName::Build).then(|| args.build.wish(None));
        wish.fail_fast = args.fail_fast;
        let fresh = wish.fresh;
        let lock_before = lock_identity(context)?;
        let (autowiring, measures) = (runs(JobName::Autowiring), runs(JobName::CacheAnalytics));
        Ok(Self {
            context,
            wish,
            fresh,
            nix: None,
            session: None,
            fleet: None,
            autowiring,
            measures,
            measured: None,
            caches: Caches::default(),
            push_ended: None,
            base: if runs(JobName::Diff) { Base::find(context, args.base.as_deref())? } else { Base::Nothing },
            lock_before,
            shared: Duration::ZERO,
            all_shared: Duration::ZERO,
        })
    }

    /// Has whoever looks at the outputs first evaluate them and no more.
    pub fn build_nothing(&mut self) {
        self.wish.build = None;
        self.measures = false;
    }

    /// Runs one job to its end.
    pub fn run(&mut self, job: &Job) -> JobResult {
        let (started, name) = (Instant::now(), job.name);
        let done = match name {
            JobName::Bootstrap => self.bootstrap(),
            JobName::Lock => {
                self.session().and_then(|session| lock::check(session)).map(|found| JobResult::of(name, found))
            }
            JobName::Activation => self.validation(name, activation::check),
            JobName::Config => self.validation(name, config::check),
            JobName::Autowiring => self.validation(name, autowiring::check).map(unrecognised),
            JobName::Independence => self.independence(),
            JobName::CacheConfig => self.validation(name, cache_config::check),
            JobName::Secrets => self.validation(name, secrets::check),
            JobName::Diff => self.diff(),
            JobName::CachePolicy => self.cache_policy(),
            JobName::Build => self.build(),
            JobName::CacheAnalytics => self.cache_analytics(),
            JobName::CachePush => self.cache_push(),
            JobName::CacheVerify => self.cache_verify(),
            JobName::Custom(_) => self.custom(job),
        };
        let mut result = done.unwrap_or_else(|error| JobResult {
            status: if interrupt::count() > 0 { JobStatus::Interrupted } else { JobStatus::CouldNotCheck },
            reason: Some(format!("{error:#}")),
            ..JobResult::of(name, Vec::new())
        });
        // Whichever job asks first for the outputs, the time they take is that of the job that is about them.
        result.seconds = (started.elapsed() - self.shared).as_secs_f64();
        if name == JobName::Build {
            result.seconds += self.all_shared.as_secs_f64();
        }
        self.shared = Duration::ZERO;
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
            table: Table::default(),
            inputs: session.map(|session| session.inputs.word()),
            part: self.wish.part(),
            flags: session.map(Session::flags).unwrap_or_default(),
            nix: self.nix.as_ref().map(|nix| nix.description.clone()),
            revision: session.and_then(Session::revision),
            caches: self.caches,
            difference: self.base.into_difference(),
            fleet: self.fleet,
            started,
            began: Instant::now(),
            spans: Vec::new(),
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

    /// A validation of what was evaluated; what was not evaluated is the failure of the job that evaluates.
    fn validation(&mut self, name: JobName, check: fn(&Evidence<'_>) -> Result<Vec<Problem>>) -> Result<JobResult> {
        self.fleet()?;
        let (session, fleet) = (self.session.as_ref(), self.fleet.as_ref());
        let (session, fleet) = session.zip(fleet).context("look at the outputs")?;
        if fleet.trouble.is_some() {
            bail!("not every output could be looked at");
        }
        let mut result = JobResult::of(name, check(&Evidence::of(session, fleet)?)?);
        // Without the job that says so itself, what does not evaluate was not checked, and is no success.
        if self.wish.build.is_none() && fleet.failures().next().is_some() {
            result.status = JobStatus::Failed;
            result.reason = Some("not every output evaluates".to_owned());
        }
        Ok(result)
    }

    /// Whether configurations depend on each other: as many as fit into [`INDEPENDENCE_SECONDS`].
    fn independence(&mut self) -> Result<JobResult> {
        self.fleet()?;
        let (session, fleet) = (self.session.as_ref(), self.fleet.as_ref());
        let (session, fleet) = session.zip(fleet).context("look at the outputs")?;
        let extent = independence::Extent::Seconds(INDEPENDENCE_SECONDS);
        let checked = independence::check(&Evidence::of(session, fleet)?, extent, self.wish.limits)?;
        let name = JobName::Independence;
        let Some(independence::Checked { problems, looked_at, total }) = checked else {
            return Ok(JobResult::skipped(name, "no layout tells which files are whose".to_owned()));
        };
        let reason = (looked_at < total).then(|| format!("a sample: {looked_at} of {total} configurations"));
        Ok(JobResult { reason, ..JobResult::of(name, problems) })
    }

    fn build(&mut self) -> Result<JobResult> {
        let fleet = self.fleet()?;
        let mut result = JobResult::of(JobName::Build, Vec::new());
        if fleet.failures().next().is_some() {
            result.status = JobStatus::Failed;
        }
        if let Some(reason) = fleet.trouble.clone().or_else(|| fleet.nothing_done()) {
            result.status = JobStatus::CouldNotCheck;
            result.reason = Some(reason);
        }
        if fleet.interrupted && interrupt::count() > 0 {
            result.status = JobStatus::Interrupted;
        }
        Ok(result)
    }

    /// The repository, opened by the first who asks.
    pub(super) fn session(&mut self) -> Result<&Session<'a>> {
        if self.session.is_none() {
            let nix = match &self.nix {
                Some(nix) => nix.clone(),
                None => ensure_nix(self.context)?.nix,
            };
            self.nix = Some(nix.clone());
            let session = Session::open_besides(self.context, nix, self.base.nix_files()?)?;
            if let Some(banner) = stand_in_banner(&session.inputs) {
                self.context.console.banner(&banner);
            }
            self.session = Some(session);
        }
        self.session.as_ref().context("open the repository")
    }

    /// The repository, and what became of its outputs, once they were looked at.
    pub(super) fn looked_at(&self) -> Result<(&Session<'a>, &Report)> {
        self.session.as_ref().zip(self.fleet.as_ref()).context("look at the outputs")
    }

    /// What became of the outputs: evaluated, and built if the plan has the job, when the first job asks.
    pub(super) fn fleet(&mut self) -> Result<&Report> {
        if self.fleet.is_none() {
            let (wish, autowiring) = (self.wish.clone(), self.autowiring);
            self.session()?;
            let begun = Instant::now();
            let session = self.session.as_ref().context("open the repository")?;
            if self.measures {
                self.measured = Some(cache::measured_before(session, &wish));
            }
            let report = build::watched(session, &wish);
            (self.shared, self.all_shared) = (begun.elapsed(), begun.elapsed());
            let mut report = report?;
            if autowiring {
                let told = autowiring::told_of(session)?;
                report.invisible.retain(|file| !told.contains(file));
            }
            build::tell(session, &report);
            self.fleet = Some(report);
        }
        self.fleet.as_ref().context("look at the outputs")
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

fn lock_identity(context: &Context) -> Result<Vec<u8>> {
    files::identity(&context.repository.join("flake.lock")).context("look at flake.lock")
}
