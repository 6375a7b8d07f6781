//! The stand-in inputs: embedded Nix that replaces every input of a flake, written to disk where Nix can read it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::files;
use crate::flake_lock::Node;
use crate::nix::query::InputOverride;

/// The folder `xtask/standin`, each file with its path below it.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/standin_files.rs"));

/// The inputs that have an interface of their own, by what their flake references end in; all others are `generic`.
const KNOWN: [&str; 6] = ["nixpkgs", "home-manager", "nix-darwin", "sops-nix", "flake-parts", "nixos-unified"];

/// The interface that all others are built on; its flake is the root of the tree.
const CORE: &str = "nixpkgs";

/// Where the identifiers of the repository's Nix code go: each names a stand-in package.
const IDENTIFIERS: &str = "generated/identifiers.json";

/// Writes the stand-in inputs below `state` for a repository with these inputs and Nix files; the overrides that put them in
/// place of the real ones, and what tells this stand-in from another.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(
    state: &Path,
    inputs: &[(String, Option<Node>)],
    nix_files: &[PathBuf],
) -> Result<(Vec<InputOverride>, String)> {
    let identifiers = identifiers(nix_files)?;
    let identifiers = serde_json::to_vec(&identifiers).context("list the repository's identifiers")?;
    let texts: Vec<&[u8]> =
        FILES.iter().flat_map(|(name, text)| [name.as_bytes(), *text]).chain([&*identifiers]).collect();
    let fingerprint = files::short_hash(&texts);
    let folder = state.join("standin").join(&fingerprint);
    if !folder.is_dir() {
        write_all(&folder, &identifiers).context("write the stand-in inputs")?;
    }
    let overrides = inputs.iter().flat_map(|(name, node)| overrides(&folder, name, interface(name, node.as_ref())));
    Ok((overrides.collect(), fingerprint))
}

/// The stand-in with `interface` in place of the input `name`. The stand-in for nixpkgs is the core of all others, which reach it
/// as their own input of that name.
fn overrides(folder: &Path, name: &str, interface: &str) -> Vec<InputOverride> {
    let replaced = |input: &[&str], folder: &Path| InputOverride {
        input: input.iter().map(|name| (*name).to_owned()).collect(),
        folder: folder.to_owned(),
    };
    if interface == CORE {
        vec![replaced(&[name], folder)]
    } else {
        vec![replaced(&[name], &folder.join("inputs").join(interface)), replaced(&[name, CORE], folder)]
    }
}

/// All files, in place at once: an interrupted run leaves no half of them.
fn write_all(folder: &Path, identifiers: &[u8]) -> Result<()> {
    let parent = folder.parent().context("a root folder holds no stand-in")?;
    std::fs::create_dir_all(parent)?;
    let temporary = tempfile::tempdir_in(parent)?;
    for (name, text) in FILES {
        let path = temporary.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(parent))?;
        std::fs::write(path, if *name == IDENTIFIERS { identifiers } else { text })?;
    }
    match std::fs::rename(temporary.path(), folder) {
        Ok(()) => drop(temporary.keep()),
        // Another run was first; its files are the same.
        Err(_) if folder.is_dir() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The interface an input has, by the repository it comes from, else by its name.
fn interface<'a>(name: &'a str, node: Option<&Node>) -> &'a str {
    let original = node.and_then(|node| node.original.as_ref());
    let attribute = |attribute: &str| original.and_then(|original| original.get(attribute)?.as_str());
    let repository = attribute("repo").or_else(|| attribute("id")).or_else(|| attribute("url")?.rsplit('/').next());
    let named = |wanted: &str| KNOWN.into_iter().find(|known| wanted == *known || wanted == format!("{known}.git"));
    let by_name = || KNOWN.into_iter().find(|known| name == *known || name.starts_with(&format!("{known}-")));
    match repository {
        Some("nixpkgs.lib") => "nixpkgs",
        Some(repository) => named(repository).or_else(by_name).unwrap_or("generic"),
        None => by_name().unwrap_or("generic"),
    }
}

/// Every identifier in these files, whatever it stands for.
fn identifiers(nix_files: &[PathBuf]) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for file in nix_files {
        let text = std::fs::read(file).with_context(|| format!("read `{}`", file.display()))?;
        collect_identifiers(&String::from_utf8_lossy(&text), &mut found);
    }
    Ok(found)
}

fn collect_identifiers(text: &str, found: &mut BTreeSet<String>) {
    let part = |c: char| c.is_ascii_alphanumeric() || "_-'".contains(c);
    for word in text.split(|c: char| !part(c)) {
        let word = word.trim_start_matches(|c: char| !(c.is_ascii_alphabetic() || c == '_'));
        if !word.is_empty() && !found.contains(word) {
            found.insert(word.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(pairs: &[(&str, &str)]) -> Node {
        let original = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        Node { original: Some(original), ..Node::default() }
    }

    #[test]
    fn the_repository_tells_the_interface_before_the_name() {
        let check = |name: &str, pairs: &[(&str, &str)], expected: &str| {
            assert_eq!(interface(name, Some(&node(pairs))), expected, "{name} {pairs:?}");
        };
        check("nixpkgs", &[("repo", "nixpkgs")], "nixpkgs");
        check("unstable", &[("repo", "nixpkgs")], "nixpkgs");
        check("darwin", &[("repo", "nix-darwin")], "nix-darwin");
        check("hm", &[("url", "https://example.org/home-manager.git")], "home-manager");
        check("nixpkgs-stable", &[("url", "https://channels.example.org/nixexprs.tar.xz")], "nixpkgs");
        check("parts-lib", &[("repo", "nixpkgs.lib")], "nixpkgs");
        check("disko", &[("repo", "disko")], "generic");
        assert_eq!(interface("sops-nix", None), "sops-nix");
    }

    #[test]
    fn identifiers_of_nix_code() {
        let mut found = BTreeSet::new();
        collect_identifiers("{ pkgs, ... }: with pkgs; [ git ripgrep-all _7zz foo' 1password ]", &mut found);
        let expected = ["_7zz", "foo'", "git", "password", "pkgs", "ripgrep-all", "with"];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_known_interface_is_embedded() {
        for name in KNOWN.into_iter().chain(["generic"]) {
            let flake = if name == CORE { "flake.nix".to_owned() } else { format!("inputs/{name}/flake.nix") };
            assert!(FILES.iter().any(|(file, _)| *file == flake), "{flake} is missing");
        }
        assert!(FILES.iter().any(|(file, _)| *file == IDENTIFIERS));
    }
}
