//! Which jobs of the table share a machine: what one system's job leaves in the store of its machine is what those that need it work
//! on, and another machine would have to build it again. What a job needs of another machine's, that machine does, once: GitHub
//! waits for it. Only the built-in checks run wherever they are needed: they are quick, and they prepare the machine.

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

/// The names of the groups that cannot do without the one called `word`, itself first.
pub fn chosen_with(groups: &[Group<'_>], word: &'static str) -> Vec<&'static str> {
    let mut words = vec![word];
    // Who waits for a group stands behind it.
    for group in groups {
        if group.awaits.iter().any(|awaited| words.contains(&awaited.group)) {
            words.push(group.first.word());
        }
    }
    words
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
            None => groups.push(Group { first: job, jobs: vec![job], runs: Vec::new(), awaits: Vec::new() }),
        }
    }
    let homes: Vec<(JobName, usize, &'static str)> = groups
        .iter()
        .enumerate()
        .flat_map(|(index, group)| group.jobs.iter().map(move |job| (job.name, index, group.first.word())))
        .collect();
    for (index, group) in groups.iter_mut().enumerate() {
        // Groups wait for those in front of them alone, so that none waits for itself.
        let awaited = |job: &Job| {
            let prepares = job.work == Work::BuiltIn && job.phase == Phase::Check;
            let home = homes.iter().find(|(name, home, _)| *name == job.name && *home < index);
            home.filter(|_| !prepares).map(|(job, _, group)| Awaited { job: *job, group })
        };
        let own: Vec<&Job> = jobs.iter().filter(|job| awaited(job).is_none()).collect();
        let names: Vec<JobName> = group.jobs.iter().map(|job| job.name).collect();
        group.runs = closed(own.iter().copied(), &names);
        let needed = |job: &&Job| group.runs.iter().any(|other| other.needs.contains(&job.name));
        group.awaits = jobs.iter().filter(needed).filter_map(awaited).collect();
    }
    groups
}

/// The words of the groups that have nothing to do when nothing is planned: those on machines of each system, what comes after, and
/// what waits for these.
pub fn idle_without_plan(groups: &[Group<'_>]) -> Vec<String> {
    let first = groups.iter().filter(|group| group.spreads()).map(|group| group.first.phase).min();
    let mut idle: Vec<&'static str> = Vec::new();
    for group in groups {
        let waits = group.awaits.iter().any(|awaited| idle.contains(&awaited.group));
        if group.spreads() || waits || first.is_some_and(|first| group.first.phase > first) {
            idle.push(group.first.word());
        }
    }
    idle.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ci::Phase;
    use crate::ci::table::Machine;

    #[test]
    fn no_group_waits_for_itself() {
        let spread = || Machine { extent: Extent::PerSystem, ..Machine::USUAL };
        let job = |word, needs: &[&str], machine| Job {
            needs: needs.iter().map(|need| JobName::of(need)).collect(),
            work: Work::App("a".to_owned()),
            machine,
            ..Job::bare(JobName::of(word), Phase::Verify)
        };
        let jobs = [
            job("build", &[], spread()),
            job("once", &["build"], Machine::USUAL),
            job("try", &["build", "once"], spread()),
        ];
        let groups = groups(&jobs);
        assert_eq!((groups.len(), groups[0].awaits.len()), (2, 0));
        assert_eq!(groups[0].runs.iter().map(|job| job.word()).collect::<Vec<_>>(), ["build", "once", "try"]);
        assert_eq!(groups[1].awaited_groups(), ["build"]);
        // In an empty plan, what waits for what is planned has as little to do.
        assert_eq!(idle_without_plan(&groups), ["build", "once"]);
    }

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
        // What another machine has done is waited for, and done once.
        let names = |jobs: &[&Job]| jobs.iter().map(|job| job.word()).collect::<Vec<_>>();
        assert_eq!(names(&groups[1].runs), ["lock", "build", "push"]);
        assert_eq!((names(&groups[2].runs), groups[2].minutes()), (vec!["tell"], 45));
        assert_eq!(groups[2].awaited_by(&jobs[3]), [JobName::of("push")]);
        assert_eq!(groups[2].awaited_groups(), ["build"]);
        assert_eq!(chosen_with(&groups, "build"), ["build", "tell"]);
        assert_eq!(idle_without_plan(&groups), ["build", "tell"]);
        assert_eq!(idle_without_plan(&groups[..1]), [""; 0]);
    }
}
