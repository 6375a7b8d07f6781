//! The search for the siblings that a configuration depends on, by halves.

use super::{Dependence, NAMED, Subject};

/// The search for the siblings that matter: which to leave out next, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Siblings that are not known to matter by themselves.
    rest: Vec<usize>,
    /// Some of them, which together matter.
    suspects: Vec<usize>,
    /// What is tried now.
    trial: Trial,
    found: Vec<usize>,
    together: bool,
    more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    FirstHalf,
    SecondHalf,
    Rest,
    /// All suspects but the one at that place.
    AllBut(usize),
    Over,
}

impl Search {
    /// Leaving out all of `count` siblings matters; which of them?
    #[must_use]
    pub fn new(count: usize) -> Self {
        let all: Vec<usize> = (0..count).collect();
        let (rest, trial, found) = (all.clone(), Trial::FirstHalf, Vec::new());
        let mut search = Self { rest, suspects: all, trial, found, together: false, more: false };
        search.narrow();
        search
    }

    /// The siblings to leave out next; none when the search is over.
    #[must_use]
    pub fn trial(&self) -> Option<Vec<usize>> {
        let (first, second) = self.suspects.split_at(self.suspects.len() / 2);
        match self.trial {
            Trial::FirstHalf => Some(first.to_vec()),
            Trial::SecondHalf => Some(second.to_vec()),
            Trial::Rest => Some(self.rest.clone()),
            Trial::AllBut(at) => {
                let others = self.suspects.iter().enumerate().filter(|(place, _)| *place != at);
                Some(others.map(|(_, index)| *index).collect())
            }
            Trial::Over => None,
        }
    }

    /// Takes in whether leaving out the trial's siblings matters.
    pub fn learn(&mut self, matters: bool) {
        let half = self.suspects.len() / 2;
        match (self.trial, matters) {
            (Trial::FirstHalf, true) => {
                self.suspects.truncate(half);
                self.narrow();
            }
            (Trial::FirstHalf, false) => self.trial = Trial::SecondHalf,
            (Trial::SecondHalf, true) => {
                self.suspects.drain(..half);
                self.narrow();
            }
            // Each stands in for the others, as where a configuration looks whether one of them is there.
            (Trial::SecondHalf, false) => self.trial = Trial::AllBut(0),
            (Trial::AllBut(at), true) => {
                self.suspects.remove(at);
                self.end_of(at);
            }
            (Trial::AllBut(at), false) => self.end_of(at + 1),
            (Trial::Rest, true) if self.found.len() < NAMED => {
                self.suspects.clone_from(&self.rest);
                self.narrow();
            }
            (Trial::Rest, matters) => {
                self.more = matters;
                self.trial = Trial::Over;
            }
            (Trial::Over, _) => {}
        }
    }

    /// What was found, as it stands for `subject`.
    #[must_use]
    pub fn dependence(self, subject: &Subject, failure: Option<String>) -> Dependence<'_> {
        let Self { found, together, more, .. } = self;
        Dependence { subject, culprits: found, together, more, failure }
    }

    /// Goes on with leaving out all suspects but the one at `at`; at their end, those that are left matter together.
    fn end_of(&mut self, at: usize) {
        self.trial = if at < self.suspects.len() { Trial::AllBut(at) } else { Trial::Over };
        if self.trial == Trial::Over {
            self.together = self.found.is_empty();
            self.more = !self.together;
            if self.together {
                self.found.clone_from(&self.suspects);
            }
        }
    }

    /// The next trial for the suspects; a single one is found.
    fn narrow(&mut self) {
        self.trial = Trial::FirstHalf;
        if let [only] = self.suspects.as_slice() {
            self.found.push(*only);
            self.rest.retain(|index| index != only);
            self.trial = if self.rest.is_empty() { Trial::Over } else { Trial::Rest };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches where leaving out `trial` matters if `matters` says so.
    fn check(count: usize, matters: fn(&[usize]) -> bool, found: &[usize], together: bool, more: bool) {
        let mut search = Search::new(count);
        let mut steps = 0;
        while let Some(trial) = search.trial() {
            let matters = matters(&trial);
            search.learn(matters);
            steps += 1;
            assert!(steps < 60, "the search does not end");
        }
        let mut sorted = search.found.clone();
        sorted.sort_unstable();
        assert_eq!((sorted.as_slice(), search.together, search.more), (found, together, more));
    }

    #[test]
    fn every_sibling_that_matters_is_found() {
        check(1, |trial| trial.contains(&0), &[0], false, false);
        check(9, |trial| trial.contains(&4), &[4], false, false);
        check(9, |trial| trial.contains(&0) || trial.contains(&8), &[0, 8], false, false);
        check(99, |trial| !trial.is_empty(), &[0, 1, 2], false, true);
    }

    #[test]
    fn siblings_that_matter_only_together() {
        check(2, |trial| trial.len() == 2, &[0, 1], true, false);
        check(8, |trial| trial.contains(&1) && trial.contains(&6), &[1, 6], true, false);
    }
}
