//! Which target a build process takes next, so that each derivation is built, and fails, once over the whole run: pure.
//!
//! A running process claims what it will build. A target that needs none of that may start beside it; one that does waits until
//! that is built, or has failed.

use super::set::Set;

/// What the scheduler knows of one waiting target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// The index of the target.
    pub index: usize,
    /// Its own derivation and those it needs, as far as not built yet.
    pub unbuilt: &'a Set,
}

/// What a free slot does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Build these targets in one process.
    Targets {
        /// Their indices.
        targets: Vec<usize>,
        /// How many local builds the process may run at once.
        jobs: usize,
    },
    /// Everything that waits needs something that is being built.
    Wait,
}

/// A process is not given more small targets when it already has this many derivations to build.
const DERIVATIONS_PER_PROCESS: usize = 100;

/// The targets for one free slot of `slots`, given what the `running` processes have claimed.
#[must_use]
pub fn next(waiting: &[Waiting<'_>], claimed: &Set, running: usize, slots: usize) -> Next {
    let fair = waiting.len().div_ceil(2 * slots.max(1));
    let mut chosen = Vec::new();
    let mut derivations = Set::default();
    for target in waiting {
        if target.unbuilt.intersects(claimed) {
            continue;
        }
        let larger = derivations.len() + target.unbuilt.len() > DERIVATIONS_PER_PROCESS;
        if !chosen.is_empty() && (larger || chosen.len() >= fair) {
            break;
        }
        derivations.unite(target.unbuilt);
        chosen.push(target.index);
    }
    if chosen.is_empty() {
        return Next::Wait;
    }
    // Slots that no other target can use now are this process's own.
    derivations.unite(claimed);
    let independent =
        |target: &&Waiting<'_>| !chosen.contains(&target.index) && !target.unbuilt.intersects(&derivations);
    let others = running + waiting.iter().filter(independent).count();
    let jobs = slots.div_ceil((others + 1).min(slots.max(1)));
    Next::Targets { targets: chosen, jobs }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(waiting: &[&[&str]], claimed: &[&str], slots: usize, expected: &[usize]) {
        match next_of(waiting, claimed, slots) {
            Next::Targets { targets, .. } => assert_eq!(targets, expected),
            Next::Wait => assert!(expected.is_empty()),
        }
    }

    fn next_of(waiting: &[&[&str]], claimed: &[&str], slots: usize) -> Next {
        let mut names: Vec<&str> = waiting.iter().copied().flatten().chain(claimed).copied().collect();
        names.sort_unstable();
        names.dedup();
        let set = |drvs: &[&str]| drvs.iter().filter_map(|drv| names.binary_search(drv).ok()).collect::<Set>();
        let sets: Vec<Set> = waiting.iter().map(|drvs| set(drvs)).collect();
        let waiting: Vec<Waiting<'_>> =
            sets.iter().enumerate().map(|(index, unbuilt)| Waiting { index, unbuilt }).collect();
        next(&waiting, &set(claimed), usize::from(!claimed.is_empty()), slots)
    }

    #[test]
    fn slots_nobody_else_can_use_are_the_processs_own() {
        let jobs = |waiting: &[&[&str]], claimed: &[&str]| match next_of(waiting, claimed, 4) {
            Next::Targets { jobs, .. } => jobs,
            Next::Wait => 0,
        };
        assert_eq!(jobs(&[&["a"]], &[]), 4);
        assert_eq!(jobs(&[&["a"], &["b"]], &[]), 2);
        assert_eq!(jobs(&[&["shared", "a"], &["shared", "b"]], &[]), 4);
        assert_eq!(jobs(&[&["a"]], &["x"]), 2);
        assert_eq!(jobs(&[&["a"], &["b"], &["c"], &["d"], &["e"], &["f"]], &["x"]), 1);
    }

    #[test]
    fn a_free_slot_takes_its_fair_share() {
        check(&[&["a"], &["b"], &["c"], &["d"]], &[], 1, &[0, 1]);
        check(&[&["a"], &["b"], &["c"], &["d"]], &[], 2, &[0]);
        check(&[], &[], 2, &[]);
    }

    #[test]
    fn what_another_process_builds_is_waited_for() {
        check(&[&["shared", "a"], &["b"]], &["shared"], 1, &[1]);
        check(&[&["shared", "a"], &["shared", "b"]], &["shared"], 2, &[]);
    }

    #[test]
    fn large_targets_have_a_process_of_their_own() {
        let many: Vec<String> = (0..200).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        check(&[&many, &["a"], &["b"], &["c"]], &[], 1, &[0]);
        check(&[&["a"], &many, &["b"], &["c"]], &[], 1, &[0]);
    }
}
