//! The stand-in inputs: embedded Nix that replaces every input of a flake, written to disk where Nix can read it.

mod mentions;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use self::mentions::Mentions;
use crate::files;
use crate::flake_lock::Node;
use crate::nix::Settings;
use crate::nix::query::InputOverride;

/// The folder `xtask/standin`, each file with its path below it.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/standin_files.rs"));

/// The inputs that have an interface of their own, by what their flake references end in; all others are `generic`.
const KNOWN: [&str; 6] = ["nixpkgs", "home-manager", "nix-darwin", "sops-nix", "flake-parts", "nixos-unified"];

/// The interface that all others are built on; its flake is the root of the tree.
const CORE: &str = "nixpkgs";

/// The programs that stand-in derivations are built by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Builders {
    shell: &'static str,
    develop_shell: &'static str,
}

/// The shell that every sandbox has, or Nix could build nothing without downloads.
const SHELL: &str = "/bin/sh";

/// A shell of the name that `nix print-dev-env` insists on.
const DEVELOP_SHELL: &str = "/bin/bash";

/// A file of the stand-in that depends on the repository or the machine: its path, and its text.
type Generated = (&'static str, Vec<u8>);

/// Writes the stand-in inputs below `state` for a repository with these inputs and Nix files; the overrides that put them in
/// place of the real ones, and what tells this stand-in from another.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(
    state: &Path,
    settings: &Settings,
    inputs: &[(String, Option<Node>)],
    nix_files: &[PathBuf],
) -> Result<(Vec<InputOverride>, String)> {
    let mut mentions = Mentions::default();
    for file in nix_files {
        let text = std::fs::read(file).with_context(|| format!("read `{}`", file.display()))?;
        mentions.add(&String::from_utf8_lossy(&text));
    }
    let generated = generated(&mentions, &builders(settings, Path::new(DEVELOP_SHELL).exists()))?;
    let fingerprint = fingerprint(&generated);
    let all = state.join("standin");
    let folder = all.join(&fingerprint);
    if !files::is_used(&folder)? {
        write_all(&folder, &generated).context("write the stand-in inputs")?;
        // Whoever changes what the repository mentions makes a new one.
        files::remove_unused(&all);
    }
    let overrides = inputs.iter().flat_map(|(name, node)| overrides(&folder, name, interface(name, node.as_ref())));
    Ok((overrides.collect(), fingerprint))
}

/// A sandbox holds no bash, which a development shell can do without as long as nobody enters it.
fn builders(settings: &Settings, has_bash: bool) -> Builders {
    let sandboxed = settings.all.get("sandbox").is_none_or(|sandbox| sandbox != "false");
    Builders { shell: SHELL, develop_shell: if has_bash && !sandboxed { DEVELOP_SHELL } else { SHELL } }
}

/// What takes the place of the files of these names in the embedded tree.
fn generated(mentions: &Mentions, builders: &Builders) -> Result<[Generated; 3]> {
    let json = |text: serde_json::Result<Vec<u8>>| text.context("list what the repository mentions");
    Ok([
        ("generated/identifiers.json", json(serde_json::to_vec(&mentions.identifiers))?),
        ("generated/reads.json", json(serde_json::to_vec(&mentions.reads))?),
        ("generated/settings.json", json(serde_json::to_vec(builders))?),
    ])
}

/// Every file, with its text for this repository.
fn texts(generated: &[Generated]) -> impl Iterator<Item = (&'static str, &[u8])> {
    FILES.iter().map(|(name, embedded)| {
        let replaced = generated.iter().find(|(generated, _)| generated == name);
        (*name, replaced.map_or(*embedded, |(_, text)| text))
    })
}

