//! Why changed outputs changed, and how their closures and packages differ, as the store tells.

use std::collections::BTreeMap;

use anyhow::Result;

use super::graph::Derivations;
use crate::diff::{Change, Difference, Named, PackageChanges, Packages, Pairs, package_changes};
use crate::nix::derivation;
use crate::report::words::store_name;
use crate::session::Session;

/// Finds out what the store tells of every output that is not the same.
///
/// # Errors
/// When a derivation cannot be read, or the store cannot be asked.
pub fn describe(session: &Session<'_>, difference: &mut Difference) -> Result<()> {
    let (mut derivations, mut pairs) = (Derivations::new(&session.store), Pairs::default());
    let mut results = Vec::new();
    for described in &mut difference.outputs {
        if let Some((base, head)) = described.compared.derivations() {
            described.causes = Some(pairs.causes(base, head, &mut |drv| derivations.whole(drv))?);
        }
        let differs = described.compared.change != Change::Unchanged;
        let drvs = [&described.compared.base_drv, &described.compared.head_drv].map(|drv| drv.as_deref());
        let [base, head] = drvs.map(|drv| drv.filter(|_| differs).map(|drv| made(session, drv)).transpose());
        results.push((base?.flatten(), head?.flatten()));
    }
    let here = |path: &&String| session.store.holds(path);
    let wanted: Vec<String> =
        results.iter().flat_map(|(base, head)| [base, head]).flatten().filter(here).cloned().collect();
    let sizes = match session.closure_sizes(&wanted) {
        Ok((sizes, written)) => {
            difference.notes.extend(written.err().map(|error| format!("{error:#}")));
            sizes
        }
        // What stands in the store need not be known to it.
        Err(error) => {
            difference.notes.push(format!("closures are not compared: {error:#}"));
            results.fill((None, None));
            BTreeMap::new()
        }
    };
    for (described, (base, head)) in difference.outputs.iter_mut().zip(&results) {
        let size = |path: &Option<String>| sizes.get(path.as_ref()?).copied();
        described.closure = (size(base), size(head));
        if let Some((base_drv, head_drv)) = described.compared.derivations() {
            described.packages = Some(match (base, head) {
                (Some(base), Some(head)) if here(&base) && here(&head) => Packages {
                    named: Named::Closure,
                    changes: changes(&closure(session, base)?, &closure(session, head)?),
                },
                _ => Packages {
                    named: Named::BuildGraph,
                    changes: changes(&derivations.names(base_drv)?, &derivations.names(head_drv)?),
                },
            });
        }
    }
    Ok(())
}

/// What `drv` makes, where that is known before it is made. The store need not have it: how large it was may be known from when
/// it did.
fn made(session: &Session<'_>, drv: &str) -> Result<Option<String>> {
    let outputs = derivation::read(&session.store.on_disk(drv))?.outputs;
    let main = outputs.iter().find(|(name, _)| name == "out").or(outputs.first());
    Ok(main.map(|(_, path)| path).filter(|path| !path.is_empty()).cloned())
}

/// The names in the closure of `path`.
fn closure(session: &Session<'_>, path: &str) -> Result<Vec<String>> {
    let paths = session.nix.closure(&[path.to_owned()])?;
    Ok(paths.iter().map(|path| store_name(path).to_owned()).collect())
}

fn changes(base: &[String], head: &[String]) -> PackageChanges {
    package_changes(base.iter().map(String::as_str), head.iter().map(String::as_str))
}
