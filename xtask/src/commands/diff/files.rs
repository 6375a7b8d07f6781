//! Which files of a change each changed output depends on: it is evaluated with some of them as they are in the base.
//!
//! All trees of one search stand in the same folder, one after the other, since its path may be in a derivation; what a tree comes to
//! is compared with what the whole head comes to there. What the flake is told of itself (revision, times) is the head's in all of
//! them. A lock file that is taken from the base brings its inputs with it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::revisions::Revisions;
use crate::copies::Copies;
use crate::diff::{Difference, FileChange, Files, Search};
use crate::fleet::{AttrPath, Output};
use crate::interrupt;
use crate::nix::query::Query;
use crate::pipeline::batching::Limits;
use crate::session::{Derived, Session};

/// An output is evaluated in the whole head, with all files of the base, and with some: about this often where it is one that matters.
const EVALUATIONS: f64 = 4.0;

/// Finds out which files each changed output depends on, as far as `seconds` reach.
///
/// # Errors
/// When the run is interrupted. Whatever else goes wrong is what is told of the outputs.
pub fn describe(
    session: &Session<'_>,
    revisions: &Revisions,
    difference: &mut Difference,
    limits: Limits,
    seconds: u32,
) -> Result<()> {
    let is_changed = |index: &usize| difference.outputs[*index].compared.derivations().is_some();
    let changed: Vec<usize> = (0..difference.outputs.len()).filter(is_changed).collect();
    let outputs: Vec<&Output> = changed.iter().map(|&index| &difference.outputs[index].compared.output).collect();
    let costs = session.costs();
    let estimates = outputs.iter().map(|output| costs.estimate(output).map_or(1.0, |estimate| estimate.seconds));
    let fitting = fitting(estimates, limits.workers, f64::from(seconds));
    let mut told = vec![Files::NotTold(format!("it takes longer than {seconds} s (--files-within)")); outputs.len()];
    let patience = Duration::from_secs(u64::from(seconds));
    if fitting > 0 {
        let attrs = outputs.iter().take(fitting).map(|output| output.attr.clone()).collect();
        let trials = Trials::new(session, revisions, &difference.files, attrs, limits);
        let found = match trials.and_then(|trials| trials.run(patience)) {
            Err(error) if interrupt::count() > 0 => return Err(error),
            Err(error) => vec![Files::NotTold(format!("{error:#}")); fitting],
            Ok(found) => found,
        };
        told.splice(..fitting, found);
    }
    for (index, files) in changed.into_iter().zip(told) {
        difference.outputs[index].files = Some(files);
    }
    Ok(())
}

/// How many outputs of these `costs` in seconds can be looked into within `seconds`; one at least, unless there is no time at all.
fn fitting(costs: impl ExactSizeIterator<Item = f64>, workers: usize, seconds: f64) -> usize {
    let least = usize::from(seconds > 0.0).min(costs.len());
    let mut left = seconds * workers as f64;
    let fits = |cost: &f64| {
        left -= cost * EVALUATIONS;
        left >= 0.0
    };
    costs.take_while(fits).count().max(least)
}

struct Trials<'a> {
    session: &'a Session<'a>,
    /// The files to take from the base, by their place among all files of the change.
    files: Vec<(usize, &'a FileChange)>,
    attrs: Vec<AttrPath>,
    copies: Copies<'a>,
    base: &'a Path,
    /// The lock file, and how to ask with that of the base.
    lock: (PathBuf, Query),
    limits: Limits,
}

