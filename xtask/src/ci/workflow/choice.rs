//! What a job that somebody chose by hand has run, on which machines: itself, and on other machines what it needs of them.

use std::collections::BTreeSet;

use super::group::Group;
use crate::ci::{Job, JobName};

/// The condition that nobody chose one job.
pub const ALL_CHOSEN: &str = "!inputs.job || inputs.job == 'all'";

/// The words of the jobs for which `job` runs as a step of its own when one of them is chosen: itself, and those on other machines that
/// leave it to its own. On its machine, whatever needs it runs it too.
pub fn chosen_with(groups: &[Group<'_>], job: &Job) -> Vec<&'static str> {
    let mut words = vec![job.word()];
    // Who waits for a job may stand in front of it: as often as there are groups, all are found.
    for _ in groups {
        for (group, other) in groups.iter().flat_map(|group| group.jobs.iter().map(move |other| (group, other))) {
            let awaits = group.awaited_by(other).iter().any(|name| words.contains(&name.word()));
            if awaits && !words.contains(&other.word()) {
                words.push(other.word());
            }
        }
    }
    words
}

/// The words of the jobs for which the machines of `group` run when one of them is chosen.
pub fn chosen_for(groups: &[Group<'_>], group: &Group<'_>) -> Vec<&'static str> {
    let mut words: Vec<&str> = Vec::new();
    for word in group.jobs.iter().flat_map(|job| chosen_with(groups, job)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Those of the words of [`chosen_for`] for which a job runs on these machines that asks the client of caches.
pub fn with_client(groups: &[Group<'_>], group: &Group<'_>) -> Vec<&'static str> {
    const ASKING: [JobName; 3] = [JobName::CacheAnalytics, JobName::CachePush, JobName::CacheVerify];
    let asks = |job: &&&Job| group.runs_of(job).iter().any(|other| ASKING.contains(&other.name));
    let mut words: Vec<&str> = Vec::new();
    for word in group.jobs.iter().filter(asks).flat_map(|job| chosen_with(groups, job)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The words of [`chosen_for`], each with others for which the machines of `group` wait for the same groups, and these.
pub fn awaited_for(groups: &[Group<'_>], group: &Group<'_>) -> Vec<(Vec<&'static str>, BTreeSet<&'static str>)> {
    let mut all: Vec<(Vec<&str>, BTreeSet<&str>)> = Vec::new();
    for word in chosen_for(groups, group) {
        let steps = group.jobs.iter().filter(|job| chosen_with(groups, job).contains(&word));
        let names: Vec<JobName> = steps.flat_map(|job| group.awaited_by(job)).collect();
        let awaited = group.awaits.iter().filter(|awaited| names.contains(&awaited.job));
        let awaited: BTreeSet<&str> = awaited.map(|awaited| awaited.group).collect();
        match all.iter_mut().find(|(_, same)| *same == awaited) {
            Some((words, _)) => words.push(word),
            None => all.push((vec![word], awaited)),
        }
    }
    all
}

/// The condition that one of `words` is chosen.
pub fn is_one_of(words: &[&str]) -> String {
    words.iter().map(|word| format!("inputs.job == '{word}'")).collect::<Vec<_>>().join(" || ")
}
