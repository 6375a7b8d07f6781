//! The reports of a run as files: `report.json` for programs, `junit.xml` for CI services, `summary.md` for people.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{json, junit, summary};
use crate::ci::RunResult;
use crate::files;

const JSON: &str = "report.json";
const JUNIT: &str = "junit.xml";
/// The report for people.
pub const SUMMARY: &str = "summary.md";

/// Takes the reports of an earlier run away.
///
/// # Errors
/// When one is there and cannot be removed.
pub fn remove(folder: &Path) -> Result<()> {
    for name in [JSON, JUNIT, SUMMARY] {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove the old report `{}`", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes all three, each whole or not at all, and whatever becomes of the others.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn write(folder: &Path, result: &RunResult) -> Result<()> {
    let written = [
        json::run(result).and_then(|text| files::write_atomically(&folder.join(JSON), text.as_bytes())),
        junit::document(result).and_then(|text| files::write_atomically(&folder.join(JUNIT), &text)),
        files::write_atomically(&folder.join(SUMMARY), summary::markdown(result).as_bytes()),
    ];
    written.into_iter().collect()
}
