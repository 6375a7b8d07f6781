//! What is asked of a flake: a small wrapper flake around it, evaluated in pure mode by plain `nix eval`, whose findings stream
//! back as traces while the evaluation goes on.
//!
//! The wrapper has the repository as its only input, so that `self`, locks and purity are what they are for the user. Stand-in
//! inputs are overrides on the command line: declared in the wrapper's `flake.nix`, older versions do not see the override of an
//! overridden input's own input. The `.nix` files in the folder of this name say what each finding holds.

mod inputs;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

pub use inputs::InputOverride;

use super::{Nix, log::Message};
use crate::files;
use crate::fleet::{AttrPath, Facts, Kind, Output, Step, nix_string};

/// The files of the wrapper beside its generated `flake.nix`.
const FILES: [(&str, &str); 3] = [
    ("discover.nix", include_str!("query/discover.nix")),
    ("evaluate.nix", include_str!("query/evaluate.nix")),
    ("facts.nix", include_str!("query/facts.nix")),
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

/// The wrapper flake, written and ready to be asked.
#[derive(Debug, Clone)]
pub struct Query {
    folder: PathBuf,
    overrides: Vec<InputOverride>,
    token: String,
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
}

/// One finding of a running evaluation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", untagged, deny_unknown_fields)]
pub enum Finding {
    /// Discovery looks into this set now.
    Looking {
        /// Its attribute path.
        begin: Vec<String>,
    },
    /// An output exists.
    Output {
        /// Where, and which pattern found it.
        output: FoundOutput,
    },
    /// Where the flake's source is in the store.
    Source {
        /// Its store path.
        source: String,
    },
    /// A derivation exists that no kind covers.
    Uncovered {
        /// Where.
        uncovered: Vec<String>,
    },
    /// Evaluation of this item starts now.
    Begin {
        /// Its index.
        begin: usize,
    },
    /// A configuration says its system.
    System {
        /// The item.
        index: usize,
        /// The system, if it says one.
        system: Option<String>,
    },
    /// The derivation is known, and in the store.
    Derivation {
        /// The item.
        index: usize,
        /// Its store path; nothing if there is nothing to build.
        drv: Option<String>,
        /// The system it builds on.
        built: Option<String>,
    },
    /// The facts are known; the item is done.
    Facts {
        /// The item.
        index: usize,
        /// The facts.
        facts: Facts,
    },
}

/// An output as discovery names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundOutput {
    /// Its attribute path.
    pub path: Vec<String>,
    /// The index of the kind whose set it is in.
    pub pattern: usize,
}

