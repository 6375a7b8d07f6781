//! Which jobs of the table share a machine: what one system's job leaves in the store of its machine is what those that need it work
//! on, and another machine would have to build it again.

use crate::ci::{Extent, Job, JobName};

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
}

impl Group<'_> {
    /// Whether it runs on machines of each system.
    pub fn spreads(&self) -> bool {
        self.first.machine.extent == Extent::PerSystem
    }

    /// How long the machine may take: all that runs there, and what comes before. This program ends a job that takes too long and
    /// says what it was at; GitHub, which says nothing, comes after that.
    pub fn minutes(&self) -> u64 {
        let seconds: u64 = self.runs.iter().map(|job| job.machine.timeout.as_secs()).sum();
        seconds.div_ceil(60) + SETUP_MINUTES
    }
}

impl<'a> Group<'a> {
    /// What `cargo xtask ci` runs for `job` of this group: the job, and what it needs.
    pub fn runs_of(&self, job: &Job) -> Vec<&'a Job> {
        closed(self.runs.iter().copied(), &[job.name])
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

/// The groups, in the order of the table.
pub fn groups(jobs: &[Job]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for job in jobs {
        let follows = |group: &&mut Group<'_>| {
            job.machine.extent == Extent::PerSystem
                && group.spreads()
                && group.jobs.iter().any(|other| job.needs.contains(&other.name))
        };
        match groups.iter_mut().find(follows) {
            Some(group) => group.jobs.push(job),
            None => groups.push(Group { first: job, jobs: vec![job], runs: Vec::new() }),
        }
    }
    for group in &mut groups {
        let names: Vec<JobName> = group.jobs.iter().map(|job| job.name).collect();
        group.runs = closed(jobs.iter(), &names);
    }
    groups
}

/// The words of the groups that have nothing to do when nothing is planned: those on machines of each system, and what comes after.
pub fn idle_without_plan(groups: &[Group<'_>]) -> Vec<String> {
    let first = groups.iter().filter(|group| group.spreads()).map(|group| group.first.phase).min();
    let idle = groups.iter().filter(|group| group.spreads() || first.is_some_and(|first| group.first.phase > first));
    idle.map(|group| group.first.word().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ci::Phase;
    use crate::ci::table::Machine;

    #[test]
    fn what_needs_a_systems_job_is_on_its_machine() {
        let spread = |minutes: u64| Machine {
            extent: Extent::PerSystem,
            timeout: Duration::from_secs(60 * minutes),
            ..Machine::USUAL
        };
        let job = |word, phase, needs: &[&str], machine| Job {
            needs: needs.iter().map(|need| JobName::of(need)).collect(),
            machine,
            ..Job::bare(JobName::of(word), phase)
        };
        let jobs = [
            job("lock", Phase::Check, &[], Machine::USUAL),
            job("build", Phase::Build, &["lock"], spread(10)),
            job("push", Phase::Publish, &["build"], spread(5)),
            job("tell", Phase::Publish, &["push"], Machine::USUAL),
        ];
        let groups = groups(&jobs);
        let words: Vec<Vec<&str>> =
            groups.iter().map(|group| group.jobs.iter().map(|job| job.word()).collect()).collect();
        assert_eq!(words, [&["lock"][..], &["build", "push"], &["tell"]]);
        assert_eq!(groups[1].minutes(), 60);
        assert_eq!(idle_without_plan(&groups), ["build", "tell"]);
        assert_eq!(idle_without_plan(&groups[..1]), [""; 0]);
    }
}
