//! What commands name of a flake: one output, or every one of a set.

use std::fmt;

use crate::fleet::{AttrPath, Kind, Step, glob};

/// The component that stands for every name.
const EVERY: &str = "*";
/// The component that stands for the system of a machine of which nobody knows what it is.
const SOME_SYSTEM: &str = "<system>";

/// One output of the flake, or every one of a set, for which a component of its path is `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The word of its kind; empty for what is of none.
    pub kind: String,
    /// Its attribute path.
    pub path: Vec<String>,
    /// The system it is for, where that is known: the one its path names, else that of the machine.
    pub system: Option<String>,
}

impl Target {
    /// Every output of `kind` for `system`.
    #[must_use]
    pub fn every(kind: &Kind, system: Option<&str>) -> Self {
        let component = |step: &Step| match step {
            Step::Named(name) => name.clone(),
            Step::System => system.unwrap_or(SOME_SYSTEM).to_owned(),
            Step::Any | Step::Tree => EVERY.to_owned(),
        };
        let path = kind.set.iter().map(component).collect();
        Self { kind: kind.name.clone(), path, system: system.map(str::to_owned) }
    }

    /// The name, `*` for every one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// Whether whoever builds this builds `other` too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let fits = |(wanted, given): (&String, &String)| {
            // A pattern within a pattern is not thought about.
            wanted == EVERY || wanted == given || !given.contains('*') && glob(wanted, given)
        };
        let is_tree = self.path.last().is_some_and(|last| last == EVERY) && self.kind == "hydra-job";
        let long_enough = self.path.len() == other.path.len() || is_tree && other.path.len() > self.path.len();
        let known = !self.path.iter().any(|component| component == SOME_SYSTEM);
        let for_it = !self.is_set() || self.system.is_some() && self.system == other.system;
        known && long_enough && for_it && self.path.iter().zip(&other.path).all(fits)
    }

    /// Whether this is more than one output, or may be.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.path.iter().any(|component| component.contains(['*', '?']))
    }

    /// The attribute path as it is typed.
    #[must_use]
    pub fn attr(&self) -> String {
        let component = |component: &String| match component.contains(['*', '?', '<']) {
            true => component.clone(),
            false => AttrPath::new([component.as_str()]).to_string(),
        };
        self.path.iter().map(component).collect::<Vec<_>>().join(".")
    }
}

/// `nixos:web`, `check:* (x86_64-linux)`; the attribute path of what is of no kind.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind.is_empty() {
            return f.write_str(&self.attr());
        }
        let name = if self.kind == "formatter" { EVERY } else { self.name() };
        write!(f, "{}:{name}", self.kind)?;
        let system = self.system.as_deref().unwrap_or("some system");
        if self.is_set() || self.path.iter().any(|part| part == system) { write!(f, " ({system})") } else { Ok(()) }
    }
}

/// What `attr` names when it is built on a machine of `system`: the output itself, or its derivation; an attribute that is of no kind
/// is a target of its own.
#[must_use]
pub fn built(attr: &AttrPath, system: Option<&str>, kinds: &[Kind]) -> Target {
    let path = absolute(attr, system, kinds);
    let fits = |kind: &&Kind| {
        let (set, below) = path.split_at(kind.set.len().min(path.len()));
        let (set, below) = if kind.set.last() == Some(&Step::Tree) { (&path[..], &[][..]) } else { (set, below) };
        kind.holds(&AttrPath::new(set.iter().cloned())) && kind.derivation.iter().any(|wanted| wanted == below)
    };
    match kinds.iter().find(fits) {
        Some(kind) if kind.set.last() == Some(&Step::Tree) => one(kind, &path, system),
        Some(kind) => one(kind, &path[..kind.set.len()], system),
        None => Target { kind: String::new(), path, system: system.map(str::to_owned) },
    }
}

/// What is at or below `attr`, or around it, for who evaluates some of it or builds all of it.
#[must_use]
pub fn below(attr: &AttrPath, system: Option<&str>, kinds: &[Kind]) -> Vec<Target> {
    let path = absolute(attr, system, kinds);
    let fits = |kind: &&Kind| kind.may_be_below(&AttrPath::new(path.iter().cloned()));
    let target = |kind: &Kind| match path.get(..kind.set.len()) {
        Some(own) => one(kind, own, system),
        None => {
            let every = Target::every(kind, kind.system_in(&AttrPath::new(path.iter().cloned())).as_deref().or(system));
            let path = path.iter().chain(every.path.iter().skip(path.len())).cloned().collect();
            Target { path, ..every }
        }
    };
    kinds.iter().filter(fits).map(target).collect()
}

