//! The course of a run: what may begin now, what is left out, and why.
//!
//! Jobs that do not need each other run side by side, as many as fit. A phase begins when those before it are over, and not at all
//! where one of them has failed; within a phase, what does not need the failure goes on. Jobs that look at the flake's outputs share
//! one evaluation, which begins when the first of them could. A run that looks at outputs for their build alone has no evaluation
//! of its own: there, each output is built as soon as it is evaluated.

use super::{Job, JobName, JobStatus, Phase, Planned};
use crate::report::words;

/// What is saved is told from this many seconds.
const WORTH_TELLING: f64 = 1.0;

/// Something that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// The evaluation of the flake's outputs, for all jobs that look at them.
    Evaluation,
    /// Measuring what caches have, which must be done before anything is built.
    Measurement,
    /// The job of this row.
    Job(usize),
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// This can begin.
    Begin(Task),
    /// The job of this row does not run, for this reason.
    LeaveOut(usize, String),
}

/// How a run is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wishes {
    /// Whether the first failure ends it.
    pub fail_fast: bool,
    /// Whether a phase begins although one before it has failed.
    pub keep_going: bool,
    /// How much may be at work at once; at least one.
    pub at_once: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ended(JobStatus),
}

/// A run as far as it has come.
#[derive(Debug)]
pub struct Course<'a> {
    rows: &'a [Planned],
    wishes: Wishes,
    /// The seconds that each row usually takes, as far as known.
    usual: Vec<Option<f64>>,
    jobs: Vec<State>,
    evaluation: State,
    measurement: State,
    first_failure: Option<usize>,
}

impl<'a> Course<'a> {
    /// Nothing has begun. `usual` says what each row usually takes, in seconds.
    #[must_use]
    pub fn new(rows: &'a [Planned], wishes: Wishes, usual: Vec<Option<f64>>) -> Self {
        let jobs = rows.iter().map(|_| State::Waiting).collect();
        let (evaluation, measurement) = (State::Waiting, State::Waiting);
        Self { rows, wishes, usual, jobs, evaluation, measurement, first_failure: None }
    }

