//! What the jobs of one run share: the repository is opened once, by whoever asks first, and its outputs are evaluated and built once.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};

use super::Args;
use super::as_before::AsBefore;
use super::change::Base;
use super::choice::{Choice, Outputs};
use super::endings::{Unknown, not_done, unable};
use crate::bootstrap::ensure_nix;
use crate::ci::{Caches, JobName, JobResult, JobStatus, RunResult, Table};
use crate::commands::cache::{self, Analytics, PushEnding};
use crate::commands::{autowiring, build};
use crate::context::Context;
use crate::diff::Difference;
use crate::nix::Nix;
use crate::report::stand_in_banner;
use crate::report::turns::speaking;
use crate::session::{Report, Session, Wish};
use crate::{files, rules};

/// What the jobs of one run share.
#[derive(Debug)]
pub struct Jobs<'a> {
    pub(super) context: &'a Context,
    pub(super) wish: Wish,
    pub(super) choice: Choice,
    pub(super) before: Mutex<AsBefore>,
    autowiring: bool,
    lock_before: Vec<u8>,
    nix: OnceLock<Nix>,
    pub(super) session: OnceLock<Session<'a>>,
    /// Held by whoever opens the repository.
    opening: Mutex<()>,
    /// What the outputs are, or why nobody knows, and the seconds that it took.
    evaluated: OnceLock<(Result<Report, Unknown>, f64)>,
    built: OnceLock<Report>,
    measured: Mutex<Option<Result<Analytics, JobResult>>>,
    /// The seconds that measuring took.
    measuring: OnceLock<f64>,
    caches: Mutex<Caches>,
    push_ended: OnceLock<PushEnding>,
    pub(super) base: Base,
    /// What the change does, or why that cannot be told.
    difference: OnceLock<Result<Difference, String>>,
}

/// How the evaluation of the outputs ended.
#[derive(Debug)]
pub struct Evaluated {
    /// Whether they are known well enough to be looked at.
    pub status: JobStatus,
    /// What became of the build, where that is decided by now.
    pub build: Option<JobResult>,
}

impl<'a> Jobs<'a> {
    /// Nothing is opened yet.
    ///
    /// # Errors
    /// When flake.lock cannot be looked at.
    pub fn new(context: &'a Context, args: &Args, choice: Choice) -> Result<Self> {
        let wish = choice.wish(args);
        let base = match &choice.outputs {
            Outputs::Changed(revisions) => Base::Found(Arc::clone(revisions)),
            _ if choice.runs(JobName::Diff) => Base::find(context, args.base.as_deref())?,
            _ => Base::Nothing,
        };
        Ok(Self {
            context,
            before: Mutex::new(AsBefore::read(context, wish.fresh)),
            wish,
            autowiring: choice.runs(JobName::Autowiring),
            choice,
            lock_before: lock_identity(context)?,
            nix: OnceLock::new(),
            session: OnceLock::new(),
            opening: Mutex::default(),
            evaluated: OnceLock::new(),
            built: OnceLock::new(),
            measured: Mutex::default(),
            measuring: OnceLock::new(),
            caches: Mutex::default(),
            push_ended: OnceLock::new(),
            base,
            difference: OnceLock::new(),
        })
    }

    /// Evaluates the outputs, and builds none: what was found is there for every job then.
    pub fn evaluate(&self) -> Evaluated {
        let began = Instant::now();
        let done = self.session().and_then(|session| {
            let wish = Wish { build: None, ..self.wish.clone() };
            let evaluate = if self.builds() { build::evaluated_first } else { build::watched };
            let mut fleet = evaluate(session, &wish)?;
            if self.autowiring {
                let told = autowiring::told_of(session)?;
                fleet.invisible.retain(|file| !told.contains(file));
            }
            if !self.builds() {
                build::tell(session, &fleet);
            }
            // Read once now: jobs that all begin at the same time would each read them.
            fleet.configurations().ok();
            Ok(fleet)
        });
        let name = JobName::Build;
        let mut build = match &done {
            Ok(fleet) => not_done(name, fleet),
            Err(error) => Some(unable(name, error)),
        };
        let status = build.as_ref().map_or(JobStatus::Ok, |build| build.status);
        let is_over = |fleet: &Report| self.wish.fail_fast && fleet.failures().next().is_some();
        if build.is_none() && done.as_ref().is_ok_and(is_over) {
            build = Some(JobResult { status: JobStatus::Failed, ..JobResult::of(name, Vec::new()) });
        }
        let seconds = began.elapsed().as_secs_f64();
        if let Some(build) = &mut build {
            build.seconds = seconds;
        }
        let unknown = |error| Unknown { status, reason: unable(name, &error).reason.unwrap_or_default() };
        self.evaluated.set((done.map_err(unknown), seconds)).ok();
        Evaluated { status, build }
    }

    /// Measures what caches have of what was evaluated.
    pub fn measure(&self) {
        let began = Instant::now();
        let measured = self.looked_at().and_then(|(session, fleet)| cache::measured_before(session, fleet));
        self.measuring.set(began.elapsed().as_secs_f64()).ok();
        *held(&self.measured) = Some(measured.map_err(|error| unable(JobName::CacheAnalytics, &error)));
    }

