//! The effective settings of the Nix in use: what it merged from its files, the environment and our own lines.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::Nix;
use crate::process;

/// Settings whose values are credentials: never read past this file.
const SECRET: [&str; 1] = ["access-tokens"];

/// The settings that decisions here depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// This machine's system, such as `x86_64-linux`.
    pub system: String,
    /// Other systems whose derivations this machine can run.
    pub extra_platforms: Vec<String>,
    /// The features that derivations may ask of this machine (`kvm`, `big-parallel`, …).
    pub system_features: Vec<String>,
    /// How many local builds one process may run at once; 0 sends every build to a remote builder.
    pub max_jobs: usize,
    /// The `builders` setting: lines of builders, or `@FILE`.
    pub builders: String,
    /// The binary caches asked, in order.
    pub substituters: Vec<String>,
    /// Whether substituters are asked at all.
    pub substitute: bool,
    /// Features such as `flakes` that are on.
    pub experimental_features: Vec<String>,
    /// Every setting by name, as printed by Nix; for keys of kept results and for `doctor`.
    pub all: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Entry {
    value: serde_json::Value,
}

impl Nix {
    /// Reads the effective settings.
    ///
    /// # Errors
    /// When Nix cannot say them, for example because a nix.conf is malformed.
    pub fn settings(&self) -> Result<Settings> {
        self.settings_seen(&|_| {})
    }

    /// The settings that the machine's own files make, without the user's files and variables: what counts for a user whom the
    /// daemon does not trust.
    ///
    /// # Errors
    /// As [`Nix::settings`].
    pub fn settings_of_the_machine(&self) -> Result<Settings> {
        self.settings_seen(&|command| {
            command.env("NIX_USER_CONF_FILES", "").env("NIX_CONFIG", "extra-experimental-features = nix-command");
        })
    }

    fn settings_seen(&self, change: &dyn Fn(&mut Command)) -> Result<Settings> {
        // `config show` is the name from 2.20 on; the old name is the only one before, and an alias that may go.
        let ask = |words: &[&str]| {
            let mut command = self.command("nix");
            change(&mut command);
            process::ask(command.args(words).arg("--json"))
        };
        let json = ask(&["show-config"]).or_else(|error| ask(&["config", "show"]).map_err(|_| error));
        let json = json.context("read the settings of Nix")?;
        parse(&json).context("read the settings of Nix")
    }
}

fn parse(json: &str) -> Result<Settings> {
    let entries: BTreeMap<String, Entry> = serde_json::from_str(json)?;
    let text = |name: &str| entries.get(name).map(|entry| plain(&entry.value)).unwrap_or_default();
    let words = |name: &str| text(name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    Ok(Settings {
        system: text("system"),
        extra_platforms: words("extra-platforms"),
        system_features: words("system-features"),
        max_jobs: text("max-jobs").parse().unwrap_or(1),
        builders: text("builders"),
        substituters: words("substituters"),
        substitute: text("substitute") != "false",
        experimental_features: words("experimental-features"),
        all: entries
            .iter()
            .filter(|(name, _)| !SECRET.contains(&name.as_str()))
            .map(|(name, entry)| (name.clone(), plain(&entry.value)))
            .collect(),
    })
}

/// A setting as nix.conf would spell it: lists become words.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_numbers_and_strings() {
        let json = r#"{"system": {"value": "x86_64-linux"}, "extra-platforms": {"value": ["i686-linux"]},
            "max-jobs": {"value": 4}, "substitute": {"value": false}, "builders": {"value": "@/etc/nix/machines"},
            "access-tokens": {"value": {"github.com": "ghp_secret"}}}"#;
        let settings = parse(json).unwrap();
        assert_eq!(settings.system, "x86_64-linux");
        assert_eq!(settings.extra_platforms, ["i686-linux"]);
        assert_eq!(settings.max_jobs, 4);
        assert!(!settings.substitute);
        assert_eq!(settings.builders, "@/etc/nix/machines");
        assert!(!format!("{settings:?}").contains("ghp_secret"));
    }

    #[test]
    fn refuses_what_is_not_settings() {
        assert!(parse("[]").is_err());
    }
}
