//! What a job that somebody chose by hand has run, on which machines: itself, and on other machines what it needs of them.

use super::group::Group;
use crate::ci::Job;

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

/// The condition that one of `words` is chosen.
pub fn is_one_of(words: &[&str]) -> String {
    words.iter().map(|word| format!("inputs.job == '{word}'")).collect::<Vec<_>>().join(" || ")
}
