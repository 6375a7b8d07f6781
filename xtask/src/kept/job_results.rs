//! Jobs that went well, and on what ground: where nothing is different, they need not run again.
//!
//! One file, written whole or not at all; one that is damaged, or of another schema, is as good as none. That a job failed is not kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::{read_json, write_json};
use crate::ci::Ground;
use crate::files;

/// Raised whenever the shape or meaning of what is kept changes.
const SCHEMA: u32 = 1;

/// How many grounds are kept of each job: those of a few branches.
const GROUNDS: usize = 8;

/// Jobs that went well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobResults {
    schema: u32,
    /// By the job's word, oldest first.
    jobs: BTreeMap<String, Vec<WentWell>>,
}

/// One job that went well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WentWell {
    /// Its ground, as one hash.
    key: String,
    /// When, in seconds since 1970.
    pub at: u64,
    /// What it had to say, if anything.
    pub said: Option<String>,
}

/// The ground of a job as one hash.
#[must_use]
pub fn key(ground: &Ground) -> String {
    files::short_hash(&ground.texts())
}

impl JobResults {
    /// What is kept below the folder `state`.
    #[must_use]
    pub fn read(state: &Path) -> Self {
        let empty = Self { schema: SCHEMA, jobs: BTreeMap::new() };
        read_json(&file(state)).filter(|kept: &Self| kept.schema == SCHEMA).unwrap_or(empty)
    }

    /// When the job `word` went well on the ground of `key`, if it is known to have.
    #[must_use]
    pub fn find(&self, word: &str, key: &str) -> Option<&WentWell> {
        self.jobs.get(word)?.iter().find(|kept| kept.key == key)
    }

    /// Adds jobs that went well at `at`, each with its key and what it had to say, to what is kept below the folder `state`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(state: &Path, at: u64, went_well: &[(&str, String, Option<String>)]) -> Result<()> {
        // Whoever wrote meanwhile is not forgotten: what is there now is what is added to.
        let mut kept = Self::read(state);
        for (word, key, said) in went_well {
            let of_job = kept.jobs.entry((*word).to_owned()).or_default();
            of_job.retain(|other| other.key != *key);
            of_job.push(WentWell { key: key.clone(), at, said: said.clone() });
            of_job.drain(..of_job.len().saturating_sub(GROUNDS));
        }
        write_json(&file(state), &kept).context("keep which jobs went well")
    }
}

fn file(state: &Path) -> PathBuf {
    state.join("jobs.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(state: &Path, at: u64, word: &str, key: &str) {
        JobResults::add(state, at, &[(word, key.to_owned(), None)]).unwrap();
    }

    fn at(state: &Path, word: &str, key: &str) -> Option<u64> {
        JobResults::read(state).find(word, key).map(|kept| kept.at)
    }

    #[test]
    fn what_is_kept_is_found_for_its_job_and_its_ground_alone() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(at(state.path(), "docs", "a"), None);
        add(state.path(), 1, "docs", "a");
        add(state.path(), 2, "docs", "b");
        add(state.path(), 3, "docs", "a");
        assert_eq!(at(state.path(), "docs", "a"), Some(3));
        assert_eq!(at(state.path(), "docs", "b"), Some(2));
        assert_eq!(at(state.path(), "docs", "c"), None);
        assert_eq!(at(state.path(), "tests", "a"), None);
    }

    #[test]
    fn only_so_many_are_kept_and_what_is_used_longest() {
        let state = tempfile::tempdir().unwrap();
        for number in 0..GROUNDS {
            add(state.path(), 1, "docs", &number.to_string());
        }
        add(state.path(), 2, "docs", "0");
        add(state.path(), 3, "docs", "new");
        let known = |number: usize| at(state.path(), "docs", &number.to_string()).is_some();
        assert!(known(0) && !known(1) && known(2));
    }

    #[test]
    fn what_is_damaged_is_as_good_as_none() {
        let state = tempfile::tempdir().unwrap();
        add(state.path(), 1, "docs", "a");
        let whole = std::fs::read_to_string(file(state.path())).unwrap();
        for damaged in [&whole[..whole.len() / 2], "", "\0\0", &whole.replace("\"schema\":1", "\"schema\":0")] {
            std::fs::write(file(state.path()), damaged).unwrap();
            assert_eq!(at(state.path(), "docs", "a"), None, "{damaged}");
            add(state.path(), 2, "docs", "b");
            assert_eq!(at(state.path(), "docs", "b"), Some(2));
        }
        assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 1);
    }
}