fn fingerprint(generated: &[Generated]) -> String {
    let parts: Vec<&[u8]> = texts(generated).flat_map(|(name, text)| [name.as_bytes(), text]).collect();
    files::short_hash(&parts)
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
fn write_all(folder: &Path, generated: &[Generated]) -> Result<()> {
    let parent = folder.parent().context("a root folder holds no stand-in")?;
    std::fs::create_dir_all(parent)?;
    let temporary = tempfile::tempdir_in(parent)?;
    for (name, text) in texts(generated) {
        let path = temporary.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(parent))?;
        std::fs::write(path, text)?;
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

    fn settings(sandbox: &str) -> Settings {
        Settings { all: [("sandbox".to_owned(), sandbox.to_owned())].into(), ..Settings::default() }
    }

    #[test]
    fn only_without_a_sandbox_there_is_bash() {
        let check = |settings: Settings, has_bash: bool, expected: &str| {
            let json = serde_json::to_string(&builders(&settings, has_bash)).unwrap();
            assert_eq!(json, format!(r#"{{"shell":"/bin/sh","developShell":"{expected}"}}"#));
        };
        check(settings("false"), true, "/bin/bash");
        check(settings("false"), false, "/bin/sh");
        check(settings("true"), true, "/bin/sh");
        check(settings("relaxed"), true, "/bin/sh");
        check(Settings::default(), true, "/bin/sh");
    }

    #[test]
    fn whatever_is_generated_tells_stand_ins_apart() {
        let of = |text: &str, sandbox: &str| {
            let mut mentions = Mentions::default();
            mentions.add(text);
            fingerprint(&generated(&mentions, &builders(&settings(sandbox), true)).unwrap())
        };
        let same = of("config services x enable", "true");
        assert_eq!(of("enable config x services", "true"), same);
        assert_ne!(of("config services x enable more", "true"), same, "an identifier");
        assert_ne!(of("config.services.x.enable", "true"), same, "an option that is read");
        assert_ne!(of("config services x enable", "false"), same, "a builder");
    }

    /// The contract is with `xtask/standin/README.md`: each file that is generated takes the place of an embedded one.
    #[test]
    fn generated_files_are_written_once_whole_and_over_the_embedded_ones() {
        let state = tempfile::tempdir().unwrap();
        let repository = tempfile::tempdir().unwrap();
        let file = repository.path().join("a.nix");
        std::fs::write(&file, "config.services.x.enable").unwrap();
        let write = || write(state.path(), &settings("true"), &[], std::slice::from_ref(&file)).unwrap().1;
        let written: Vec<String> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(written.iter().all(|fingerprint| *fingerprint == written[0]));
        let parent = state.path().join("standin");
        let folders: Vec<_> = std::fs::read_dir(&parent).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(folders, [written[0].as_str()], "a temporary folder is left");
        let folder = parent.join(&written[0]);
        let check = |name: &str, expected: &str| {
            assert_eq!(std::fs::read_to_string(folder.join("generated").join(name)).unwrap(), expected);
        };
        check("identifiers.json", r#"["config","enable","services","x"]"#);
        check("reads.json", r#"["services.x.enable"]"#);
        check("settings.json", r#"{"shell":"/bin/sh","developShell":"/bin/sh"}"#);
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(15 * 24 * 60 * 60);
        let forgotten = parent.join("forgotten");
        std::fs::create_dir(&forgotten).unwrap();
        let age = |path: &Path| std::fs::File::open(path).unwrap().set_modified(old).unwrap();
        age(&forgotten);
        // A folder changes when something is made in it, were it only for a moment.
        let before = parent.metadata().unwrap().modified().unwrap();
        assert_eq!(write(), written[0]);
        assert_eq!(parent.metadata().unwrap().modified().unwrap(), before, "it was written again");
        // Whoever makes another removes what is used no more, which this one is.
        std::fs::write(&file, "config.services.y.enable").unwrap();
        assert_ne!(write(), written[0]);
        assert!(folder.is_dir() && !forgotten.exists());
        std::fs::write(&file, "config.services.x.enable").unwrap();
        age(&folder);
        assert_eq!(write(), written[0]);
        std::fs::write(&file, "config.services.z.enable").unwrap();
        assert_ne!(write(), written[0]);
        assert!(folder.is_dir(), "what was used just now is removed");
    }

    #[test]
    fn every_known_interface_is_embedded() {
        for name in KNOWN.into_iter().chain(["generic"]) {
            let flake = if name == CORE { "flake.nix".to_owned() } else { format!("inputs/{name}/flake.nix") };
            assert!(FILES.iter().any(|(file, _)| *file == flake), "{flake} is missing");
        }
        for (name, _) in generated(&Mentions::default(), &builders(&settings("true"), false)).unwrap() {
            assert!(FILES.iter().any(|(file, _)| *file == name), "{name} is generated, and no embedded file");
        }
    }
}
