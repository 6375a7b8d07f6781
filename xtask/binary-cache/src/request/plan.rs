//! `plan`: what the store knows, what the cache lacks, and what follows from that.

use std::collections::HashSet;

use cache_protocol::{Closure, Decision, Fault, FaultKind, PathInfo, Plan, PlanRequest, PlannedPath};

use super::Asker;
use crate::backend::Backend;
use crate::backend::open::to_push;
use crate::store::Store;
use crate::store_path;

/// What a push would do. A cache that cannot be asked is part of the answer: then everything is said to be missing.
///
/// # Errors
/// When the store cannot be asked, or the request makes no sense.
pub fn plan(request: &PlanRequest, asker: Asker) -> Result<Plan, Fault> {
    let backend = to_push(&request.cache, asker.settings(None))?;
    let facts = gather(request)?;
    match missing(&*backend, request, &facts) {
        Ok(missing) => decide(request, &*backend, &facts, &missing),
        Err(fault) => {
            let everything = facts.hashes().into_iter().collect();
            Ok(Plan { fault: Some(fault), ..decide(request, &*backend, &facts, &everything)? })
        }
    }
}

/// What the store knows of all that a plan speaks of.
pub struct StoreFacts {
    /// Each path, with all that it refers to.
    pub infos: Vec<PathInfo>,
    /// For each root what it was built from, where that is wanted.
    pub built_from: Vec<Vec<String>>,
}

impl StoreFacts {
    fn hashes(&self) -> Vec<String> {
        self.infos.iter().filter_map(|info| store_path::hash(&info.path)).map(str::to_owned).collect()
    }
}

/// Asks the store.
///
/// # Errors
/// When something that is wanted is not there, or Nix cannot be asked.
pub fn gather(request: &PlanRequest) -> Result<StoreFacts, Fault> {
    let store = Store::new(&request.store);
    let mut built_from = Vec::new();
    for root in &request.roots {
        let derivations = root.closure == Closure::BuildAndDerivations;
        built_from.push(match (&root.drv, root.closure) {
            (_, Closure::Outputs | Closure::Runtime) => Vec::new(),
            (Some(drv), Closure::Build | Closure::BuildAndDerivations) => store.build_closure(drv, derivations)?,
            (None, Closure::Build | Closure::BuildAndDerivations) => {
                let what = format!("what `{}` was built from is wanted, and its derivation is not known", root.name);
                return Err(Fault::new(FaultKind::Usage, what));
            }
        });
    }
    let wanted: HashSet<&String> =
        request.roots.iter().flat_map(|root| &root.paths).chain(built_from.iter().flatten()).collect();
    let mut wanted: Vec<String> = wanted.into_iter().cloned().collect();
    wanted.sort_unstable();
    Ok(StoreFacts { infos: store.closure(&wanted)?, built_from })
}

/// Asks the cache which of the paths it lacks.
///
/// # Errors
/// When it cannot be asked, or is one for another store.
pub fn missing(backend: &dyn Backend, request: &PlanRequest, facts: &StoreFacts) -> Result<HashSet<String>, Fault> {
    let greeting = backend.greet()?;
    let folder = Store::new(&request.store).folder();
    if let Some(store_dir) = greeting.store_dir.filter(|store_dir| *store_dir != folder) {
        let what = format!("`{}` is a cache for the store `{store_dir}`, and here is `{folder}`", backend.shown());
        return Err(Fault::new(FaultKind::Usage, what));
    }
    if !greeting.exists {
        return Ok(facts.hashes().into_iter().collect());
    }
    backend.missing(&facts.hashes())
}

/// Decides what becomes of each path.
///
/// # Errors
/// When the request makes no sense.
pub fn decide(
    _request: &PlanRequest,
    backend: &dyn Backend,
    facts: &StoreFacts,
    missing: &HashSet<String>,
) -> Result<Plan, Fault> {
    let lacks = |path: &str| store_path::hash(path).is_some_and(|hash| missing.contains(hash));
    let mut paths: Vec<PlannedPath> = facts
        .infos
        .iter()
        .map(|info| PlannedPath {
            path: info.path.clone(),
            nar_size: info.nar_size,
            decision: if lacks(&info.path) { Decision::Push } else { Decision::Present },
            root: String::new(),
            priority: 0,
            kept_for: None,
        })
        .collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.nar_size));
    Ok(Plan { cache: backend.shown(), paths, strict_faults: Vec::new(), fault: None })
}
