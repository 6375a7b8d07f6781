//! What became of each output in a push: by its own paths, since what they refer to is there before them.

use std::collections::{BTreeMap, HashMap};

use cache_protocol::{Decision, PlannedPath, Pushed, Root};

use super::roots::Roots;
use crate::ci::OutputPush;

/// What became of each of `roots`, by name.
pub fn per_output(roots: &Roots, pushed: &Pushed) -> BTreeMap<String, OutputPush> {
    let planned: HashMap<&str, &PlannedPath> =
        pushed.plan.paths.iter().map(|path| (path.path.as_str(), path)).collect();
    let failed: HashMap<&str, String> =
        pushed.not_pushed.iter().map(|path| (path.path.as_str(), path.fault.to_string())).collect();
    let mut along: HashMap<&str, (usize, u64)> = HashMap::new();
    for path in pushed.pushed.iter().filter_map(|path| planned.get(path.path.as_str())) {
        let sum = along.entry(path.root.as_str()).or_default();
        *sum = (sum.0 + 1, sum.1 + path.nar_size);
    }
    let known = roots.known.iter().filter_map(|(root, _)| {
        let each = root.paths.iter().filter_map(|path| of_path(path, root, &planned, &failed, &along));
        // What is wrong with one of its paths is what is to be told of it.
        Some((root.name.clone(), each.min_by_key(weight)?))
    });
    let left_out = roots.left_out.iter().map(|(name, system)| (name.clone(), OutputPush::LeftOut(system.clone())));
    let unbuilt = roots.unbuilt.iter().map(|one| (one.name.clone(), OutputPush::Unbuilt(one.reason.clone())));
    known.chain(left_out).chain(unbuilt).collect()
}

fn of_path(
    path: &str,
    root: &Root,
    planned: &HashMap<&str, &PlannedPath>,
    failed: &HashMap<&str, String>,
    along: &HashMap<&str, (usize, u64)>,
) -> Option<OutputPush> {
    if let Some(fault) = failed.get(path) {
        return Some(OutputPush::Failed(fault.clone()));
    }
    let planned = planned.get(path)?;
    Some(match &planned.decision {
        Decision::Push => {
            let (paths, bytes) = along.get(root.name.as_str()).copied().unwrap_or((1, planned.nar_size));
            OutputPush::Pushed { paths, bytes }
        }
        Decision::Present => OutputPush::Present,
        Decision::Upstream(key) => OutputPush::Upstream(key.clone()),
        Decision::Excluded(expression) => OutputPush::Excluded(expression.clone()),
        Decision::OverBudget => OutputPush::OverBudget,
    })
}

/// What is told first, where the paths of one output ended in several ways.
fn weight(of: &OutputPush) -> usize {
    match of {
        OutputPush::Failed(_) => 0,
        OutputPush::Unbuilt(_) | OutputPush::LeftOut(_) => 1,
        OutputPush::OverBudget => 2,
        OutputPush::Excluded(_) => 3,
        OutputPush::Pushed { .. } => 4,
        OutputPush::Present => 5,
        OutputPush::Upstream(_) => 6,
    }
}

#[cfg(test)]
mod tests {
    use cache_protocol::{Closure, Fault, FaultKind, NotPushed, Plan, PushedPath};

    use super::*;
    use crate::report::cache::Unbuilt;

    /// What became of an output of these paths, each with what was planned for it; `!` before a path says that pushing it failed.
    fn ended(paths: &[(&str, Decision)]) -> OutputPush {
        let name = |path: &str| path.trim_start_matches('!').to_owned();
        let planned = |(path, decision): &(&str, Decision)| PlannedPath {
            path: name(path),
            nar_size: 10,
            decision: decision.clone(),
            root: "web".to_owned(),
            priority: 0,
            kept_for: None,
        };
        // Something goes along that the output refers to.
        let lib = ("lib", Decision::Push);
        let goes = |path: &&(&str, Decision)| path.1 == Decision::Push && !path.0.starts_with('!');
        let all: Vec<_> = paths.iter().chain([&lib]).collect();
        let pushed = all.iter().copied().filter(goes).map(|(path, _)| PushedPath {
            path: name(path),
            nar_size: 10,
            file_size: 5,
            seconds: 0.1,
        });
        let not_pushed = paths.iter().filter(|(path, _)| path.starts_with('!')).map(|(path, _)| NotPushed {
            path: name(path),
            fault: Fault::new(FaultKind::Full, "507"),
            because_of: None,
        });
        let answer = Pushed {
            plan: Plan { paths: all.iter().copied().map(planned).collect(), ..Plan::default() },
            pushed: pushed.collect(),
            not_pushed: not_pushed.collect(),
            ..Pushed::default()
        };
        let root = Root {
            name: "web".to_owned(),
            paths: paths.iter().map(|(path, _)| name(path)).collect(),
            drv: None,
            closure: Closure::Runtime,
        };
        let unbuilt = Unbuilt { name: "mail".to_owned(), reason: "failed".to_owned() };
        let roots = Roots {
            known: vec![(root, "x86_64-linux".to_owned())],
            unbuilt: vec![unbuilt],
            left_out: vec![("mac".to_owned(), "aarch64-darwin".to_owned())],
        };
        let mut ended = per_output(&roots, &answer);
        assert_eq!(ended.remove("mail"), Some(OutputPush::Unbuilt("failed".to_owned())));
        assert_eq!(ended.remove("mac"), Some(OutputPush::LeftOut("aarch64-darwin".to_owned())));
        ended.remove("web").unwrap()
    }

    #[test]
    fn the_worst_of_its_own_paths_is_told() {
        let check = |paths: &[(&str, Decision)], expected: OutputPush| assert_eq!(ended(paths), expected);
        let excluded = || Decision::Excluded("doc$".to_owned());
        check(&[("a", Decision::Push)], OutputPush::Pushed { paths: 2, bytes: 20 });
        check(&[("a", Decision::Push), ("b", Decision::Present)], OutputPush::Pushed { paths: 2, bytes: 20 });
        check(&[("a", Decision::Present)], OutputPush::Present);
        check(&[("a", Decision::Upstream("key-1".to_owned()))], OutputPush::Upstream("key-1".to_owned()));
        check(&[("a", Decision::Push), ("b", excluded())], OutputPush::Excluded("doc$".to_owned()));
        check(&[("a", Decision::OverBudget), ("b", excluded())], OutputPush::OverBudget);
        check(&[("!a", Decision::Push), ("b", Decision::OverBudget)], OutputPush::Failed("507".to_owned()));
    }
}
