//! What failed when it last ran: jobs, and outputs, over the runs that are kept.
//!
//! A run of some jobs says nothing of the others, and one of a part of the fleet clears no more than the outputs that it built: so what
//! failed stays failed until it has run again and gone well.

use std::collections::BTreeSet;

use super::{History, Run};
use crate::ci::{JobName, JobStatus};
use crate::fleet::Status;

/// The part of the fleet that a run of what failed builds: its other jobs are about all of it.
pub const LAST_FAILED: &str = "--last-failed";
/// The same of a run of what a change affects.
pub const AFFECTED: &str = "--affected";

/// What failed when it last ran.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failed {
    /// The words of jobs that failed, could not check, or did not get their turn since something else failed.
    pub jobs: BTreeSet<String>,
    /// The attribute paths of the outputs because of which the build is among them; nothing where it is not known which they are, or
    /// where it is not because of outputs.
    pub outputs: Option<BTreeSet<String>>,
}

impl History {
    /// What failed when it last ran with `inputs`; with those of the newest run where none are named. Nothing if there was no such run.
    #[must_use]
    pub fn failed(&self, inputs: Option<&str>) -> Option<Failed> {
        // A run that failed before it was known with which inputs counts for any.
        let inputs = inputs.or_else(|| self.runs.iter().rev().find_map(|run| run.inputs.as_deref()));
        let alike = |run: &&Run| run.inputs.is_none() || inputs.is_none() || run.inputs.as_deref() == inputs;
        let newest_first: Vec<&Run> = self.runs.iter().rev().filter(alike).collect();
        if newest_first.is_empty() {
            return None;
        }
        let words = newest_first.iter().flat_map(|run| run.jobs.keys().chain(&run.held_up));
        let words: BTreeSet<&String> = words.collect();
        let build = JobName::Build.word();
        let mut jobs: BTreeSet<String> =
            words.into_iter().filter(|word| *word != build && fails(&newest_first, word)).cloned().collect();
        let outputs = match building(&newest_first, build) {
            Building::Well => None,
            Building::FailedFor(outputs) => {
                jobs.insert(build.to_owned());
                Some(outputs)
            }
            Building::Failed => {
                jobs.insert(build.to_owned());
                None
            }
        };
        Some(Failed { jobs, outputs })
    }
}

/// Whether jobs of `run` other than the build were about a part of the fleet.
fn is_partial(run: &Run) -> bool {
    !["", LAST_FAILED, AFFECTED].contains(&run.part.as_str())
}

/// Whether the job `word` did not go well when it last ran, or was to run.
fn fails(newest_first: &[&Run], word: &str) -> bool {
    for run in newest_first {
        if run.held_up.contains(word) {
            return true;
        }
        match run.jobs.get(word) {
            // That a part went well says nothing of the rest.
            Some(job) if job.status == JobStatus::Ok && is_partial(run) => {}
            Some(job) => return job.status != JobStatus::Ok,
            None => {}
        }
    }
    false
}

/// How the outputs stand.
#[derive(Debug, PartialEq, Eq)]
enum Building {
    Well,
    /// These failed, and nothing else did.
    FailedFor(BTreeSet<String>),
    /// It failed, and not because of outputs that are known.
    Failed,
}

fn building(newest_first: &[&Run], build: &str) -> Building {
    let mut well = BTreeSet::new();
    let mut failed = BTreeSet::new();
    for run in newest_first {
        if run.held_up.contains(build) {
            return Building::Failed;
        }
        let Some(job) = run.jobs.get(build) else { continue };
        for (attr, output) in &run.outputs {
            match output.status {
                Status::Built | Status::Present | Status::Cached | Status::NothingToBuild => {
                    well.insert(attr);
                }
                status if status.is_failure() && !well.contains(attr) => {
                    failed.insert(attr);
                }
                // Not built, it is as it was before.
                _ => {}
            }
        }
        match job.status {
            JobStatus::Ok if run.part.is_empty() => break,
            JobStatus::Ok => {}
            // What became of each output of an old run is not kept.
            _ if run.failed == 0 || run.outputs.is_empty() => return Building::Failed,
            _ if run.part.is_empty() => break,
            _ => {}
        }
    }
    if failed.is_empty() { Building::Well } else { Building::FailedFor(failed.into_iter().cloned().collect()) }
}

#[cfg(test)]
mod tests {
    use super::super::run::JobRun;
    use super::super::{OutputRun, RunResult};
    use super::*;
    use crate::report::example;

    const OK: JobStatus = JobStatus::Ok;
    const BAD: JobStatus = JobStatus::Failed;

    fn run(part: &str, jobs: &[(&str, JobStatus)], outputs: &[(&str, Status)]) -> Run {
        let nothing = RunResult { jobs: Vec::new(), fleet: None, ..example::run() };
        Run {
            part: part.to_owned(),
            jobs: jobs
                .iter()
                .map(|(word, status)| ((*word).to_owned(), JobRun { status: *status, seconds: 1.0, as_before: false }))
                .collect(),
            failed: outputs.iter().filter(|(_, status)| status.is_failure()).count(),
            outputs: outputs
                .iter()
                .map(|(attr, status)| ((*attr).to_owned(), OutputRun { status: *status, closure_bytes: None }))
                .collect(),
            ..Run::of(&nothing)
        }
    }

