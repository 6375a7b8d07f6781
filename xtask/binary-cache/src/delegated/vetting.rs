//! What must stay on this machine when Nix copies: every NAR that would leave is read first, as a push of our own reads it, and
//! what holds a secret or was altered stays behind with all that refers to it.
//!
//! A store registers a path only once all that it refers to is there, so that `nix copy` takes whole closures along, whatever was
//! planned. So what it would take beyond the plan is looked through as well, and references are followed through paths that stay.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use cache_protocol::{Fault, FaultKind, NotPushed, PathInfo};

use super::Consignment;
use crate::nar::Dump;
use crate::pack::look_through;
use crate::parallel;
use crate::store::Store;

/// Those of the paths to copy that stay behind, in their order: their own faults, or those of what they refer to.
pub fn withheld(consignment: &Consignment<'_>, store: &Store<'_>) -> Vec<NotPushed> {
    let faults = faults(consignment, store);
    let causes = causes(consignment.infos, &faults);
    let not_pushed = |info: &&PathInfo| {
        let cause = *causes.get(info.path.as_str())?;
        let because_of = (cause != info.path).then(|| cause.to_owned());
        Some(NotPushed { path: info.path.clone(), fault: faults.get(cause)?.clone(), because_of })
    };
    consignment.paths.iter().filter_map(not_pushed).collect()
}

/// What is wrong with each path that would leave.
fn faults<'a>(consignment: &Consignment<'a>, store: &Store<'_>) -> HashMap<&'a str, Fault> {
    let leaving = leaving(consignment);
    let (observers, stop) = (consignment.observers, consignment.stop);
    let look = |info: &&PathInfo| {
        if stop.load(Ordering::Relaxed) {
            return Err(Fault::new(FaultKind::Interrupted, "interrupted before it was pushed"));
        }
        look_through(&mut Dump::default(), info, &store.on_disk(&info.path), &mut *observers(info), stop)
    };
    // Each fault is about one path here: those of the others are wanted as well.
    let looked = parallel::for_each(&leaving, consignment.packers, |info| Ok(look(info)));
    let results = looked.unwrap_or_else(|fault| leaving.iter().map(|_| Err(fault.clone())).collect());
    let results = results.into_iter().map(|result| result.and_then(|seen| seen));
    leaving.iter().zip(results).filter_map(|(info, result)| Some((info.path.as_str(), result.err()?))).collect()
}

/// What Nix would send: what was planned, and what that refers to, however far.
fn leaving<'a>(consignment: &Consignment<'a>) -> Vec<&'a PathInfo> {
    let known: HashMap<&str, &PathInfo> = consignment.infos.iter().map(|info| (info.path.as_str(), info)).collect();
    let planned: HashSet<&str> = consignment.paths.iter().map(|info| info.path.as_str()).collect();
    let (mut leaving, mut reached) = (Vec::new(), planned.clone());
    let mut open = consignment.paths.clone();
    while let Some(info) = open.pop() {
        if planned.contains(info.path.as_str()) || !(consignment.may_go_unseen)(info) {
            leaving.push(info);
        }
        let references = info.references.iter().filter_map(|path| known.get(path.as_str()).copied());
        open.extend(references.filter(|info| reached.insert(&info.path)));
    }
    leaving
}

/// For each path that is at fault, or refers to one that is, the path at fault: its own before another's.
fn causes<'a>(infos: &'a [PathInfo], faults: &HashMap<&'a str, Fault>) -> HashMap<&'a str, &'a str> {
    let mut referrers: HashMap<&str, Vec<&str>> = HashMap::new();
    for info in infos {
        for reference in &info.references {
            referrers.entry(reference).or_default().push(&info.path);
        }
    }
    let mut open: Vec<(&str, &str)> = faults.keys().map(|path| (*path, *path)).collect();
    open.sort_unstable();
    let mut causes: HashMap<&str, &str> = open.iter().copied().collect();
    while let Some((path, cause)) = open.pop() {
        for referrer in referrers.get(path).into_iter().flatten() {
            if !causes.contains_key(referrer) {
                causes.insert(referrer, cause);
                open.push((referrer, cause));
            }
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(text: &str) -> PathInfo {
        let (path, references) = text.split_once(" -> ").unwrap_or((text, ""));
        PathInfo {
            path: path.to_owned(),
            nar_hash: String::new(),
            nar_size: 1,
            references: references.split_whitespace().map(str::to_owned).collect(),
            deriver: None,
            signatures: Vec::new(),
            ca: None,
            ultimate: true,
        }
    }

    #[test]
    fn what_refers_to_a_fault_through_whatever_else_has_its_cause() {
        let check = |infos: &[&str], at_fault: &[&'static str], expected: &[(&str, &str)]| {
            let infos: Vec<PathInfo> = infos.iter().map(|text| info(text)).collect();
            let faults = at_fault.iter().map(|path| (*path, Fault::new(FaultKind::Secret, "key"))).collect();
            let mut causes: Vec<(&str, &str)> = causes(&infos, &faults).into_iter().collect();
            causes.sort_unstable();
            assert_eq!(causes, expected);
        };
        let store = ["app -> public app", "public -> key", "key", "other -> doc", "doc"];
        check(&store, &[], &[]);
        check(&store, &["key"], &[("app", "key"), ("key", "key"), ("public", "key")]);
        check(&store, &["app", "key"], &[("app", "app"), ("key", "key"), ("public", "key")]);
    }
}