    /// Builds the outputs, evaluating those that are not evaluated yet.
    pub(super) fn build(&self) -> Result<JobResult> {
        let session = self.session()?;
        let wish = self.wish_to_build(session);
        let fleet = match self.evaluated.get() {
            Some((Ok(fleet), _)) => build::built(session, fleet, &wish)?,
            Some((Err(unknown), _)) => bail!(unknown.clone()),
            None => build::watched(session, &wish)?,
        };
        build::tell(session, &fleet);
        let name = JobName::Build;
        let mut result = not_done(name, &fleet).unwrap_or_else(|| self.built_of_choice(&wish, &fleet));
        if result.status == JobStatus::Ok && fleet.failures().next().is_some() {
            (result.status, result.reason) = (JobStatus::Failed, None);
        }
        self.built.set(fleet).ok();
        Ok(result)
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
        let session = self.session.get();
        RunResult {
            jobs,
            table: Table::default(),
            inputs: session.map(|session| session.inputs.word()),
            part: format!("{} {}", self.wish.part(), self.choice.part).trim().to_owned(),
            flags: session.map(Session::flags).unwrap_or_default(),
            nix: self.nix.get().map(|nix| nix.description.clone()),
            revision: session.and_then(Session::revision),
            caches: self.caches.into_inner().unwrap_or_else(PoisonError::into_inner),
            difference: self.difference.into_inner(),
            base: self.base.commit(),
            fleet: self.built.into_inner().or_else(|| self.evaluated.into_inner()?.0.ok()),
            started,
            began: Instant::now(),
            spans: Vec::new(),
            seconds,
        }
    }

    /// The repository, opened by the first who asks.
    pub(super) fn session(&self) -> Result<&Session<'a>> {
        let _alone = held(&self.opening);
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        // What is said of the repository is said of none of the jobs, and who asks for a password is heard.
        let session = speaking(None, || {
            let nix = match self.nix.get() {
                Some(nix) => nix.clone(),
                None => self.found_nix(ensure_nix(self.context)?.nix).clone(),
            };
            let session = Session::open_besides(self.context, nix, self.base.nix_files()?)?;
            if let Some(banner) = stand_in_banner(&session.inputs) {
                self.context.console.banner(&banner);
            }
            Ok::<_, anyhow::Error>(session)
        })?;
        Ok(self.session.get_or_init(|| session))
    }

    /// The repository, and what became of its outputs: built, or evaluated where they are not built yet.
    pub(super) fn looked_at(&self) -> Result<(&Session<'a>, &Report)> {
        let fleet = match (self.built.get(), self.evaluated.get()) {
            (Some(fleet), _) => Ok(fleet),
            (None, Some((fleet, _))) => fleet.as_ref().map_err(|unknown| anyhow!(unknown.clone())),
            (None, None) => bail!("nobody has looked at the outputs"),
        };
        Ok((self.session()?, fleet?))
    }

    /// What a job comes to that cannot look at all outputs.
    pub(super) fn not_evaluated(&self, name: JobName, fleet: &Report) -> Option<JobResult> {
        let mut result = not_done(name, fleet)?;
        if result.status == JobStatus::CouldNotCheck {
            result.reason = Some("not every output could be looked at".to_owned());
        }
        Some(result)
    }

    pub(super) fn found_nix(&self, nix: Nix) -> &Nix {
        self.nix.get_or_init(|| nix)
    }

    /// Whether this run builds.
    pub(super) fn builds(&self) -> bool {
        self.wish.build.is_some()
    }

    /// The seconds that `name` has taken before its turn: what is shared is somebody's all the same.
    pub fn seconds_before(&self, name: JobName) -> f64 {
        match name {
            JobName::Build => self.evaluated.get().map_or(0.0, |(_, seconds)| *seconds),
            JobName::CacheAnalytics => self.measuring.get().copied().unwrap_or_default(),
            _ => 0.0,
        }
    }

    /// What was measured before the build, once; or what the job comes to that could not.
    pub(super) fn measured(&self) -> Result<Result<Analytics, JobResult>> {
        held(&self.measured).take().context("measure what caches have")
    }

    /// Notes something of the caches for the reports.
    pub(super) fn note(&self, note: impl FnOnce(&mut Caches)) {
        note(&mut held(&self.caches));
    }

    /// Notes what the change does.
    pub(super) fn compared(&self, told: Result<Difference, String>) -> &Result<Difference, String> {
        self.difference.get_or_init(|| told)
    }

    /// The wish for the outputs of another revision.
    pub(super) fn wish_elsewhere(&self) -> Wish {
        Wish { build: None, fail_fast: false, may_be_absent: true, ..self.wish.clone() }
    }

    pub(super) fn pushed(&self, ending: PushEnding) {
        self.push_ended.set(ending).ok();
    }

    pub(super) fn push_ended(&self) -> Option<PushEnding> {
        self.push_ended.get().copied()
    }
}

fn lock_identity(context: &Context) -> Result<Vec<u8>> {
    files::identity(&context.repository.join("flake.lock")).context("look at flake.lock")
}

pub(super) fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
