//! Which outputs are added, removed, renamed, changed and unchanged between two evaluations.

use std::path::Path;

use serde::Serialize;

use super::FileChange;
use crate::fleet::{AttrPath, Kind, Output, OutputResult, Status};

/// What a change does to one output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It evaluates in the base and not any more.
    Broken,
    /// Its derivation is another.
    Changed,
    /// The base does not have it.
    Added,
    /// Only the base has it.
    Removed,
    /// Its derivation is the same.
    Unchanged,
    /// The base cannot be compared with: the output does not evaluate there.
    BaseDoesNotEvaluate,
    /// It evaluates in neither.
    NeitherEvaluates,
}

/// One output in both revisions.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What was done to it.
    pub change: Change,
    /// The output, as it is called now; of one that was removed, as it was called.
    pub output: Output,
    /// The name of the output of the base that it is compared with, if that is another.
    pub was: Option<AttrPath>,
    /// The derivation in the base.
    pub base_drv: Option<String>,
    /// The derivation now.
    pub head_drv: Option<String>,
    /// Why it does not evaluate in the base.
    pub base_reason: Option<String>,
    /// Why it does not evaluate now.
    pub head_reason: Option<String>,
}

impl Compared {
    /// Both derivations, of an output that has two different ones.
    #[must_use]
    pub fn derivations(&self) -> Option<(&str, &str)> {
        let both = self.base_drv.as_deref().zip(self.head_drv.as_deref());
        both.filter(|(base, head)| base != head)
    }

    /// Whether it is the same derivation under another name.
    #[must_use]
    pub fn is_only_renamed(&self) -> bool {
        self.was.is_some() && self.change == Change::Unchanged
    }
}

/// Compares the outputs of two revisions. An output that is gone is compared with a new one of its kind if that has the same
/// derivation, or if one of `files` was renamed as the output was.
///
/// Sets that could not be looked into stand among the results as failed ones: what the other revision has there is not said to be
/// added or removed.
#[must_use]
pub fn compare(base: &[OutputResult], head: &[OutputResult], files: &[FileChange], kinds: &[Kind]) -> Vec<Compared> {
    let (base_sets, base) = parted(base, kinds);
    let (head_sets, head) = parted(head, kinds);
    let twin = |of: &OutputResult, among: &[&OutputResult]| among.iter().position(|other| same_place(other, of));
    let mut pairs: Vec<(Option<&OutputResult>, Option<&OutputResult>)> =
        head.iter().map(|now| (twin(now, &base).map(|index| base[index]), Some(*now))).collect();
    for gone in base.iter().filter(|was| twin(was, &head).is_none()) {
        let takes_place = |(was, now): &&mut (Option<&OutputResult>, Option<&OutputResult>)| {
            was.is_none() && now.is_some_and(|now| is_renamed(gone, now, files))
        };
        match pairs.iter_mut().find(takes_place) {
            Some((was, _)) => *was = Some(gone),
            None => pairs.push((Some(gone), None)),
        }
    }
    let mut compared: Vec<Compared> =
        pairs.into_iter().filter_map(|(was, now)| pair(was, now, &base_sets, &head_sets)).collect();
    // A set that cannot be looked into now is told once, as what it is.
    compared.extend(head_sets.iter().map(|set| {
        let other = base_sets.iter().find(|other| other.output.attr == set.output.attr);
        let change = if other.is_some() { Change::NeitherEvaluates } else { Change::Broken };
        let base_reason = other.and_then(|other| other.reason.clone());
        Compared { base_reason, head_reason: set.reason.clone(), ..Compared::new(change, &set.output) }
    }));
    let only_base = base_sets.iter().filter(|set| !head_sets.iter().any(|other| other.output.attr == set.output.attr));
    compared.extend(only_base.map(|set| {
        let change = Change::BaseDoesNotEvaluate;
        Compared { base_reason: set.reason.clone(), ..Compared::new(change, &set.output) }
    }));
    compared
}

