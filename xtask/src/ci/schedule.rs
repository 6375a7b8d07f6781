//! Which jobs run, and why others do not.

use super::{Job, JobName};

/// Why a job does not run that neither the user named nor those that are named need.
pub const NOT_ASKED_FOR: &str = "not asked for";

/// One row of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The job.
    pub job: Job,
    /// Why it does not run, if it does not.
    pub left_out: Option<String>,
}

/// The jobs in the order they run: those wanted (none names all) with what they need, without those skipped.
#[must_use]
pub fn plan(jobs: &[Job], wanted: &[JobName], skipped: &[JobName]) -> Vec<Planned> {
    let mut needed: Vec<JobName> = wanted.to_vec();
    // The table is in topological order: one pass from its end finds the needs of needs as well.
    for job in jobs.iter().rev() {
        if (wanted.is_empty() || needed.contains(&job.name)) && !skipped.contains(&job.name) {
            needed.extend(job.needs);
        }
    }
    let reason = |job: &Job| {
        if skipped.contains(&job.name) {
            Some("skipped as asked".to_owned())
        } else if !wanted.is_empty() && !needed.contains(&job.name) {
            Some(NOT_ASKED_FOR.to_owned())
        } else {
            None
        }
    };
    jobs.iter().map(|job| Planned { job: *job, left_out: reason(job) }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{JOBS, Phase};
    use super::*;

    const CHAIN: &[Job] = &[
        Job::bare(JobName::Lock, Phase::Check),
        Job { needs: &[JobName::Lock], ..Job::bare(JobName::Bootstrap, Phase::Check) },
        Job { needs: &[JobName::Bootstrap], ..Job::bare(JobName::Build, Phase::Build) },
    ];

    fn check(jobs: &[Job], wanted: &[JobName], skipped: &[JobName], expected: &[JobName]) {
        let planned = plan(jobs, wanted, skipped);
        let runs: Vec<JobName> = planned.iter().filter(|row| row.left_out.is_none()).map(|row| row.job.name).collect();
        assert_eq!(runs, expected);
        assert_eq!(planned.len(), jobs.len());
    }

    #[test]
    fn all_by_default_and_in_order() {
        let all: Vec<JobName> = JOBS.iter().map(|job| job.name).collect();
        check(JOBS, &[], &[], &all);
        check(JOBS, &[JobName::Lock], &[], &[JobName::Bootstrap, JobName::Lock]);
        check(JOBS, &[], &[JobName::Bootstrap], &all[1..]);
    }

    #[test]
    fn needs_of_needs_run_too_unless_skipped() {
        check(CHAIN, &[JobName::Build], &[], &[JobName::Lock, JobName::Bootstrap, JobName::Build]);
        check(CHAIN, &[JobName::Build], &[JobName::Bootstrap], &[JobName::Build]);
        check(CHAIN, &[JobName::Lock], &[], &[JobName::Lock]);
    }
}
