//! What a push would do, decided from facts alone: nothing is asked, of the store or of a cache, in here.
//!
//! Invariant: what is pushed, what the cache has and what upstream caches have is together closed under references, whatever is
//! excluded and however small the budget is.

mod choice;
mod closure;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use cache_protocol::{Content, Decision, Fault, FaultKind, PathInfo, Plan, PlannedPath, Root};

use crate::expression::Expressions;
use crate::store_path;
use choice::Choice;
use closure::Member;

/// An output that is wanted in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The output.
    pub root: Root,
    /// What it was built from, as far as it is in the store, its derivations among it; empty unless its closure mode asks for it.
    pub built_from: Vec<String>,
}

/// All that is known before deciding.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The cache, as it is shown.
    pub cache: &'a str,
    /// What is wanted, in the order in which a path is said to belong to it.
    pub wanted: &'a [Wanted],
    /// What the store knows: of every path that is wanted and all that they refer to; more does not matter.
    pub infos: &'a [PathInfo],
    /// Which hashes the cache lacks, of those that [`hashes_to_ask`] names.
    pub missing: &'a HashSet<String>,
    /// Paths that are pushed although the cache has them, because it has them damaged.
    pub again: &'a [String],
}

/// Where a path is already.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Lacking,
    Present,
    Upstream(String),
}

/// The hashes of the paths that no upstream cache signed: whether the cache has these is all that it must be asked.
#[must_use]
pub fn hashes_to_ask(infos: &[PathInfo], content: &Content) -> Vec<String> {
    let asked = infos.iter().filter(|info| signed_upstream(info, content).is_none());
    asked.filter_map(|info| store_path::hash(&info.path)).map(str::to_owned).collect()
}

/// Decides what becomes of each path.
///
/// # Errors
/// When an expression is none, or when the facts are not about what is wanted: the fault names the path.
pub fn plan(facts: &Facts<'_>, content: &Content) -> Result<Plan, Fault> {
    if facts.wanted.is_empty() {
        return Err(Fault::new(FaultKind::Usage, "no output is wanted, so that there is nothing to decide"));
    }
    let exclude = Expressions::read("exclude", content.exclude.iter().map(String::as_str))?;
    let patterns = content.priorities.iter().map(|priority| priority.pattern.as_str());
    let priorities = Expressions::read("priorities", patterns)?;
    let again: HashSet<&str> = facts.again.iter().map(String::as_str).collect();
    let standing = |info: &PathInfo| standing(info, facts.missing, &again, content);
    let mut members = closure::members(facts.wanted, facts.infos, &again, standing)?;
    for member in &mut members {
        let path = member.info.path.as_str();
        let exclusion = if again.contains(path) { None } else { exclude.first_text(path) };
        member.excluded = exclusion.map(str::to_owned);
        let index = priorities.first(path);
        member.priority = index.and_then(|index| content.priorities.get(index)).map_or(0, |found| found.priority);
    }
    closure::raise_priorities(&mut members);
    let order = choice::order(&members);
    let choices = choice::choose(&members, &order, content.budget);
    let planned = |index: &usize| planned(facts.wanted, &members, *index, choices.get(*index)?);
    let paths: Vec<PlannedPath> = order.iter().filter_map(planned).collect();
    let strict_faults = if content.strict { strict_faults(&paths) } else { Vec::new() };
    Ok(Plan { cache: facts.cache.to_owned(), paths, strict_faults, fault: None })
}

fn standing(info: &PathInfo, missing: &HashSet<String>, again: &HashSet<&str>, content: &Content) -> Standing {
    if again.contains(info.path.as_str()) {
        return Standing::Lacking;
    }
    if let Some(key) = signed_upstream(info, content) {
        return Standing::Upstream(key.to_owned());
    }
    match store_path::hash(&info.path) {
        Some(hash) if !missing.contains(hash) => Standing::Present,
        _ => Standing::Lacking,
    }
}

/// The upstream key that signed a path, by its name: the store let in what it says.
fn signed_upstream<'a>(info: &PathInfo, content: &'a Content) -> Option<&'a str> {
    let signed = |key: &str| info.signatures.iter().any(|it| it.split_once(':').is_some_and(|(name, _)| name == key));
    content.upstream.iter().map(String::as_str).find(|key| signed(key))
}

fn planned(wanted: &[Wanted], members: &[Member<'_>], index: usize, choice: &Choice) -> Option<PlannedPath> {
    let member = members.get(index)?;
    let referrer = match choice {
        Choice::Kept(referrer) => members.get(*referrer).map(|referrer| referrer.info.path.clone()),
        _ => None,
    };
    let decision = match (choice, &member.standing, &member.excluded) {
        (_, Standing::Upstream(key), _) => Decision::Upstream(key.clone()),
        (_, Standing::Present, _) => Decision::Present,
        (Choice::Taken | Choice::Kept(_), ..) => Decision::Push,
        (Choice::Left, _, Some(expression)) => Decision::Excluded(expression.clone()),
        (Choice::Left, _, None) => Decision::OverBudget,
    };
    Some(PlannedPath {
        path: member.info.path.clone(),
        nar_size: member.info.nar_size,
        decision,
        root: wanted.get(member.root).map(|wanted| wanted.root.name.clone()).unwrap_or_default(),
        priority: member.priority,
        kept_for: member.excluded.clone().zip(referrer),
    })
}

fn strict_faults(paths: &[PlannedPath]) -> Vec<String> {
    let kept = paths.iter().filter_map(|path| path.kept_for.as_ref().map(|(expression, by)| (path, expression, by)));
    let fault = |(path, expression, by): (&PlannedPath, &String, &String)| {
        format!("`{}` matches `{expression}` of `exclude`, and `{by}` refers to it", path.path)
    };
    kept.map(fault).collect()
}
