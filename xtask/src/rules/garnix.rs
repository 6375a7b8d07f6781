//! `garnix.yaml` beside the flake: it names the same targets as this program builds, pushes and verifies.
//!
//! A matcher is two or three parts, each a name or `*` alone; one of two parts matches attributes of two parts only, and `exclude`
//! is taken from what `include` matches (garnix's documentation, "garnix.yaml").

use std::path::Path;

use super::{Problem, yaml};
use crate::fleet::{AttrPath, Output, Place};

/// The file, at the root of the repository.
pub const FILE: &str = "garnix.yaml";
/// What is built where the file does not say.
const USUAL: [&str; 6] = [
    "*.x86_64-linux.*",
    "defaultPackage.x86_64-linux",
    "devShell.x86_64-linux",
    "homeConfigurations.*",
    "darwinConfigurations.*",
    "nixosConfigurations.*",
];
/// The kinds of outputs that both build.
const KINDS: [&str; 6] = ["nixos", "darwin", "home", "package", "check", "devshell"];

/// One matcher and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Matcher {
    text: String,
    line: Option<u32>,
}

#[derive(Debug, Default)]
struct Section {
    include: Vec<Matcher>,
    exclude: Vec<Matcher>,
}

/// What the file's `text` builds otherwise than this program does with `outputs`.
#[must_use]
pub fn problems(text: &str, outputs: &[Output]) -> Vec<Problem> {
    let sections = match yaml::parse(text) {
        Ok(yaml) => sections(&yaml),
        Err(error) => {
            return vec![Problem::new(at(Some(error.line)), error.reason, "write it as YAML, or take it away")];
        }
    };
    let here: Vec<&Output> = outputs.iter().filter(|output| KINDS.contains(&output.kind.as_str())).collect();
    let mut found = Vec::new();
    for output in &here {
        if !sections.iter().any(|section| builds(section, &output.attr)) {
            let line = sections.first().and_then(|section| section.include.first()?.line);
            let fault = format!("`{}` is built and pushed here, and garnix does not build it", output.attr);
            let fix = format!("add `{}` to `builds.include`, or take it out of `builds.exclude`", output.attr);
            found.push(Problem::new(at(line), fault, fix));
        }
    }
    for matcher in sections.iter().flat_map(|section| &section.include).filter(|matcher| matcher.line.is_some()) {
        if !outputs.iter().any(|output| matches(matcher, &output.attr)) {
            let fault = format!("`{}` matches nothing that the flake declares", matcher.text);
            found.push(Problem::new(
                at(matcher.line),
                fault,
                "take it out, or write the attribute as the flake has it",
            ));
        }
    }
    found
}

fn at(line: Option<u32>) -> Option<Place> {
    Some(Place { file: Path::new(FILE).to_owned(), line: line.unwrap_or(1) })
}

/// `builds`: one section, a list of them, or nothing for the usual one.
fn sections(yaml: &yaml::Yaml) -> Vec<Section> {
    let usual = || USUAL.iter().map(|&text| Matcher { text: text.to_owned(), line: None }).collect();
    let Some(builds) = yaml.documents.first().and_then(|document| document.get("builds")) else {
        return vec![Section { include: usual(), exclude: Vec::new() }];
    };
    let nodes = if builds.items().is_empty() { std::slice::from_ref(builds) } else { builds.items() };
    let matchers = |node: &yaml::Node, key: &str| {
        let listed = node.get(key)?.items().iter();
        Some(listed.filter_map(|item| Some(Matcher { text: item.text()?.to_owned(), line: Some(item.line) })).collect())
    };
    let section = |node: &yaml::Node| Section {
        include: matchers(node, "include").unwrap_or_else(usual),
        exclude: matchers(node, "exclude").unwrap_or_default(),
    };
    nodes.iter().map(section).collect()
}

fn builds(section: &Section, attr: &AttrPath) -> bool {
    let any = |matchers: &[Matcher]| matchers.iter().any(|matcher| matches(matcher, attr));
    any(&section.include) && !any(&section.exclude)
}

fn matches(matcher: &Matcher, attr: &AttrPath) -> bool {
    let Ok(parts) = AttrPath::parse(&matcher.text) else { return false };
    let (parts, names) = (parts.components(), attr.components());
    parts.len() == names.len() && parts.iter().zip(names).all(|(part, name)| part == "*" || part == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs() -> Vec<Output> {
        let output = |kind: &str, attr: &str| Output {
            attr: AttrPath::parse(attr).unwrap(),
            kind: kind.to_owned(),
            system: None,
        };
        vec![
            output("nixos", "nixosConfigurations.web"),
            output("package", "packages.x86_64-linux.app"),
            output("package", "packages.aarch64-darwin.app"),
            output("check", "checks.x86_64-linux.tests"),
            output("app", "apps.aarch64-darwin.tool"),
        ]
    }

    fn check(text: &str, expected: &[(u32, &str)]) {
        let found = problems(text, &outputs());
        let found: Vec<(u32, &str)> =
            found.iter().map(|problem| (problem.place.as_ref().unwrap().line, problem.fault.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    const NO_DARWIN: &str = "`packages.aarch64-darwin.app` is built and pushed here, and garnix does not build it";

    #[test]
    fn every_target_is_built_by_both() {
        check("builds:\n  include:\n  - '*.*.*'\n  - nixosConfigurations.*\n", &[]);
        check("{}", &[(1, NO_DARWIN)]);
        check("builds: {}\n", &[(1, NO_DARWIN)]);
        check("builds:\n- include: ['*.x86_64-linux.*']\n- include: ['*.aarch64-darwin.*', '*.web']\n", &[]);
        check(
            "builds:\n  exclude: ['*.*.tests']\n  include:\n  - '*.*.*'\n  - '*.*'\n",
            &[(4, "`checks.x86_64-linux.tests` is built and pushed here, and garnix does not build it")],
        );
        // No part of a name is matched, and two parts match two.
        check(
            "builds:\n  include:\n  - '*.*'\n  - packages.x86_64-linux.app\n  - packages.aarch64-darwin.*\n  - checks.x86*.tests\n",
            &[
                (3, "`checks.x86_64-linux.tests` is built and pushed here, and garnix does not build it"),
                (6, "`checks.x86*.tests` matches nothing that the flake declares"),
            ],
        );
    }

    #[test]
    fn what_matches_nothing_is_named() {
        check(
            "builds:\n  include:\n  - '*.*.*'\n  - '*.*'\n  - packages.x86_64-linux.old\n",
            &[(5, "`packages.x86_64-linux.old` matches nothing that the flake declares")],
        );
        check("builds: [", &[(1, "the file is not YAML from here on")]);
    }
}