fn one(kind: &Kind, path: &[String], system: Option<&str>) -> Target {
    let own = kind.system_in(&AttrPath::new(path.iter().cloned()));
    Target { kind: kind.name.clone(), path: path.to_vec(), system: own.or_else(|| system.map(str::to_owned)) }
}

/// The path from the root of the outputs: what names no set that there is, is a package of the machine's system.
fn absolute(attr: &AttrPath, system: Option<&str>, kinds: &[Kind]) -> Vec<String> {
    let path = attr.components();
    let first = path.first().map(String::as_str).unwrap_or_default();
    let known = ["legacyPackages", "lib", "self", "inputs", "outputs"].contains(&first);
    let of_kind = |kind: &Kind| matches!(kind.set.first(), Some(Step::Named(name)) if name == first);
    if known || kinds.iter().any(of_kind) {
        return path.to_vec();
    }
    let system = system.unwrap_or(SOME_SYSTEM).to_owned();
    ["packages".to_owned(), system].into_iter().chain(path.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::built_in_kinds;

    const LINUX: Option<&str> = Some("x86_64-linux");

    fn target(attr: &str, system: Option<&str>) -> Target {
        built(&AttrPath::parse(attr).unwrap(), system, &built_in_kinds())
    }

    #[test]
    fn what_is_built_is_an_output() {
        let check = |attr: &str, expected: &str| assert_eq!(target(attr, LINUX).to_string(), expected, "{attr}");
        check("nixosConfigurations.web.config.system.build.toplevel", "nixos:web");
        check("nixosConfigurations.web.config.system.build.vm", "nixosConfigurations.web.config.system.build.vm");
        check("legacyPackages.x86_64-linux.homeConfigurations.\"a@b\".activationPackage", "home:a@b (x86_64-linux)");
        check("homeConfigurations.a.activationPackage", "home:a");
        check("hello", "package:hello (x86_64-linux)");
        check("packages.aarch64-linux.hello", "package:hello (aarch64-linux)");
        check("checks.x86_64-linux.a.b", "checks.x86_64-linux.a.b");
        check("formatter.x86_64-linux", "formatter:* (x86_64-linux)");
        check("hydraJobs.a.b", "hydra-job:b");
        check("legacyPackages.x86_64-linux.hello", "legacyPackages.x86_64-linux.hello");
    }

    #[test]
    fn what_is_below_is_all_of_it() {
        let check = |attr: &str, expected: &[&str]| {
            let found = below(&AttrPath::parse(attr).unwrap(), LINUX, &built_in_kinds());
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{attr}");
        };
        check("nixosConfigurations", &["nixos:* (x86_64-linux)"]);
        check("nixosConfigurations.web.config.users", &["nixos:web"]);
        check("checks.aarch64-linux", &["check:* (aarch64-linux)"]);
        check("legacyPackages.x86_64-linux", &["home:* (x86_64-linux)"]);
        check("lib.x", &[]);
    }

    #[test]
    fn who_builds_a_set_builds_what_is_in_it() {
        let kinds = built_in_kinds();
        let every = |kind: &str, system| Target::every(kinds.iter().find(|known| known.name == kind).unwrap(), system);
        let web = "nixosConfigurations.web.config.system.build.toplevel";
        let check = |one: &Target, other: &Target, expected: bool| {
            assert_eq!(one.covers(other), expected, "{one} covers {other}");
        };
        check(&every("nixos", LINUX), &target(web, LINUX), true);
        check(&every("nixos", LINUX), &target(web, Some("aarch64-linux")), false);
        check(&every("nixos", None), &target(web, None), false);
        check(&target(web, None), &target(web, LINUX), true);
        check(&target(web, LINUX), &every("nixos", LINUX), false);
        check(&every("check", LINUX), &every("check", LINUX), true);
        check(&every("check", None), &every("check", None), false);
        check(&every("check", LINUX), &target("checks.aarch64-linux.a", LINUX), false);
        check(
            &every("home", LINUX),
            &target("legacyPackages.x86_64-linux.homeConfigurations.a.activationPackage", LINUX),
            false,
        );
        check(&every("package", LINUX), &target("packages.x86_64-linux.a.b", LINUX), false);
        check(&every("hydra-job", LINUX), &target("hydraJobs.a.b", LINUX), true);
        check(&every("nixos", LINUX), &target("nixosConfigurations.web.config.system.build.vm", LINUX), false);
    }
}
