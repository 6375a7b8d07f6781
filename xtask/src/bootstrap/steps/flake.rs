//! Step `flake`: this repository's flake evaluates, at least to the names of its outputs.

use anyhow::Result;

use crate::bootstrap::step::{NeededBy, State, Step, Surroundings};
use crate::git;
use crate::nix::{self, Search};

pub const STEP: Step = Step {
    name: "flake",
    brings: "a flake that evaluates",
    // CI's own jobs evaluate it, each with the inputs that were asked for.
    needed_by: NeededBy::Developer,
    after: &["git", "nix", "store-access"],
    detect,
};

fn detect(surroundings: &Surroundings) -> Result<State> {
    let Search::Found(nix) = nix::search()? else { return Ok(State::Waiting("nix")) };
    let nix = if surroundings.offline { nix.offline() } else { nix };
    // Inputs that cannot be fetched are told at once, not after five attempts.
    let nix = nix.with_setting("download-attempts = 1");
    let repository = &surroundings.repository;
    let reference = match git::checkout(repository)? {
        Some(checkout) => checkout.flake_reference(repository),
        None => nix::path_reference(repository),
    };
    let answer = nix.flake_outputs(&reference)?;
    Ok(decide(answer, surroundings.may_stand_in))
}

fn decide(answer: std::result::Result<Vec<String>, String>, may_stand_in: bool) -> State {
    match answer {
        Ok(outputs) if outputs.is_empty() => State::Blocked {
            reason: "the flake evaluates to no outputs at all".to_owned(),
            remedy: "declare outputs in flake.nix".to_owned(),
        },
        Ok(outputs) => State::Satisfied(format!("declares {}", outputs.join(", "))),
        Err(said) if may_stand_in && is_unreachable(&said) => {
            State::NotApplicable("its locked inputs cannot be fetched from here: stand-in inputs are used".to_owned())
        }
        Err(said) if is_unreachable(&said) => State::Blocked {
            reason: format!("its inputs cannot be fetched: {said}"),
            remedy: "connect to the network, or ask for stand-in inputs with `--inputs standin`".to_owned(),
        },
        Err(said) => State::Blocked {
            reason: format!("the flake does not evaluate: {said}"),
            remedy: "cargo xtask outputs".to_owned(),
        },
    }
}

/// Whether Nix said that something could not be downloaded.
fn is_unreachable(said: &str) -> bool {
    [
        "unable to download",
        "Couldn't resolve host",
        "Could not resolve host",
        "unable to access",
        "Failed to fetch",
        "Could not connect",
    ]
    .iter()
    .any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nix_said_decides() {
        let check = |answer: std::result::Result<&[&str], &str>, may_stand_in: bool, expected: &str| {
            let answer = answer.map(|names| names.iter().map(|&name| name.to_owned()).collect()).map_err(str::to_owned);
            let state = format!("{:?}", decide(answer, may_stand_in));
            assert!(state.starts_with(expected), "{state} is no {expected}");
        };
        let download = "unable to download 'https://x': Couldn't resolve host name (6)";
        check(Ok(&["checks", "packages"]), false, "Satisfied(\"declares checks, packages\")");
        check(Ok(&[]), true, "Blocked");
        check(Err(download), true, "NotApplicable");
        check(Err(download), false, "Blocked { reason: \"its inputs cannot be fetched");
        check(Err("syntax error, unexpected end of file"), true, "Blocked { reason: \"the flake does not evaluate");
    }
}