    /// What can be done now. What is begun counts as running, and what is left out as ended.
    pub fn steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for index in 0..self.rows.len() {
            if self.jobs.get(index) != Some(&State::Waiting) {
                continue;
            }
            if let Some(reason) = self.reason_against(index) {
                self.set(index, State::Ended(JobStatus::Skipped));
                steps.push(Step::LeaveOut(index, reason));
            } else if let Some(task) = self.task_towards(index).filter(|_| self.running() < self.wishes.at_once.max(1))
            {
                match task {
                    Task::Evaluation => self.evaluation = State::Running,
                    Task::Measurement => self.measurement = State::Running,
                    Task::Job(index) => self.set(index, State::Running),
                }
                steps.push(Step::Begin(task));
            }
        }
        // What can be asked of caches is asked beside the checks, unless it is known by now that nothing will be built.
        let wanted = self.evaluation == State::Ended(JobStatus::Ok) && self.runs(JobName::CacheAnalytics);
        let in_vain = !self.wishes.keep_going && self.first_failure.is_some();
        if wanted && !in_vain && self.measurement == State::Waiting && self.running() < self.wishes.at_once {
            self.measurement = State::Running;
            steps.push(Step::Begin(Task::Measurement));
        }
        steps
    }

    /// `task` is over.
    pub fn ended(&mut self, task: Task, status: JobStatus) {
        match task {
            Task::Evaluation => self.evaluation = State::Ended(status),
            Task::Measurement => self.measurement = State::Ended(status),
            Task::Job(index) => {
                self.set(index, State::Ended(status));
                if status.is_failure() {
                    self.first_failure.get_or_insert(index);
                }
            }
        }
    }

    /// The row has taken so many seconds of its time already: they are not saved where it does not run.
    pub fn spent(&mut self, index: usize, seconds: f64) {
        if let Some(Some(usual)) = self.usual.get_mut(index) {
            *usual -= seconds;
        }
    }

    /// Whether every row has ended, and nothing runs.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.running() == 0 && self.jobs.iter().all(|state| matches!(state, State::Ended(_)))
    }

    /// Whether what runs is to be ended, since the first failure ends the run.
    #[must_use]
    pub fn is_called_off(&self) -> bool {
        self.wishes.fail_fast && self.first_failure.is_some()
    }

    /// Why the first failure ends the run, as what was called off says it.
    #[must_use]
    pub fn why_called_off(&self) -> Option<String> {
        let first = self.rows.get(self.first_failure?).filter(|_| self.wishes.fail_fast)?;
        Some(format!("`{}` failed, and the first failure ends the run", first.job.name.word()))
    }

    /// Whether the row waits for `task`, which is not its own.
    #[must_use]
    pub fn waits_for(&self, task: Task, index: usize) -> bool {
        let Some(row) = self.rows.get(index).filter(|row| row.left_out.is_none()) else { return false };
        match task {
            Task::Evaluation => looks_at_outputs(row.job.name) && self.evaluates_first(),
            // The build changes what is measured.
            Task::Measurement => {
                matches!(row.job.name, JobName::Build | JobName::CacheAnalytics) && self.runs(JobName::CacheAnalytics)
            }
            Task::Job(_) => false,
        }
    }

    /// Whether `task`, which rows share, has ended, or will not begin any more.
    #[must_use]
    pub fn is_settled(&self, task: Task) -> bool {
        let state = match task {
            Task::Evaluation => self.evaluation,
            Task::Measurement => self.measurement,
            Task::Job(index) => self.jobs.get(index).copied().unwrap_or(State::Waiting),
        };
        let is_waited_for = |(index, job): (usize, &State)| *job == State::Waiting && self.waits_for(task, index);
        match state {
            State::Running => false,
            State::Ended(_) => true,
            State::Waiting => !self.jobs.iter().enumerate().any(is_waited_for),
        }
    }

    /// Whether the outputs are evaluated for more than their build, and so before it.
    fn evaluates_first(&self) -> bool {
        let builds = self.runs(JobName::Build);
        let wanted = |job: &Job| {
            let before = job.phase < Phase::Build || job.name == JobName::CacheAnalytics || !builds;
            job.name != JobName::Build && looks_at_outputs(job.name) && before
        };
        self.rows.iter().any(|row| row.left_out.is_none() && wanted(&row.job))
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(job) = self.jobs.get_mut(index) {
            *job = state;
        }
    }

    fn running(&self) -> usize {
        let shared = [self.evaluation, self.measurement];
        self.jobs.iter().chain(&shared).filter(|state| **state == State::Running).count()
    }

    /// Whether the plan has the job `name`, and nothing has come into its way yet.
    fn runs(&self, name: JobName) -> bool {
        let mut rows = self.rows.iter().zip(&self.jobs);
        rows.any(|(row, state)| {
            row.job.name == name && row.left_out.is_none() && *state != State::Ended(JobStatus::Skipped)
        })
    }

    /// Every row with its end, if it has ended.
    fn ends(&self) -> impl Iterator<Item = (&'a Job, Option<JobStatus>)> {
        self.rows.iter().zip(&self.jobs).map(|(row, state)| match state {
            State::Ended(status) => (&row.job, Some(*status)),
            _ => (&row.job, None),
        })
    }

    /// Why the row is left out, if that is known by now.
    fn reason_against(&self, index: usize) -> Option<String> {
        let row = self.rows.get(index)?;
        if let Some(reason) = &row.left_out {
            return Some(reason.clone());
        }
        if self.ends().any(|(_, end)| end == Some(JobStatus::Interrupted)) {
            return Some("the run was interrupted".to_owned());
        }
        if let Some(reason) = self.failed_evaluation(&row.job) {
            return Some(reason);
        }
        let reason =
            self.why_called_off().or_else(|| self.failed_need(&row.job)).or_else(|| self.failed_phase(&row.job))?;
        let saved = self.usual.get(index).copied().flatten().filter(|seconds| *seconds >= WORTH_TELLING);
        Some(match saved {
            Some(seconds) => format!("{reason}; saved about {}", words::seconds(seconds)),
            None => reason,
        })
    }

    /// What could not be evaluated is told once, by the job that is about it.
    fn failed_evaluation(&self, job: &Job) -> Option<String> {
        let State::Ended(status) = self.evaluation else { return None };
        let told = status.is_failure() && job.name != JobName::Build && self.runs(JobName::Build);
        let reason = || format!("it needs what `{}` evaluates, and that {}", JobName::Build.word(), status.words());
        (told && looks_at_outputs(job.name)).then(reason)
    }

    fn failed_need(&self, job: &Job) -> Option<String> {
        let needs = |other: &Job| job.needs.iter().chain(job.after.iter()).any(|name| *name == other.name);
        let failed = |(other, end): (&Job, Option<JobStatus>)| Some((other.name, end.filter(|end| end.is_failure())?));
        let (name, status) = self.ends().filter(|(other, _)| needs(other)).find_map(failed)?;
        Some(format!("it needs `{}`, which {}", name.word(), status.words()))
    }

    /// The earlier phase that has failed, once all of its jobs have ended: then it is known which have.
    fn failed_phase(&self, job: &Job) -> Option<String> {
        if self.wishes.keep_going || !self.is_due(job) {
            return None;
        }
        let failed = |phase: Phase| {
            let failed =
                self.ends().filter(|(other, end)| other.phase == phase && end.is_some_and(JobStatus::is_failure));
            let names: Vec<String> = failed.map(|(other, _)| format!("`{}`", other.name.word())).collect();
            (!names.is_empty()).then(|| format!("phase `{}` failed: {}", phase.word(), names.join(", ")))
        };
        Phase::ALL.into_iter().filter(|phase| *phase < job.phase).find_map(failed)
    }

    /// Whether all earlier phases are over.
    fn is_due(&self, job: &Job) -> bool {
        self.ends().filter(|(other, _)| other.phase < job.phase).all(|(_, end)| end.is_some())
    }

    /// What must begin now so that the row can run: itself, or what it waits for; nothing where that runs already.
    fn task_towards(&self, index: usize) -> Option<Task> {
        let job = &self.rows.get(index)?.job;
        let waits = |other: &Job| job.needs.iter().chain(job.after.iter()).any(|name| *name == other.name);
        if !self.is_due(job) || self.ends().any(|(other, end)| waits(other) && end.is_none()) {
            return None;
        }
        for (shared, state) in [(Task::Evaluation, self.evaluation), (Task::Measurement, self.measurement)] {
            if self.waits_for(shared, index) && !matches!(state, State::Ended(_)) {
                return (state == State::Waiting).then_some(shared);
            }
        }
        Some(Task::Job(index))
    }
}

/// Whether a job needs to know what the flake's outputs are.
pub fn looks_at_outputs(name: JobName) -> bool {
    use JobName::{
        Activation, Autowiring, Build, CacheAnalytics, CacheConfig, CachePush, CacheVerify, Config, Diff, Independence,
        Secrets,
    };
    let checks = matches!(name, Config | Activation | Autowiring | Independence | Secrets | CacheConfig | Diff);
    checks || matches!(name, Build | CacheAnalytics | CachePush | CacheVerify)
}

#[cfg(test)]
mod tests;
