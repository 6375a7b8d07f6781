//! Results of evaluation that are kept from run to run, so that an unchanged tree costs no evaluation.
//!
//! Why the key is sound: Nix evaluates a flake in pure mode, where the result depends on nothing but the flake's source, its
//! locked inputs, what replaces them, and the evaluator. The key holds all of these: the commit and what the working tree changes
//! in tracked files (contents, modes, links, submodules; for a folder outside git, every file), which include `flake.lock`;
//! the overrides; flavour and version of Nix with the settings that reach evaluation; the query itself with the kinds and
//! attributes it asks for; and where repository and store are, since error messages and store paths name them. An input without a
//! lock is not pure, and a run with one is not kept. A key that fits is not enough: a result counts only while its derivation is
//! still in the store. The key is taken before evaluation and again after it; results of a tree that changed meanwhile are not
//! kept. A file that is damaged, or of another schema, is as good as none.
//!
//! The last results are in one file, whatever the tree was. Those of commits, with nothing changed, are beside it in a file each,
//! so that what is compared with a commit need not evaluate it again.

pub mod history;
pub mod job_results;
pub mod lines;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::fleet::{AttrPath, Evaluated, Output};
use crate::nix::Store;
use crate::pipeline::batching::Estimate;

/// Raised whenever the shape or meaning of what is kept changes.
const SCHEMA: u32 = 2;

/// How many commits are kept: the bases of a few branches.
const COMMITS: usize = 8;

/// The settings of Nix that reach evaluation.
pub const SETTINGS: [&str; 8] = [
    "system",
    "extra-platforms",
    "experimental-features",
    "allow-import-from-derivation",
    "pure-eval",
    "restrict-eval",
    "allowed-uris",
    "flake-registry",
];

/// What an unchanged tree need not be asked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    schema: u32,
    key: String,
    /// Every output that discovery found.
    pub outputs: Vec<Output>,
    /// What it named besides: modules, overlays.
    pub named: Vec<AttrPath>,
    /// Derivations that no kind covers.
    pub uncovered: Vec<AttrPath>,
    /// Where the flake's source is in the store.
    pub source: Option<String>,
    /// What was evaluated.
    pub evaluated: ByOutput<Evaluated>,
}

/// Values by the kind and the place of an output: several kinds may have outputs at one place, each with a derivation of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ByOutput<T>(BTreeMap<String, BTreeMap<AttrPath, T>>);

/// What outputs cost when they were last evaluated, whatever the tree was then.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Costs(ByOutput<Cost>);

/// Wall seconds, resident memory in MiB, and the system it turned out to be for.
type Cost = (f64, u64, String);

impl<T> Default for ByOutput<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> ByOutput<T> {
    /// The value of `output`.
    #[must_use]
    pub fn get(&self, output: &Output) -> Option<&T> {
        self.0.get(&output.kind)?.get(&output.attr)
    }

    /// Gives `output` a value.
    pub fn insert(&mut self, output: &Output, value: T) {
        self.0.entry(output.kind.clone()).or_default().insert(output.attr.clone(), value);
    }

    /// Takes the value of `output` out.
    pub fn remove(&mut self, output: &Output) -> Option<T> {
        self.0.get_mut(&output.kind)?.remove(&output.attr)
    }

    /// Drops every value that `wanted` does not want.
    fn retain(&mut self, wanted: impl Fn(&T) -> bool) {
        self.0.values_mut().for_each(|of_kind| of_kind.retain(|_, value| wanted(value)));
    }
}

impl Kept {
    /// Nothing evaluated yet, for the tree of `key`.
    #[must_use]
    pub fn new(key: &str, outputs: Vec<Output>, uncovered: Vec<AttrPath>, source: Option<String>) -> Self {
        let (key, named, evaluated) = (key.to_owned(), Vec::new(), ByOutput::default());
        Self { schema: SCHEMA, key, outputs, named, uncovered, source, evaluated }
    }

    /// What is kept in the folder `state` for the tree of `key`, without what the store has lost.
    #[must_use]
    pub fn read(state: &Path, key: &str, store: &Store) -> Option<Self> {
        let fits = |kept: &Self| kept.schema == SCHEMA && kept.key == key;
        let last = read_json(&file(state)).filter(fits);
        let mut kept: Self = last.or_else(|| read_json(&file_of_commit(state, key)).filter(fits))?;
        kept.evaluated.retain(|evaluated| evaluated.drv.as_ref().is_none_or(|drv| store.holds(drv)));
        Some(kept)
    }

    /// The outputs of the last run, of whatever tree: names to offer, and nothing to rely on.
    #[must_use]
    pub fn last_outputs(state: &Path) -> Vec<Output> {
        read_json(&file(state)).filter(|kept: &Self| kept.schema == SCHEMA).map(|kept| kept.outputs).unwrap_or_default()
    }

