//! A host or a home as rules see it: what its evaluation told, typed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{AttrPath, Evaluated, OutputResult, Read};

/// One host or home whose evaluation succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// Where it is in the flake.
    pub attr: AttrPath,
    /// The word of its kind: `nixos`, `darwin`, `home`.
    pub kind: String,
    /// The system it is for.
    pub system: String,
    /// The store path of its derivation.
    pub drv: Option<String>,
    /// What was read of it.
    pub told: Told,
}

/// What `nix/query/facts.nix` reads of a configuration; what a kind does not have is empty.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Told {
    /// `networking.hostName`.
    pub host_name: Option<String>,
    /// `system.stateVersion` or `home.stateVersion`: text, or on darwin a number.
    pub state_version: Option<StateVersion>,
    /// darwin's `system.primaryUser`.
    pub primary_user: Option<String>,
    /// A host's users: on NixOS the normal ones.
    pub users: BTreeMap<String, User>,
    /// Shells that have an option which is off, such as `programs.zsh.enable`.
    pub disabled_shells: Vec<String>,
    /// A home's `home.username`.
    pub user_name: Option<String>,
    /// A home's `home.homeDirectory`.
    pub home_directory: Option<String>,
    /// The messages of failed assertions.
    pub assertions: Vec<String>,
    /// The messages of warnings.
    pub warnings: Vec<String>,
    /// What `nix.settings` says about binary caches, by setting; a host's lists hold the upstream cache by default.
    pub caches: BTreeMap<String, Vec<String>>,
    /// `sops.secrets`.
    pub secrets: BTreeMap<String, Secret>,
    /// Where the private keys are that open them: option and paths.
    pub secret_keys: BTreeMap<String, Vec<String>>,
    /// What `[[expect]]` of xtask.toml is about, by attribute path.
    pub attributes: BTreeMap<String, Read>,
    /// What was read of the homes inside of a host, by user.
    pub homes: BTreeMap<String, InnerHome>,
}

/// A home inside of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InnerHome {
    /// `sops.secrets`.
    pub secrets: BTreeMap<String, Secret>,
    /// Where the private keys are that open them: option and paths.
    pub secret_keys: BTreeMap<String, Vec<String>>,
    /// What `nix.settings` says about binary caches, by setting; nothing by default.
    pub caches: BTreeMap<String, Vec<String>>,
}

/// A state version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum StateVersion {
    /// darwin's.
    Number(i64),
    /// NixOS's and home-manager's: `25.11`.
    Text(String),
}

/// A user of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct User {
    /// The home folder; empty where none is set.
    pub home: String,
    /// The name of the login shell's package, or its path.
    pub shell: Option<String>,
    /// Whether the configuration says that nobody need enable that shell (`ignoreShellProgramCheck`).
    pub shell_unchecked: bool,
}

/// A secret that a configuration declares.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Secret {
    /// The key in the file.
    pub key: Option<String>,
    /// `yaml`, `json`, `dotenv`, `ini`, `binary`.
    pub format: Option<String>,
    /// The file, as the evaluation names it.
    pub sops_file: String,
    /// Whether it is needed before users are made.
    pub needed_for_users: bool,
}

impl Configuration {
    /// The configuration that `result` is about; `None` for another kind of output and for one that failed.
    ///
    /// # Errors
    /// When the facts are of another shape than this program's own query gives them.
    pub fn of(result: &OutputResult) -> serde_json::Result<Option<Self>> {
        let Some(Evaluated { system, drv, facts, .. }) = &result.evaluated else { return Ok(None) };
        if facts.is_empty() {
            return Ok(None);
        }
        let facts = facts.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let told = serde_json::from_value(serde_json::Value::Object(facts))?;
        let output = &result.output;
        let (attr, kind) = (output.attr.clone(), output.kind.clone());
        Ok(Some(Self { attr, kind, system: system.clone(), drv: drv.clone(), told }))
    }

    /// The last name of its attribute path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.attr.name()
    }
}

/// Every configuration among `results`, each once: a home also stands below `legacyPackages`.
///
/// # Errors
/// As [`Configuration::of`].
pub fn configurations(results: &[OutputResult]) -> serde_json::Result<Vec<Configuration>> {
    let mut found: Vec<Configuration> = Vec::new();
    for result in results {
        let Some(configuration) = Configuration::of(result)? else { continue };
        let same = |other: &Configuration| {
            other.kind == configuration.kind && other.name() == configuration.name() && other.drv == configuration.drv
        };
        if !found.iter().any(same) {
            found.push(configuration);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, Output, Status};
    use super::*;

    fn result(attr: &[&str], facts: &str) -> OutputResult {
        let output = Output { attr: AttrPath::new(attr.iter().copied()), kind: "home".to_owned(), system: None };
        let mut result = OutputResult::new(output, Status::Built);
        let facts: Facts = serde_json::from_str(facts).unwrap();
        result.evaluated = Some(Evaluated {
            system: "s".to_owned(),
            drv: Some("/d".to_owned()),
            facts,
            facts_error: None,
            warnings: Vec::new(),
            seconds: 0.0,
            memory_mib: 0,
        });
        result
    }

    #[test]
    fn a_home_that_stands_in_two_places_is_one() {
        let facts = r#"{"userName": "a", "stateVersion": "25.11", "secrets": {"t": {"sopsFile": "x", "key": null}}}"#;
        let results = [
            result(&["homeConfigurations", "a@b"], facts),
            result(&["legacyPackages", "s", "homeConfigurations", "a@b"], facts),
            result(&["packages", "s", "a@b"], "{}"),
        ];
        let found = configurations(&results).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].told.user_name.as_deref(), Some("a"));
        assert_eq!(found[0].told.state_version, Some(StateVersion::Text("25.11".to_owned())));
        assert_eq!(found[0].told.secrets["t"].sops_file, "x");
    }

    #[test]
    fn facts_of_another_shape_are_an_error() {
        assert!(configurations(&[result(&["homeConfigurations", "a"], r#"{"users": 3}"#)]).is_err());
    }
}
