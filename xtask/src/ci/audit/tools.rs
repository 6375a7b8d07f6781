//! What the tools around Nix build: omnix, nix-fast-build, this program, and those that activate configurations.

use super::command::{Machine, Meaning};
use super::expression::UNKNOWN;
use super::installable::{Place, arguments, place};
use super::target::{Target, below, built};
use crate::fleet::{AttrPath, Kind, Selector, Step, glob};

impl Machine<'_> {
    /// `om ci run` builds what devour-flake finds: no home of `homeConfigurations`, no formatter, no job of Hydra.
    pub(super) fn omnix(&self, program: &str, rest: &[String]) -> Meaning {
        let Some(given) = arguments(rest) else { return Meaning::Unknown("the attribute is none of a flake") };
        let verbs: Vec<&str> = given.plain.iter().map(String::as_str).collect();
        let verbs = if program == "om" && verbs.first() == Some(&"ci") { &verbs[1..] } else { &verbs[..] };
        if program == "om" && given.plain.first().is_none_or(|first| first != "ci") {
            return Meaning::Works;
        }
        let flake = match verbs {
            ["gh-matrix", ..] => return Meaning::Says,
            ["run" | "build", rest @ ..] | rest => rest.first(),
        };
        if flake.is_some_and(|flake| !matches!(place(flake), Place::Own(attr) if attr.is_empty())) {
            return Meaning::Unknown("which flake, or which part of it, this is");
        }
        let system = match given.value("--systems") {
            Some(system) if is_system(system) => Some(system),
            Some(_) => return Meaning::Unknown("for which systems this is"),
            None => self.system,
        };
        let fits = |kind: &&Kind| match kind.name.as_str() {
            "package" | "check" | "devshell" | "app" => true,
            "nixos" => system.is_none_or(|system| system.ends_with("-linux")),
            "darwin" => system.is_none_or(|system| system.ends_with("-darwin")),
            "home" => kind.set.contains(&Step::System),
            _ => false,
        };
        Meaning::Builds(self.kinds.iter().filter(fits).map(|kind| Target::every(kind, system)).collect())
    }

    /// `nix-fast-build` builds the checks unless it is told otherwise, for the machine's own system.
    pub(super) fn fast_build(&self, rest: &[String]) -> Meaning {
        let Some(given) = arguments(rest) else { return Meaning::Unknown("the attribute is none of a flake") };
        let systems = match given.value("--systems") {
            Some(systems) => systems.split_whitespace().map(Some).collect(),
            None => vec![self.system],
        };
        if systems.iter().flatten().any(|system| !is_system(system)) {
            return Meaning::Unknown("for which systems this is");
        }
        let attr = match place(given.value("--flake").or(given.value("-f")).unwrap_or(".#checks")) {
            Place::Own(attr) if !attr.is_empty() => AttrPath::parse(&attr),
            Place::Own(_) => AttrPath::parse("checks"),
            Place::Other => return Meaning::Works,
            Place::Unknown => return Meaning::Unknown("which attribute this is"),
        };
        let Ok(attr) = attr else { return Meaning::Unknown("which attribute this is") };
        Meaning::Builds(systems.into_iter().flat_map(|system| below(&attr, system, self.kinds)).collect())
    }

    /// This program: `build` and `ci build` build everything for the machine's system, the other jobs evaluate it.
    pub(super) fn xtask(&self, rest: &[String]) -> Meaning {
        let Some(given) = arguments(rest) else { return Meaning::Unknown("the attribute is none of a flake") };
        let all = || self.kinds.iter().map(|kind| Target::every(kind, self.system)).collect::<Vec<_>>();
        let plain: Vec<&str> = given.plain.iter().map(String::as_str).collect();
        match &plain[..] {
            ["build"] => Meaning::Builds(all()),
            ["ci"] | ["ci", "build"] if given.value("--only").is_none() && given.value("--skip").is_none() => {
                Meaning::Builds(all())
            }
            ["ci", "matrix"] => Meaning::Evaluates(all()),
            ["ci", jobs @ ..] if !jobs.is_empty() && !jobs.contains(&"build") => Meaning::Works,
            ["build", selectors @ ..] => {
                let selected = selectors.iter().map(|selector| self.selected(selector));
                match selected.collect::<Option<Vec<_>>>() {
                    Some(targets) => Meaning::Builds(targets.concat()),
                    None => Meaning::Unknown("which outputs these are"),
                }
            }
            ["ci", ..] | ["test", ..] => Meaning::Unknown("which outputs these are"),
            _ => Meaning::Works,
        }
    }

    fn selected(&self, text: &str) -> Option<Vec<Target>> {
        text.parse::<Selector>().ok().filter(|_| !text.contains(UNKNOWN))?;
        match text.split_once(':') {
            Some((wanted, name)) if !wanted.contains(['"', '.']) => {
                let kinds = self.kinds.iter().filter(|kind| glob(wanted, &kind.name));
                let named = |kind: &Kind| {
                    let mut target = Target::every(kind, self.system);
                    target.path.pop();
                    target.path.push(name.to_owned());
                    target
                };
                Some(kinds.map(named).collect())
            }
            _ => Some(below(&AttrPath::parse(text).ok()?, self.system, self.kinds)),
        }
    }

    pub(super) fn rebuild(&self, program: &str, rest: &[String]) -> Vec<Meaning> {
        let Some(given) = arguments(rest) else { return vec![Meaning::Unknown("the attribute is none of a flake")] };
        let (set, derivation) = match program {
            "nixos-rebuild" => ("nixosConfigurations", "config.system.build.toplevel"),
            "darwin-rebuild" => ("darwinConfigurations", "system"),
            _ => ("homeConfigurations", "activationPackage"),
        };
        let name = match given.value("--flake").map(place) {
            Some(Place::Own(name)) if !name.is_empty() => name,
            _ => return vec![Meaning::Unknown("which configuration this is")],
        };
        let attr = AttrPath::new([set, &name].into_iter().chain(derivation.split('.')));
        let target = built(&attr, self.system, self.kinds);
        match given.plain.first().map(String::as_str) {
            Some("build") => vec![Meaning::Builds(vec![target])],
            Some("dry-build") => vec![Meaning::Evaluates(vec![target])],
            _ => vec![Meaning::Builds(vec![target]), Meaning::Works],
        }
    }
}

fn is_system(text: &str) -> bool {
    let known = |end: &str| text.ends_with(end);
    (known("-linux") || known("-darwin") || known("-freebsd")) && !text.contains([UNKNOWN, ' ', ',', '/', ':'])
}