impl Compared {
    fn new(change: Change, output: &Output) -> Self {
        let output = output.clone();
        Self { change, output, was: None, base_drv: None, head_drv: None, base_reason: None, head_reason: None }
    }
}

/// The sets that failed as a whole, and the outputs; what was skipped since nobody asked for its system is neither.
fn parted<'a>(results: &'a [OutputResult], kinds: &[Kind]) -> (Vec<&'a OutputResult>, Vec<&'a OutputResult>) {
    let is_set = |result: &&OutputResult| !kinds.iter().any(|kind| kind.name == result.output.kind);
    let seen = results.iter().filter(|result| result.status != Status::Skipped || result.evaluated.is_some());
    seen.partition(is_set)
}

fn same_place(one: &OutputResult, other: &OutputResult) -> bool {
    (&one.output.kind, &one.output.attr) == (&other.output.kind, &other.output.attr)
}

fn drv(result: &OutputResult) -> Option<&String> {
    result.evaluated.as_ref()?.drv.as_ref()
}

fn is_renamed(was: &OutputResult, now: &OutputResult, files: &[FileChange]) -> bool {
    let (old, new) = (was.output.attr.components(), now.output.attr.components());
    let (Some((old_name, old_set)), Some((new_name, new_set))) = (old.split_last(), new.split_last()) else {
        return false;
    };
    let same_set = was.output.kind == now.output.kind && old_set == new_set;
    let same_derivation = drv(was).is_some() && drv(was) == drv(now);
    let says = |path: &Path, name: &str| path.iter().any(|part| stem(part) == name);
    let renamed = |file: &FileChange| {
        let was = file.was.as_deref();
        was.is_some_and(|was| says(was, old_name) && !says(was, new_name))
            && says(&file.path, new_name)
            && !says(&file.path, old_name)
    };
    same_set && (same_derivation || files.iter().any(renamed))
}

/// The name of a file or folder, without `.nix`.
fn stem(part: &std::ffi::OsStr) -> &str {
    let name = part.to_str().unwrap_or_default();
    name.strip_suffix(".nix").unwrap_or(name)
}

fn pair(
    was: Option<&OutputResult>,
    now: Option<&OutputResult>,
    base_sets: &[&OutputResult],
    head_sets: &[&OutputResult],
) -> Option<Compared> {
    let output = &now.or(was)?.output;
    let base_set = base_sets.iter().find(|set| covers(set, output));
    let head_set = head_sets.iter().find(|set| covers(set, output));
    let fails = |result: Option<&OutputResult>| result.is_some_and(|result| result.evaluated.is_none());
    let is_base_unknown = fails(was) || was.is_none() && base_set.is_some();
    let is_head_unknown = fails(now) || now.is_none() && head_set.is_some();
    let same = was.and_then(drv) == now.and_then(drv);
    let change = match (was, now) {
        _ if is_base_unknown && is_head_unknown => Change::NeitherEvaluates,
        _ if is_head_unknown => Change::Broken,
        _ if is_base_unknown => Change::BaseDoesNotEvaluate,
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ if same => Change::Unchanged,
        _ => Change::Changed,
    };
    let reason = |result: Option<&OutputResult>, set: Option<&&OutputResult>| {
        let told = result.filter(|result| result.evaluated.is_none()).or(set.copied())?;
        Some(told.reason.clone().unwrap_or_else(|| told.status.words().to_owned()))
    };
    let called = was.map(|was| &was.output.attr).filter(|attr| **attr != output.attr);
    Some(Compared {
        was: called.cloned(),
        base_drv: was.and_then(drv).cloned(),
        head_drv: now.and_then(drv).cloned(),
        base_reason: is_base_unknown.then(|| reason(was, base_set)).flatten(),
        head_reason: is_head_unknown.then(|| reason(now, head_set)).flatten(),
        ..Compared::new(change, output)
    })
}

/// Whether a set that failed would have held `output`; the flake as a whole holds everything.
fn covers(set: &OutputResult, output: &Output) -> bool {
    set.output.kind == "flake" || output.attr.components().starts_with(set.output.attr.components())
}

#[cfg(test)]
mod tests;
