//! Which jobs run, and why others do not.

use super::{Job, JobName, Table};

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

/// The jobs in the order they run: those wanted (none names all) with what they need, without those skipped; and, for each phase behind
/// those that could run, the ones that are switched off.
#[must_use]
pub fn plan(table: &Table, wanted: &[JobName], skipped: &[JobName]) -> Vec<Planned> {
    let jobs = table.jobs();
    let mut needed: Vec<JobName> = wanted.to_vec();
    // The table is in topological order: one pass from its end finds the needs of needs as well.
    for job in jobs.iter().rev() {
        if (wanted.is_empty() || needed.contains(&job.name)) && !skipped.contains(&job.name) {
            needed.extend(&job.needs);
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
    let on = jobs.iter().map(|job| Planned { job: job.clone(), left_out: reason(job) });
    let off = table.off().iter().map(|off| {
        let left_out = Some(format!("switched off by xtask.toml:{}", off.line));
        Planned { job: off.job.clone(), left_out }
    });
    let mut planned: Vec<Planned> = on.chain(off).collect();
    planned.sort_by_key(|row| row.job.phase);
    planned
}

#[cfg(test)]
mod tests {
    use super::super::Phase;
    use super::*;

    fn chain() -> Table {
        let job = |name, phase, needs: &[JobName]| Job { needs: needs.to_vec(), ..Job::bare(name, phase) };
        Table::from_rows(vec![
            job(JobName::Lock, Phase::Check, &[]),
            job(JobName::Bootstrap, Phase::Check, &[JobName::Lock]),
            job(JobName::Build, Phase::Build, &[JobName::Bootstrap]),
        ])
    }

    fn check(table: &Table, wanted: &[JobName], skipped: &[JobName], expected: &[JobName]) {
        let planned = plan(table, wanted, skipped);
        let runs: Vec<JobName> = planned.iter().filter(|row| row.left_out.is_none()).map(|row| row.job.name).collect();
        assert_eq!(runs, expected);
        assert_eq!(planned.len(), table.jobs().len() + table.off().len());
    }

    #[test]
    fn all_by_default_and_in_order() {
        let table = Table::default();
        let all: Vec<JobName> = table.jobs().iter().map(|job| job.name).collect();
        check(&table, &[], &[], &all);
        check(&table, &[JobName::Lock], &[], &[JobName::Bootstrap, JobName::Lock]);
        check(&table, &[], &[JobName::Bootstrap], &all[1..]);
    }

    #[test]
    fn needs_of_needs_run_too_unless_skipped() {
        let chain = chain();
        check(&chain, &[JobName::Build], &[], &[JobName::Lock, JobName::Bootstrap, JobName::Build]);
        check(&chain, &[JobName::Build], &[JobName::Bootstrap], &[JobName::Build]);
        check(&chain, &[JobName::Lock], &[], &[JobName::Lock]);
    }
}
