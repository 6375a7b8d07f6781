//! The inputs of a flake: which ones its flake.nix declares, and what is put in their place.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::nix::Nix;
use crate::process;

/// The reference of each declared input. One that follows another is as local as a path; one without any is looked up by its
/// name.
const DECLARED: &str = r#"flake: builtins.mapAttrs (name: input:
  input.url or (if input ? follows then "path:." else if input ? type then "${input.type}:" else name)
) (flake.inputs or { })"#;

/// One input of the repository, or of such an input, replaced by another flake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputOverride {
    /// The names of inputs that lead to it from the repository's flake.nix.
    pub input: Vec<String>,
    /// The flake reference in its place.
    pub reference: String,
}

impl InputOverride {
    /// The override as Nix is given it for the wrapper, whose input `flake` the repository is.
    pub(super) fn arguments(&self) -> [String; 3] {
        let input = std::iter::once("flake").chain(self.input.iter().map(String::as_str)).collect::<Vec<_>>();
        ["--override-input".to_owned(), input.join("/"), self.reference.clone()]
    }
}

impl Nix {
    /// The inputs that flake.nix in `repository` declares, each with the reference it comes from, read from the file alone.
    ///
    /// # Errors
    /// When the file cannot be evaluated.
    pub fn declared_inputs(&self, repository: &Path) -> Result<BTreeMap<String, String>> {
        let mut command = self.command("nix");
        command.args(["eval", "--json", "--file"]).arg(repository.join("flake.nix"));
        command.args(["--apply", DECLARED, ""]);
        let json = process::ask(&mut command).context("read the inputs of flake.nix")?;
        serde_json::from_str(&json).context("read the inputs of flake.nix")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_of_the_wrappers_inputs() {
        let check = |input: &[&str], expected: &str| {
            let input = input.iter().map(|name| (*name).to_owned()).collect();
            let arguments = InputOverride { input, reference: "path:/s".to_owned() }.arguments();
            assert_eq!(arguments, ["--override-input", expected, "path:/s"]);
        };
        check(&["nixpkgs"], "flake/nixpkgs");
        check(&["sops-nix", "nixpkgs"], "flake/sops-nix/nixpkgs");
    }
}
