//! Where inputs come from, and whether that is on the owner's list.

use super::{Facts, Problem};
use crate::flake_lock::Node;

/// An input of a place that is not on the list, if there is a list.
pub fn unlisted(facts: &Facts<'_>, name: &str, node: &Node) -> Option<Problem> {
    let origin = origin(node).filter(|_| !facts.allowed_owners.is_empty())?;
    if facts.allowed_owners.iter().any(|allowed| allows(allowed, &origin)) {
        return None;
    }
    let shown = origin.strip_prefix("github.com/").unwrap_or(&origin);
    Some(Problem::new(
        facts.in_lock(name),
        format!("the input `{name}` comes from `{shown}`, which is not on the list of owners"),
        format!("add \"{shown}\" to `lock.allowed_owners` in xtask.toml, or drop the input"),
    ))
}

/// Where an input is fetched from: `HOST/OWNER/REPOSITORY`, or the host and path of a URL. Nothing for what is on this machine.
fn origin(node: &Node) -> Option<String> {
    let text = |attribute: &str| node.locked(attribute);
    let forge = |host: &str| {
        let (owner, repo) = (text("owner").unwrap_or_default(), text("repo").unwrap_or_default());
        Some(format!("{}/{owner}/{repo}", text("host").unwrap_or(host)))
    };
    match text("type").unwrap_or_default() {
        "github" => forge("github.com"),
        "gitlab" => forge("gitlab.com"),
        "sourcehut" => forge("git.sr.ht"),
        "path" => None,
        _ => {
            let url = text("url").unwrap_or("an unknown place");
            let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
            let place = rest.split(['?', '#']).next().unwrap_or_default();
            let (authority, path) = place.split_once('/').unwrap_or((place, ""));
            // What stands before `@` is who asks, and may be a secret.
            let host = authority.rsplit('@').next().unwrap_or_default();
            (scheme != "file").then(|| format!("{host}/{path}"))
        }
    }
}

/// Whether an entry of the list covers `origin`: an owner or a repository on GitHub, or a host with any part of the path.
fn allows(allowed: &str, origin: &str) -> bool {
    // No owner on GitHub has a dot or a colon in the name; every other place is a host that has one.
    let is_host = allowed.split('/').next().is_some_and(|first| first.contains(['.', ':']));
    let allowed = if is_host { allowed.to_owned() } else { format!("github.com/{allowed}") };
    let (allowed, origin) = (allowed.trim_end_matches('/').to_ascii_lowercase(), origin.to_ascii_lowercase());
    origin.strip_prefix(&allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(locked: &str, list: &[&str], expected: Option<&str>) {
        let node: Node = serde_json::from_str(&format!("{{\"locked\": {{{locked}}}}}")).unwrap();
        let unlisted = origin(&node).filter(|origin| !list.iter().any(|allowed| allows(allowed, origin)));
        assert_eq!(unlisted.as_deref(), expected, "{locked}");
    }

    #[test]
    fn only_what_the_list_covers_is_allowed() {
        let nixpkgs = r#""type": "github", "owner": "NixOS", "repo": "nixpkgs""#;
        check(nixpkgs, &["nixos"], None);
        check(nixpkgs, &["NixOS/nixpkgs"], None);
        check(nixpkgs, &["NixOS/nix"], Some("github.com/NixOS/nixpkgs"));
        check(nixpkgs, &["Nix"], Some("github.com/NixOS/nixpkgs"));
    }

    #[test]
    fn another_forge_or_host_is_another_owner() {
        let gitlab = r#""type": "gitlab", "owner": "NixOS", "repo": "nixpkgs""#;
        check(gitlab, &["NixOS"], Some("gitlab.com/NixOS/nixpkgs"));
        check(gitlab, &["gitlab.com/NixOS"], None);
        let other = r#""type": "github", "host": "evil.example", "owner": "NixOS", "repo": "nixpkgs""#;
        check(other, &["NixOS"], Some("evil.example/NixOS/nixpkgs"));
        let sourcehut = r#""type": "sourcehut", "owner": "~a", "repo": "b""#;
        check(sourcehut, &["git.sr.ht/~a"], None);
    }

    #[test]
    fn what_has_no_owner_is_a_place_all_the_same() {
        let git = r#""type": "git", "url": "https://token@evil.example/nixpkgs.git?ref=main""#;
        check(git, &["NixOS"], Some("evil.example/nixpkgs.git"));
        check(git, &["evil.example"], None);
        check(r#""type": "tarball", "url": "https://nixos/x.tar.gz""#, &["nixos"], Some("nixos/x.tar.gz"));
        check(r#""type": "new""#, &["NixOS"], Some("an unknown place/"));
    }

    #[test]
    fn what_is_on_this_machine_comes_from_nobody() {
        check(r#""type": "path", "path": "./sub""#, &["NixOS"], None);
        check(r#""type": "git", "url": "file:///r""#, &["NixOS"], None);
    }
}
