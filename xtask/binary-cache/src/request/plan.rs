//! `plan`: what the store knows, what the cache lacks, and what follows from that.

use std::collections::HashSet;

use cache_protocol::{Closure, Fault, FaultKind, PathInfo, Plan, PlanRequest};
use serde::{Deserialize, Serialize};

use super::Asker;
use super::destination::Destination;
use crate::plan::{self, Facts, Wanted, hashes_to_ask};
use crate::store::Store;
use crate::store::kept::Kept;

/// What a push would do. A cache that cannot be asked is part of the answer: then everything is said to be missing.
///
/// # Errors
/// When the store cannot be asked, or the request makes no sense.
pub fn plan(request: &PlanRequest, asker: Asker) -> Result<Plan, Fault> {
    let destination = Destination::open(request, asker.settings(None))?;
    let facts = gather(request)?.facts;
    match missing(request, &destination, &facts) {
        Ok(missing) => decide(request, &destination, &facts, &missing),
        Err(fault) => {
            let everything = hashes_to_ask(&facts.infos, &request.content).into_iter().collect();
            Ok(Plan { fault: Some(fault), ..decide(request, &destination, &facts, &everything)? })
        }
    }
}

/// What the cache lacks of what no upstream cache has.
///
/// # Errors
/// When it cannot be asked.
pub fn missing(request: &PlanRequest, destination: &Destination, facts: &StoreFacts) -> Result<HashSet<String>, Fault> {
    let hashes = hashes_to_ask(&facts.infos, &request.content);
    destination.missing(&Store::new(&request.store).folder(), &facts.infos, &hashes)
}

/// What the store knows of all that a plan speaks of.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreFacts {
    /// Each path, with all that it refers to.
    pub infos: Vec<PathInfo>,
    /// For each root what it was built from, where that is wanted.
    pub built_from: Vec<Vec<String>>,
}

/// What the store said.
#[derive(Debug)]
pub struct Gathered {
    /// What.
    pub facts: StoreFacts,
    /// Whether it said so earlier, and was not asked now.
    pub is_kept: bool,
}

/// Asks the store, unless it has answered this before and has not changed since.
///
/// # Errors
/// When something that is wanted is not there, or Nix cannot be asked.
pub fn gather(request: &PlanRequest) -> Result<Gathered, Fault> {
    // Who repairs has found something wrong: nothing is taken from before that.
    let question = (&request.store, &request.roots);
    let kept = kept(request, &question).filter(|_| request.again.is_empty());
    match kept.and_then(|kept| kept.answer()) {
        Some(facts) => Ok(Gathered { facts, is_kept: true }),
        None => Ok(Gathered { facts: gather_anew(request)?, is_kept: false }),
    }
}

/// Asks the store, whatever it has answered before; that is forgotten.
///
/// # Errors
/// When something that is wanted is not there, or Nix cannot be asked.
pub fn gather_anew(request: &PlanRequest) -> Result<StoreFacts, Fault> {
    match kept(request, &(&request.store, &request.roots)) {
        Some(kept) => kept.asked(|| ask(request)),
        None => ask(request),
    }
}

/// Where what the store answers is kept, if it is.
fn kept<'a, Q>(request: &'a PlanRequest, question: &'a Q) -> Option<Kept<'a, Q>> {
    let (file, database) = request.kept.as_ref().zip(request.store.database.as_ref())?;
    Some(Kept { file, database, question })
}

fn ask(request: &PlanRequest) -> Result<StoreFacts, Fault> {
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

/// Decides what becomes of each path.
///
/// # Errors
/// When the request makes no sense.
pub fn decide(
    request: &PlanRequest,
    destination: &Destination,
    facts: &StoreFacts,
    missing: &HashSet<String>,
) -> Result<Plan, Fault> {
    let roots = request.roots.iter().zip(&facts.built_from);
    let wanted: Vec<Wanted> =
        roots.map(|(root, built_from)| Wanted { root: root.clone(), built_from: built_from.clone() }).collect();
    let cache = destination.shown();
    let facts = Facts { cache: &cache, wanted: &wanted, infos: &facts.infos, missing, again: &request.again };
    plan::plan(&facts, &request.content)
}
