//! Whatever the graph and the wishes: what is pushed, present and upstream is closed under references.

use std::collections::HashMap;

use super::*;

/// A small generator of numbers: the same cases in every run.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A store of paths that refer to earlier ones; those that an upstream cache signed are there with all they refer to.
fn generated(dice: &mut Dice, count: u64) -> Vec<PathInfo> {
    let mut infos: Vec<PathInfo> = Vec::new();
    for number in 0..count {
        let mut info = info(&format!("p{number}:{}", dice.roll(50)));
        for _ in 0..dice.roll(4).min(number) {
            info.references.push(path(&format!("p{}", dice.roll(number))));
        }
        let signed = |path: &String| infos.iter().any(|info| info.path == *path && !info.signatures.is_empty());
        if dice.roll(3) == 0 && info.references.iter().all(signed) {
            info.signatures.push("up-1:AAAA".to_owned());
        }
        if dice.roll(4) == 0 {
            info.references.push(info.path.clone());
        }
        infos.push(info);
    }
    infos
}

fn content(dice: &mut Dice) -> Content {
    let digit = |dice: &mut Dice| format!("{}$", dice.roll(10));
    Content {
        upstream: vec!["up-1".to_owned()],
        exclude: (0..dice.roll(3)).map(|_| digit(dice)).collect(),
        strict: false,
        priorities: (0..dice.roll(3))
            .map(|_| Priority { pattern: digit(dice), priority: dice.roll(9) as i32 - 4 })
            .collect(),
        budget: (dice.roll(2) == 0).then(|| dice.roll(600)),
    }
}

#[test]
fn what_users_see_is_closed_under_references() {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for seed in 0..1500 {
        let mut dice = Dice(seed);
        let infos = generated(&mut dice, 30);
        let content = content(&mut dice);
        let modes = [Closure::Outputs, Closure::Runtime, Closure::Build];
        let wanted: Vec<Wanted> = (0..=dice.roll(3))
            .map(|_| {
                let mode = modes[dice.roll(3) as usize];
                let built_from = vec![path(&format!("p{}", dice.roll(30)))];
                Wanted { built_from, ..wanted(&format!("p{}", dice.roll(30)), mode) }
            })
            .collect();
        // Every cache is closed before, over itself and upstream; some have lost a path.
        let mut present: HashSet<&str> = HashSet::new();
        for info in &infos {
            let there = |path: &String| *path == info.path || present.contains(path.as_str()) || upstream(&infos, path);
            if dice.roll(2) == 0 && info.references.iter().all(there) {
                present.insert(&info.path);
            }
        }
        let whole = dice.roll(2) == 0;
        if !whole {
            present.remove(path(&format!("p{}", dice.roll(15))).as_str());
        }
        let missing = infos.iter().filter(|info| !present.contains(info.path.as_str()));
        let missing = missing.map(|info| store_path::hash(&info.path).unwrap().to_owned()).collect();
        let facts = Facts { cache: "", wanted: &wanted, infos: &infos, missing: &missing, again: &[] };
        let plan = plan(&facts, &content).unwrap();
        let decided: HashMap<&str, &Decision> =
            plan.paths.iter().map(|planned| (planned.path.as_str(), &planned.decision)).collect();
        for info in &infos {
            let pushed = decided.get(info.path.as_str()) == Some(&&Decision::Push);
            let relied_on = pushed || whole && present.contains(info.path.as_str());
            if !relied_on {
                continue;
            }
            for reference in &info.references {
                let there = present.contains(reference.as_str())
                    || upstream(&infos, reference)
                    || decided.get(reference.as_str()) == Some(&&Decision::Push);
                assert!(there, "seed {seed}: {} without {}", name(&info.path), name(reference));
            }
        }
        let bytes: u64 = plan.paths.iter().filter(|it| it.decision == Decision::Push).map(|it| it.nar_size).sum();
        assert!(content.budget.is_none_or(|budget| bytes <= budget), "seed {seed}: {bytes} bytes");
        for planned in &plan.paths {
            let kind = match (&planned.decision, &planned.kept_for) {
                (Decision::Push, None) => "push",
                (Decision::Push, Some(_)) => "kept",
                (Decision::Present, _) => "present",
                (Decision::Upstream(_), _) => "upstream",
                (Decision::Excluded(_), _) => "excluded",
                (Decision::OverBudget, _) => "over",
            };
            *seen.entry(kind).or_default() += 1;
        }
    }
    // Cases without decisions would prove nothing.
    for kind in ["push", "kept", "present", "upstream", "excluded", "over"] {
        assert!(seen.get(kind).is_some_and(|count| *count > 200), "{seen:?}");
    }
}

fn upstream(infos: &[PathInfo], path: &str) -> bool {
    infos.iter().any(|info| info.path == path && !info.signatures.is_empty())
}
