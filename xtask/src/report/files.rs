//! The reports of a run as files: `report.json` for programs, `junit.xml` for CI services, `summary.md` and `report.html` for people.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::{html, json, junit, step_files, summary, trace};
use crate::ci::RunResult;
use crate::files;
use crate::fleet::Span;
use crate::kept::history::History;
use crate::plain_text::tokens::without_tokens;

const JSON: &str = "report.json";
const JUNIT: &str = "junit.xml";
/// The report for people, as a forge shows it.
const SUMMARY: &str = "summary.md";
/// The report for people, as a browser shows it.
pub const HTML: &str = "report.html";

/// Takes the reports of an earlier run away.
///
/// # Errors
/// When one is there and cannot be removed.
pub fn remove(folder: &Path) -> Result<()> {
    for name in [JSON, JUNIT, SUMMARY, HTML] {
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

/// Writes all of them, each whole or not at all, and whatever becomes of the others; and the summary of this step, on GitHub.
/// `history` is what earlier runs came to.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn write(folder: &Path, result: &RunResult, history: &History) -> Result<()> {
    let markdown = without_tokens(&summary::markdown(result, history));
    let html = without_tokens(&html::document(result, history, &[html::caches(result)]));
    let written = [
        json::run(result)
            .and_then(|text| files::write_atomically(&folder.join(JSON), without_tokens(&text).as_bytes())),
        junit::document(result).and_then(|text| {
            let text = without_tokens(&String::from_utf8_lossy(&text));
            files::write_atomically(&folder.join(JUNIT), text.as_bytes())
        }),
        files::write_atomically(&folder.join(SUMMARY), markdown.as_bytes()),
        files::write_atomically(&folder.join(HTML), html.as_bytes()),
        step_files::summary(&markdown, &without_tokens(&summary::short(result))),
    ];
    written.into_iter().collect()
}

/// Writes `spans` as a trace that begins at `origin`, if a file for it was named.
///
/// # Errors
/// When the file cannot be written.
pub fn write_trace<'a>(path: Option<&Path>, spans: impl Iterator<Item = &'a Span>, origin: Instant) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let path = std::path::absolute(path).with_context(|| format!("find the folder of `{}`", path.display()))?;
    let text = without_tokens(&trace::document(spans, origin)?);
    files::write_atomically(&path, text.as_bytes()).context("write the trace")
}
