//! The search for the files of a change that outputs depend on: by taking some of them from the base, all at first and then ever
//! fewer, and looking which outputs are other ones then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Files to take from the base, and the outputs to evaluate then; both by their index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The files.
    pub files: Vec<usize>,
    /// The outputs.
    pub outputs: Vec<usize>,
}

/// The files that one output depends on, as far as they were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Influence {
    /// Each of these matters by itself.
    pub files: BTreeSet<usize>,
    /// Of each of these groups some matter together, and none alone.
    pub together: Vec<Vec<usize>>,
    /// Some of these matter; which, was not looked for to the end.
    pub undecided: BTreeSet<usize>,
}

impl Influence {
    /// The same with other indices for the files.
    #[must_use]
    pub fn renamed(self, name: impl Fn(usize) -> usize) -> Self {
        Self {
            files: self.files.into_iter().map(&name).collect(),
            together: self.together.into_iter().map(|group| group.into_iter().map(&name).collect()).collect(),
            undecided: self.undecided.into_iter().map(&name).collect(),
        }
    }
}

/// The search: what to try next, and what follows.
#[derive(Debug)]
pub struct Search {
    open: VecDeque<Trial>,
    found: BTreeMap<usize, Influence>,
    /// For a group of files whose halves are being tried: the outputs that neither half has changed so far.
    halved: Vec<(Trial, BTreeSet<usize>)>,
}

impl Search {
    /// On which of `files` do `outputs` depend? The first trial is with all of them.
    #[must_use]
    pub fn new(files: usize, outputs: usize) -> Self {
        let first = Trial { files: (0..files).collect(), outputs: (0..outputs).collect() };
        let nothing = first.files.is_empty() || first.outputs.is_empty();
        let open = if nothing { VecDeque::new() } else { VecDeque::from([first]) };
        Self { open, found: BTreeMap::new(), halved: Vec::new() }
    }

    /// What to try next; none when everything is told.
    #[must_use]
    pub fn trial(&self) -> Option<&Trial> {
        self.open.front()
    }

    /// Takes in which outputs are other ones in the first open trial.
    pub fn learn(&mut self, changed: &BTreeSet<usize>) {
        let Some(trial) = self.open.pop_front() else { return };
        for (group, silent) in &mut self.halved {
            if trial.files.iter().all(|file| group.files.contains(file)) {
                silent.retain(|output| !changed.contains(output));
            }
        }
        let outputs: Vec<usize> = trial.outputs.into_iter().filter(|output| changed.contains(output)).collect();
        if outputs.is_empty() {
            return;
        }
        if let [only] = trial.files.as_slice() {
            for output in outputs {
                self.found.entry(output).or_default().files.insert(*only);
            }
            return;
        }
        let (first, second) = trial.files.split_at(trial.files.len() / 2);
        for half in [first, second] {
            self.open.push_back(Trial { files: half.to_vec(), outputs: outputs.clone() });
        }
        let silent = outputs.iter().copied().collect();
        self.halved.push((Trial { files: trial.files, outputs }, silent));
    }

    /// What was found, by output; an output that is not named is another one by none of the files. What is still open is undecided.
    #[must_use]
    pub fn end(mut self) -> BTreeMap<usize, Influence> {
        let mut open_files = BTreeSet::new();
        for trial in &self.open {
            open_files.extend(trial.files.iter().copied());
            for output in &trial.outputs {
                self.found.entry(*output).or_default().undecided.extend(&trial.files);
            }
        }
        for (group, silent) in self.halved {
            // As long as one of its halves is open, nobody knows whether they are silent.
            if group.files.iter().any(|file| open_files.contains(file)) {
                continue;
            }
            for output in silent {
                self.found.entry(output).or_default().together.push(group.files.clone());
            }
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches where taking `files` from the base changes `output` if `matters` says so; at most `steps` trials.
    fn search(
        files: usize,
        outputs: usize,
        steps: usize,
        matters: fn(&[usize], usize) -> bool,
    ) -> (Vec<String>, usize) {
        let mut search = Search::new(files, outputs);
        let mut taken = 0;
        while let Some(trial) = search.trial().filter(|_| taken < steps) {
            let changed = trial.outputs.iter().copied().filter(|output| matters(&trial.files, *output)).collect();
            search.learn(&changed);
            taken += 1;
        }
        let said = |(output, found): (usize, Influence)| {
            let mut text = format!("{output}:");
            text.extend(found.files.iter().map(|file| format!(" {file}")));
            text.extend(found.together.iter().map(|group| format!(" {group:?}")));
            text.extend((!found.undecided.is_empty()).then(|| format!(" ?{:?}", found.undecided)));
            text
        };
        (search.end().into_iter().map(said).collect(), taken)
    }

    fn check(files: usize, outputs: usize, matters: fn(&[usize], usize) -> bool, expected: &[&str], trials: usize) {
        let (found, taken) = search(files, outputs, 1000, matters);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!((found.as_slice(), taken), (expected, trials));
    }

    #[test]
    fn every_file_that_matters_is_found() {
        check(1, 2, |_, output| output == 1, &["1: 0"], 1);
        check(3, 1, |_, _| false, &[], 1);
        check(4, 2, |files, output| files.contains(&(output * 2)), &["0: 0", "1: 2"], 7);
        check(100, 1, |files, _| files.contains(&17), &["0: 17"], 15);
        check(3, 1, |_, _| true, &["0: 0 1 2"], 5);
        check(0, 3, |_, _| true, &[], 0);
        check(3, 0, |_, _| true, &[], 0);
    }

    #[test]
    fn files_that_matter_only_together() {
        check(2, 1, |files, _| files.len() == 2, &["0: [0, 1]"], 3);
        // Output 1 depends on a file by itself too.
        check(
            4,
            2,
            |files, output| [0, 1].iter().all(|file| files.contains(file)) || output == 1 && files.contains(&3),
            &["0: [0, 1]", "1: 3 [0, 1]"],
            7,
        );
    }

    #[test]
    fn what_is_not_searched_to_the_end_is_undecided() {
        let matters = |files: &[usize], _: usize| files.contains(&3);
        for (steps, expected) in [(0, "0: ?{0, 1, 2, 3}"), (1, "0: ?{0, 1, 2, 3}"), (2, "0: ?{2, 3}"), (4, "0: ?{3}")] {
            assert_eq!(search(4, 1, steps, matters).0, [expected], "{steps}");
        }
    }
}