    /// Keeps this for later runs.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, state: &Path) -> Result<()> {
        write_json(&file(state), self).context("keep the results of evaluation")
    }

    /// Keeps this for comparisons with its commit, and drops what was kept of the commits that were written longest ago.
    ///
    /// # Errors
    /// When it cannot be written, or another not be removed.
    pub fn write_commit(&self, state: &Path) -> Result<()> {
        let file = file_of_commit(state, &self.key);
        let keeping = "keep the results of a commit";
        files::write_if_changed(&file, &serde_json::to_vec(self)?).context(keeping)?;
        let mut others = Vec::new();
        for entry in std::fs::read_dir(state.join("commits")).context(keeping)? {
            let entry = entry.context(keeping)?;
            others.push((entry.metadata().and_then(|metadata| metadata.modified()).context(keeping)?, entry.path()));
        }
        others.sort();
        for (_, old) in others.iter().rev().filter(|(_, other)| *other != file).skip(COMMITS - 1) {
            std::fs::remove_file(old).context(keeping)?;
        }
        Ok(())
    }
}

impl Costs {
    /// The costs known in the folder `state`.
    #[must_use]
    pub fn read(state: &Path) -> Self {
        read_json(&state.join("costs.json")).unwrap_or_default()
    }

    /// What evaluating `output` is expected to cost, where it was measured.
    #[must_use]
    pub fn estimate(&self, output: &Output) -> Option<Estimate> {
        let (seconds, memory_mib, _) = self.0.get(output)?;
        Some(Estimate { seconds: *seconds, memory_mib: Some(*memory_mib) })
    }

    /// The system that `output` was for, where it is known.
    #[must_use]
    pub fn system(&self, output: &Output) -> Option<String> {
        self.0.get(output).map(|(_, _, system)| system.clone()).filter(|system| !system.is_empty())
    }

    /// Remembers what an evaluation cost.
    pub fn learn(&mut self, output: &Output, evaluated: &Evaluated) {
        self.0.insert(output, (evaluated.seconds, evaluated.memory_mib, evaluated.system.clone()));
    }

    /// Keeps the costs for later runs.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, state: &Path) -> Result<()> {
        write_json(&state.join("costs.json"), self).context("keep the costs of evaluation")
    }
}

fn file(state: &Path) -> PathBuf {
    state.join("evaluation.json")
}

fn file_of_commit(state: &Path, key: &str) -> PathBuf {
    state.join("commits").join(format!("{key}.json"))
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    files::write_atomically(path, &serde_json::to_vec(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(drv: Option<&str>) -> Kept {
        let attr = AttrPath::new(["packages", "x86_64-linux", "a"]);
        let output = Output { attr, kind: "package".to_owned(), system: None };
        let evaluated = Evaluated {
            system: "x86_64-linux".to_owned(),
            drv: drv.map(str::to_owned),
            facts: BTreeMap::new(),
            facts_error: None,
            warnings: Vec::new(),
            seconds: 1.5,
            memory_mib: 7,
        };
        let mut kept = Kept::new("key", vec![output.clone()], Vec::new(), None);
        kept.evaluated.insert(&output, evaluated);
        kept
    }

    fn reread(kept: &Kept, key: &str) -> Option<usize> {
        let state = tempfile::tempdir().unwrap();
        let there = std::fs::File::create(state.path().join("there.drv")).unwrap();
        there.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
        kept.write(state.path()).unwrap();
        Kept::read(state.path(), key, &Store::chroot(state.path()))
            .map(|kept| kept.evaluated.0.values().map(BTreeMap::len).sum())
    }

    #[test]
    fn only_the_same_key_and_only_what_the_store_still_has() {
        assert_eq!(reread(&kept(Some("/there.drv")), "key"), Some(1));
        assert_eq!(reread(&kept(Some("/there.drv")), "other key"), None);
        assert_eq!(reread(&kept(Some("/gone.drv")), "key"), Some(0));
        assert_eq!(reread(&kept(None), "key"), Some(1));
        assert_eq!(reread(&Kept { schema: 0, ..kept(None) }, "key"), None);
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let state = tempfile::tempdir().unwrap();
        kept(None).write(state.path()).unwrap();
        let whole = std::fs::read(file(state.path())).unwrap();
        std::fs::write(file(state.path()), &whole[..whole.len() / 2]).unwrap();
        assert!(Kept::read(state.path(), "key", &Store::chroot(state.path())).is_none());
    }

    #[test]
    fn commits_stay_beside_the_last_results() {
        let state = tempfile::tempdir().unwrap();
        let of = |number: usize| Kept { key: number.to_string(), ..kept(None) };
        let all = COMMITS + 3;
        for number in 0..all {
            of(number).write_commit(state.path()).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            let file = std::fs::File::open(file_of_commit(state.path(), &number.to_string())).unwrap();
            file.set_modified(time).unwrap();
        }
        of(all).write(state.path()).unwrap();
        let known = |number: usize| Kept::read(state.path(), &number.to_string(), &Store::chroot(state.path()));
        let left: Vec<usize> = (0..=all).filter(|&number| known(number).is_some()).collect();
        assert_eq!(left, (3..=all).collect::<Vec<_>>());
    }
}
