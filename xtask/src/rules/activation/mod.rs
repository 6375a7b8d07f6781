//! Hosts and homes can be activated, by whom they should, with the recipes that there are.

mod recipe;
mod resolve;
mod shell;

use std::collections::BTreeMap;

pub use recipe::Recipe;
pub use resolve::{Machine, resolve};

use super::Problem;
use super::finding::{Finding, grouped};
use super::source::{Clue, Sources};
use crate::fleet::{Configuration, Output, OutputResult, Status};

/// What the rule looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Every output that was evaluated, failed ones too.
    pub results: &'a [OutputResult],
    /// Every output that the flake declares.
    pub declared: &'a [Output],
    /// The hosts and homes that evaluate, and what there is to activate them with.
    pub targets: &'a [Target<'a>],
    /// Whose it is to activate what, by `user@host`, as xtask.toml has it.
    pub pins: &'a BTreeMap<String, String>,
    /// Further names of hosts.
    pub aliases: &'a BTreeMap<String, String>,
    /// The calls of recipes that xtask.toml names.
    pub calls: &'a [String],
    /// What became of them; empty if there is no file of recipes.
    pub recipes: &'a [Recipe],
    /// The name of the file of recipes.
    pub recipe_file: String,
    /// Its text, for places.
    pub recipe_text: &'a str,
    /// The text of xtask.toml, for places.
    pub config_text: &'a str,
    /// The repository's Nix files, for places.
    pub sources: &'a Sources,
}

/// A host or a home, and what there is to activate it with.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// The configuration.
    pub of: &'a Configuration,
    /// What its derivation says that it makes.
    pub derivation: Scripts,
    /// What it has made, where that is in the store.
    pub output: Option<Scripts>,
}

/// What a configuration is activated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scripts {
    /// `activate`.
    pub activate: bool,
    /// `bin/switch-to-configuration`, which NixOS alone has.
    pub switch: bool,
}

/// What activation cannot do.
#[must_use]
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let without = facts.results.iter().filter(|result| is_told(result)).map(|result| {
        let reason = result.reason.as_deref().unwrap_or_default();
        let text = format!("it cannot be activated: {reason}");
        let fix = "let it be what `nixosSystem`, `darwinSystem` or `homeManagerConfiguration` returns";
        Finding { told: result.place.clone(), ..Finding::new((&result.output).into(), Clue::Nothing, text, fix) }
    });
    let findings = without.chain(facts.targets.iter().filter_map(unscripted)).collect();
    let mut problems = grouped(findings, facts.sources);
    problems.extend(resolve::problems(facts));
    problems.extend(recipe::problems(facts));
    problems
}

/// Whether a failed evaluation is a problem that this rule tells of: a host or a home without a derivation to activate.
#[must_use]
pub fn is_told(result: &OutputResult) -> bool {
    let is_configuration = matches!(result.output.kind.as_str(), "nixos" | "darwin" | "home");
    let reason = result.reason.as_deref().filter(|_| is_configuration && result.status == Status::EvaluationFailed);
    // The words of nix/query/evaluate.nix.
    reason.is_some_and(|reason| reason.contains("so it is not a ") || reason.contains("this is not a derivation"))
}

/// What is wrong with something that has a derivation: there is nothing to activate it with.
fn unscripted<'a>(target: &Target<'a>) -> Option<Finding<'a>> {
    let of = target.of;
    let enough = |scripts: &Scripts| scripts.activate || (of.kind == "nixos" && scripts.switch);
    let lacks =
        if of.kind == "nixos" { "neither `activate` nor `bin/switch-to-configuration`" } else { "no `activate`" };
    let text = match (&of.drv, &target.output) {
        (None, _) => "it cannot be activated: what it builds is no derivation".to_owned(),
        (Some(_), Some(output)) if !enough(output) => format!("it cannot be activated: what it builds has {lacks}"),
        (Some(_), None) if !enough(&target.derivation) => {
            format!("it cannot be activated: its derivation makes {lacks}")
        }
        _ => return None,
    };
    let (option, fix) = match of.kind.as_str() {
        "nixos" => ("system.activatable", "leave `system.build.toplevel` to NixOS, and `system.activatable` on"),
        "darwin" => ("system.build.toplevel", "leave `system.build.toplevel` to nix-darwin"),
        _ => ("home.activationPackage", "leave `home.activationPackage` to home-manager"),
    };
    Some(Finding::new(of.into(), Clue::Option(option.to_owned(), None), text, fix))
}

#[cfg(test)]
mod tests;
