//! Which jobs of a run are which jobs of a workflow: by the names that GitHub shows, those of matrices included.

use super::run::{Run, RunJob};
use crate::fleet::glob;

/// The jobs of a run, by those of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched<'a> {
    /// For each name, the jobs that go by it.
    pub found: Vec<Vec<&'a RunJob>>,
    /// The jobs that go by none.
    pub others: Vec<&'a RunJob>,
}

/// Finds the jobs of `run` that go by each of `names`, in which `*` stands for what only the run tells. A job goes by its own name
/// before it goes by a pattern.
#[must_use]
pub fn matched<'a>(names: &[&str], run: &'a Run) -> Matched<'a> {
    let mut found: Vec<Vec<&RunJob>> = vec![Vec::new(); names.len()];
    let mut others = Vec::new();
    for job in &run.jobs {
        let own = names.iter().position(|name| *name == job.name);
        match own.or_else(|| names.iter().position(|name| name.contains('*') && glob(name, &job.name))) {
            Some(at) => found.iter_mut().skip(at).take(1).for_each(|jobs| jobs.push(job)),
            None => others.push(job),
        }
    }
    Matched { found, others }
}

#[cfg(test)]
mod tests {
    use super::super::run::Run;
    use super::*;

    #[test]
    fn names_of_matrices_are_matched() {
        let run = |names: &[&str]| {
            let jobs: Vec<String> = names.iter().map(|name| format!("{{\"name\": \"{name}\"}}")).collect();
            Run::parse(&format!("{{\"jobs\": [{}]}}", jobs.join(","))).unwrap()
        };
        let run = run(&["plan", "build a", "build b", "build special", "else"]);
        let matched = matched(&["build *", "plan", "build special", "gone"], &run);
        let names = |jobs: &[&RunJob]| jobs.iter().map(|job| job.name.clone()).collect::<Vec<_>>();
        let found: Vec<_> = matched.found.iter().map(|jobs| names(jobs)).collect();
        assert_eq!(found, [&["build a", "build b"][..], &["plan"], &["build special"], &[]]);
        assert_eq!(names(&matched.others), ["else"]);
    }
}
