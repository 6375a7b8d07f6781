//! What is asked of a flake: a small wrapper flake around it, evaluated in pure mode by plain `nix eval`, whose findings stream
//! back as traces while the evaluation goes on.
//!
//! The wrapper has the repository as its only input, so that `self`, locks and purity are what they are for the user. Stand-in
//! inputs are overrides on the command line: declared in the wrapper's `flake.nix`, older versions do not see the override of an
//! overridden input's own input. The `.nix` files in this folder say what each finding holds.

mod finding;
mod wrapper;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

pub use finding::Finding;
use wrapper::wrapper;

use super::{Nix, Reference};
use crate::files;
use crate::fleet::{Asked, AttrPath, Kind, Output, Step, nix_string};

/// The files of the wrapper beside its generated `flake.nix`.
const FILES: [(&str, &str); 5] = [
    ("attribute.nix", include_str!("attribute.nix")),
    ("discover.nix", include_str!("discover.nix")),
    ("elsewhere.nix", include_str!("elsewhere.nix")),
    ("evaluate.nix", include_str!("evaluate.nix")),
    ("facts.nix", include_str!("facts.nix")),
];

/// Top-level attributes that hold nothing to build, whatever is in them.
const IGNORED: [&str; 16] = [
    "lib",
    "overlays",
    "overlay",
    "nixosModules",
    "nixosModule",
    "darwinModules",
    "homeModules",
    "homeManagerModules",
    "flakeModules",
    "flakeModule",
    "modules",
    "templates",
    "defaultTemplate",
    "legacyPackages",
    "schemas",
    "inputs",
];

/// One input of the repository, or of such an input, replaced by another flake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputOverride {
    /// The names of inputs that lead to it from the repository's flake.nix.
    pub input: Vec<String>,
    /// The folder of the flake in its place.
    pub folder: PathBuf,
}

impl InputOverride {
    /// The override as Nix is given it for the wrapper, whose input `flake` the repository is. The folder is named as seen from
    /// the wrapper's, two levels below `state`, so that `state` may be at any path.
    fn arguments(&self, state: &Path) -> [String; 3] {
        let input = std::iter::once("flake").chain(self.input.iter().map(String::as_str)).collect::<Vec<_>>();
        let folder =
            self.folder.strip_prefix(state).map_or(self.folder.clone(), |below| Path::new("../..").join(below));
        ["--override-input".to_owned(), input.join("/"), format!("path:{}", folder.display())]
    }
}

/// The `inputs` of a flake.nix as JSON: name to reference, as written there.
pub type DeclaredInputs = serde_json::Map<String, serde_json::Value>;

/// The wrapper flake, written and ready to be asked.
#[derive(Debug, Clone)]
pub struct Query {
    folder: PathBuf,
    /// Arguments that replace inputs.
    overrides: Vec<String>,
    token: String,
    /// Where copies of the flake's tree are, if items are evaluated in those.
    elsewhere: Option<Elsewhere>,
}

/// Copies of a flake's tree in folders on disk, one for each item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The folder that holds the copies, each a folder with a number for a name.
    pub trees: PathBuf,
    /// The number of each item's copy.
    pub numbers: Vec<usize>,
    /// The flake's folder in its tree.
    pub below: PathBuf,
}

/// One output to evaluate.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// What findings call it.
    pub index: usize,
    /// The output.
    pub output: &'a Output,
    /// Its kind.
    pub kind: &'a Kind,
    /// Further attributes to read, if it is a configuration.
    pub asked: &'a [Asked],
}

/// What the items of one call may take, in bytes: Linux takes 128 KiB in one argument, and other things stand in it too.
const ITEMS_BYTES: usize = 96 * 1024;

/// How many of `items` one call of [`Query::evaluate`] may name; one at least.
#[must_use]
pub fn fitting<'a>(items: impl Iterator<Item = Item<'a>>) -> usize {
    let ends = items.scan(0, |bytes, item| {
        *bytes += item.to_nix().len() + 1;
        Some(*bytes)
    });
    ends.take_while(|&end| end <= ITEMS_BYTES).count().max(1)
}

impl Item<'_> {
    fn to_nix(self) -> String {
        let derivation = list(self.kind.derivation.iter().map(|path| AttrPath::new(path.iter()).to_nix()));
        let asked = list(self.asked.iter().map(asked));
        format!(
            "{{ index = {}; path = {}; kind = {}; configuration = {}; derivation = {derivation}; asked = {asked}; }}",
            self.index,
            self.output.attr.to_nix(),
            nix_string(&self.kind.name),
            self.kind.configuration,
        )
    }
}

