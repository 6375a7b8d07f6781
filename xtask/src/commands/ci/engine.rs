//! Runs a plan: what may begin is begun, each job on a thread of its own and with the time that it has, until nothing is left.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::shared::{Evaluated, Jobs};
use super::speakers::Speakers;
use crate::ci::course::{Course, Step, Task};
use crate::ci::{JobName, JobResult, JobStatus, Planned};
use crate::fleet::{Span, Work, free_worker};
use crate::report;
use crate::report::turns::speaking;
use crate::supervise::deadline::{Deadline, Over};

/// A run at work.
pub struct Engine<'a, 'j> {
    rows: &'a [Planned],
    jobs: &'a Jobs<'j>,
    course: Course<'a>,
    speakers: Speakers,
    results: Vec<Option<JobResult>>,
    running: Vec<Running>,
    /// When which job ran.
    spans: Vec<Span>,
}

/// Something at work.
struct Running {
    task: Task,
    began: Instant,
    deadline: Deadline,
    worker: usize,
}

/// What a thread has done.
enum Done {
    Evaluated(Evaluated),
    Measured,
    Job(JobResult),
}

/// Tells that a thread has ended, even if it has not got to its end.
struct Telling {
    task: Task,
    ends: Sender<(Task, Option<Done>)>,
    done: Option<Done>,
}

impl Drop for Telling {
    fn drop(&mut self) {
        // The receiver waits for all.
        self.ends.send((self.task, self.done.take())).ok();
    }
}

impl<'a, 'j> Engine<'a, 'j> {
    /// Nothing has begun.
    pub fn new(rows: &'a [Planned], jobs: &'a Jobs<'j>, course: Course<'a>) -> Self {
        let speakers = Speakers::of(rows, &course);
        jobs.context.console.share(speakers.count());
        let results = rows.iter().map(|_| None).collect();
        Self { rows, jobs, course, speakers, results, running: Vec::new(), spans: Vec::new() }
    }

    /// Runs everything to its end: one result a row, in their order, and when each was at work.
    ///
    /// # Errors
    /// When the rows wait for each other.
    pub fn run(mut self) -> Result<(Vec<JobResult>, Vec<Span>)> {
        let (sender, ends) = mpsc::channel();
        std::thread::scope(|scope| {
            while !self.course.is_over() {
                let steps = self.course.steps();
                let nothing_new = steps.is_empty();
                for step in steps {
                    match step {
                        Step::LeaveOut(index, reason) => {
                            let name = self.rows.get(index).context("leave out a job")?.job.name;
                            let chosen = self.rows.get(index).is_some_and(|row| row.left_out.is_none());
                            let result = JobResult { held_up: chosen, ..JobResult::skipped(name, reason) };
                            self.finish(index, result);
                        }
                        Step::Begin(task) => {
                            let deadline = self.begin(task);
                            let telling = Telling { task, ends: sender.clone(), done: None };
                            let (jobs, rows, speaker) = (self.jobs, self.rows, self.speakers.of_task(task));
                            scope.spawn(move || work(jobs, rows, speaker, &deadline, telling));
                        }
                    }
                }
                self.speakers.go_on(&self.course, &self.jobs.context.console);
                if nothing_new {
                    self.wait(&ends)?;
                }
            }
            Ok::<_, anyhow::Error>(())
        })?;
        self.speakers.end(&self.jobs.context.console);
        let results = self.results.into_iter().collect::<Option<Vec<_>>>().context("learn how every job ended")?;
        Ok((results, self.spans))
    }

    /// The row of the build, where there is one.
    fn build(&self) -> Option<usize> {
        self.rows.iter().position(|row| row.job.name == JobName::Build && row.left_out.is_none())
    }

