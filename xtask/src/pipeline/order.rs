//! What a run is to do: outputs, limits, and where their derivations may be built.

use std::path::PathBuf;

use super::batching::Limits;
use super::evaluation::Task;
use crate::fleet::{Evaluated, OutputResult, Spared, Status};

/// What a run is to do.
#[derive(Debug)]
pub struct Order {
    /// The outputs, and what is known of them from an earlier run.
    pub tasks: Vec<(Task, Option<Evaluated>)>,
    /// What evaluation may use.
    pub limits: Limits,
    /// How to build, if at all.
    pub build: Option<BuildOrder>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// What the run is for: what is broken beyond is no failure.
    pub systems: Systems,
}

/// The only systems that a run is for; none names all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Systems(pub Vec<String>);

impl Systems {
    /// Whether outputs of `system` are wanted; one whose system is not known may be.
    #[must_use]
    pub fn want(&self, system: Option<&str>) -> bool {
        self.0.is_empty() || system.is_none_or(|system| self.0.iter().any(|wanted| wanted == system))
    }

    /// A run restricted to some systems does not fail because of a broken host of another: it says so. `last_known` is the
    /// system that it had in an earlier run.
    #[must_use]
    pub fn excused(&self, mut result: OutputResult, last_known: Option<&str>) -> OutputResult {
        let darwin_wanted = self.0.iter().any(|system| system.ends_with("-darwin"));
        let system = result.system().or(last_known).map(str::to_owned);
        let foreign = match system.as_deref() {
            Some(system) => !self.want(Some(system)),
            None => !self.0.is_empty() && result.output.kind == "darwin" && !darwin_wanted,
        };
        if foreign && result.status == Status::EvaluationFailed {
            let reason = result.reason.take().unwrap_or_default();
            let system = system.as_deref().unwrap_or("another system");
            result.status = Status::Skipped;
            result.reason = Some(format!("broken, and for {system}: {reason}"));
        }
        result
    }
}

/// How to build.
#[derive(Debug, Clone)]
pub struct BuildOrder {
    /// Build processes at once.
    pub slots: usize,
    /// The folder for links that keep results alive.
    pub roots: PathBuf,
    /// What is built where.
    pub builders: Builders,
    /// The substituters whose outputs are not fetched; empty to fetch and build everything.
    pub skip_cached: Vec<String>,
    /// What is evaluated and not built.
    pub spared: Spared,
}

/// The systems and features that builds can be had for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Builders {
    /// Each builder's systems and features.
    pub offers: Vec<(Vec<String>, Vec<String>)>,
    /// The only systems to build for; none names all.
    pub wanted: Vec<String>,
}

impl Builders {
    /// Why a derivation cannot be built by any of them.
    #[must_use]
    pub fn refusal(&self, system: &str, features: &[String]) -> Option<String> {
        if !self.wanted.is_empty() && system != "builtin" && !self.wanted.iter().any(|wanted| wanted == system) {
            return Some(format!("{system} was not asked for"));
        }
        let offers: Vec<_> = self.offers.iter().filter(|(systems, _)| systems.iter().any(|s| s == system)).collect();
        if system != "builtin" && offers.is_empty() {
            return Some(format!("no builder for {system}"));
        }
        let all_features = |offered: &&&(Vec<String>, Vec<String>)| features.iter().all(|f| offered.1.contains(f));
        match offers.iter().find(all_features) {
            None if !features.is_empty() => Some(format!("no builder for {system} with {}", features.join(", "))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{AttrPath, Output};

    #[test]
    fn only_broken_hosts_of_systems_that_were_not_asked_for_are_excused() {
        let check = |systems: &[&str], kind: &str, (system, last): (Option<&str>, Option<&str>), expected: Status| {
            let attr = AttrPath::new(["hosts", "a"]);
            let output = Output { attr, kind: kind.to_owned(), system: system.map(str::to_owned) };
            let wanted = Systems(systems.iter().map(|system| (*system).to_owned()).collect());
            let result = wanted.excused(OutputResult::new(output, Status::EvaluationFailed), last);
            assert_eq!(result.status, expected, "{systems:?} {kind} {system:?} {last:?}");
        };
        let (pc, pi, nobody) = (Some("x86_64-linux"), Some("aarch64-linux"), None);
        check(&[], "nixos", (pi, nobody), Status::EvaluationFailed);
        check(&["x86_64-linux"], "nixos", (pi, nobody), Status::Skipped);
        check(&["x86_64-linux"], "nixos", (pc, nobody), Status::EvaluationFailed);
        check(&["x86_64-linux"], "nixos", (nobody, nobody), Status::EvaluationFailed);
        check(&["x86_64-linux"], "nixos", (nobody, pi), Status::Skipped);
        check(&["x86_64-linux"], "nixos", (nobody, pc), Status::EvaluationFailed);
        check(&["x86_64-linux"], "darwin", (nobody, nobody), Status::Skipped);
        check(&["aarch64-darwin"], "darwin", (nobody, nobody), Status::EvaluationFailed);
        check(&[], "darwin", (nobody, nobody), Status::EvaluationFailed);
    }

    #[test]
    fn builders_offer_systems_and_features() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let builders = Builders {
            offers: vec![
                (words("x86_64-linux i686-linux"), words("big-parallel")),
                (words("aarch64-linux"), words("kvm")),
            ],
            wanted: Vec::new(),
        };
        let check = |system: &str, features: &str, expected: Option<&str>| {
            assert_eq!(builders.refusal(system, &words(features)).as_deref(), expected);
        };
        check("x86_64-linux", "", None);
        check("i686-linux", "big-parallel", None);
        check("builtin", "", None);
        check("aarch64-darwin", "", Some("no builder for aarch64-darwin"));
        check("x86_64-linux", "kvm", Some("no builder for x86_64-linux with kvm"));
        check("aarch64-linux", "kvm", None);
        let restricted = Builders { wanted: words("x86_64-linux"), ..builders.clone() };
        assert_eq!(restricted.refusal("aarch64-linux", &[]).as_deref(), Some("aarch64-linux was not asked for"));
        assert_eq!(restricted.refusal("x86_64-linux", &[]), None);
    }
}
