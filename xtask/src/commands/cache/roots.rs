//! Which store paths the outputs stand for, as far as they are in the store.

use anyhow::Result;
use cache_protocol::{Closure, Root};

use crate::fleet::{OutputResult, Status};
use crate::nix::derivation;
use crate::report::cache::Unbuilt;
use crate::session::{Report, Session};

/// What is to be pushed, and what cannot be.
#[derive(Debug, Default)]
pub struct Roots {
    /// Outputs that are in the store.
    pub built: Vec<Root>,
    /// Outputs that are not.
    pub unbuilt: Vec<Unbuilt>,
}

/// The outputs of `fleet`, with `closure` around each.
///
/// # Errors
/// When a derivation that is in the store cannot be read.
pub fn roots(session: &Session<'_>, fleet: &Report, closure: impl Fn(&OutputResult) -> Closure) -> Result<Roots> {
    let mut roots = Roots::default();
    for result in &fleet.results {
        let name = result.output.attr.to_string();
        match paths(session, result)? {
            Ok(paths) if paths.is_empty() => {}
            Ok(paths) => {
                let drv = result.evaluated.as_ref().and_then(|evaluated| evaluated.drv.clone());
                roots.built.push(Root { name, paths, drv, closure: closure(result) });
            }
            Err(reason) => roots.unbuilt.push(Unbuilt { name, reason }),
        }
    }
    Ok(roots)
}

/// The store paths of an output, or why it has none here; no path at all for one that has nothing to build.
fn paths(session: &Session<'_>, result: &OutputResult) -> Result<Result<Vec<String>, String>> {
    if result.status.is_failure() {
        return Ok(Err("failed".to_owned()));
    }
    let evaluated = match &result.evaluated {
        Some(evaluated) if result.status != Status::NothingToBuild => evaluated,
        _ => return Ok(Ok(Vec::new())),
    };
    let Some(drv) = &evaluated.drv else { return Ok(Ok(Vec::new())) };
    let file = session.store.on_disk(drv);
    if !file.is_file() {
        return Ok(Err("not built here".to_owned()));
    }
    let outputs = derivation::read(&file)?.outputs;
    let paths: Vec<String> = outputs.into_iter().map(|(_, path)| path).filter(|path| !path.is_empty()).collect();
    // A derivation may have outputs that nobody asked for and nobody built.
    let there: Vec<String> = paths.into_iter().filter(|path| session.store.holds(path)).collect();
    Ok(if there.is_empty() { Err(format!("not built here, for {}", evaluated.system)) } else { Ok(there) })
}