impl Query {
    /// Writes the wrapper flake below `state`, around the flake at `reference`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(state: &Path, reference: &str, overrides: &[InputOverride]) -> Result<Self> {
        let flake = wrapper(reference);
        let texts: Vec<&str> = FILES.iter().map(|(_, text)| *text).chain([flake.as_str()]).collect();
        let folder = state.join("query").join(files::short_hash(&texts));
        for (name, text) in FILES.into_iter().chain([("flake.nix", flake.as_str())]) {
            files::write_if_changed(&folder.join(name), text.as_bytes()).context("write the query")?;
        }
        Ok(Self { folder, overrides: overrides.to_vec(), token: format!("xtask-{}-", std::process::id()) })
    }

    /// The identity of the query itself, for the key of kept results.
    #[must_use]
    pub fn fingerprint() -> String {
        files::short_hash(&FILES.map(|(_, text)| text))
    }

    /// A call that names every output, except below the paths in `skip`.
    #[must_use]
    pub fn discover(&self, nix: &Nix, kinds: &[Kind], skip: &[AttrPath]) -> Command {
        let patterns = list(kinds.iter().map(|kind| list(kind.set.iter().map(step))));
        let skip = list(skip.iter().map(AttrPath::to_nix));
        let ignored = list(IGNORED.iter().map(|name| nix_string(name)));
        let token = nix_string(&self.token);
        self.eval(
            nix,
            "discover",
            &format!("ask: ask {{ token = {token}; patterns = {patterns}; skip = {skip}; ignored = {ignored}; }}"),
        )
    }

    /// A call that evaluates `items` in order; `attributes` are further facts to read of each configuration.
    #[must_use]
    pub fn evaluate(&self, nix: &Nix, items: &[Item<'_>], attributes: &[AttrPath]) -> Command {
        let items = list(items.iter().map(|item| {
            let derivation = list(item.kind.derivation.iter().map(|path| AttrPath::new(path.iter()).to_nix()));
            format!(
                "{{ index = {}; path = {}; kind = {}; configuration = {}; derivation = {derivation}; }}",
                item.index,
                item.output.attr.to_nix(),
                nix_string(&item.kind.name),
                item.kind.configuration,
            )
        }));
        let attributes = list(attributes.iter().map(AttrPath::to_nix));
        let token = nix_string(&self.token);
        self.eval(
            nix,
            "evaluate",
            &format!("ask: ask {{ token = {token}; items = {items}; attributes = {attributes}; }}"),
        )
    }

    fn eval(&self, nix: &Nix, attribute: &str, apply: &str) -> Command {
        let mut command = nix.command("nix");
        command
            .args(["eval", "--json", "--no-write-lock-file", "--show-trace", "--log-format", "internal-json"])
            .arg(format!("{}#{attribute}", super::path_reference(&self.folder)))
            .args(["--apply", apply])
            .args(self.overrides.iter().flat_map(InputOverride::arguments));
        command
    }

    /// The finding that a message of the evaluation carries, if it is one of ours.
    ///
    /// # Errors
    /// When one of our own lines cannot be read.
    pub fn finding(&self, message: &Message) -> Result<Option<Finding>> {
        let Some(json) = message.text.strip_prefix("trace: ").and_then(|text| text.strip_prefix(&self.token)) else {
            return Ok(None);
        };
        serde_json::from_str(json).map(Some).with_context(|| format!("read the finding {json}"))
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

fn step(step: &Step) -> String {
    match step {
        Step::Named(name) => format!("{{ named = {}; }}", nix_string(name)),
        Step::System => "{ any = \"system\"; }".to_owned(),
        Step::Any => "{ any = \"output\"; }".to_owned(),
        Step::Tree => "{ any = \"tree\"; }".to_owned(),
    }
}

fn wrapper(reference: &str) -> String {
    format!(
        "{{\n  inputs.flake.url = {};\n\n  outputs =\n    {{ flake, ... }}:\n    {{\n      \
         discover = import ./discover.nix flake;\n      evaluate = import ./evaluate.nix flake;\n    }};\n}}\n",
        nix_string(reference)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Query {
        Query { folder: PathBuf::new(), overrides: Vec::new(), token: "T-".to_owned() }
    }

    #[test]
    fn the_wrapper_is_a_flake_around_the_repository() {
        expect_test::expect![[r#"
            {
              inputs.flake.url = "git+file:///r";

              outputs =
                { flake, ... }:
                {
                  discover = import ./discover.nix flake;
                  evaluate = import ./evaluate.nix flake;
                };
            }
        "#]]
        .assert_eq(&wrapper("git+file:///r"));
    }

    #[test]
    fn findings_are_told_apart() {
        let query = query();
        let check = |json: &str, expected: Finding| {
            let text = format!("trace: T-{json}");
            let message = Message { level: 0, text, raw: None, position: None };
            assert_eq!(query.finding(&message).unwrap(), Some(expected));
        };
        check(r#"{"begin":3}"#, Finding::Begin { begin: 3 });
        check(r#"{"begin":["a","b"]}"#, Finding::Looking { begin: vec!["a".to_owned(), "b".to_owned()] });
        check(r#"{"index":1,"system":null}"#, Finding::System { index: 1, system: None });
        check(
            r#"{"built":"s","drv":"/d.drv","index":1}"#,
            Finding::Derivation { index: 1, drv: Some("/d.drv".to_owned()), built: Some("s".to_owned()) },
        );
        let output = FoundOutput { path: vec!["a".to_owned()], pattern: 2 };
        check(r#"{"output":{"path":["a"],"pattern":2}}"#, Finding::Output { output });
    }

    #[test]
    fn the_flakes_own_traces_are_no_findings() {
        let query = query();
        let message = |text: &str| Message { level: 0, text: text.to_owned(), raw: None, position: None };
        assert_eq!(query.finding(&message("trace: {\"begin\":3}")).unwrap(), None);
        assert!(query.finding(&message("trace: T-{\"nonsense\":3}")).is_err());
    }
}
