//! Which machines wait for which.
//!
//! Phases are kept as far as machines can wait for each other. The machines of the build publish as well: whatever comes before
//! publishing and can run without them runs in front of them, since nothing could hold the push back later. What needs the build
//! itself, on one machine for all systems, comes behind them, and behind their push: [`late`] says of which jobs that is true.

use super::group::{Group, groups};
use crate::ci::{Job, Phase, Work};

/// For each group those that it waits for, by their names on GitHub; `needs` tells whether one needs another, however many lie between.
pub fn waits(groups: &[Group<'_>], needs: &dyn Fn(usize, usize) -> bool) -> Vec<Vec<&'static str>> {
    let publisher = groups.iter().position(Group::publishes);
    let all = || groups.iter().enumerate();
    let waited = |(index, group): (usize, &Group<'_>)| {
        let waited = all().filter(|(other, before)| {
            let awaited = group.awaits.iter().any(|awaited| awaited.group == before.first.word());
            // Nothing waits for a comparison.
            let in_order = index != *other && !before.first.machine.compares;
            let (phase, earlier) = (group.first.phase, before.first.phase);
            let by_phase = match publisher {
                Some(publisher) if publisher == index => earlier < Phase::Publish && !needs(*other, index),
                // It can run in front of the machines that publish, and so it does.
                Some(publisher) if phase < Phase::Publish && !needs(index, publisher) => {
                    earlier < phase && *other != publisher && !needs(*other, publisher)
                }
                _ => earlier < phase,
            };
            awaited || in_order && by_phase
        });
        waited.map(|(_, other)| other.first.word()).collect()
    };
    all().map(waited).collect()
}

/// The jobs that a run on one machine has before it publishes, and GitHub only behind what the machines of the build publish: they need
/// something of those machines, and run on another one.
#[must_use]
pub fn late(jobs: &[Job]) -> Vec<&Job> {
    let groups = groups(jobs);
    let Some(publisher) = groups.iter().find(|group| group.publishes()) else { return Vec::new() };
    let mut behind = vec![publisher.first.word()];
    // Whoever waits may stand in front of whom it waits for: as often as there are groups, all are found.
    for _ in &groups {
        for group in groups.iter().filter(|group| group.first.phase < Phase::Publish) {
            let word = group.first.word();
            if !behind.contains(&word) && group.waits.iter().any(|other| behind.contains(other)) {
                behind.push(word);
            }
        }
    }
    let late = groups.iter().filter(|group| !group.publishes() && behind.contains(&group.first.word()));
    late.flat_map(|group| group.jobs.iter().copied()).collect()
}

/// The jobs of one's own that stand between the build and the push on the machines of the build. Where a system has several of these
/// they run on the first, and keep back its push alone.
#[must_use]
pub fn in_front_of_the_push(jobs: &[Job]) -> Vec<&Job> {
    let groups = groups(jobs);
    let of_machines = groups.iter().filter(|group| group.publishes()).flat_map(|group| group.jobs.iter().copied());
    of_machines.filter(|job| job.work != Work::BuiltIn && job.phase < Phase::Publish).collect()
}

/// The words of the groups that have nothing to do when nothing is planned: those on machines of each system, and what waits for these.
pub fn idle_without_plan(groups: &[Group<'_>]) -> Vec<String> {
    let mut idle: Vec<&'static str> = Vec::new();
    for _ in groups {
        for group in groups {
            let waits = group.waits.iter().any(|other| idle.contains(other));
            if (group.spreads() || waits) && !idle.contains(&group.first.word()) {
                idle.push(group.first.word());
            }
        }
    }
    let in_order = groups.iter().map(|group| group.first.word()).filter(|word| idle.contains(word));
    in_order.map(str::to_owned).collect()
}
