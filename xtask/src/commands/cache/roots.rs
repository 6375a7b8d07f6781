//! Which store paths the outputs stand for, as far as they are in the store.

use anyhow::Result;
use cache_protocol::{Closure, Root};

use crate::fleet::{OutputResult, Status};
use crate::nix::derivation;
use crate::report::cache::Unbuilt;
use crate::session::{Report, Session};

/// Which outputs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Those in the store of this machine.
    Built,
    /// All that are evaluated, wherever they are built.
    Declared,
}

/// Outputs and their store paths.
#[derive(Debug, Default)]
pub struct Roots {
    /// Outputs with their paths, each with the system it is for.
    pub known: Vec<(Root, String)>,
    /// Outputs that have none here.
    pub unbuilt: Vec<Unbuilt>,
    /// Outputs that are for a system for which nothing is pushed, each with that.
    pub left_out: Vec<(String, String)>,
}

impl Roots {
    /// Leaves out what is for another system than one of `systems`.
    pub fn keep(&mut self, systems: &[String]) {
        let is_kept = |(_, system): &(Root, String)| systems.contains(system);
        let (kept, left_out) = std::mem::take(&mut self.known).into_iter().partition(is_kept);
        self.known = kept;
        self.left_out.extend(Vec::into_iter(left_out).map(|(root, system)| (root.name, system)));
    }

    /// The systems that they are for, each once.
    pub fn systems(&self) -> Vec<String> {
        let mut systems: Vec<String> = self.known.iter().map(|(_, system)| system.clone()).collect();
        systems.sort();
        systems.dedup();
        systems
    }

    /// The outputs, as the client is told of them.
    pub fn roots(&self) -> Vec<Root> {
        self.known.iter().map(|(root, _)| root.clone()).collect()
    }
}

/// The outputs of `fleet`, with `closure` around each.
///
/// # Errors
/// When a derivation that is in the store cannot be read.
pub fn roots(
    session: &Session<'_>,
    fleet: &Report,
    extent: Extent,
    closure: impl Fn(&OutputResult) -> Closure,
) -> Result<Roots> {
    let mut roots = Roots::default();
    for result in &fleet.results {
        let name = result.output.attr.to_string();
        match paths(session, result, extent)? {
            Ok(paths) if paths.is_empty() => {}
            Ok(paths) => {
                let drv = result.evaluated.as_ref().and_then(|evaluated| evaluated.drv.clone());
                let system = result.system().unwrap_or_default().to_owned();
                roots.known.push((Root { name, paths, drv, closure: closure(result) }, system));
            }
            Err(reason) => roots.unbuilt.push(Unbuilt { name, reason }),
        }
    }
    Ok(roots)
}

/// The store paths of an output, or why it has none here; no path at all for one that has nothing to build.
fn paths(session: &Session<'_>, result: &OutputResult, extent: Extent) -> Result<Result<Vec<String>, String>> {
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
    let counts = |path: &String| extent == Extent::Declared || session.store.holds(path);
    let there: Vec<String> = paths.into_iter().filter(counts).collect();
    Ok(if there.is_empty() {
        Err(format!("not built here, for {}", result.system().unwrap_or("no system")))
    } else {
        Ok(there)
    })
}
