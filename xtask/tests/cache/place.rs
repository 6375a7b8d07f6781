//! A place whose flake builds a chain, each path referring to the one before it, and what a cache has of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sandbox::{Ran, Sandbox, TestNix, ran};

/// The links of the chain, from the one that refers to nothing.
pub const LINKS: [&str; 3] = ["lower", "middle", "upper"];

/// A flake of the chain, with `config` before its outputs and `more` packages beside it.
pub fn chain(config: &str, more: &str) -> String {
    format!(
        r#"{{
  {config}
  outputs = {{ self }}: {{
    packages.x86_64-linux = let
      make = name: text: derivation {{
        inherit name text;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" "echo \"$text\" > $out" ];
      }};
      lower = make "lower" "ground";
      middle = make "middle" "${{lower}}";
    in {{ upper = make "upper" "${{middle}}"; {more} }};
  }};
}}
"#
    )
}

/// A place with the chain, committed, and the client.
pub fn place(nix: TestNix) -> Sandbox {
    let sandbox = Sandbox::new(nix).with_client();
    commit(&sandbox, &chain("", ""));
    sandbox
}

/// The same with the chain built.
pub fn built(nix: TestNix) -> Sandbox {
    let sandbox = place(nix);
    sandbox.run(&["build"]).ends(0);
    sandbox
}

/// Commits `flake` as flake.nix, with everything else that git knows.
pub fn commit(sandbox: &Sandbox, flake: &str) {
    sandbox.write("flake.nix", flake);
    sandbox.git(&sandbox.repository(), &["commit", "--quiet", "--all", "--allow-empty", "--message", "change"]);
}

/// The answer of a command in JSON.
#[track_caller]
pub fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// The store path of what is called `name`.
#[track_caller]
pub fn path(sandbox: &Sandbox, name: &str) -> String {
    let entries = fs::read_dir(sandbox.path("nix/store")).unwrap().map(|entry| entry.unwrap().path());
    let mut found = entries.filter(|path| path.to_str().unwrap().ends_with(&format!("-{name}")));
    found.next().unwrap_or_else(|| panic!("nothing is called {name}")).to_str().unwrap().to_owned()
}

/// The hash of a store path.
pub fn hash(path: &str) -> &str {
    path.rsplit('/').next().unwrap().split('-').next().unwrap()
}

/// The cache without a configured one.
pub fn embedded(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("state/binary-cache")
}

/// The names of the store paths that the cache in `folder` has, sorted.
pub fn names(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    let narinfos =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "narinfo"));
    narinfos.map(|file| field(&file, "StorePath").split_once('-').unwrap().1.to_owned()).collect()
}

/// A field of a narinfo.
pub fn field(narinfo: &Path, name: &str) -> String {
    let text = fs::read_to_string(narinfo).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}

/// Where the file of `path` is in the cache in `folder`.
pub fn file(folder: &Path, path: &str) -> PathBuf {
    folder.join(field(&folder.join(format!("{}.narinfo", hash(path))), "URL"))
}

/// Fetches `path` from `url` into an empty store as a user who trusts `key`, by Nix alone.
pub fn fetch(sandbox: &Sandbox, url: &str, key: &str, path: &str) -> Ran {
    let fresh = tempfile::tempdir_in(sandbox.path("")).unwrap().keep();
    let store = format!("local?root={}&store={}", fresh.display(), sandbox.path("nix/store").display());
    let mut nix = sandbox.command("nix");
    nix.env("XDG_CACHE_HOME", fresh.join("remembered"));
    ran(nix.args(["copy", "--from", url, "--to", &store, "--option", "trusted-public-keys", key, path]))
}