    fn check(runs: Vec<Run>, expected: Option<(&[&str], Option<&[&str]>)>) {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let expected = expected.map(|(jobs, outputs)| Failed { jobs: owned(jobs), outputs: outputs.map(owned) });
        assert_eq!(History { runs }.failed(None), expected);
    }

    #[test]
    fn jobs_that_failed_when_they_last_ran() {
        check(Vec::new(), None);
        check(vec![run("", &[("lock", OK)], &[])], Some((&[], None)));
        check(vec![run("", &[("lock", BAD), ("config", OK)], &[])], Some((&["lock"], None)));
        check(vec![run("", &[("lock", JobStatus::CouldNotCheck)], &[])], Some((&["lock"], None)));
        check(vec![run("", &[("lock", BAD)], &[]), run("", &[("lock", OK)], &[])], Some((&[], None)));
        check(vec![run("", &[("lock", BAD)], &[]), run("", &[("config", OK)], &[])], Some((&["lock"], None)));
        // A part that went well does not clear the whole; one that failed fails it.
        check(
            vec![run("", &[("config", BAD)], &[]), run("nixos:a", &[("config", OK)], &[])],
            Some((&["config"], None)),
        );
        check(
            vec![run("", &[("config", OK)], &[]), run("nixos:a", &[("config", BAD)], &[])],
            Some((&["config"], None)),
        );
    }

    #[test]
    fn what_a_run_chooses_by_itself_it_chooses_to_build() {
        let check_after = |part: &str, expected: &[&str]| {
            check(vec![run("", &[("config", BAD)], &[]), run(part, &[("config", OK)], &[])], Some((expected, None)));
        };
        check_after(LAST_FAILED, &[]);
        check_after(AFFECTED, &[]);
        check_after(&format!("nixos:a {LAST_FAILED}"), &["config"]);
    }

    #[test]
    fn jobs_that_did_not_get_their_turn() {
        let held_up =
            |words: &[&str], run: Run| Run { held_up: words.iter().map(|w| (*w).to_owned()).collect(), ..run };
        let first = || held_up(&["config", "build"], run("", &[("bootstrap", BAD)], &[]));
        check(vec![first()], Some((&["bootstrap", "build", "config"], None)));
        check(vec![first(), run("", &[("bootstrap", OK), ("config", OK)], &[])], Some((&["build"], None)));
        check(vec![first(), run("", &[("bootstrap", OK), ("config", OK), ("build", OK)], &[])], Some((&[], None)));
    }

    #[test]
    fn outputs_that_failed_when_they_were_last_built() {
        use Status::{BuildFailed, Built, Evaluated, EvaluationFailed, Interrupted, Skipped};
        let whole = |outputs: &[(&str, Status)]| run("", &[("build", BAD)], outputs);
        let first = || whole(&[("a", BuildFailed), ("b", EvaluationFailed), ("c", Built), ("d", Interrupted)]);
        check(vec![first()], Some((&["build"], Some(&["a", "b", "d"]))));
        let part = |status, outputs: &[(&str, Status)]| run("some", &[("build", status)], outputs);
        check(vec![first(), part(OK, &[("a", Built), ("b", Built)])], Some((&["build"], Some(&["d"]))));
        check(vec![first(), part(OK, &[("a", Evaluated), ("b", Skipped)])], Some((&["build"], Some(&["a", "b", "d"]))));
        check(vec![first(), part(OK, &[("a", Built), ("b", Built), ("d", Status::Present)])], Some((&[], None)));
        check(vec![first(), part(BAD, &[("c", BuildFailed)])], Some((&["build"], Some(&["a", "b", "c", "d"]))));
        check(vec![first(), whole(&[("a", Built), ("e", BuildFailed)])], Some((&["build"], Some(&["e"]))));
        check(vec![first(), run("", &[("build", OK)], &[("a", Built)])], Some((&[], None)));
        // An old run, of whose outputs nothing is known any more; and one whose job failed without any.
        check(vec![first().coarser()], Some((&["build"], None)));
        check(vec![run("", &[("build", JobStatus::CouldNotCheck)], &[("a", Built)])], Some((&["build"], None)));
    }

    #[test]
    fn runs_with_other_inputs_say_nothing() {
        let with = |inputs: Option<&str>, run: Run| Run { inputs: inputs.map(str::to_owned), ..run };
        let runs = vec![
            with(Some("locked"), run("", &[("config", BAD)], &[])),
            with(Some("stand-in"), run("", &[("config", OK), ("lock", OK)], &[])),
            with(None, run("", &[("bootstrap", BAD)], &[])),
        ];
        let history = History { runs };
        let jobs = |inputs| history.failed(inputs).map(|failed| failed.jobs.into_iter().collect::<Vec<_>>());
        assert_eq!(jobs(None), Some(vec!["bootstrap".to_owned()]));
        assert_eq!(jobs(Some("stand-in")), Some(vec!["bootstrap".to_owned()]));
        assert_eq!(jobs(Some("locked")), Some(vec!["bootstrap".to_owned(), "config".to_owned()]));
        assert_eq!(History { runs: history.runs[..1].to_vec() }.failed(Some("stand-in")), None);
    }
}
