//! What analytics measured in past runs, kept as lines of JSON below the state folder.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::analytics::Past;
use crate::kept::lines;

/// How many runs are kept.
const RUNS: usize = 500;
/// The shape of a line.
const SCHEMA: u32 = 1;

fn file(state: &Path) -> PathBuf {
    state.join("cache-analytics.jsonl")
}

/// What is kept; a line of another shape is as good as none.
pub fn read(state: &Path) -> Vec<Past> {
    lines::read::<Past>(&file(state)).into_iter().filter(|run| run.schema == SCHEMA).collect()
}

/// Keeps the newest of `past`.
///
/// # Errors
/// When it cannot be written.
pub fn write(state: &Path, past: &[Past]) -> Result<()> {
    lines::write(&file(state), lines::newest(past, RUNS).iter()).context("keep what was measured of caches")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(time: u64) -> Past {
        Past {
            schema: 1,
            time,
            revision: None,
            inputs: "locked".to_owned(),
            paths: 1,
            build: 0,
            built: Vec::new(),
            substituters: Vec::new(),
        }
    }

    #[test]
    fn the_newest_runs_are_kept_and_damage_costs_its_line() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), []);
        let many: Vec<Past> = (0..RUNS as u64 + 5).map(past).collect();
        write(folder.path(), &many).unwrap();
        assert_eq!(read(folder.path()), many[5..]);
        std::fs::write(file(folder.path()), "{\"schema\": 1\n{\"schema\":9}\n").unwrap();
        assert_eq!(read(folder.path()), []);
    }
}
