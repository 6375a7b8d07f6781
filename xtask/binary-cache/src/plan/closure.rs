//! Which paths are spoken of at all: the closures of what is wanted, each as its mode asks.

use std::collections::{HashMap, HashSet};

use cache_protocol::{Closure, Fault, FaultKind, PathInfo};

use super::{Standing, Wanted};
use crate::store_path;

/// A path of one of the closures.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    pub info: &'a PathInfo,
    /// The members that it refers to, itself left out.
    pub references: Vec<usize>,
    /// The first of what is wanted that it belongs to.
    pub root: usize,
    pub standing: Standing,
    /// The expression that excludes it.
    pub excluded: Option<String>,
    pub priority: i32,
}

/// The walk through the closures.
struct Walk<'a, S> {
    infos: HashMap<&'a str, &'a PathInfo>,
    standing: S,
    again: &'a HashSet<&'a str>,
    found: HashMap<&'a str, usize>,
    members: Vec<Member<'a>>,
}

/// Every path of the closures, in no particular order.
///
/// # Errors
/// When the store knows nothing of a path that is wanted or referred to.
pub fn members<'a>(
    wanted: &'a [Wanted],
    infos: &'a [PathInfo],
    again: &'a HashSet<&'a str>,
    standing: impl Fn(&PathInfo) -> Standing,
) -> Result<Vec<Member<'a>>, Fault> {
    let infos: HashMap<&str, &PathInfo> = infos.iter().map(|info| (info.path.as_str(), info)).collect();
    let mut walk = Walk { infos, standing, again, found: HashMap::new(), members: Vec::new() };
    for (root, wanted) in wanted.iter().enumerate() {
        walk.take_root(root, wanted)?;
    }
    if let Some(stray) = again.iter().filter(|path| !walk.found.contains_key(**path)).min() {
        let what = format!("`{stray}` should be pushed again, and belongs to none of the outputs that are wanted");
        return Err(Fault::new(FaultKind::Usage, what));
    }
    for member in &mut walk.members {
        let others = member.info.references.iter().filter(|path| **path != member.info.path);
        member.references = others.filter_map(|path| walk.found.get(path.as_str())).copied().collect();
    }
    Ok(walk.members)
}

impl<'a, S: Fn(&PathInfo) -> Standing> Walk<'a, S> {
    fn take_root(&mut self, root: usize, wanted: &'a Wanted) -> Result<(), Fault> {
        let (name, mode) = (wanted.root.name.as_str(), wanted.root.closure);
        if wanted.root.paths.is_empty() {
            return Err(Fault::new(FaultKind::Usage, format!("no store path of `{name}` is known: build it first")));
        }
        let mut begin: Vec<&str> = wanted.root.paths.iter().map(String::as_str).collect();
        if let Some(absent) = begin.iter().find(|path| !self.infos.contains_key(**path)) {
            let what = format!("`{absent}` of `{name}` is not in this machine's store: build it first");
            return Err(Fault::new(FaultKind::Local, what));
        }
        if mode == Closure::Outputs {
            // What must be pushed again is found however deep it lies.
            let deep = self.reachable(&begin, |_| true)?;
            begin.extend(deep.into_iter().filter(|path| self.again.contains(path)));
            let lacking = |info: &PathInfo| (self.standing)(info) == Standing::Lacking;
            let near = self.reachable(&begin, lacking)?;
            return self.take(root, near);
        }
        let derivations = mode == Closure::BuildAndDerivations;
        if derivations || mode == Closure::Build {
            let sources = wanted.built_from.iter().map(String::as_str).chain(wanted.root.drv.as_deref());
            let wanted = sources.filter(|path| derivations || !path.ends_with(".drv"));
            // As far as they are in the store.
            begin.extend(wanted.filter(|path| self.infos.contains_key(path)));
        }
        let all = self.reachable(&begin, |_| true)?;
        self.take(root, all)
    }

    /// What is reached from `begin` by references of those paths that let the walk `through`.
    fn reachable(&self, begin: &[&'a str], through: impl Fn(&PathInfo) -> bool) -> Result<Vec<&'a str>, Fault> {
        let mut reached: HashSet<&str> = HashSet::new();
        let mut open: Vec<(&str, Option<&str>)> = begin.iter().rev().map(|path| (*path, None)).collect();
        let mut all = Vec::new();
        while let Some((path, referrer)) = open.pop() {
            if !reached.insert(path) {
                continue;
            }
            let info = self.info(path, referrer)?;
            all.push(path);
            if through(info) {
                open.extend(info.references.iter().map(|reference| (reference.as_str(), Some(path))));
            }
        }
        Ok(all)
    }

    fn info(&self, path: &str, referrer: Option<&str>) -> Result<&'a PathInfo, Fault> {
        let known = self.infos.get(path).copied().filter(|_| store_path::hash(path).is_some());
        known.ok_or_else(|| {
            let by = referrer.map(|by| format!(", which `{by}` refers to")).unwrap_or_default();
            Fault::new(FaultKind::Local, format!("this machine's store knows nothing of `{path}`{by}"))
        })
    }

    fn take(&mut self, root: usize, paths: Vec<&'a str>) -> Result<(), Fault> {
        for path in paths {
            let info = self.info(path, None)?;
            if !self.found.contains_key(path) {
                self.found.insert(path, self.members.len());
                let standing = (self.standing)(info);
                let member = Member { info, references: Vec::new(), root, standing, excluded: None, priority: 0 };
                self.members.push(member);
            }
        }
        Ok(())
    }
}

/// Gives each member at least the priority of what refers to it: that cannot be used before.
pub fn raise_priorities(members: &mut [Member<'_>]) {
    let mut first: Vec<usize> = (0..members.len()).collect();
    let priority = |members: &[Member<'_>], index: usize| members.get(index).map_or(0, |member| member.priority);
    first.sort_by_key(|index| std::cmp::Reverse(priority(members, *index)));
    let mut raised = vec![false; members.len()];
    for begin in first {
        let Some(member) = members.get(begin) else { continue };
        // What is excluded raises nothing by itself; if it is kept, so is what refers to it.
        if member.excluded.is_some() {
            continue;
        }
        let highest = member.priority;
        let mut open = vec![begin];
        while let Some(index) = open.pop() {
            let Some(member) = members.get_mut(index).filter(|_| !raised.get(index).is_some_and(|raised| *raised))
            else {
                continue;
            };
            if let Some(raised) = raised.get_mut(index) {
                *raised = true;
            }
            member.priority = member.priority.max(highest);
            if !matches!(member.standing, Standing::Upstream(_)) {
                open.extend(member.references.iter().copied());
            }
        }
    }
}
