//! The machine of a job: its system by the labels of its runner, and the actions that only make it ready.

use super::expression::{Scope, fill};
use crate::config::{CiConfig, Runner};
use crate::rules::yaml::Node;

/// The system of the machine, by the runner's labels.
pub fn system(job: &Node, config: &CiConfig, scope: Scope<'_>) -> Option<String> {
    let runner = job.get("runs-on")?;
    let labels = runner.get("labels").unwrap_or(runner);
    let labels: Vec<String> = labels
        .items()
        .iter()
        .chain(labels.text().map(|_| labels))
        .filter_map(Node::text)
        .map(|text| fill(text, scope))
        .collect();
    let own = config.runners.iter().find(|(_, known)| match known {
        Runner::Label(label) => labels == [label.as_str()],
        Runner::Labels(known) => *known == labels,
    });
    let hosted = |label: &String| {
        let intel = label.ends_with("-large") || label.ends_with("-intel") || label == "macos-13";
        Some(match label.split('-').next()? {
            "ubuntu" if label.ends_with("-arm") => "aarch64-linux",
            "ubuntu" => "x86_64-linux",
            "macos" if intel => "x86_64-darwin",
            "macos" => "aarch64-darwin",
            _ => return None,
        })
    };
    own.map(|(system, _)| system.clone()).or_else(|| labels.iter().find_map(hosted).map(str::to_owned))
}

/// Whether an action only makes a machine ready.
pub fn prepares(uses: &str) -> bool {
    let name = uses.split('@').next().unwrap_or(uses).trim_end_matches('/');
    let last = name.rsplit('/').next().unwrap_or(name);
    let known =
        ["checkout", "cache", "cachix-action", "magic-nix-cache-action", "cache-nix-action", "create-github-app-token"];
    known.contains(&last)
        || ["setup", "install", "nix-installer", "nix-quick-install", "free-disk", "nothing-but-nix"]
            .iter()
            .any(|word| last.contains(word))
}