    /// Notes that `task` begins, and how long it may take.
    fn begin(&mut self, task: Task) -> Deadline {
        let began = Instant::now();
        let build = self.build();
        let timeout = |index: Option<usize>| Some(self.rows.get(index?)?.job.machine.timeout);
        let lookers = || (0..self.rows.len()).filter(|&index| self.course.waits_for(Task::Evaluation, index));
        let longest = || lookers().filter_map(|index| timeout(Some(index))).max();
        let analytics = self.rows.iter().position(|row| row.job.name == JobName::CacheAnalytics);
        let time = match task {
            // The build is what it is for, and where there is none, it may take as long as whoever waits for it.
            Task::Evaluation => timeout(build).or_else(longest),
            Task::Measurement => timeout(analytics),
            Task::Job(index) => timeout(Some(index)),
        };
        let is_build = matches!(task, Task::Job(index) if Some(index) == build);
        let spent = if is_build { self.jobs.seconds_before(JobName::Build) } else { 0.0 };
        let since = began.checked_sub(Duration::from_secs_f64(spent)).unwrap_or(began);
        let deadline = time.map(|time| Deadline::after(since, time)).unwrap_or_default();
        let worker = free_worker(self.running.iter().map(|running| running.worker));
        self.running.push(Running { task, began, deadline: deadline.clone(), worker });
        deadline
    }

    /// Waits until something has ended.
    fn wait(&mut self, ends: &Receiver<(Task, Option<Done>)>) -> Result<()> {
        if self.running.is_empty() {
            bail!("no job can begin, and not all have ended");
        }
        let (task, done) = ends.recv().context("learn how a job ended")?;
        let at = self.running.iter().position(|running| running.task == task).context("learn which job ended")?;
        let Running { began, deadline, worker, .. } = self.running.swap_remove(at);
        let span = |name: JobName, failed| Span { failed, ..Span::until_now(Work::Job, worker, name.word(), began) };
        match (task, done) {
            (Task::Evaluation, Some(Done::Evaluated(Evaluated { status, build }))) => {
                self.course.ended(task, status);
                if let Some(index) = self.build() {
                    self.course.spent(index, self.jobs.seconds_before(JobName::Build));
                    if let Some(build) = build {
                        self.end(index, build, &deadline);
                    }
                }
            }
            (Task::Measurement, Some(Done::Measured)) => {
                self.spans.push(span(JobName::CacheAnalytics, false));
                self.course.ended(task, JobStatus::Ok);
            }
            (Task::Job(index), Some(Done::Job(result))) => {
                self.spans.push(span(result.name, result.is_failure()));
                self.end(index, result, &deadline);
            }
            _ => bail!("a job ended without a result"),
        }
        if self.course.is_called_off() {
            self.running.iter().for_each(|running| running.deadline.call_off());
        }
        Ok(())
    }

    fn end(&mut self, index: usize, mut result: JobResult, deadline: &Deadline) {
        if deadline.over() == Some(Over::CalledOff) && result.status == JobStatus::Skipped {
            result.reason = self.course.why_called_off().or(result.reason);
            result.held_up = true;
        }
        self.course.ended(Task::Job(index), result.status);
        self.finish(index, result);
    }

    /// Says what became of a job, and keeps it for the reports.
    fn finish(&mut self, index: usize, result: JobResult) {
        let (console, speaker) = (&self.jobs.context.console, self.speakers.of_task(Task::Job(index)));
        if let Some(row) = self.rows.get(index) {
            speaking(speaker, || report::jobs::done(console, &row.job, &result));
        }
        if let Some(place) = self.results.get_mut(index) {
            *place = Some(result);
        }
        self.speakers.ended(Task::Job(index), console);
    }
}

/// What a thread does.
fn work(jobs: &Jobs<'_>, rows: &[Planned], speaker: Option<usize>, deadline: &Deadline, mut telling: Telling) {
    let console = &jobs.context.console;
    let folded = |title: &str, work: &dyn Fn() -> Done| {
        console.fold(Some(title));
        let done = work();
        console.fold(None);
        done
    };
    telling.done = match telling.task {
        Task::Evaluation => {
            let evaluate = || folded("evaluation", &|| Done::Evaluated(jobs.evaluate()));
            Some(speaking(speaker, || deadline.during(evaluate)))
        }
        Task::Measurement => {
            let measure = || {
                jobs.measure();
                Done::Measured
            };
            Some(speaking(speaker, || deadline.during(|| folded(JobName::CacheAnalytics.word(), &measure))))
        }
        Task::Job(index) => rows.get(index).map(|row| {
            // Who brings what is missing on this machine may have to ask for a password.
            let speaker = speaker.filter(|_| row.job.name != JobName::Bootstrap);
            speaking(speaker, || deadline.during(|| folded(row.job.name.word(), &|| Done::Job(jobs.run(&row.job)))))
        }),
    };
}
