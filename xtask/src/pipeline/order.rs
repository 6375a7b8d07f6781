//! What a run is to do: outputs, limits, and where their derivations may be built.

use std::path::PathBuf;

use super::batching::Limits;
use super::evaluation::Task;
use crate::fleet::Evaluated;

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
