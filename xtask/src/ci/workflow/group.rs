//! Which jobs of the table share a machine.
//!
//! What one system's job leaves in the store of its machine is what those that need it work on, and another machine would have to
//! build it again; so the push is on the machine of the build, and what of one's own is to be verified on each system stands there
//! in between. What a job needs of another machine's, that machine does, once: GitHub waits for it. Only the built-in checks run
//! wherever they are needed: they are quick, and they prepare the machine.

use super::order::waits;
use crate::ci::{Extent, Job, JobName, Phase, Work};

/// How long it may take to set a machine up, and to compile this program there.
const SETUP_MINUTES: u64 = 15;

/// The jobs of one machine: one that stands for all, and those that follow it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a> {
    /// The first, whose name the job has on GitHub.
    pub first: &'a Job,
    /// All of them, in the order of the table.
    pub jobs: Vec<&'a Job>,
    /// All that runs there: these and what they need, in the order of the table.
    pub runs: Vec<&'a Job>,
    /// What they need that runs on another machine before, in the order of the table.
    pub awaits: Vec<Awaited>,
    /// The groups that it waits for, by their names on GitHub, in the order of the groups.
    pub waits: Vec<&'static str>,
}

/// A job that runs on the machine of another group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// The job.
    pub job: JobName,
    /// The group, by its name on GitHub.
    pub group: &'static str,
}

impl Group<'_> {
    /// Whether it runs on machines of each system.
    pub fn spreads(&self) -> bool {
        self.first.machine.extent == Extent::PerSystem
    }

    /// Whether it has each of several machines of a system do its share: otherwise it runs on one of each.
    pub fn shares(&self) -> bool {
        self.spreads() && self.first.work == Work::BuiltIn
    }

    /// Whether a change that fails here, or before, is kept back here.
    pub fn publishes(&self) -> bool {
        self.shares() && self.jobs.iter().any(|job| job.phase == Phase::Publish)
    }

    /// How long the machine may take: all that runs there, and what comes before. This program ends a job that takes too long and
    /// says what it was at; GitHub, which says nothing, comes after that.
    pub fn minutes(&self) -> u64 {
        let seconds: u64 = self.runs.iter().map(|job| job.machine.timeout.as_secs()).sum();
        seconds.div_ceil(60) + SETUP_MINUTES
    }
}

impl<'a> Group<'a> {
    fn of(job: &'a Job) -> Self {
        Self { first: job, jobs: vec![job], runs: Vec::new(), awaits: Vec::new(), waits: Vec::new() }
    }

    /// What `cargo xtask ci` runs for `job` of this group: the job, and what it needs.
    pub fn runs_of(&self, job: &Job) -> Vec<&'a Job> {
        closed(self.runs.iter().copied(), &[job.name])
    }

    /// What it leaves to other machines of all that `job` of this group needs.
    pub fn awaited_by(&self, job: &Job) -> Vec<JobName> {
        let runs = self.runs_of(job);
        let needed = |awaited: &&Awaited| runs.iter().any(|other| other.needs.contains(&awaited.job));
        self.awaits.iter().filter(needed).map(|awaited| awaited.job).collect()
    }

    /// The groups that it waits for since its jobs need theirs, each once.
    pub fn awaited_groups(&self) -> Vec<&'static str> {
        let mut words: Vec<&str> = self.awaits.iter().map(|awaited| awaited.group).collect();
        words.sort_unstable();
        words.dedup();
        words
    }
}

/// Those of `jobs` that are `wanted`, or needed by them.
fn closed<'a>(jobs: impl DoubleEndedIterator<Item = &'a Job> + Clone, wanted: &[JobName]) -> Vec<&'a Job> {
    let mut names = wanted.to_vec();
    // The table is in topological order: one pass from its end finds the needs of needs as well.
    for job in jobs.clone().rev() {
        if names.contains(&job.name) {
            names.extend(&job.needs);
        }
    }
    jobs.filter(|job| names.contains(&job.name)).collect()
}

/// Whether a job is a check that is built in, which runs wherever it is needed.
fn prepares(job: &Job) -> bool {
    job.work == Work::BuiltIn && job.phase == Phase::Check
}

/// The groups, in the order of the table.
pub fn groups(jobs: &[Job]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for job in jobs {
        match groups.iter_mut().find(|group| follows(job, group, jobs)) {
            Some(group) => group.jobs.push(job),
            None => groups.push(Group::of(job)),
        }
    }
    let homes: Vec<(JobName, usize, &'static str)> = groups
        .iter()
        .enumerate()
        .flat_map(|(index, group)| group.jobs.iter().map(move |job| (job.name, index, group.first.word())))
        .collect();
    let home = |name: JobName| homes.iter().find(|(other, ..)| *other == name);
    // For each group, those whose jobs its own need, however many lie between.
    let depends: Vec<Vec<usize>> = groups
        .iter()
        .map(|group| {
            let names: Vec<JobName> = group.jobs.iter().map(|job| job.name).collect();
            let needed = closed(jobs.iter(), &names).into_iter().filter(|job| !prepares(job));
            needed.filter_map(|job| home(job.name)).map(|(_, index, _)| *index).collect()
        })
        .collect();
    let needs = |one: usize, other: usize| depends.get(one).is_some_and(|all| all.contains(&other));
    for (index, group) in groups.iter_mut().enumerate() {
        // Of two that need each other, the first waits for nothing of the other, and does it itself.
        let awaited = |job: &Job| {
            let (_, home, group) = home(job.name).filter(|(_, home, _)| *home != index && !prepares(job))?;
            (*home < index || !needs(*home, index)).then_some(Awaited { job: job.name, group })
        };
        let own: Vec<&Job> = jobs.iter().filter(|job| awaited(job).is_none()).collect();
        let names: Vec<JobName> = group.jobs.iter().map(|job| job.name).collect();
        group.runs = closed(own.iter().copied(), &names);
        let needed = |job: &&Job| group.runs.iter().any(|other| other.needs.contains(&job.name));
        group.awaits = jobs.iter().filter(needed).filter_map(awaited).collect();
    }
    let waits = waits(&groups, &needs);
    groups.iter_mut().zip(waits).for_each(|(group, waits)| group.waits = waits);
    groups
}

/// Whether `job` runs on the machines of `group`.
fn follows(job: &Job, group: &Group<'_>, jobs: &[Job]) -> bool {
    if job.machine.extent != Extent::PerSystem || !group.spreads() {
        return false;
    }
    let needed = group.jobs.iter().any(|other| job.needs.contains(&other.name));
    if !group.shares() {
        // What publishes does not run beside a check, before all others.
        return needed && group.first.phase == job.phase;
    }
    // What needs it by way of another machine comes behind that one.
    let about_all = |other: &&Job| other.machine.extent == Extent::Once && !prepares(other);
    let on_the_way = closed(jobs.iter(), &[job.name]).into_iter().filter(about_all);
    let detour = on_the_way.into_iter().any(|other| is_behind_a_systems_job(other, jobs));
    needed || (Phase::Build..Phase::Publish).contains(&job.phase) && !detour
}

/// Whether `job` needs what runs on machines of each system.
fn is_behind_a_systems_job(job: &Job, jobs: &[Job]) -> bool {
    let needed = closed(jobs.iter(), &[job.name]);
    needed.iter().any(|other| other.name != job.name && other.machine.extent == Extent::PerSystem)
}

#[cfg(test)]
mod tests;