impl<'a> Trials<'a> {
    fn new(
        session: &'a Session<'a>,
        revisions: &'a Revisions,
        files: &'a [FileChange],
        attrs: Vec<AttrPath>,
        limits: Limits,
    ) -> Result<Self> {
        // A folder that the change makes stays where its files are taken away: somebody may list it.
        let folders = files.iter().filter_map(|file| file.path.parent().map(Path::to_owned));
        let folders = folders.filter(|folder| !folder.as_os_str().is_empty()).collect();
        let (top, state) = (&revisions.checkout.top, &session.context.state);
        let copies = Copies::new(state, top, &revisions.head_tree, folders, 1)?;
        let lock = (session.below_top().join("flake.lock"), session.query_with_inputs_in(&revisions.commit)?);
        let files = files.iter().enumerate().filter(|(_, file)| !file.submodule).collect();
        Ok(Self { session, files, attrs, copies, base: revisions.files_of_base(), lock, limits })
    }

    /// What is told of each output.
    fn run(&self, patience: Duration) -> Result<Vec<Files>> {
        let started = Instant::now();
        let all: Vec<usize> = (0..self.attrs.len()).collect();
        let whole = self.derive(&[], &all)?;
        let seconds_each = started.elapsed().as_secs_f64() / all.len().max(1) as f64;
        let failure = |derived: &Derived| derived.as_ref().err().cloned();
        let known: Vec<usize> = all.iter().copied().filter(|&output| whole[output].is_ok()).collect();
        let mut search = Search::new(self.files.len(), known.len());
        while let Some(trial) = search.trial() {
            let expected = Duration::from_secs_f64(seconds_each * trial.outputs.len() as f64);
            if started.elapsed() + expected > patience {
                break;
            }
            let outputs: Vec<usize> = trial.outputs.iter().map(|&index| known[index]).collect();
            let derived = self.derive(&trial.files, &outputs)?;
            let compared = trial.outputs.iter().zip(&outputs).zip(derived);
            // What does not evaluate without the files depends on them.
            let changed = compared.filter(|((_, output), derived)| *derived != whole[**output]);
            let changed: BTreeSet<usize> = changed.map(|((index, _), _)| *index).collect();
            search.learn(&changed);
        }
        let mut found = search.end();
        let of_known = |output: usize| known.iter().position(|known| *known == output);
        let told = |output: usize| match failure(&whole[output]) {
            Some(reason) => Files::NotTold(format!("it does not evaluate in a copy of the repository: {reason}")),
            None => match of_known(output).and_then(|index| found.remove(&index)) {
                Some(influence) => Files::Told(influence.renamed(|file| self.files[file].0)),
                None => Files::NoneOfThem,
            },
        };
        Ok(all.iter().copied().map(told).collect())
    }

    /// What `outputs` come to with `files` as they are in the base.
    fn derive(&self, files: &[usize], outputs: &[usize]) -> Result<Vec<Derived>> {
        let files = || files.iter().map(|&file| self.files[file].1);
        // What takes the place of a file of the base must go as well.
        let of_base: BTreeSet<PathBuf> = files().flat_map(FileChange::in_base).map(Path::to_owned).collect();
        let without = files().map(|file| file.path.clone()).chain(of_base.iter().cloned()).collect();
        self.copies.make(&[(0, &without)])?;
        self.copies.add(0, self.base, &of_base)?;
        let (lock, with_lock_of_base) = &self.lock;
        let query = if without.contains(lock) { with_lock_of_base } else { self.session.query() };
        let asked: Vec<(usize, AttrPath)> = outputs.iter().map(|&output| (0, self.attrs[output].clone())).collect();
        self.session.derive_elsewhere_by(query, &asked, self.copies.folder(), self.limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_there_is_time_for() {
        let check = |costs: &[f64], workers: usize, seconds: f64, expected: usize| {
            assert_eq!(fitting(costs.iter().copied(), workers, seconds), expected, "{costs:?} {workers} {seconds}");
        };
        check(&[], 1, 60.0, 0);
        check(&[1.0, 1.0, 1.0], 1, 8.0, 2);
        check(&[1.0, 1.0, 1.0], 2, 8.0, 3);
        check(&[100.0, 1.0], 1, 8.0, 1);
        check(&[1.0, 100.0, 1.0], 1, 8.0, 1);
        check(&[0.1], 1, 0.0, 0);
    }
}
