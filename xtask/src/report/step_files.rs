//! The files that GitHub's runner hands to a step: its outputs, and its summary.
//!
//! Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>, "Environment files": a value
//! of several lines stands between delimiters, which must not occur in it; and a summary of more than 1 MiB is not taken at all.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::files;

/// The variable that names the file of a step's outputs.
const OUTPUT: &str = "GITHUB_OUTPUT";
/// The variable that names the file of a step's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// How many bytes of a summary GitHub takes.
const MOST: u64 = 1 << 20;

/// Hands `outputs` (name and value) to the later steps and jobs; whether there is somebody to hand them to.
///
/// # Errors
/// When the file cannot be written.
pub fn outputs(outputs: &[(&str, &str)]) -> Result<bool> {
    let Some(path) = named(OUTPUT) else { return Ok(false) };
    let entry = |(name, value): &(&str, &str)| entry(name, value, &delimiter()?);
    let text = outputs.iter().map(entry).collect::<Result<String>>()?;
    append(&path, &text).with_context(|| format!("write to `{}`, which ${OUTPUT} names", path.display()))?;
    Ok(true)
}

/// Adds `markdown` to the summary of this step, if there is one; `short` where GitHub would not take as much.
///
/// # Errors
/// When the file cannot be written.
pub fn summary(markdown: &str, short: &str) -> Result<()> {
    let Some(path) = named(SUMMARY) else { return Ok(()) };
    let there = path.metadata().map_or(0, |metadata| metadata.len());
    let fits = there + markdown.len() as u64 <= MOST;
    append(&path, if fits { markdown } else { short })
        .with_context(|| format!("write the summary to `{}`, which ${SUMMARY} names", path.display()))
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn append(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// One output as the file has it.
fn entry(name: &str, value: &str, delimiter: &str) -> Result<String> {
    if name.contains(['\n', '\r', '=']) || name.contains("<<") || value.contains(delimiter) {
        bail!("`{}` cannot be an output of a step: its name or value would end it early", name.escape_debug());
    }
    Ok(format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

/// A line that nobody can know beforehand, and so nobody can put into a value.
fn delimiter() -> Result<String> {
    let mut random = [0; 16];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random));
    read.context("read `/dev/urandom` for a delimiter")?;
    Ok(format!("end-{}", files::hex(&random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_several_lines_stays_one_value() {
        let check = |name: &str, value: &str, expected: Option<&str>| {
            assert_eq!(entry(name, value, "end-1").ok().as_deref(), expected, "{name}");
        };
        check("matrix", "{}", Some("matrix<<end-1\n{}\nend-1\n"));
        check("a", "x\nb=1\n::set-output name=b::1", Some("a<<end-1\nx\nb=1\n::set-output name=b::1\nend-1\n"));
        check("a", "x\nend-1\nb=1", None);
        check("a=b", "x", None);
        check("a<<b", "x", None);
        check("a\nb", "x", None);
    }

    #[test]
    fn no_two_delimiters_are_alike() {
        let (one, other) = (delimiter().unwrap(), delimiter().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), "end-".len() + 32);
    }
}
