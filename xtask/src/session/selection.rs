//! Which of a flake's outputs a run is about: selectors and systems that name nothing are errors.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::FailedSet;
use crate::fleet::{Kind, Output, Selector};

/// The outputs that `selectors` name; all of them if there is none. A selector may also name what `failed` sets would have held.
///
/// # Errors
/// When there is no output at all, or a selector names none.
pub fn select(outputs: &[Output], failed: &[FailedSet], selectors: &[Selector], kinds: &[Kind]) -> Result<Vec<usize>> {
    if outputs.is_empty() && failed.is_empty() {
        bail!("the flake declares no outputs that could be built: an empty discovery is never a success");
    }
    let is_known = |selector: &&Selector| {
        outputs.iter().any(|output| selector.matches(output))
            || failed.iter().any(|set| set.is_wanted(std::slice::from_ref(*selector), kinds))
    };
    let unmatched = selectors.iter().find(|selector| !is_known(selector));
    if let Some(selector) = unmatched {
        let hint = match selector.suggestion(outputs) {
            Some(output) => format!("did you mean `{}:{}`?", output.kind, output.attr.name()),
            None => "`cargo xtask outputs` lists them".to_owned(),
        };
        bail!("no output fits the selector `{selector}`: {hint}");
    }
    Ok((0..outputs.len()).filter(|&index| is_selected(&outputs[index], selectors)).collect())
}

/// Whether `selectors` name `output`; none names all.
#[must_use]
pub fn is_selected(output: &Output, selectors: &[Selector]) -> bool {
    selectors.is_empty() || selectors.iter().any(|selector| selector.matches(output))
}

/// Nothing is for any of `systems`: a mistyped system is never a success.
///
/// # Errors
/// When systems were asked for.
pub fn refuse_unknown_systems(outputs: &[Output], systems: &[String]) -> Result<()> {
    if systems.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<&str> = outputs.iter().filter_map(|output| output.system.as_deref()).collect();
    let known: Vec<&str> = known.into_iter().collect();
    bail!("no output is for {}: the flake has some for {}", systems.join(" or "), known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{AttrPath, built_in_kinds};

    fn outputs() -> Vec<Output> {
        ["nixosConfigurations.web", "nixosConfigurations.db"]
            .map(|attr| Output { attr: AttrPath::parse(attr).unwrap(), kind: "nixos".to_owned(), system: None })
            .to_vec()
    }

    fn check(selectors: &[&str], expected: Result<&[usize], &str>) {
        let selectors: Vec<Selector> = selectors.iter().map(|text| text.parse().unwrap()).collect();
        let selected = select(&outputs(), &[], &selectors, &built_in_kinds()).map_err(|error| error.to_string());
        assert_eq!(selected, expected.map(<[usize]>::to_vec).map_err(str::to_owned));
    }

    #[test]
    fn selectors_name_outputs_or_are_errors() {
        check(&[], Ok(&[0, 1]));
        check(&["nixos:db"], Ok(&[1]));
        check(&["nixos:wbe"], Err("no output fits the selector `nixos:wbe`: did you mean `nixos:web`?"));
        check(&["nixos:db", "zzz"], Err("no output fits the selector `zzz`: `cargo xtask outputs` lists them"));
    }

    #[test]
    fn an_empty_discovery_is_an_error() {
        assert!(select(&[], &[], &[], &[]).is_err());
    }

    #[test]
    fn a_selector_may_name_what_cannot_be_seen() {
        let fault = crate::nix::Fault { reason: "no".to_owned(), place: None };
        let failed = [FailedSet { attr: AttrPath::parse("darwinConfigurations").ok(), fault }];
        let check = |selector: &str, expected: Option<&[usize]>| {
            let selected = select(&outputs(), &failed, &[selector.parse().unwrap()], &built_in_kinds());
            assert_eq!(selected.ok().as_deref(), expected, "{selector}");
        };
        check("darwin:mac", Some(&[]));
        check("nixos:web", Some(&[0]));
        check("home:ada", None);
    }
}
