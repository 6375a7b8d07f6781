//! How outputs differ from what they were, in few words: in the base of the change where that is known, else in the last run.

use std::collections::BTreeMap;

use super::words::{bytes, shortened};
use crate::ci::RunResult;
use crate::diff::{Change, Described};
use crate::fleet::OutputResult;
use crate::kept::history::{History, OutputRun};

/// What marks a size that is not compared with what the others are.
const MARK: char = '*';
/// How many characters of the name of a base are told.
const NAME: usize = 24;
/// How many characters of a commit are told.
const COMMIT: usize = 12;

/// How much the closure of each output has grown or shrunk.
#[derive(Debug)]
pub struct Sizes {
    /// By attribute path.
    told: BTreeMap<String, String>,
    /// What the base is called, where a size is compared with that in it.
    base: Option<String>,
    /// Whether one is compared with the last run although others are with the base.
    mixed: bool,
}

impl Sizes {
    /// Those of `run`, of whose base and of which earlier runs `history` may know something.
    #[must_use]
    pub fn of(run: &RunResult, history: &History) -> Self {
        let in_base = in_base(run, history);
        let results = || run.fleet.iter().flat_map(|fleet| &fleet.results);
        let since_base = |result: &OutputResult| {
            let before = in_base.get(&result.output.attr.to_string())?;
            Some(change(result.closure_bytes?, *before))
        };
        let since_last = |result: &OutputResult| {
            let last = history.last_size(&result.output.attr, run.inputs)?;
            Some(change(result.closure_bytes?, Some(last)))
        };
        let base = run.base.as_ref().filter(|_| results().any(|result| since_base(result).is_some()));
        let (mut told, mut mixed) = (BTreeMap::new(), false);
        for result in results() {
            let says = since_base(result).or_else(|| {
                let says = since_last(result)?;
                mixed |= base.is_some();
                Some(if base.is_some() { format!("{says}{MARK}") } else { says })
            });
            told.extend(says.map(|says| (result.output.attr.to_string(), says)));
        }
        Self { told, base: base.map(|base| named(&base.name)), mixed }
    }

    /// `+1.5 MiB`, `−3 B`, `=`; `new` where it was not there before, and nothing where there is nothing to compare it with.
    #[must_use]
    pub fn told(&self, result: &OutputResult) -> &str {
        self.told.get(&result.output.attr.to_string()).map(String::as_str).unwrap_or_default()
    }

    /// What all of them are compared with: the heading of a column; nothing where there is none to tell.
    #[must_use]
    pub fn since(&self) -> Option<String> {
        let is_any = !self.told.is_empty();
        is_any.then(|| self.base.as_ref().map_or("since the last run".to_owned(), |base| format!("since {base}")))
    }

    /// What the mark says, where one is marked.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let base = self.base.as_ref().filter(|_| self.mixed)?;
        Some(format!("{MARK} since the last run: how large it is in {base} is not known here"))
    }
}

/// The closures of outputs in the base, by attribute path; `None` is the size of what it does not have.
fn in_base(run: &RunResult, history: &History) -> BTreeMap<String, Option<u64>> {
    let Some(base) = &run.base else { return BTreeMap::new() };
    let kept = history.of_commit(&base.commit, run.inputs);
    let mut sizes: BTreeMap<String, Option<u64>> = kept
        .flat_map(|run| &run.outputs)
        .filter_map(|(attr, output)| Some((attr.clone(), Some(output.closure_bytes?))))
        .collect();
    let Some(Ok(difference)) = &run.difference else { return sizes };
    let results = run.fleet.iter().flat_map(|fleet| &fleet.results);
    let now: BTreeMap<String, Option<u64>> =
        results.map(|result| (result.output.attr.to_string(), result.closure_bytes)).collect();
    let of = |described: &Described, attr: &String| match (described.compared.change, described.closure.0) {
        (Change::Added, _) => Some(None),
        // It is the same derivation: what that makes is as large as it is now.
        (Change::Unchanged, _) => now.get(attr).copied().flatten().map(Some),
        (_, known) => known.map(Some),
    };
    sizes.extend(difference.outputs.iter().filter_map(|described| {
        let attr = described.compared.output.attr.to_string();
        Some((attr.clone(), of(described, &attr)?))
    }));
    sizes
}

/// A branch as it is called, a commit by its first characters.
fn named(base: &str) -> String {
    let is_commit = base.len() >= 40 && base.chars().all(|c| c.is_ascii_hexdigit());
    if is_commit { base.chars().take(COMMIT).collect() } else { shortened(base, NAME) }
}

fn change(now: u64, before: Option<u64>) -> String {
    match before {
        None => "new".to_owned(),
        Some(before) if now > before => format!("+{}", bytes(now - before)),
        Some(before) if now < before => format!("−{}", bytes(before - now)),
        Some(_) => "=".to_owned(),
    }
}

/// That it fails since the last run, or does no more: `was: built`, `was: build failed`.
#[must_use]
pub fn status(result: &OutputResult, last: Option<&OutputRun>) -> Option<String> {
    let last = last?.status;
    (last.is_failure() != result.status.is_failure()).then(|| format!("was: {}", last.words()))
}

#[cfg(test)]
mod tests;