impl Query {
    /// Writes the wrapper flake below `state`, around the flake at `reference`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(state: &Path, reference: &Reference, overrides: &[InputOverride]) -> Result<Self> {
        Self::write_with_inputs(state, reference, None, overrides)
    }

    /// As [`Query::write`]; what is evaluated elsewhere gets the inputs of the flake at `locked`, if that is another.
    ///
    /// # Errors
    /// As [`Query::write`].
    pub fn write_with_inputs(
        state: &Path,
        reference: &Reference,
        locked: Option<&Reference>,
        overrides: &[InputOverride],
    ) -> Result<Self> {
        let flake = wrapper(reference, locked);
        let texts: Vec<&str> = FILES.iter().map(|(_, text)| *text).chain([flake.as_str()]).collect();
        let all = state.join("query");
        let folder = all.join(files::short_hash(&texts));
        if !files::is_used(&folder)? {
            files::remove_unused(&all);
        }
        for (name, text) in FILES.into_iter().chain([("flake.nix", flake.as_str())]) {
            files::write_if_changed(&folder.join(name), text.as_bytes()).context("write the query")?;
        }
        let overrides = overrides.iter().flat_map(|replaced| replaced.arguments(state)).collect();
        Ok(Self { folder, overrides, token: format!("xtask-{}-", std::process::id()), elsewhere: None })
    }

    /// The same flake with each item evaluated in a tree of its own.
    #[must_use]
    pub fn elsewhere(&self, elsewhere: Elsewhere) -> Self {
        Self { elsewhere: Some(elsewhere), ..self.clone() }
    }

    /// The identity of the query itself, for the key of kept results.
    #[must_use]
    pub fn fingerprint() -> String {
        files::short_hash(&FILES.map(|(_, text)| text))
    }

    /// A call that names every output and every attribute of the sets `named`, except below the paths in `skip`.
    #[must_use]
    pub fn discover(&self, nix: &Nix, kinds: &[Kind], named: &[Vec<Step>], skip: &[AttrPath]) -> Command {
        let patterns = list(kinds.iter().map(|kind| list(kind.set.iter().map(step))));
        let named = list(named.iter().map(|set| list(set.iter().chain([&Step::Any]).map(step))));
        let skip = list(skip.iter().map(AttrPath::to_nix));
        let ignored = list(IGNORED.iter().map(|name| nix_string(name)));
        let token = nix_string(&self.token);
        self.eval(
            nix,
            "discover",
            &format!(
                "ask: ask {{ token = {token}; patterns = {patterns}; named = {named}; skip = {skip}; ignored = {ignored}; }}"
            ),
        )
    }

    /// A call that evaluates `items` in order.
    #[must_use]
    pub fn evaluate(&self, nix: &Nix, items: &[Item<'_>]) -> Command {
        let items = list(items.iter().map(|item| item.to_nix()));
        let token = nix_string(&self.token);
        let ask = format!("token = {token}; items = {items};");
        let Some(Elsewhere { trees, numbers, below }) = &self.elsewhere else {
            return self.eval(nix, "evaluate", &format!("ask: ask {{ {ask} }}"));
        };
        let below = if below.as_os_str().is_empty() { String::new() } else { format!("/{}", below.display()) };
        let (trees, below) = (nix_string(&trees.to_string_lossy()), nix_string(&below));
        let numbers = list(numbers.iter().map(ToString::to_string));
        let ask = format!("{ask} trees = {trees}; numbers = {numbers}; below = {below};");
        let mut command = self.eval(nix, "elsewhere", &format!("ask: ask {{ {ask} }}"));
        // Only so may files outside of the store be read.
        command.arg("--impure");
        command
    }

    fn eval(&self, nix: &Nix, attribute: &str, apply: &str) -> Command {
        let mut command = nix.command("nix");
        // Relative, so that its path may hold whatever a path may hold.
        command
            .current_dir(&self.folder)
            .args(["eval", "--json", "--no-write-lock-file", "--show-trace", "--log-format", "internal-json"])
            .arg(format!("path:.#{attribute}"))
            .args(["--apply", apply])
            .args(&self.overrides);
        command
    }
    /// Whether `path` is a file of the query itself.
    #[must_use]
    pub fn is_own_file(path: &str) -> bool {
        FILES.iter().any(|(name, _)| path.rsplit('/').next() == Some(name)) && path.contains("-source/")
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[ {} ]", items.collect::<Vec<_>>().join(" "))
}

fn asked(asked: &Asked) -> String {
    let name = nix_string(&asked.path.to_string());
    format!("{{ name = {name}; path = {}; deep = {}; }}", asked.path.to_nix(), asked.deep)
}

fn step(step: &Step) -> String {
    match step {
        Step::Named(name) => format!("{{ named = {}; }}", nix_string(name)),
        Step::System => "{ any = \"system\"; }".to_owned(),
        Step::Any => "{ any = \"output\"; }".to_owned(),
        Step::Tree => "{ any = \"tree\"; }".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_of_the_wrappers_inputs() {
        let check = |input: &[&str], expected: &str| {
            let input = input.iter().map(|name| (*name).to_owned()).collect();
            let replaced = InputOverride { input, folder: PathBuf::from("/a b/standin/x") };
            assert_eq!(replaced.arguments(Path::new("/a b")), ["--override-input", expected, "path:../../standin/x"]);
        };
        check(&["nixpkgs"], "flake/nixpkgs");
        check(&["sops-nix", "nixpkgs"], "flake/sops-nix/nixpkgs");
    }

    #[test]
    fn wrappers_of_which_nothing_was_heard_for_long_are_removed() {
        let state = tempfile::tempdir().unwrap();
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(15 * 24 * 60 * 60);
        let age = |folder: &Path| std::fs::File::open(folder).unwrap().set_modified(old).unwrap();
        let write = |url: &str| Query::write(state.path(), &Reference::Url(url.to_owned()), &[]).unwrap().folder;
        let folders = ["/a", "/b"].map(write);
        folders.iter().for_each(|folder| age(folder));
        assert_eq!(write("/b"), folders[1]);
        assert!(folders[0].is_dir(), "removed though none was made");
        let made = write("/c");
        assert!(made.is_dir() && folders[1].is_dir() && !folders[0].exists());
    }
}
