//! Groups of tables, small ones and the one that is built in.

use std::time::Duration;

use super::*;
use crate::ci::Phase;
use crate::ci::table::Machine;
use crate::ci::workflow::order::idle_without_plan;

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
    let words: Vec<Vec<&str>> = groups.iter().map(|group| group.jobs.iter().map(|job| job.word()).collect()).collect();
    assert_eq!(words, [&["lock"][..], &["build", "push"], &["tell"]]);
    assert_eq!(groups[1].minutes(), 60);
    // What another machine has done is waited for, and done once.
    let names = |jobs: &[&Job]| jobs.iter().map(|job| job.word()).collect::<Vec<_>>();
    assert_eq!(names(&groups[1].runs), ["lock", "build", "push"]);
    assert_eq!((names(&groups[2].runs), groups[2].minutes()), (vec!["tell"], 45));
    assert_eq!(groups[2].awaited_by(&jobs[3]), [JobName::of("push")]);
    assert_eq!(groups[2].awaited_groups(), ["build"]);
    assert_eq!(idle_without_plan(&groups), ["build", "tell"]);
    assert_eq!(idle_without_plan(&groups[..1]), [""; 0]);
}
